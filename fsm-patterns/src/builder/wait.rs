//! Steps that wait, and rounds of calls, that are being written.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{expression_fault, template_at};
use crate::expr::Condition;
use crate::fault::{Fault, Place};
use crate::spec::{
    Code, Entry, Handler, MapValue, PollSpec, SignalSpec, Transform, Wait, WaitSpec, When,
};

/// A step that lets some time pass. Its output is what flowed in.
#[must_use = "a delay is added by `Orchestration::delay`"]
#[derive(Debug)]
pub struct Delay {
    name: String,
    length: Duration,
    written: Common,
}

/// A step that waits until a signal comes from outside. Its output is what the signal brings.
#[must_use = "a wait is added by `Orchestration::await_signal`"]
#[derive(Debug)]
pub struct AwaitSignal {
    name: String,
    signal: SignalSpec,
    transform_output: Option<Value>,
    error_handler: Option<Value>,
    written: Common,
}

/// How a call is made again and again until its answer says that something is done.
#[must_use = "a poll is given to `Endpoint::poll`"]
#[derive(Debug)]
pub struct Poll {
    until: Written,
    every: Duration,
    timeout: Option<Duration>,
    fail_if: Option<Written>,
}

/// What every step that waits may have.
#[derive(Debug, Default)]
struct Common {
    condition: Option<String>,
    depends_on: Vec<String>,
}

/// A condition as it was written.
#[derive(Debug)]
enum Written {
    Expression(String),
    Code(When),
}

impl Delay {
    /// A wait of this length.
    pub fn new(name: impl Into<String>, length: Duration) -> Self {
        Self { name: name.into(), length, written: Common::default() }
    }

    /// Waits only if the expression holds.
    pub fn condition(mut self, expression: impl Into<String>) -> Self {
        self.written.condition = Some(expression.into());
        self
    }

    /// Begins after other entries.
    pub fn depends_on<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.written.depends_on.extend(names.into_iter().map(Into::into));
        self
    }

    pub(super) fn into_entry(self, place: &Place, faults: &mut Vec<Fault>) -> Entry {
        self.written.into_entry(self.name, Wait::Delay(self.length), place, faults)
    }
}

impl AwaitSignal {
    /// Waits for the signal called `signal`, however long it takes.
    pub fn new(name: impl Into<String>, signal: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            signal: SignalSpec::new(signal),
            transform_output: None,
            error_handler: None,
            written: Common::default(),
        }
    }

    /// Fails with kind `timeout` where the signal has not come by then. Default: never.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.signal.timeout = Some(limit);
        self
    }

    /// Makes the output from what the signal brings, which is `$data` in it.
    pub fn transform_output(mut self, template: impl Into<Value>) -> Self {
        self.transform_output = Some(template.into());
        self
    }

    /// Makes the output from what the signal brings in Rust.
    pub fn transform_output_with<F>(mut self, name: &str, transform: F) -> Self
    where
        F: Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
    {
        let code: Code<MapValue> = Code { name: name.into(), run: Arc::new(transform) };
        self.signal.transform_output = Some(Transform::Code(code));
        self.transform_output = None;
        self
    }

    /// What stands in for a signal that did not come in time: a template, which may read `$error`.
    pub fn error_handler(mut self, template: impl Into<Value>) -> Self {
        self.error_handler = Some(template.into());
        self
    }

    /// Waits only if the expression holds.
    pub fn condition(mut self, expression: impl Into<String>) -> Self {
        self.written.condition = Some(expression.into());
        self
    }

    /// Begins after other entries.
    pub fn depends_on<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.written.depends_on.extend(names.into_iter().map(Into::into));
        self
    }

    pub(super) fn into_entry(self, place: &Place, faults: &mut Vec<Fault>) -> Entry {
        let mut signal = self.signal;
        if let Some(template) = &self.transform_output {
            let template = template_at(&place.key("transform_output"), template, faults);
            signal.transform_output = template.map(Transform::Template);
        }
        if let Some(handler) = &self.error_handler {
            let template = template_at(&place.key("error_handler"), handler, faults);
            signal.error_handler = template.map(Handler::Template);
        }
        self.written.into_entry(self.name, Wait::Signal(Box::new(signal)), place, faults)
    }
}

impl Common {
    fn into_entry(self, name: String, wait: Wait, place: &Place, faults: &mut Vec<Fault>) -> Entry {
        let condition = self.condition.map(Written::Expression);
        let condition = condition.and_then(|written| written.read(&place.key("condition"), faults));
        let depends_on = self.depends_on;
        Entry::Wait(Box::new(WaitSpec { name, wait, condition, depends_on }))
    }
}

impl Poll {
    /// Asks until the expression holds, in which `$data` is the step's output; every 5 seconds, for
    /// as long as it takes.
    pub fn until(expression: impl Into<String>) -> Self {
        Self::of(Written::Expression(expression.into()))
    }

    /// Asks until the code says so; it sees the step's output.
    pub fn until_with<F>(name: &str, is_done: F) -> Self
    where
        F: Fn(&Value) -> bool + Send + Sync + 'static,
    {
        Self::of(Written::code(name, is_done))
    }

    fn of(until: Written) -> Self {
        Self { until, every: PollSpec::EVERY, timeout: None, fail_if: None }
    }

    /// How long to wait between an answer and the next call; default 5 s.
    pub fn every(mut self, wait: Duration) -> Self {
        self.every = wait;
        self
    }

    /// Fails with kind `timeout` instead of a wait that would end later than this after the step
    /// began. Default: never.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Fails with kind `contract` as soon as the expression holds: it never will be done.
    pub fn fail_if(mut self, expression: impl Into<String>) -> Self {
        self.fail_if = Some(Written::Expression(expression.into()));
        self
    }

    /// Fails with kind `contract` as soon as the code says so; it sees the step's output.
    pub fn fail_if_with<F>(mut self, name: &str, has_failed: F) -> Self
    where
        F: Fn(&Value) -> bool + Send + Sync + 'static,
    {
        self.fail_if = Some(Written::code(name, has_failed));
        self
    }

    pub(super) fn into_spec(self, place: &Place, faults: &mut Vec<Fault>) -> Option<PollSpec> {
        let place = place.key("poll");
        let until = self.until.read(&place.key("until"), faults);
        let fail_if = self.fail_if.map(|written| written.read(&place.key("fail_if"), faults));
        let (every, timeout) = (self.every, self.timeout);
        Some(PollSpec { until: until?, every, timeout, fail_if: fail_if.flatten() })
    }
}

impl Written {
    fn code<F>(name: &str, holds: F) -> Self
    where
        F: Fn(&Value) -> bool + Send + Sync + 'static,
    {
        Written::Code(When::Code(Code { name: name.into(), run: Arc::new(holds) }))
    }

    fn read(self, place: &Place, faults: &mut Vec<Fault>) -> Option<When> {
        match self {
            Written::Code(code) => Some(code),
            Written::Expression(text) => match Condition::parse(&text) {
                Ok(condition) => Some(When::Expression(condition)),
                Err(error) => {
                    faults.push(expression_fault(place, error));
                    None
                }
            },
        }
    }
}
