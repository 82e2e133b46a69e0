//! Flows written in Rust: the same flow that a file describes, with closures where a file has
//! templates.
//!
//! ```
//! use std::time::Duration;
//! use fsm_patterns::{Endpoint, Orchestration};
//! use serde_json::json;
//!
//! let flow = Orchestration::parallel("enrich")
//!     .endpoint(Endpoint::get("user", "https://api.example.com/users/{$inputs.id}"))
//!     .endpoint(
//!         Endpoint::get("posts", "https://api.example.com/users/{$inputs.id}/posts")
//!             .timeout(Duration::from_secs(5))
//!             .transform_output("$data.posts"),
//!     )
//!     .output(json!({"user": "$steps.user.output", "posts": "$steps.posts.output"}))
//!     .build()?;
//! println!("{}", flow.graph().to_dot());
//! # Ok::<(), fsm_patterns::FlowError>(())
//! ```

mod endpoint;
mod group;
mod undo;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use fsm_http::resource::Resource;
use fsm_http::{Call, Transport};
use serde_json::{Map, Value};

pub use endpoint::Endpoint;
pub use group::Group;
pub use undo::Undo;
pub use wait::{AwaitSignal, Delay, Poll};

use crate::bases::Bases;
use crate::expr::{ExprError, Template};
use crate::fault::{Fault, Place};
use crate::flow::{Flow, FlowError};
use crate::services::Services;
use crate::spec::{CacheKey, Code, Entry, FlowSpec, MapCall, MapOutputs, Mode, Output, RateSpec};

/// A flow that is being written. Nothing is checked before [`build`](Self::build), which reports
/// everything that is wrong at once.
#[must_use = "a flow is made by `build`"]
#[derive(Debug)]
pub struct Orchestration {
    /// Everything that needs no parsing; it has no entries yet.
    spec: FlowSpec,
    members: Vec<Member>,
    output: Option<Written>,
    cache_key: Option<WrittenKey>,
    run_key: Option<Value>,
    target: Option<Value>,
    services: Services,
}

/// An entry that is being written. It is read when the flow is built, because its urls hang on
/// resources that may be declared later.
#[derive(Debug)]
enum Member {
    Endpoint(Box<Endpoint>),
    Delay(Delay),
    AwaitSignal(Box<AwaitSignal>),
    Group(Group),
}

/// An output as it was written.
#[derive(Debug)]
enum Written {
    Template(Value),
    Code(Output),
}

/// A cache key as it was written.
#[derive(Debug)]
enum WrittenKey {
    Template(Value),
    Code(CacheKey),
}

impl WrittenKey {
    fn read(self, place: &Place, faults: &mut Vec<Fault>) -> Option<CacheKey> {
        match self {
            WrittenKey::Code(key) => Some(key),
            WrittenKey::Template(value) => {
                template_at(place, &value, faults).map(CacheKey::Template)
            }
        }
    }
}

impl Orchestration {
    /// A flow in any mode.
    pub fn new(name: impl Into<String>, mode: Mode) -> Self {
        let spec = FlowSpec::new(name, mode);
        Self {
            spec,
            members: Vec::new(),
            output: None,
            cache_key: None,
            run_key: None,
            target: None,
            services: Services::new(),
        }
    }

    /// One after the other; a failure does not stop the others.
    pub fn sequential(name: impl Into<String>) -> Self {
        Self::new(name, Mode::Sequential)
    }

    /// Each fed with the output of the one before; a failure skips the rest.
    pub fn pipeline(name: impl Into<String>) -> Self {
        Self::new(name, Mode::Pipeline)
    }

    /// Each only if its condition holds; a failure is passed over.
    pub fn conditional(name: impl Into<String>) -> Self {
        Self::new(name, Mode::Conditional)
    }

    /// All at once, but for those that depend on others.
    pub fn parallel(name: impl Into<String>) -> Self {
        Self::new(name, Mode::Parallel)
    }

    /// All at once, each with the run's input.
    pub fn fanout(name: impl Into<String>) -> Self {
        Self::new(name, Mode::Fanout)
    }

    /// The graph that the dependencies spell, with conditions and groups.
    pub fn hybrid(name: impl Into<String>) -> Self {
        Self::new(name, Mode::Hybrid)
    }

