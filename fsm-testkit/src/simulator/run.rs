//! What came of one simulated run.

use std::collections::BTreeSet;
use std::fmt;

use fsm_core::{Input, Machine, Snapshot, StateId, Status, Timestamp};

use super::course::{Disturbance, Log};
use super::figures::Figures;
use super::shrink::Story;
use super::timeline::{Entry, Timeline};
use crate::simulation::Station;

/// One run of a machine in a world, from its beginning to where it was left. `Display` tells all that
/// happened, a line each; the same seed gives the same lines.
pub struct SimulatedRun<C, E> {
    pub(super) machine: Machine<C, E>,
    pub(super) seed: u64,
    pub(super) snapshot: Snapshot<C>,
    pub(super) ending: Ending,
    pub(super) violation: Option<Violation>,
    pub(super) log: Log<E>,
}

/// Why a simulated run was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It came to its end at this state.
    Finished(StateId),
    /// It is stuck at this state.
    Stuck(StateId),
    /// It was cancelled.
    Cancelled,
    /// Nothing will happen any more: it waits for an event that nobody sends, or for an activity
    /// that never ends.
    Waiting,
    /// The time was over.
    OutOfTime,
    /// It took more steps than it may.
    OutOfSteps,
    /// Something did not hold.
    Violated,
}

/// Something that should hold and did not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{check}` does not hold: {why}")]
pub struct Violation {
    /// What should hold.
    pub check: String,
    /// Why it does not.
    pub why: String,
}

impl Violation {
    pub(super) fn new(check: impl Into<String>, why: impl Into<String>) -> Self {
        Self { check: check.into(), why: why.into() }
    }
}

impl<C, E> SimulatedRun<C, E> {
    /// The seed that gives this run again.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Why it was left.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// What did not hold, if anything.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Where it stands.
    pub fn snapshot(&self) -> &Snapshot<C> {
        &self.snapshot
    }

    /// The run's data.
    pub fn context(&self) -> &C {
        self.snapshot.context()
    }

    /// Whether it goes on.
    pub fn status(&self) -> Status {
        self.snapshot.status()
    }

    /// The names of the states where tokens stand, in declared order; a fork or a parallel state
    /// stands for what lies in it and is left out.
    pub fn configuration(&self) -> Vec<&str> {
        let at = crate::simulation::standing(&self.snapshot);
        at.into_iter().map(|state| self.machine.graph().name_of(state)).collect()
    }

    /// How long it took, from its beginning to where it was left.
    pub fn took(&self) -> std::time::Duration {
        self.log.entries.last().map_or(Timestamp::ZERO, |entry| entry.at).since(Timestamp::ZERO)
    }

    /// All that happened.
    pub fn timeline(&self) -> &[Entry] {
        &self.log.entries
    }

    /// Where its tokens came to stand, as in a [`Simulation`](crate::simulation::Simulation).
    pub fn path(&self) -> &[Station] {
        &self.log.path
    }

    /// The machine's inputs. [`Machine::replay`] with them and the seed gives the snapshot again,
    /// byte for byte, also where the run was restored in between.
    pub fn inputs(&self) -> &[(Timestamp, Input<E>)] {
        &self.log.journal
    }

    /// What was counted of the state called `name`; `None` where there is none.
    pub fn figures(&self, name: &str) -> Option<&Figures> {
        let state = self.machine.graph().state(name)?;
        self.log.figures.get(state.index())
    }

    /// The machine.
    pub fn machine(&self) -> &Machine<C, E> {
        &self.machine
    }
}

impl<C, E> Story for SimulatedRun<C, E> {
    type Disturbance = Disturbance;

    fn disturbances(&self) -> &BTreeSet<Disturbance> {
        &self.log.disturbances
    }

    fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }
}

impl<C, E> fmt::Display for SimulatedRun<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Timeline { graph: self.machine.graph(), entries: &self.log.entries }.fmt(f)
    }
}

impl<C, E> fmt::Debug for SimulatedRun<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedRun")
            .field("seed", &self.seed)
            .field("ending", &self.ending)
            .field("violation", &self.violation)
            .field("steps", &self.log.journal.len())
            .finish_non_exhaustive()
    }
}
