//! What a run knows of undoing: which steps are to be undone, what became of it, and what is left.

use fsm_http::ErrorKind;
use serde::{Deserialize, Serialize};

use crate::context::FlowContext;
use crate::plan::Plan;
use crate::report::RunOutcome;
use crate::step::{StepError, StepRecord, StepStatus};

/// The steps that are to be undone, should the run fail; part of its snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undoing {
    /// Steps that have an undo, by index, in the order in which they were completed; one that was
    /// undone, or can't be, is no longer among them. In a proof the order is not known, and they
    /// stand in declared order.
    pub(crate) completed: Vec<usize>,
    /// The deadline ended what went before.
    pub(crate) is_late: bool,
}

impl Undoing {
    /// Nothing is to be undone, as in every flow without an undo.
    pub(crate) fn is_empty(&self) -> bool {
        self.completed.is_empty() && !self.is_late
    }

    /// Takes a step that was undone, or can't be, off the list.
    pub(crate) fn settle(&mut self, step: usize) {
        self.completed.retain(|completed| *completed != step);
    }
}

/// How the undo of a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoStatus {
    /// The step was undone.
    Ok,
    /// The call that was to undo it failed for good.
    Failed,
    /// The run was cancelled first.
    Cancelled,
}

impl UndoStatus {
    /// The name in results.
    pub fn as_str(self) -> &'static str {
        match self {
            UndoStatus::Ok => "ok",
            UndoStatus::Failed => "failed",
            UndoStatus::Cancelled => "cancelled",
        }
    }
}

/// What a run remembers of the undo of a step; part of its snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UndoRecord {
    pub(crate) status: UndoStatus,
    /// Requests sent.
    pub(crate) attempts: u32,
    pub(crate) latency_us: Option<u64>,
    pub(crate) http_status: Option<u16>,
    pub(crate) error: Option<StepError>,
    /// The call was under way when it was left from outside.
    pub(crate) cut: bool,
}

impl UndoRecord {
    /// One that has not ended, and that perhaps never began.
    pub(crate) fn cancelled() -> Self {
        Self {
            status: UndoStatus::Cancelled,
            attempts: 0,
            latency_us: None,
            http_status: None,
            error: None,
            cut: false,
        }
    }
}

/// A step whose effect may stand after a run that did not complete, and why.
pub(crate) struct Left {
    pub(crate) step: usize,
    pub(crate) why: String,
}

/// The steps with an undo whose effect stands, or may stand, in declared order.
pub(crate) fn left_undone(plan: &Plan, context: &FlowContext, outcome: RunOutcome) -> Vec<Left> {
    if matches!(outcome, RunOutcome::Completed | RunOutcome::Waiting) {
        return Vec::new();
    }
    let steps = plan.undos.iter().map(|undo| (undo.step, &context.steps[undo.step]));
    let left = steps.filter_map(|(step, record)| Some(Left { step, why: why_left(record)? }));
    left.collect()
}

fn why_left(record: &StepRecord) -> Option<String> {
    match record.undo.as_deref() {
        Some(UndoRecord { status: UndoStatus::Ok, .. }) => None,
        Some(UndoRecord { status: UndoStatus::Failed, error, .. }) => {
            let why = error.as_ref().map_or("the undo failed", |error| &error.message);
            Some(why.to_owned())
        }
        Some(UndoRecord { status: UndoStatus::Cancelled, attempts, .. }) => {
            let when = if *attempts == 0 { "before" } else { "while" };
            Some(format!("the run was cancelled {when} it was undone"))
        }
        None => in_doubt(record).map(|why| format!("in doubt: {why}")),
    }
}

/// Why a step that was not completed may have had its effect all the same.
fn in_doubt(record: &StepRecord) -> Option<&'static str> {
    match record.status? {
        StepStatus::Ok
        | StepStatus::Cached
        | StepStatus::Skipped
        | StepStatus::Waiting
        | StepStatus::Running
        | StepStatus::Pending => return None,
        StepStatus::Recovered
        | StepStatus::Failed
        | StepStatus::TimedOut
        | StepStatus::Cancelled => {}
    }
    if record.attempts == 0 {
        return None;
    }
    if record.cut {
        return Some("its call was cut while it was under way");
    }
    // A success whose answer could not be used, or was not the last one that was waited for.
    if record.http_status.is_some_and(|status| (200..300).contains(&status)) {
        return Some("its call was carried out, and yet it was not completed");
    }
    let kind = record.error.as_ref()?.kind;
    // The deadline of the run comes to steps from which no answer was awaited any more.
    let is_own_timeout = kind == ErrorKind::Timeout && record.status != Some(StepStatus::TimedOut);
    let is_unknown = matches!(kind, ErrorKind::UnknownOutcome | ErrorKind::Reset);
    (is_unknown || is_own_timeout).then_some("nobody knows how its call ended")
}

#[cfg(test)]
mod tests;
