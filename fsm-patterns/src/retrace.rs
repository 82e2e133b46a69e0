//! Travelling through what a run of a flow did, in the words of flows.
//!
//! ```
//! use std::sync::Arc;
//! use fsm_core::Recorder;
//! use fsm_http::{MemoryTransport, Reply};
//! use fsm_patterns::{Endpoint, Orchestration, StepStatus};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let flow = Orchestration::pipeline("checkout")
//!     .endpoint(Endpoint::get("cart", "http://shop.test/cart"))
//!     .endpoint(Endpoint::get("order", "http://shop.test/order"))
//!     .build_with(Arc::new(MemoryTransport::replying(|_| Reply::json(&json!(7)))))?;
//! let run = flow.run(json!({}))?.id("run-1").seed(7).observer(Recorder::default());
//! let (_, heard, _) = run.drive_observed().await;
//!
//! let epoch = flow.epoch_of("run-1", json!({}), 7, &heard.inputs)?;
//! let mut retrace = flow.retrace(&epoch)?;
//! retrace.to(&"cart".parse()?)?;
//! let report = retrace.report();
//! assert_eq!(report.steps["cart"].status, StepStatus::Ok);
//! assert_eq!(report.steps["order"].status, StepStatus::Running);
//! # Ok(())
//! # }
//! ```

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fsm_core::journal::{Epoch, Replay, ReplayFault, Step};
use fsm_core::{Heard, Input, Marks, Outcome, Snapshot, Timestamp};
use serde::Serialize;

use crate::check::spelling;
use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::flow::Flow;
use crate::report::RunReport;
use crate::step::StepError;

/// A run of a flow at any point of its history.
pub struct Retrace<'a> {
    flow: &'a Flow,
    epoch: &'a Epoch<FlowContext, FlowEvent>,
    replay: Replay<'a, FlowContext, FlowEvent>,
}

/// A point in the history of a run.
///
/// As text: `12` is after record 12, `pay` is where the step `pay` ended, `before:pay` is where its
/// call, or its wait, begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After this record; 0 is the beginning.
    After(u64),
    /// Where this state, which for the call of an endpoint is called like it, is first entered.
    Entered(String),
    /// Where this step has its status for good.
    Settled(String),
}

/// One record of a run, with what a call told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowStep {
    /// The record.
    #[serde(flatten)]
    pub step: Step,
    /// What came of the call whose answer this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallStep>,
}

/// What an attempt of a call told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallStep {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The answer's status, where there was one.
    pub http_status: Option<u16>,
    /// From sending to its end, in milliseconds, where something was sent.
    pub latency_ms: Option<f64>,
    /// Whether the answer came from the cache.
    pub cached: bool,
    /// Bytes of the output as JSON, where there is one.
    pub output_bytes: Option<u64>,
    /// Why it failed.
    pub error: Option<StepError>,
}

impl Flow {
    /// Stands at the beginning of a run of this flow, and goes wherever it is told. With what a journal
    /// holds ([`History::last`](fsm_core::journal::History::last)), or an observer heard
    /// ([`Flow::epoch_of`]).
    ///
    /// # Errors
    /// [`ReplayFault`]: the run followed another graph.
    pub fn retrace<'a>(
        &'a self,
        epoch: &'a Epoch<FlowContext, FlowEvent>,
    ) -> Result<Retrace<'a>, ReplayFault> {
        Ok(Retrace { flow: self, epoch, replay: Replay::of(epoch, &self.machine)? })
    }

    /// Everything that happened to a run, record by record.
    ///
    /// # Errors
    /// [`ReplayFault`]: the records do not belong to this flow.
    pub fn steps(
        &self,
        epoch: &Epoch<FlowContext, FlowEvent>,
    ) -> Result<Vec<FlowStep>, ReplayFault> {
        let mut retrace = self.retrace(epoch)?;
        let mut steps = Vec::with_capacity(epoch.records.len());
        while let Some(step) = retrace.step()? {
            steps.push(step);
        }
        Ok(steps)
    }

    /// What a journal would have kept of a run whose inputs a [`Recorder`](fsm_core::Recorder) heard. `id`, `input`, and
    /// `seed` are those of the run.
    ///
    /// # Errors
    /// [`ReplayFault`]: the inputs are not those of a run of this flow.
    pub fn epoch_of<'a>(
        &self,
        id: impl Into<String>,
        input: serde_json::Value,
        seed: u64,
        inputs: impl IntoIterator<Item = &'a (Timestamp, Input<FlowEvent>)>,
    ) -> Result<Epoch<FlowContext, FlowEvent>, ReplayFault> {
        let context = FlowContext::new(&self.rules.plan, id.into(), input);
        Epoch::from_inputs(&self.machine, self.machine.snapshot(context, seed), inputs)
    }
}

