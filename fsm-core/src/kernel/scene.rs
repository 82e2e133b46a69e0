//! What guards and actions see besides the context.

use crate::graph::StateId;
use crate::time::Timestamp;

/// The circumstances of a step.
#[derive(Debug)]
pub struct Scene<'a, E> {
    /// The event, or what the activity gave.
    pub event: Option<&'a E>,
    /// When.
    pub now: Timestamp,
    /// For guards and transition actions the state that is left; for entry and exit actions the
    /// state that they belong to.
    pub state: StateId,
    /// What set the step off.
    pub cause: Cause,
    /// How often the activity of the state that is left was started in this visit.
    pub attempts: u32,
    /// The number of that visit. An internal transition of a state that waits for events begins a
    /// new one in this sense: it leaves nothing, but its token gets a new number.
    pub visit: u64,
    /// Whether that activity was under way when the state was left from outside.
    pub cut: bool,
}

/// What set a step off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The run began, or a state went on at once.
    Always,
    /// An event from outside.
    Event,
    /// An activity, a delay, or a composite or parallel state was done.
    Done,
    /// An activity failed for good.
    Failed(GaveUp),
    /// An activity took too long, for good.
    TimedOut(GaveUp),
    /// A timer of a state around fired.
    After,
    /// The run was cancelled.
    Cancel,
}

/// Why a failed activity was not started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// The failure was not one that goes away.
    NotRetryable,
    /// Every attempt of the policy was used.
    Exhausted,
    /// The wait would have been longer than the policy puts up with.
    WaitTooLong,
    /// The wait would have passed a timer of a state around: a deadline.
    PastDeadline,
}
