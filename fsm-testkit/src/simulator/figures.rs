//! What is counted of each state.

use std::time::Duration;

/// What happened at one state, in a run or in many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How often a token came to stand there.
    pub visits: u64,
    /// How often its activity was started, again after a crash included.
    pub attempts: u64,
    /// How many of these failed or took too long.
    pub failures: u64,
    /// How long tokens stood there; those of a fork or a parallel state while their branches ran.
    pub spent: Duration,
}

impl Figures {
    pub(super) fn add(&mut self, other: &Figures) {
        self.visits += other.visits;
        self.attempts += other.attempts;
        self.failures += other.failures;
        self.spent = self.spent.saturating_add(other.spent);
    }
}
