//! A run in which something does not hold, as an error that can be read.

use std::fmt;

use super::run::SimulatedRun;
use super::setup::SEED;
use super::shrink::Story;
use super::timeline::standing;

/// The first run in which something does not hold. `Debug` reads like `Display`: the seed, what does
/// not hold, all that happened, and how to run it again.
pub struct FailedRun<C, E> {
    pub(super) run: SimulatedRun<C, E>,
    /// How many disturbances there were before the story was made shorter.
    pub(super) original: usize,
    /// How many runs there were before.
    pub(super) held: u64,
}

impl<C, E> FailedRun<C, E> {
    /// The seed.
    pub fn seed(&self) -> u64 {
        self.run.seed
    }

    /// The run, without what chance did and the failure does not need. It is another one than
    /// [`run`](super::Simulator::run) gives with this seed if something was left out.
    pub fn run(&self) -> &SimulatedRun<C, E> {
        &self.run
    }

    /// How many things that chance did were left out: failures, slow answers, events, crashes.
    pub fn left_out(&self) -> usize {
        self.original - self.run.disturbances().len()
    }
}

impl<C, E> fmt::Display for FailedRun<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.run;
        write!(f, "seed {} fails", run.seed)?;
        if self.held > 0 {
            write!(
                f,
                " after {} that {}",
                self.held,
                if self.held == 1 { "holds" } else { "hold" }
            )?;
        }
        match run.violation() {
            Some(violation) => writeln!(f, ": {violation}")?,
            None => writeln!(f)?,
        }
        write!(f, "{run}")?;
        let at = crate::simulation::standing(run.snapshot());
        writeln!(f, "{}", standing(run.machine.graph(), run.status(), &at))?;
        if self.left_out() > 0 {
            let (left_out, original) = (self.left_out(), self.original);
            writeln!(f, "left out: {left_out} of {original} things that chance did")?;
        }
        write!(f, "run it alone with {SEED}={}", run.seed)
    }
}

impl<C, E> fmt::Debug for FailedRun<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<C, E> std::error::Error for FailedRun<C, E> {}

/// Why runs came to no good end.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RunsError<C, E> {
    /// Something does not hold in a run.
    #[error("{0}")]
    Failed(Box<FailedRun<C, E>>),
    /// The seed in the environment is none.
    #[error("the environment variable {SEED} is no number: {found:?}")]
    Seed {
        /// What it is.
        found: String,
    },
}

impl<C, E> fmt::Debug for RunsError<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