impl<'a> Retrace<'a> {
    /// The flow that the run followed.
    pub fn flow(&self) -> &'a Flow {
        self.flow
    }

    /// The number of the record after which it stands; 0 at the beginning of a run.
    pub fn number(&self) -> u64 {
        self.replay.number()
    }

    /// The number of the last record that there is.
    pub fn last(&self) -> u64 {
        self.replay.last()
    }

    /// How the run stood.
    pub fn snapshot(&self) -> &Snapshot<FlowContext> {
        self.replay.snapshot()
    }

    /// What each step had come to.
    pub fn report(&self) -> RunReport {
        self.flow.report(self.replay.snapshot())
    }

    /// The machine's side of it.
    pub fn replay(&mut self) -> &mut Replay<'a, FlowContext, FlowEvent> {
        &mut self.replay
    }

    /// The way that the run took up to here, to be drawn.
    ///
    /// # Errors
    /// [`ReplayFault`]: the records do not belong to this flow.
    pub fn way(&self) -> Result<Marks, ReplayFault> {
        self.epoch.way(&self.flow.machine, self.number())
    }

    /// Takes the next record, and says what came of it; `None` at the end.
    ///
    /// # Errors
    /// [`ReplayFault`]: the record does not belong to this flow.
    pub fn step(&mut self) -> Result<Option<FlowStep>, ReplayFault> {
        let record = self.replay.next_record();
        let step = self.replay.step()?;
        Ok(step.zip(record).map(|(step, record)| FlowStep::of(step, &record.input)))
    }

    /// Goes to a point of the history, forwards or back. The record that led there; `None` for the
    /// beginning, and where the run never came to that point: then it stands at the end.
    ///
    /// # Errors
    /// [`ReplayFault::NoSuchRecord`], [`ReplayFault::NoSuchState`]; else as [`step`](Self::step).
    pub fn to(&mut self, moment: &Moment) -> Result<Option<FlowStep>, ReplayFault> {
        match moment {
            Moment::After(0) => {
                self.replay.rewind();
                Ok(None)
            }
            Moment::After(number) => {
                // Told by taking it again; a record that is not there is refused first.
                self.replay.to(*number)?;
                self.replay.back()?;
                self.step()
            }
            Moment::Entered(state) => {
                let found = self.replay.to_entered(state)?.map(|step| step.number);
                self.again(found)
            }
            Moment::Settled(step) => {
                let index = self.flow.rules.plan.by_name.get(step.as_str()).copied();
                let Some(index) = index else { return Err(self.no_such_step(step)) };
                self.replay.rewind();
                let is_settled = |run: &Snapshot<FlowContext>| {
                    run.context().steps.get(index).is_some_and(|step| step.status.is_some())
                };
                let found = self.replay.to_where(is_settled)?.map(|step| step.number);
                self.again(found)
            }
        }
    }

    fn again(&mut self, found: Option<u64>) -> Result<Option<FlowStep>, ReplayFault> {
        match found {
            Some(number) => self.to(&Moment::After(number)),
            None => Ok(None),
        }
    }

    fn no_such_step(&self, step: &str) -> ReplayFault {
        let nearest = spelling::closest(step, self.flow.endpoints()).map(str::to_owned);
        ReplayFault::NoSuchState { state: step.to_owned(), nearest }
    }
}

impl FlowStep {
    /// A step of a run, with what its input told.
    pub fn of(step: Step, input: &Input<FlowEvent>) -> Self {
        let call = CallStep::of(&step.heard, input);
        Self { step, call }
    }
}

impl CallStep {
    fn of(heard: &Heard, input: &Input<FlowEvent>) -> Option<Self> {
        let Heard::Ended { attempt, .. } = heard else { return None };
        let Input::Outcome { outcome, .. } = input else { return None };
        let event = match outcome {
            Outcome::Done(event) | Outcome::Failed { event, .. } => event.as_ref()?,
            Outcome::Postponed(_) => return None,
        };
        let millis = |micros: Option<u64>| micros.map(|micros| micros as f64 / 1_000.0);
        match event {
            FlowEvent::Answered(answered) => Some(Self {
                attempt: *attempt,
                http_status: Some(answered.http_status),
                latency_ms: millis(answered.latency_us),
                cached: answered.cached,
                output_bytes: Some(bytes(&answered.output)),
                error: None,
            }),
            FlowEvent::Refused(refusal) => Some(Self {
                attempt: *attempt,
                http_status: refusal.error.http_status,
                latency_ms: millis(refusal.latency_us),
                cached: false,
                output_bytes: None,
                error: Some(refusal.error.clone()),
            }),
            FlowEvent::Signal(_) => None,
        }
    }
}

/// How long a value is as JSON; the text itself is not made.
fn bytes(value: &Arc<serde_json::Value>) -> u64 {
    struct Count(u64);

    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    // Counting never fails, and any value has a text.
    let _ = serde_json::to_writer(&mut count, &**value);
    count.0
}

impl FromStr for Moment {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match (text.parse(), text.strip_prefix("before:")) {
            (Ok(number), _) => Moment::After(number),
            (Err(_), Some(state)) => Moment::Entered(state.to_owned()),
            (Err(_), None) => Moment::Settled(text.to_owned()),
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::After(number) => write!(f, "{number}"),
            Moment::Entered(state) => write!(f, "before:{state}"),
            Moment::Settled(step) => write!(f, "{step}"),
        }
    }
}

impl fmt::Display for FlowStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.step)?;
        match &self.call {
            None => Ok(()),
            Some(call) => write!(f, " [{call}]"),
        }
    }
}

impl fmt::Display for CallStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        match &self.error {
            Some(error) => words.push(format!("{}: {}", error.kind.as_str(), error.message)),
            None => words.extend(self.http_status.map(|status| status.to_string())),
        }
        if self.cached {
            words.push("from the cache".to_owned());
        }
        words.extend(self.output_bytes.map(|bytes| format!("{bytes} bytes")));
        words.extend(self.latency_ms.map(|latency| format!("{latency:.1} ms")));
        write!(f, "{}", words.join(", "))
    }
}
