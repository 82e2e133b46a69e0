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

use std::sync::Arc;
use std::time::Duration;

use fsm_http::Transport;
use serde_json::{Map, Value};

pub use endpoint::Endpoint;
pub use group::Group;

use crate::expr::{ExprError, Template};
use crate::fault::{Fault, Place};
use crate::flow::{Flow, FlowError};
use crate::spec::{Code, Entry, FlowSpec, Mode, Output};

/// A flow that is being written. Nothing is checked before [`build`](Self::build), which reports
/// everything that is wrong at once.
#[must_use = "a flow is made by `build`"]
#[derive(Debug)]
pub struct Orchestration {
    spec: FlowSpec,
    faults: Vec<Fault>,
}

impl Orchestration {
    /// A flow in any mode.
    pub fn new(name: impl Into<String>, mode: Mode) -> Self {
        Self { spec: FlowSpec::new(name, mode), faults: Vec::new() }
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
        let place = Place::root().key("endpoints").item(self.spec.entries.len());
        self.spec.entries.push(endpoint.into_entry(&place, &mut self.faults));
        self
    }

    /// Adds entries with a mode of their own; only in hybrid mode.
    pub fn group(mut self, group: Group) -> Self {
        let place = Place::root().key("endpoints").item(self.spec.entries.len());
        self.spec.entries.push(Entry::Group(Box::new(group.into_spec(&place, &mut self.faults))));
        self
    }

    /// Declares what the run's input must look like: a JSON Schema (draft 2020-12).
    pub fn inputs(mut self, schema: Value) -> Self {
        self.spec.inputs = Some(schema);
        self
    }

    /// What the run returns: a template over `$inputs` and `$steps`. Default: the outputs by name.
    pub fn output(mut self, template: impl Into<Value>) -> Self {
        let place = Place::root().key("output");
        self.spec.output =
            template_at(&place, &template.into(), &mut self.faults).map(Output::Template);
        self
    }

    /// What the run returns, made from the outputs by name, in declared order; a step without an
    /// output is null. `name` is what messages call it.
    pub fn merge<F>(mut self, name: &str, merge: F) -> Self
    where
        F: Fn(&Map<String, Value>) -> Result<Value, String> + Send + Sync + 'static,
    {
        self.spec.output = Some(Output::Code(Code { name: name.into(), run: Arc::new(merge) }));
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

    /// Leaves `metrics` out of the report.
    pub fn without_metrics(mut self) -> Self {
        self.spec.metrics_enabled = false;
        self
    }

    /// Checks the flow and compiles it, with an HTTP client of its own.
    ///
    /// # Errors
    /// [`FlowError::Faults`] with everything that is wrong.
    pub fn build(self) -> Result<Flow, FlowError> {
        Flow::new(self.into_spec()?)
    }

    /// Checks the flow and compiles it over a transport of the caller's choice.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_with(self, transport: Arc<dyn Transport>) -> Result<Flow, FlowError> {
        Flow::with_transport(self.into_spec()?, transport)
    }

    fn into_spec(self) -> Result<FlowSpec, FlowError> {
        if self.faults.is_empty() {
            return Ok(self.spec);
        }
        let mut faults = self.faults;
        faults.extend(crate::check::check(&self.spec));
        Err(FlowError::Faults(faults))
    }
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
