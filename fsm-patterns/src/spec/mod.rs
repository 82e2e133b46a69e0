//! What a flow *is*, before it becomes a graph: plain, typed data.
//!
//! A [`FlowSpec`] is written by the Rust builder or read from a flow file; both go through the
//! same checks ([`crate::check`](mod@crate::check)) and the same compiler (`compile`). Nothing in here is
//! text that still has to be understood: expressions are parsed, durations are durations.

mod choice;
mod undo;
mod wait;

use std::fmt;
use std::time::Duration;

use fsm_http::resource::Resource;
use http::{HeaderName, Method};
use serde_json::Value;

pub use choice::{
    CacheKey, Code, Handler, MapCall, MapError, MapOutputs, MapValue, Output, Parser, Predicate,
    Transform, When,
};
pub use undo::UndoSpec;
pub use wait::{PollSpec, SignalSpec, Wait, WaitSpec};

use crate::expr::{Template, UrlTemplate};

/// How the endpoints of a flow, or of a group, are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One after the other in declared order; a failure does not stop the others.
    Sequential,
    /// One after the other, each fed with the output of the one before; an unhandled failure
    /// skips the rest.
    Pipeline,
    /// One after the other, each only if its condition holds; a failure is passed over.
    Conditional,
    /// All at once, but for those that name others in `depends_on`.
    Parallel,
    /// All at once, each with the run's input.
    Fanout,
    /// The graph that `depends_on` spells, with conditions and groups.
    Hybrid,
}

impl Mode {
    /// Every mode, in the order of the documentation.
    pub const ALL: [Mode; 6] = [
        Mode::Sequential,
        Mode::Pipeline,
        Mode::Conditional,
        Mode::Parallel,
        Mode::Fanout,
        Mode::Hybrid,
    ];

    /// The name in flow files.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Sequential => "sequential",
            Mode::Pipeline => "pipeline",
            Mode::Conditional => "conditional",
            Mode::Parallel => "parallel",
            Mode::Fanout => "fanout",
            Mode::Hybrid => "hybrid",
        }
    }

    /// Whether its endpoints run one after the other.
    pub fn is_chain(self) -> bool {
        matches!(self, Mode::Sequential | Mode::Pipeline | Mode::Conditional)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A whole flow.
#[derive(Clone, Debug)]
pub struct FlowSpec {
    /// The flow's name, also its graph's.
    pub name: String,
    /// How the entries are put in order.
    pub mode: Mode,
    /// A JSON Schema that the run's input must satisfy.
    pub inputs: Option<Value>,
    /// The APIs that endpoints name in `resource`, in declared order.
    pub resources: Vec<Resource>,
    /// Endpoints and (in hybrid mode) groups, in declared order.
    pub entries: Vec<Entry>,
    /// What the run returns; absent: the outputs of the endpoints by name.
    pub output: Option<Output>,
    /// What makes two runs the same, over `$inputs`: where one of them is completed, the other is not
    /// run. It takes effect for runs with a journal.
    pub run_key: Option<Template>,
    /// The file that the result of a completed run is written to, over `$inputs`; a run whose target
    /// is there is complete.
    pub target: Option<Template>,
    /// How many calls may be under way at once; default 10.
    pub max_concurrent: u32,
    /// When the whole run ends as `timed_out`; default never.
    pub total_timeout: Option<Duration>,
    /// Whether the first failure cancels what is in flight and ends the run.
    pub fail_fast: bool,
    /// The share of declared endpoints (0 to 1) that may fail before the run is stopped.
    pub error_threshold: Option<f64>,
    /// What all calls of the flow together may do: every rate must allow. Empty: no limit.
    pub global_rate_limit: Vec<RateSpec>,
    /// The window of rates that name none; default 60 s.
    pub rate_limit_window: Duration,
    /// After how many failures in a row the circuit of an endpoint opens; `None`: never.
    pub circuit_breaker_threshold: Option<u32>,
    /// How long a circuit stays open before one call probes; default 60 s.
    pub circuit_breaker_timeout: Duration,
    /// How long an answer may be given again; `None`: nothing is kept.
    pub cache_ttl: Option<Duration>,
    /// What makes two calls of an endpoint the same; `None`: the request itself.
    pub cache_key: Option<CacheKey>,
    /// Whether the result carries `metrics`; default true.
    pub metrics_enabled: bool,
    /// Whether every request is logged; default false.
    pub log_requests: bool,
    /// Whether every answer is logged; default false.
    pub log_responses: bool,
}

/// How much there may be in any span of time of a given length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSpec {
    /// The sum of weights; more than 0.
    pub limit: u32,
    /// The length; `None`: the flow's `rate_limit_window`.
    pub window: Option<Duration>,
}

