//! Signals: what a run may wait for from outside, and how it is told.
//!
//! A signal is an event with a name and a payload. It is heard by every step that waits for it at
//! that moment, and by no other: one that comes too early is refused and not kept, so whoever sends
//! it has to send it again, or keep it until [`Flow::awaited`] names it.
//!
//! ```
//! use fsm_patterns::{AwaitSignal, Orchestration, RunOutcome};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let flow = Orchestration::sequential("refund")
//!     .await_signal(AwaitSignal::new("approval", "approved"))
//!     .build()?;
//! let mut run = flow.run(json!({}))?;
//! let signals = run.signal_handle();
//! let (report, taken) = tokio::join!(run.drive(), async {
//!     signals.send("approved", json!({"by": "Ada"})).await
//! });
//! taken?;
//! assert_eq!(report.outcome, RunOutcome::Completed);
//! assert_eq!(report.steps["approval"].output["by"], "Ada");
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use fsm_core::{Handle, Phase, Snapshot, Status, StepError};
use serde_json::Value;

use crate::check::spelling;
use crate::context::FlowContext;
use crate::event::{FlowEvent, Signal};
use crate::flow::Flow;
use crate::plan::{Endpoint, Unit};

/// A step that waits for a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited<'a> {
    /// The step's name.
    pub step: &'a str,
    /// The signal's name.
    pub signal: &'a str,
}

/// A signal that no step of the flow waits for, ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no step of `{flow}` waits for a signal `{name}`{}", hint(.nearest, .known))]
pub struct UnknownSignal {
    /// The flow.
    pub flow: String,
    /// What it was called.
    pub name: String,
    /// The signal that was surely meant, if there is one.
    pub nearest: Option<String>,
    /// Every signal of the flow.
    pub known: Vec<String>,
}

fn hint(nearest: &Option<String>, known: &[String]) -> String {
    match (nearest, known) {
        (Some(nearest), _) => format!(" (did you mean `{nearest}`?)"),
        (None, []) => " (it waits for none)".to_owned(),
        (None, known) => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            format!(" (it waits for {})", spelling::list(&known))
        }
    }
}

/// Why a run did not hear a signal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// No step of the flow waits for it, ever.
    #[error(transparent)]
    Unknown(#[from] UnknownSignal),
    /// No step of the run waits for it now.
    #[error("no step waits for the signal `{name}` now")]
    NotAwaited {
        /// The signal.
        name: String,
        /// What the kernel says.
        source: StepError,
    },
    /// The run is over.
    #[error("the run is over")]
    Over,
}

/// Sends signals to a run.
#[derive(Clone, Debug)]
pub struct SignalHandle {
    pub(crate) flow: Flow,
    pub(crate) handle: Handle<FlowEvent>,
}

impl SignalHandle {
    /// Sends a signal and waits until the run has taken it.
    ///
    /// # Errors
    /// [`SignalError`] where the run does not hear it; it goes on as if nothing had been sent.
    ///
    /// # Cancel safety
    /// Once polled, the signal is on its way; dropping the future drops only the answer.
    pub async fn send(&self, name: &str, payload: Value) -> Result<(), SignalError> {
        let event = self.flow.signal(name, payload)?;
        self.handle.send(event).await.map_err(|error| match error {
            StepError::Over => SignalError::Over,
            source => SignalError::NotAwaited { name: name.to_owned(), source },
        })
    }
}

impl Flow {
    /// The signals that steps of the flow may wait for, each once, in declared order.
    pub fn signals(&self) -> Vec<&str> {
        let mut signals: Vec<&str> = Vec::new();
        for signal in self.rules.plan.endpoints.iter().filter_map(Endpoint::signal) {
            if !signals.contains(&signal.name.as_str()) {
                signals.push(&signal.name);
            }
        }
        signals
    }

    /// The steps that may wait for a signal however long it takes: neither they nor the run have a
    /// timeout. In declared order.
    pub fn unbounded_waits(&self) -> Vec<Awaited<'_>> {
        if self.rules.plan.flow.total_timeout.is_some() {
            return Vec::new();
        }
        let waits = self.rules.plan.endpoints.iter().filter_map(|endpoint| {
            let signal = endpoint.signal().filter(|signal| signal.timeout.is_none())?;
            Some(Awaited { step: &endpoint.name, signal: &signal.name })
        });
        waits.collect()
    }

    /// The steps of a run that wait for a signal now, in the order of their tokens: a signal of
    /// another name would be refused.
    ///
    /// # Complexity
    /// O(tokens).
    pub fn awaited(&self, run: &Snapshot<FlowContext>) -> Vec<Awaited<'_>> {
        if run.status() != Status::Running {
            return Vec::new();
        }
        let awaited = run.tokens().filter_map(|(state, phase)| {
            let unit = self.rules.units.get(state.index()).copied().flatten()?;
            let Unit::Endpoint(index) = unit else { return None };
            let endpoint = &self.rules.plan.endpoints[index];
            let signal = endpoint.signal().filter(|_| phase == Phase::Resting)?;
            Some(Awaited { step: &endpoint.name, signal: &signal.name })
        });
        awaited.collect()
    }

    /// The event that tells a run of a signal.
    ///
    /// # Errors
    /// [`UnknownSignal`] where no step of the flow waits for it, ever.
    pub fn signal(
        &self,
        name: impl Into<String>,
        payload: Value,
    ) -> Result<FlowEvent, UnknownSignal> {
        let (name, known) = (name.into(), self.signals());
        if known.contains(&name.as_str()) {
            return Ok(FlowEvent::Signal(Signal { name, payload: Arc::new(payload) }));
        }
        let nearest = spelling::closest(&name, known.iter().copied()).map(str::to_owned);
        let known = known.into_iter().map(str::to_owned).collect();
        Err(UnknownSignal { flow: self.name().to_owned(), name, nearest, known })
    }
}
