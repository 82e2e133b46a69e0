//! What comes in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Names one effect; the input that answers the effect carries it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket {
    pub(crate) slot: u32,
    pub(crate) number: u64,
}

impl Ticket {
    /// A small number that no two activities under way share: room for an index.
    pub fn slot(self) -> usize {
        self.slot as usize
    }

    /// A number that no other effect of the run has.
    pub fn number(self) -> u64 {
        self.number
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input<E> {
    /// The run begins.
    Start,
    /// An event from outside.
    Event(E),
    /// An activity ended.
    Outcome {
        /// That of the effect that started it.
        ticket: Ticket,
        /// How it ended.
        outcome: Outcome<E>,
    },
    /// A timer fired.
    Timer(Ticket),
    /// Somebody wants the run to end.
    Cancel,
}

/// How one attempt of an activity ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome<E> {
    /// Well.
    Done(Option<E>),
    /// Badly.
    Failed {
        /// What the guards and actions of the `failed` transitions see.
        event: Option<E>,
        /// Whether starting it again makes sense.
        retry: Retry,
    },
    /// Not begun: it may begin at this point in time (a rate limit). This is no attempt, and the
    /// wait takes no slot of `max_concurrent`.
    Postponed(Timestamp),
}

impl<E> Outcome<E> {
    /// Well, with nothing to tell.
    pub const fn done() -> Self {
        Outcome::Done(None)
    }

    /// Badly, for good, with nothing to tell.
    pub const fn failed() -> Self {
        Outcome::Failed { event: None, retry: Retry::Never }
    }
}

/// Whether a failed attempt may be followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// No: it would fail again, or do harm.
    Never,
    /// As the state's policy says, but not before this long from now (Retry-After).
    Allowed(Option<Duration>),
}