impl RateSpec {
    /// A limit within the flow's `rate_limit_window`.
    pub const fn count(limit: u32) -> Self {
        Self { limit, window: None }
    }
}

impl From<(u32, Duration)> for RateSpec {
    /// A limit within a window of its own.
    fn from((limit, window): (u32, Duration)) -> Self {
        Self { limit, window: Some(window) }
    }
}

impl FlowSpec {
    /// A flow with the contract's defaults and no entries.
    pub fn new(name: impl Into<String>, mode: Mode) -> Self {
        Self {
            name: name.into(),
            mode,
            inputs: None,
            resources: Vec::new(),
            entries: Vec::new(),
            output: None,
            run_key: None,
            target: None,
            max_concurrent: 10,
            total_timeout: None,
            fail_fast: false,
            error_threshold: None,
            global_rate_limit: Vec::new(),
            rate_limit_window: Duration::from_secs(60),
            circuit_breaker_threshold: None,
            circuit_breaker_timeout: Duration::from_secs(60),
            cache_ttl: None,
            cache_key: None,
            metrics_enabled: true,
            log_requests: false,
            log_responses: false,
        }
    }
}

/// One entry of `endpoints`.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A call.
    Endpoint(Box<EndpointSpec>),
    /// A wait.
    Wait(Box<WaitSpec>),
    /// Entries with a mode of their own; only in hybrid mode.
    Group(Box<GroupSpec>),
}

impl Entry {
    /// The entry's name.
    pub fn name(&self) -> &str {
        match self {
            Entry::Endpoint(endpoint) => &endpoint.name,
            Entry::Wait(wait) => &wait.name,
            Entry::Group(group) => &group.name,
        }
    }

    /// The names of the entries that this one waits for.
    pub fn depends_on(&self) -> &[String] {
        match self {
            Entry::Endpoint(endpoint) => &endpoint.depends_on,
            Entry::Wait(wait) => &wait.depends_on,
            Entry::Group(group) => &group.depends_on,
        }
    }
}

/// Entries of a hybrid flow that run in a mode of their own.
#[derive(Clone, Debug)]
pub struct GroupSpec {
    /// Unique among all entries of the flow.
    pub name: String,
    /// How the group's entries are put in order.
    pub mode: Mode,
    /// The entries.
    pub entries: Vec<Entry>,
    /// Siblings that must be settled first.
    pub depends_on: Vec<String>,
    /// Whether the group runs at all; if it does not hold, every endpoint of it is skipped.
    pub condition: Option<When>,
}

