//! Why an input was refused, or a snapshot.

use crate::diff::Obstacle;
use crate::graph::Fingerprint;

/// Why the kernel refused an input. The snapshot is as it was, but for [`Endless`](Self::Endless).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// No state accepts the event now.
    #[error("event `{event}` is not accepted in state {}{}", states.join(", "), because(guards))]
    Rejected {
        /// The event's name.
        event: String,
        /// Where the tokens are.
        states: Vec<String>,
        /// The guards that stood in the way. Empty: no transition from there is for this event.
        guards: Vec<String>,
    },
    /// The machine knows no such event.
    #[error("machine `{machine}` has no event that answers to this input ({event})")]
    UnknownEvent {
        /// The machine's name.
        machine: String,
        /// What the event says of itself.
        event: String,
    },
    /// The run has not begun.
    #[error("the run has not begun: the first input is `Start`")]
    NotStarted,
    /// The run began already.
    #[error("the run began already: `Start` comes once")]
    StartedTwice,
    /// The run is over.
    #[error("the run is over; it takes no more inputs")]
    Over,
    /// The timer is not due.
    #[error("the timer is due later than the input that says it fired")]
    TimerEarly,
    /// Time does not pass: timers of no length set each other. This one error leaves the snapshot
    /// where the last timer took it.
    #[error(
        "more than {limit} timers fired at one point in time; timers of no length set each other"
    )]
    Endless {
        /// How many timers may fire at one point in time.
        limit: u32,
    },
    /// No activity is under way at this state.
    #[error("no activity of state `{state}` is under way")]
    Idle {
        /// The state's name.
        state: String,
    },
    /// The snapshot is of another graph.
    #[error("the snapshot is of graph {found}, the machine runs graph {expected}")]
    ForeignSnapshot {
        /// The machine's graph.
        expected: Fingerprint,
        /// The snapshot's.
        found: Fingerprint,
    },
    /// An action panicked in an earlier step.
    #[error(
        "an action panicked in an earlier step, so this snapshot is not whole; use the last one that was saved"
    )]
    Poisoned,
}

/// Why a snapshot was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot can't be restored: {0}")]
pub struct SnapshotFault(pub(crate) String);

/// Why a run can't be carried over to a changed graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarryOverFault {
    /// The snapshot is not of the graph that it is said to be of.
    #[error("the snapshot is of graph {found}, not of the old graph {expected}")]
    Foreign {
        /// The old graph.
        expected: Fingerprint,
        /// The snapshot's.
        found: Fingerprint,
    },
    /// The run is over.
    #[error("the run is over: nothing is left that could go on")]
    Over,
    /// A state can't have the name that the migration gives to it.
    #[error("`{old}` can't go on as `{new}`: {why}")]
    Rename {
        /// The old name.
        old: String,
        /// The new one.
        new: String,
        /// Why not.
        why: String,
    },
    /// The run stands on what the new graph has not, or has otherwise: all of it.
    #[error("the run can't go on along the changed graph:{}", list(.0))]
    Obstacles(Vec<Obstacle>),
    /// The snapshot was damaged.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFault),
}

fn list(obstacles: &[Obstacle]) -> String {
    obstacles.iter().map(|obstacle| format!("\n  - {obstacle}")).collect()
}

fn because(guards: &[String]) -> String {
    match guards {
        [] => String::new(),
        [guard] => format!(": guard `{guard}` does not hold"),
        several => format!(": guards `{}` do not hold", several.join("`, `")),
    }
}
