//! What the kernel is told, by calls and from outside: plain data, part of the record of a run.

use std::sync::Arc;
use std::time::Duration;

use fsm_core::{Event, EventKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::step::StepError;
use crate::usage::Receipt;

/// What came of one attempt of a call, or a signal from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FlowEvent {
    /// An answer, parsed and transformed.
    Answered(Answered),
    /// None, or one that is no success.
    Refused(Refusal),
    /// Somebody outside tells the run something.
    Signal(Signal),
}

/// What somebody outside tells a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Steps wait for it by this name.
    pub name: String,
    /// What there is to tell.
    pub payload: Arc<Value>,
}

/// A successful attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The step's output.
    pub output: Arc<Value>,
    /// The answer's status.
    pub http_status: u16,
    /// From sending to decoded, in microseconds, where a request was sent.
    pub latency_us: Option<u64>,
    /// Whether the answer came from the cache.
    #[serde(default)]
    pub cached: bool,
    /// What the call used.
    pub receipt: Receipt,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub error: StepError,
    /// What the call used so far.
    pub receipt: Receipt,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// From sending to the failure, in microseconds, where a request was sent.
    pub latency_us: Option<u64>,
}

impl Event for FlowEvent {
    /// Signals are the only events that are heard from outside. The others come with the outcomes of
    /// calls, and have names that no signal can have.
    fn key(&self) -> EventKey<'_> {
        match self {
            FlowEvent::Answered(_) => EventKey::Name("call answered"),
            FlowEvent::Refused(_) => EventKey::Name("call refused"),
            FlowEvent::Signal(signal) => EventKey::Name(&signal.name),
        }
    }
}
