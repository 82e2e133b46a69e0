//! What goes out.

use std::collections::VecDeque;

use super::input::Ticket;
use super::step::Agenda;
use crate::graph::{ActivityId, StateId};
use crate::time::Timestamp;

/// Work for the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start an activity and bring its outcome back.
    Start(Start),
    /// Bring a timer input at this point in time, not earlier.
    Timer {
        /// Goes back with the timer's input.
        ticket: Ticket,
        /// When.
        at: Timestamp,
    },
    /// Drop what this ticket started; its outcome is no longer wanted.
    Cancel(Ticket),
    /// The run came to its end.
    Finish,
}

/// An activity to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Goes back with the outcome.
    pub ticket: Ticket,
    /// The state that was entered.
    pub state: StateId,
    /// What to start.
    pub activity: ActivityId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// A number that no other visit of a state in this run has.
    pub visit: u64,
}

/// The effects of one step, in order. A driver keeps one and hands it to every step: its memory
/// is used again.
#[derive(Debug, Default)]
pub struct Effects {
    pub(crate) list: Vec<Effect>,
    pub(crate) agenda: VecDeque<Agenda>,
}

impl Effects {
    /// No effects.
    pub fn new() -> Self {
        Self::default()
    }

    /// The effects of the last step.
    pub fn as_slice(&self) -> &[Effect] {
        &self.list
    }

    /// The activities that the last step starts.
    pub fn starts(&self) -> impl Iterator<Item = Start> + '_ {
        self.list.iter().filter_map(|effect| match effect {
            Effect::Start(start) => Some(*start),
            Effect::Timer { .. } | Effect::Cancel(_) | Effect::Finish => None,
        })
    }
}
