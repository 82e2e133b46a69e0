//! Which keys a flow file may have, and where.
//!
//! The JSON Schema ([`crate::schema`]) names the same keys; a test holds the two together.

/// The keys of one kind of map.
pub(crate) struct Keys {
    /// What the map is, with its article.
    pub(crate) of: &'static str,
    /// The keys that are read, in the order of the documentation.
    pub(crate) known: &'static [&'static str],
    /// Whether a secret may stand under a misspelt key, so that no report shows its value.
    pub(crate) secret: bool,
    /// Keys that belong elsewhere, and what to do with one of them.
    pub(crate) elsewhere: Option<(&'static [&'static str], &'static str)>,
}

impl Keys {
    pub(crate) const fn plain(of: &'static str, known: &'static [&'static str]) -> Self {
        Self { of, known, secret: false, elsewhere: None }
    }

    const fn secret(of: &'static str, known: &'static [&'static str]) -> Self {
        Self { of, known, secret: true, elsewhere: None }
    }
}

/// The top of a flow file.
pub(crate) const FLOW: Keys = Keys::plain(
    "a flow",
    &[
        "fsm",
        "name",
        "mode",
        "inputs",
        "resources",
        "endpoints",
        "output",
        "run_key",
        "target",
        "max_concurrent",
        "total_timeout",
        "fail_fast",
        "error_threshold",
        "global_rate_limit",
        "rate_limit_window",
        "circuit_breaker_threshold",
        "circuit_breaker_timeout",
        "cache_ttl",
        "cache_key",
        "metrics_enabled",
        "log_requests",
        "log_responses",
    ],
);

/// An endpoint.
pub(crate) const ENDPOINT: Keys = Keys::plain(
    "an endpoint",
    &[
        "name",
        "resource",
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
        "rate_limit",
        "burst_limit",
        "weight",
        "cache_key",
        "response_parser",
        "save_to",
        "transform_input",
        "transform_output",
        "condition",
        "depends_on",
        "error_handler",
        "poll",
        "undo",
        "max_body",
        "max_redirects",
    ],
);

/// What undoes a completed step.
pub(crate) const UNDO: Keys = Keys::plain(
    "an undo",
    &[
        "resource",
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
        "max_body",
        "max_redirects",
    ],
);

/// A step that lets time pass.
pub(crate) const DELAY: Keys = Keys {
    elsewhere: Some((
        ENDPOINT.known,
        "the keys are `name`, `delay`, `condition`, and `depends_on`; a call is an endpoint of its \
         own, before or after the delay",
    )),
    ..Keys::plain("a delay", &["name", "delay", "condition", "depends_on"])
};

/// A step that waits for a signal.
pub(crate) const SIGNAL: Keys = Keys {
    elsewhere: Some((
        ENDPOINT.known,
        "a wait for a signal calls nothing: let the call be an endpoint of its own",
    )),
    ..Keys::plain(
        "a wait for a signal",
        &[
            "name",
            "signal",
            "timeout",
            "transform_output",
            "condition",
            "depends_on",
            "error_handler",
        ],
    )
};

/// How a call is made again.
pub(crate) const POLL: Keys = Keys::plain("`poll`", &["until", "every", "timeout", "fail_if"]);

/// A group of a hybrid flow.
pub(crate) const GROUP: Keys =
    Keys::plain("a group", &["name", "mode", "endpoints", "depends_on", "condition"]);

/// One of several rates.
pub(crate) const RATE: Keys = Keys::plain("a rate", &["limit", "window"]);

/// A resource.
pub(crate) const RESOURCE: Keys = Keys::secret(
    "a resource",
    &[
        "base_url",
        "headers",
        "timeout",
        "rate_limit",
        "rate_limit_window",
        "burst_limit",
        "auth",
        "proxy",
        "root_certificates",
        "client_certificate",
        "usage",
        "revalidate",
        "user_agent",
    ],
);

/// A proxy that asks who we are.
pub(crate) const PROXY: Keys = Keys::secret("a proxy", &["url", "username", "password"]);

/// Where a secret is read from.
pub(crate) const SECRET: Keys = Keys::secret("a secret", &["env", "file"]);

/// The ways to be authorised, of which `auth` holds one.
pub(crate) const AUTH: Keys =
    Keys::secret("`auth`", &["bearer", "basic", "api_key", "oauth2", "jwt", "session"]);

/// A token that does not change.
pub(crate) const BEARER: Keys = Keys::secret("`bearer`", &["token"]);

/// User and password.
pub(crate) const BASIC: Keys = Keys::secret("`basic`", &["username", "password"]);

/// A key in a place of its own.
pub(crate) const API_KEY: Keys = Keys::secret("`api_key`", &["in", "name", "value"]);

/// Tokens of OAuth 2.0.
pub(crate) const OAUTH2: Keys = Keys::secret(
    "`oauth2`",
    &["token_url", "client_id", "client_secret", "style", "scope", "refresh_token", "params"],
);

/// Tokens that we sign ourselves.
pub(crate) const JWT: Keys = Keys::secret(
    "`jwt`",
    &[
        "algorithm",
        "key",
        "key_id",
        "issuer",
        "subject",
        "audience",
        "claims",
        "lifetime",
        "token_url",
        "scope",
    ],
);

/// A token that a login gives.
pub(crate) const SESSION: Keys =
    Keys::secret("`session`", &["login", "token", "cookie", "header", "prefix", "lifetime"]);

/// The call that logs in.
pub(crate) const LOGIN: Keys = Keys::secret("a login", &["method", "url", "headers", "body"]);