/// One call of a flow.
#[derive(Clone, Debug)]
pub struct EndpointSpec {
    /// `[A-Za-z0-9_-]+`, unique in the flow.
    pub name: String,
    /// The API that it calls, by name.
    pub resource: Option<String>,
    /// Where to; expressions fill path segments, query, and fragment, or are the whole url. Under
    /// its resource's base url, if it has one.
    pub url: UrlTemplate,
    /// Default GET.
    pub method: Method,
    /// Sent as given, after evaluation; a value must be a string, number, or boolean.
    pub headers: Vec<(HeaderName, Template)>,
    /// Added to the url's query: an array repeats the key, null is left out.
    pub params: Vec<(String, Template)>,
    /// What is sent; absent on POST, PUT, PATCH: `$data`.
    pub body: Option<Template>,
    /// How `body` is written; [`BodyFormat::Auto`] goes by the declared content type.
    pub body_format: BodyFormat,
    /// One attempt, from connecting to the last byte; `None`: its resource's, else 30 s.
    pub timeout: Option<Duration>,
    /// Further attempts after the first; `None`: 3, but 0 on POST and PATCH.
    pub retry_count: Option<u32>,
    /// The first wait between attempts, doubled each time; default 1 s.
    pub retry_delay: Duration,
    /// The longest wait of our own making; default 60 s. Never shortens Retry-After.
    pub retry_max_delay: Duration,
    /// The longest wait that a server may ask for: beyond it the call ends at once as
    /// `rate_limited`. A wait of our own making is shortened to it. `None`: no limit.
    pub retry_max_wait: Option<Duration>,
    /// Statuses that are retried; `None`: 408, 425, 429, 500, 502, 503, 504.
    pub retry_on: Option<Vec<u16>>,
    /// Whether to send an `Idempotency-Key`; a `retry_count` above 0 on POST or PATCH implies it.
    pub idempotency: bool,
    /// What its calls may do: every rate must allow. Empty: no limit of its own.
    pub rate_limit: Vec<RateSpec>,
    /// How many units may go out at once before the rate paces them; `None`: all of them.
    pub burst_limit: Option<u32>,
    /// How many units of every limit one attempt takes; default 1.
    pub weight: u32,
    /// What makes two calls the same; `None`: as the flow says.
    pub cache_key: Option<CacheKey>,
    /// How an answer becomes a value.
    pub response_parser: Parser,
    /// The file that the body of a success is written to; `None`: it becomes the output.
    pub save_to: Option<Template>,
    /// Replaces `$data` for url, headers, params, body, and handler.
    pub transform_input: Option<Transform>,
    /// Replaces the decoded answer; `$data` is the decoded answer in it.
    pub transform_output: Option<Transform>,
    /// Whether the call is made at all.
    pub condition: Option<When>,
    /// Entries that must be settled first.
    pub depends_on: Vec<String>,
    /// What the step gives instead when the call failed for good.
    pub error_handler: Option<Handler>,
    /// Whether the call is made again until its answer says that something is done.
    pub poll: Option<PollSpec>,
    /// How the step is undone if it was completed and the run fails after it.
    pub undo: Option<Box<UndoSpec>>,
    /// The largest body, in bytes after decompression; default 16 MiB.
    pub max_body: u64,
    /// How many redirects are followed; default 10.
    pub max_redirects: u32,
}

impl EndpointSpec {
    /// A GET with the contract's defaults.
    pub fn new(name: impl Into<String>, url: UrlTemplate) -> Self {
        Self {
            name: name.into(),
            resource: None,
            url,
            method: Method::GET,
            headers: Vec::new(),
            params: Vec::new(),
            body: None,
            body_format: BodyFormat::Auto,
            timeout: None,
            retry_count: None,
            retry_delay: Duration::from_secs(1),
            retry_max_delay: Duration::from_secs(60),
            retry_max_wait: None,
            retry_on: None,
            idempotency: false,
            rate_limit: Vec::new(),
            burst_limit: None,
            weight: 1,
            cache_key: None,
            response_parser: Parser::Auto,
            save_to: None,
            transform_input: None,
            transform_output: None,
            condition: None,
            depends_on: Vec::new(),
            error_handler: None,
            poll: None,
            undo: None,
            max_body: 16 * 1024 * 1024,
            max_redirects: 10,
        }
    }

    /// Whether sending it twice may have an effect twice (RFC 9110, section 9.2.2).
    pub fn is_unsafe(&self) -> bool {
        !self.method.is_idempotent()
    }

    /// Further attempts after the first, with the default of the method filled in.
    pub fn retries(&self) -> u32 {
        self.retry_count.unwrap_or(if self.is_unsafe() { 0 } else { 3 })
    }

    /// Whether every attempt carries the same `Idempotency-Key`.
    pub fn has_key(&self) -> bool {
        self.idempotency || (self.is_unsafe() && self.retry_count.is_some_and(|count| count > 0))
    }
}

/// How a request's body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyFormat {
    /// By the declared content type: form for `application/x-www-form-urlencoded`, text for
    /// `text/*` and for a string under any other type that is not JSON, else JSON.
    #[default]
    Auto,
    /// `application/json`.
    Json,
    /// `text/plain; charset=utf-8`.
    Text,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/octet-stream`; the value is a base64 string.
    Bytes,
    /// `multipart/form-data`; the value is an object of parts by name: a string, number, or boolean
    /// is a text, an array is several parts of that name, and `{ "file": PATH }` (with
    /// `file_name` and `media_type`, if wanted) sends a file, where the flow itself says so: in
    /// data it is an object like any other, and refused.
    Multipart,
}
