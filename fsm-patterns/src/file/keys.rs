//! Which keys a flow file may have, and where.
//!
//! The JSON Schema ([`crate::schema`]) names the same keys; a test holds the two together.

/// The keys of one kind of map.
pub(crate) struct Keys {
    /// What the map is, with its article.
    pub(crate) of: &'static str,
    /// The keys that are read, in the order of the documentation.
    pub(crate) known: &'static [&'static str],
    /// Keys that the format has and this version does not read: refused, never ignored.
    pub(crate) later: &'static [&'static str],
}

/// The top of a flow file.
pub(crate) const FLOW: Keys = Keys {
    of: "a flow",
    known: &[
        "fsm",
        "name",
        "mode",
        "inputs",
        "endpoints",
        "output",
        "max_concurrent",
        "total_timeout",
        "fail_fast",
        "error_threshold",
        "metrics_enabled",
    ],
    later: &[
        "resources",
        "global_rate_limit",
        "rate_limit_window",
        "circuit_breaker_threshold",
        "circuit_breaker_timeout",
        "cache_ttl",
        "cache_key",
        "log_requests",
        "log_responses",
    ],
};

/// An endpoint.
pub(crate) const ENDPOINT: Keys = Keys {
    of: "an endpoint",
    known: &[
        "name",
        "url",
        "method",
        "headers",
        "params",
        "body",
        "timeout",
        "retry_count",
        "retry_delay",
        "retry_max_delay",
        "retry_max_wait",
        "retry_on",
        "idempotency",
        "response_parser",
        "transform_input",
        "transform_output",
        "condition",
        "depends_on",
        "error_handler",
        "max_body",
        "max_redirects",
    ],
    later: &["resource", "rate_limit", "burst_limit", "weight", "cache_key"],
};

/// A group of a hybrid flow.
pub(crate) const GROUP: Keys = Keys {
    of: "a group",
    known: &["name", "mode", "endpoints", "depends_on", "condition"],
    later: &[],
};
