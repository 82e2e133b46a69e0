//! What the calls of a run were answered, so that the run can be rehearsed offline: the same flow, or
//! a changed one, without a network and without waiting.
//!
//! ```
//! use std::sync::Arc;
//! use fsm_core::Recorder;
//! use fsm_http::{MemoryTransport, Reply};
//! use fsm_patterns::{Answers, Endpoint, Orchestration, StepStatus};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let checkout = || {
//!     Orchestration::pipeline("checkout")
//!         .endpoint(Endpoint::get("cart", "http://shop.test/cart"))
//!         .endpoint(Endpoint::post("order", "http://shop.test/orders"))
//! };
//! let shop = MemoryTransport::replying(|request| {
//!     Reply::json(&json!({"path": request.uri().path(), "total": 20}))
//! });
//! let flow = checkout().build_with(Arc::new(shop))?;
//! let run = flow.run(json!({}))?.id("run-1").seed(7).observer(Recorder::default());
//! let (_, heard, _) = run.drive_observed().await;
//! let epoch = flow.epoch_of("run-1", json!({}), 7, &heard.inputs)?;
//! let answers = Answers::of(&flow, &epoch)?;
//!
//! // No shop is asked from here on.
//! let changed = checkout().endpoint(Endpoint::post("mail", "http://post.test/mails")).build()?;
//! let rehearsal = changed.rehearse(json!({}), &answers)?;
//! assert_eq!(rehearsal.report.steps["order"].output["total"], 20);
//! assert_eq!(rehearsal.missing[0].to_string(), "attempt 1 of `mail`");
//! assert_eq!(rehearsal.report.steps["mail"].status, StepStatus::Failed);
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `collect` | answers, gathered from what a journal holds of a run |
//! | `rehearsal` | a run by hand, in which the answers come when they came |

mod collect;
mod rehearsal;

use std::sync::Arc;

use fsm_core::journal::ReplayFault;
use fsm_core::{Input, Outcome, Retry, Timestamp};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::rehearsal::{CallAt, Rehearsal};
use crate::event::FlowEvent;

/// The format that is written.
const FORMAT: u32 = 1;

/// What the calls of one run were answered, and when; what it was told from outside; when its timers
/// fired. Plain data: a JSON document with a version.
///
/// It holds what APIs answered, after the response parser and `transform_output` of the flow that ran.
/// So it is as confidential as the run's journal, and a change to what comes before a step's output
/// is not rehearsed: the step gives what it gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// The format.
    answers: u32,
    /// The flow's name.
    flow: String,
    /// The run's id.
    run: String,
    input: Arc<Value>,
    /// What the jitter of retries was derived from.
    seed: u64,
    began: Timestamp,
    /// By the name of the state; for each visit, what came of its attempts in order.
    calls: IndexMap<String, Vec<Vec<Answer>>>,
    /// By the name of the state, in the order in which they fired.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    timers: IndexMap<String, Vec<Firing>>,
    /// What was said from outside, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<Told>,
}

/// What came of one start of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Answer {
    /// The number of its record; of two that came at one point in time, the lower came first. 0: none.
    record: u64,
    /// From the start, in microseconds.
    after_us: u64,
    came: Came,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Came {
    Done {
        event: Option<FlowEvent>,
    },
    Failed {
        event: Option<FlowEvent>,
        retry: Retry,
    },
    Postponed {
        wait_us: u64,
    },
    /// It was under way when the run went on without it, or when the record ends.
    Nothing,
}

/// A timer that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Firing {
    record: u64,
    /// When it was due, after the beginning of the run, in microseconds.
    due_us: u64,
    /// How much later it fired.
    late_us: u64,
}

/// Something that came from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    record: u64,
    /// After the beginning of the run, in microseconds.
    at_us: u64,
    input: Input<FlowEvent>,
}

/// Why there are no answers.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswersError {
    /// The records can't be repeated.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
    /// The beginning of the run is not among the records: it was carried over to a changed flow, or
    /// only its end was read.
    #[error("the records do not begin with the run, so the answers before them are not known")]
    NotFromTheBeginning,
    /// The document is none.
    #[error("this is no document of answers: {0}")]
    Unreadable(String),
    /// The document is of another version.
    #[error("the answers have format {found}; this version reads format {FORMAT}")]
    Format {
        /// That of the document.
        found: u32,
    },
}

impl Answers {
    /// Reads the document.
    ///
    /// # Errors
    /// [`AnswersError::Unreadable`], [`AnswersError::Format`].
    pub fn from_json(text: &str) -> Result<Self, AnswersError> {
        #[derive(Deserialize)]
        struct Head {
            answers: u32,
        }
        let unreadable = |error: serde_json::Error| AnswersError::Unreadable(error.to_string());
        let Head { answers } = serde_json::from_str(text).map_err(unreadable)?;
        if answers != FORMAT {
            return Err(AnswersError::Format { found: answers });
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    /// The document, to be kept in a file.
    pub fn to_json(&self) -> String {
        // Names are strings and events are data, so there is always a text.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The name of the flow that was run.
    pub fn flow(&self) -> &str {
        &self.flow
    }

    /// The id of the run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The input of the run.
    pub fn input(&self) -> &Value {
        &self.input
    }
}

impl Came {
    fn of(outcome: &Outcome<FlowEvent>, now: Timestamp) -> Self {
        match outcome {
            Outcome::Done(event) => Came::Done { event: event.clone() },
            Outcome::Failed { event, retry } => {
                Came::Failed { event: event.clone(), retry: *retry }
            }
            Outcome::Postponed(at) => {
                Came::Postponed { wait_us: crate::rules::micros(at.since(now)) }
            }
        }
    }
}
