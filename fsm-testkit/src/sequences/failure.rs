//! What failed, as a path with state names.

use std::fmt;

use crate::deed::Deed;
use crate::walks::Walk;

/// A sequence after which something does not hold; nothing goes wrong before its last step.
#[derive(Clone, PartialEq)]
pub struct Failure<E> {
    /// The sequence, made as short as it could be.
    pub walk: Walk<Deed<E>>,
    /// What does not hold.
    pub broken: Broken,
    /// What was said of it; empty: nothing.
    pub said: String,
    /// The context after the last step, as `Debug` prints it.
    pub context: String,
    /// The seed that finds it again: [`Sequences::seed`](super::Sequences::seed).
    pub seed: u64,
    /// How many sequences had held before.
    pub held: u32,
}

/// What does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// An invariant, by name.
    Invariant(String),
    /// The system that is tested does something else than the machine.
    System,
    /// A guard or an action of the machine panicked.
    Machine,
}

impl<E: fmt::Debug> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (!) ", self.walk)?;
        match &self.broken {
            Broken::Invariant(name) => write!(f, "invariant \"{name}\"")?,
            Broken::System => f.write_str("the system differs")?,
            Broken::Machine => f.write_str("the machine panicked")?,
        }
        if !self.said.is_empty() {
            write!(f, ": {}", self.said)?;
        }
        write!(f, "\n  context: {}", self.context)?;
        for (index, step) in self.walk.steps().iter().enumerate() {
            write!(f, "\n  {}. {}: {:?}", index + 1, step.label(), step.deed())?;
        }
        write!(f, "\n  seed {}, after {} sequences that held", self.seed, self.held)
    }
}

impl<E: fmt::Debug> fmt::Debug for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