    /// Adds a call.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.members.push(Member::Endpoint(Box::new(endpoint)));
        self
    }

    /// Adds a step that lets some time pass.
    pub fn delay(mut self, delay: Delay) -> Self {
        self.members.push(Member::Delay(delay));
        self
    }

    /// Adds a step that waits until a signal comes from outside.
    pub fn await_signal(mut self, wait: AwaitSignal) -> Self {
        self.members.push(Member::AwaitSignal(Box::new(wait)));
        self
    }

    /// Changes every call that was added before, also those in groups: for a header, a timeout,
    /// or a handler that all of them have.
    ///
    /// ```
    /// use fsm_patterns::{Endpoint, Orchestration};
    ///
    /// let flow = Orchestration::parallel("both")
    ///     .endpoint(Endpoint::get("a", "http://api.test/a"))
    ///     .endpoint(Endpoint::get("b", "http://api.test/b"))
    ///     .each_endpoint(|endpoint| endpoint.header("Accept-Language", "en").retry_count(1))
    ///     .build()?;
    /// # Ok::<(), fsm_patterns::FlowError>(())
    /// ```
    pub fn each_endpoint(mut self, mut change: impl FnMut(Endpoint) -> Endpoint) -> Self {
        self.members = changed(self.members, &mut change);
        self
    }

    /// Adds entries with a mode of their own; only in hybrid mode.
    pub fn group(mut self, group: Group) -> Self {
        self.members.push(Member::Group(group));
        self
    }

    /// Declares an API that endpoints name with [`Endpoint::resource`], before or after them.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.spec.resources.push(resource);
        self
    }

    /// Declares what the run's input must look like: a JSON Schema (draft 2020-12).
    pub fn inputs(mut self, schema: Value) -> Self {
        self.spec.inputs = Some(schema);
        self
    }

    /// What the run returns: a template over `$inputs` and `$steps`. Default: the outputs by name.
    pub fn output(mut self, template: impl Into<Value>) -> Self {
        self.output = Some(Written::Template(template.into()));
        self
    }

    /// What the run returns, made from the outputs by name, in declared order; a step without an
    /// output is null. `name` is what messages call it.
    pub fn merge<F>(mut self, name: &str, merge: F) -> Self
    where
        F: Fn(&Map<String, Value>) -> Result<Value, String> + Send + Sync + 'static,
    {
        let code: Code<MapOutputs> = Code { name: name.into(), run: Arc::new(merge) };
        self.output = Some(Written::Code(Output::Code(code)));
        self
    }

    /// How many calls may be under way at once; default 10.
    pub fn max_concurrent(mut self, count: u32) -> Self {
        self.spec.max_concurrent = count;
        self
    }

    /// When the whole run ends as `timed_out`; default never.
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.spec.total_timeout = Some(limit);
        self
    }

    /// Lets the first failure cancel what is in flight and end the run.
    pub fn fail_fast(mut self) -> Self {
        self.spec.fail_fast = true;
        self
    }

    /// The share of declared endpoints (0 to 1) that may fail before the run is stopped.
    pub fn error_threshold(mut self, share: f64) -> Self {
        self.spec.error_threshold = Some(share);
        self
    }

    /// How many units all calls of the flow together may take in one `rate_limit_window`. Default:
    /// no limit.
    pub fn global_rate_limit(mut self, count: u32) -> Self {
        self.spec.global_rate_limit = vec![RateSpec::count(count)];
        self
    }

    /// Several rates for all calls of the flow together, each a count and its window, all of which
    /// must allow.
    pub fn global_rates(mut self, rates: impl IntoIterator<Item = (u32, Duration)>) -> Self {
        self.spec.global_rate_limit = rates.into_iter().map(RateSpec::from).collect();
        self
    }

    /// The window of every limit that is given as a count; default 60 s.
    pub fn rate_limit_window(mut self, window: Duration) -> Self {
        self.spec.rate_limit_window = window;
        self
    }

    /// Opens the circuit of an endpoint after `threshold` failures in a row; `timeout` later one
    /// call probes. Default: no circuit opens.
    pub fn circuit_breaker(mut self, threshold: u32, timeout: Duration) -> Self {
        self.spec.circuit_breaker_threshold = Some(threshold);
        self.spec.circuit_breaker_timeout = timeout;
        self
    }

    /// Keeps the answers of GET and HEAD, and of endpoints with a cache key, for this long. Default:
    /// nothing is kept.
    pub fn cache_ttl(mut self, ttl: Duration) -> Self {
        self.spec.cache_ttl = Some(ttl);
        self
    }

    /// What makes two calls of an endpoint the same to the cache: a template over `$inputs` and
    /// `$data`, for every endpoint without a key of its own. Default: the request.
    pub fn cache_key(mut self, template: impl Into<Value>) -> Self {
        self.cache_key = Some(WrittenKey::Template(template.into()));
        self
    }

    /// Makes the cache keys of requests in Rust.
    pub fn cache_key_with<F>(mut self, name: &str, key: F) -> Self
    where
        F: Fn(&Call) -> Result<String, String> + Send + Sync + 'static,
    {
        let code: Code<MapCall> = Code { name: name.into(), run: Arc::new(key) };
        self.cache_key = Some(WrittenKey::Code(CacheKey::Code(code)));
        self
    }

    /// What makes two runs the same: a template over `$inputs`. With a journal, a run whose key a
    /// completed one has returns its result without a call. Default: every run is another.
    pub fn run_key(mut self, template: impl Into<Value>) -> Self {
        self.run_key = Some(template.into());
        self
    }

    /// The file that the result of a completed run is written to: a template over `$inputs`. Where it
    /// is there, its result is returned without a call. Default: none.
    pub fn target(mut self, template: impl Into<Value>) -> Self {
        self.target = Some(template.into());
        self
    }

    /// Logs every request, without its secrets.
    pub fn log_requests(mut self) -> Self {
        self.spec.log_requests = true;
        self
    }

    /// Logs every answer, without its secrets.
    pub fn log_responses(mut self) -> Self {
        self.spec.log_responses = true;
        self
    }

    /// Shares circuit breakers, cache, and metrics with whoever has the same services. Default: its
    /// own.
    pub fn services(mut self, services: Services) -> Self {
        self.services = services;
        self
    }

    /// Counts nothing: no `metrics` in the report, and none in [`Flow::get_metrics`].
    pub fn without_metrics(mut self) -> Self {
        self.spec.metrics_enabled = false;
        self
    }

    /// Checks the flow and compiles it, with an HTTP client of its own.
    ///
    /// # Errors
    /// [`FlowError::Faults`] with everything that is wrong.
    pub fn build(self) -> Result<Flow, FlowError> {
        let services = self.services.clone();
        Flow::with_services(self.into_spec()?, services)
    }

    /// Checks the flow and compiles it over a transport of the caller's choice.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_with(self, transport: Arc<dyn Transport>) -> Result<Flow, FlowError> {
        let services = self.services.clone().with_transport(transport);
        Flow::with_services(self.into_spec()?, services)
    }

    fn into_spec(self) -> Result<FlowSpec, FlowError> {
        let mut faults = Vec::new();
        let mut spec = self.spec;
        let bases = Bases::of(&spec.resources);
        let entries = entries(self.members, &Place::root(), &bases, &mut faults);
        spec.entries = entries;
        spec.output = match self.output {
            Some(Written::Code(output)) => Some(output),
            Some(Written::Template(value)) => {
                let place = Place::root().key("output");
                template_at(&place, &value, &mut faults).map(Output::Template)
            }
            None => None,
        };
        let place = Place::root().key("cache_key");
        spec.cache_key = self.cache_key.and_then(|key| key.read(&place, &mut faults));
        let mut told = |key: &str, written: Option<Value>| {
            written.and_then(|value| template_at(&Place::root().key(key), &value, &mut faults))
        };
        spec.run_key = told("run_key", self.run_key);
        spec.target = told("target", self.target);
        if faults.is_empty() {
            return Ok(spec);
        }
        faults.extend(crate::check::check(&spec));
        Err(FlowError::Faults(faults))
    }
}

