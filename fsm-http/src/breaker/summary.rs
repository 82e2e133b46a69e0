//! The state in one word, so that a call that goes well takes no lock.

use super::machine::{Machine, State};

/// The state of a machine in one word: the number of its life, and in the two lowest bits whether
/// calls go out and whether there are failures that a success has to forget.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary(u64);

impl Summary {
    const BARRED: u64 = 0b01;
    const FAILURES: u64 = 0b10;

    pub(super) fn of(machine: &Machine) -> Self {
        let flags = match machine.state() {
            State::Closed if machine.failures() == 0 => 0,
            State::Closed => Self::FAILURES,
            State::Open { .. } | State::HalfOpen { .. } => Self::BARRED,
        };
        Self(machine.life() << 2 | flags)
    }

    pub(super) fn word(self) -> u64 {
        self.0
    }

    pub(super) fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// Does a call have to take the lock to know whether it may go out?
    pub(super) fn is_barred(self) -> bool {
        self.0 & Self::BARRED != 0
    }

    /// The number of the present life.
    pub(super) fn life(self) -> u64 {
        self.0 >> 2
    }

    /// Would a success of this life change nothing?
    pub(super) fn is_flawless_in(self, life: u64) -> bool {
        self.0 == life << 2
    }
}
