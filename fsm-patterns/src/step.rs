//! One step of a run: how it stands, and what it gave.

use std::sync::Arc;

use fsm_core::Timestamp;
use fsm_http::ErrorKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::undo::UndoRecord;

/// How a step ended; of a run that is not over, also how a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// The call succeeded.
    Ok,
    /// The answer came from the cache.
    Cached,
    /// The call failed, and the error handler stood in for it.
    Recovered,
    /// The call was not made.
    Skipped,
    /// The call failed.
    Failed,
    /// The run's deadline came first.
    TimedOut,
    /// The run was stopped first.
    Cancelled,
    /// It has not begun, or its call has no room yet among `max_concurrent`. This and those below
    /// are in reports of runs that are not over, and nowhere else.
    Pending,
    /// Its call is under way.
    Running,
    /// It waits for a point in time, or for a signal.
    Waiting,
}

impl StepStatus {
    /// Whether the step has ended, one way or another.
    pub fn is_settled(self) -> bool {
        !matches!(self, StepStatus::Pending | StepStatus::Running | StepStatus::Waiting)
    }

    /// The name in results and in `$steps.NAME.status`.
    pub fn as_str(self) -> &'static str {
        match self {
            StepStatus::Ok => "ok",
            StepStatus::Cached => "cached",
            StepStatus::Recovered => "recovered",
            StepStatus::Skipped => "skipped",
            StepStatus::Failed => "failed",
            StepStatus::TimedOut => "timed_out",
            StepStatus::Cancelled => "cancelled",
            StepStatus::Pending => "pending",
            StepStatus::Running => "running",
            StepStatus::Waiting => "waiting",
        }
    }
}

/// Why a step, or a run, failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct StepError {
    /// The kind.
    pub kind: ErrorKind,
    /// One line for people.
    pub message: String,
    /// The status of the answer, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
}

impl StepError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), http_status: None }
    }

    /// What `$error` and `$steps.NAME.error` stand for.
    pub(crate) fn to_value(&self) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("kind".into(), self.kind.as_str().into());
        object.insert("message".into(), self.message.clone().into());
        object.insert("http_status".into(), self.http_status.into());
        Value::Object(object)
    }
}

/// What a run remembers of one step; part of its snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepRecord {
    pub(crate) status: Option<StepStatus>,
    pub(crate) verdict: Verdict,
    /// Requests sent.
    pub(crate) attempts: u32,
    pub(crate) began: Option<Timestamp>,
    pub(crate) elapsed_us: u64,
    pub(crate) latency_us: Option<u64>,
    pub(crate) http_status: Option<u16>,
    /// What flowed in.
    pub(crate) data: Option<Arc<Value>>,
    pub(crate) output: Option<Arc<Value>>,
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<StepError>,
    pub(crate) error_value: Option<Value>,
    /// Failed, or skipped because of a failure: what depends on it is skipped, too.
    pub(crate) broken: bool,
    /// The call was under way when the step was left from outside.
    pub(crate) cut: bool,
    /// What became of its undo, where one was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) undo: Option<Box<UndoRecord>>,
    /// What was found in the last answer, or in the signal.
    #[serde(default, skip_serializing_if = "Look::is_not_yet")]
    pub(crate) look: Look,
    /// The calls of a step that is made again until something is done.
    #[serde(default, skip_serializing_if = "Rounds::is_none")]
    pub(crate) rounds: Rounds,
}

/// Calls that were answered well, and did not end their step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rounds {
    /// Requests, all attempts counted.
    pub(crate) requests: u32,
    /// Good answers, the last one included.
    pub(crate) good: u32,
}

impl Rounds {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What an answer, or a signal, means to the step that waited for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Look {
    /// Nothing is done yet.
    #[default]
    NotYet,
    /// It is done.
    Done,
    /// It never will be.
    Lost,
    /// What it means can't be told.
    Faulty(String),
    /// Nothing is done, and there is no time for another wait.
    Late,
}

impl Look {
    fn is_not_yet(&self) -> bool {
        *self == Look::NotYet
    }
}

/// What the check before a step found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    /// Nothing was checked yet.
    #[default]
    Open,
    /// The call is to be made.
    Go,
    /// The condition does not hold.
    Declined,
    /// What it depends on failed, or was skipped because of a failure.
    Blocked(Block),
    /// The condition is not a boolean, or could not be evaluated.
    Faulty(String),
}

/// Why a step can't begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// The dependency.
    pub(crate) by: String,
    /// What failed, where the dependency itself was only skipped. Only the beginning of it all is
    /// kept: a chain of skipped steps would else tell a longer story with each of them.
    pub(crate) because: Option<String>,
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = &self.by;
        match &self.because {
            None => write!(f, "`{by}` failed"),
            Some(root) => write!(f, "`{by}` was skipped, because `{root}` failed"),
        }
    }
}