/// The members with `change` made to every endpoint, at any depth.
fn changed(members: Vec<Member>, change: &mut dyn FnMut(Endpoint) -> Endpoint) -> Vec<Member> {
    let changed = members.into_iter().map(|member| match member {
        Member::Endpoint(endpoint) => Member::Endpoint(Box::new(change(*endpoint))),
        wait @ (Member::Delay(_) | Member::AwaitSignal(_)) => wait,
        Member::Group(group) => Member::Group(group.changed(change)),
    });
    changed.collect()
}

/// Reads the entries of the flow or group at `place`.
fn entries(
    members: Vec<Member>,
    place: &Place,
    bases: &Bases<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Entry> {
    let inside = place.key("endpoints");
    let read = members.into_iter().enumerate().map(|(index, member)| {
        let place = inside.item(index);
        match member {
            Member::Endpoint(endpoint) => endpoint.into_entry(&place, bases, faults),
            Member::Delay(delay) => delay.into_entry(&place, faults),
            Member::AwaitSignal(wait) => wait.into_entry(&place, faults),
            Member::Group(group) => Entry::Group(Box::new(group.into_spec(&place, bases, faults))),
        }
    });
    read.collect()
}

/// A fault of an expression that stands at `place`.
fn expression_fault(place: &Place, error: ExprError) -> Fault {
    let mut place = place.clone();
    for part in error.pointer.split('/').skip(1) {
        let key = part.replace("~1", "/").replace("~0", "~");
        place = match key.parse() {
            Ok(index) => place.item(index),
            Err(_) => place.key(key),
        };
    }
    let mut fault = Fault::new(place, error.message);
    fault.hint = error.hint;
    fault.part = Some(error.span);
    fault
}

fn template_at(place: &Place, value: &Value, faults: &mut Vec<Fault>) -> Option<Template> {
    match Template::parse(value) {
        Ok(template) => Some(template),
        Err(errors) => {
            faults.extend(errors.into_iter().map(|error| expression_fault(place, error)));
            None
        }
    }
}
