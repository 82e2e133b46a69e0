//! How much a file may unfold to.
//!
//! A machine that is named once and run by many states is laid out for each of them, with its
//! transitions, its actions, and its context; the whole name of a state holds the names of those
//! around it. So a small file can ask for far more than it says.

use crate::fault::{Fault, Place};

/// How many states.
const MOST_STATES: usize = 100_000;

/// How many transitions, targets, actions, and validators.
const MOST_PARTS: usize = 500_000;

/// How many bytes of names, expressions, and contexts.
const MOST_TEXT: usize = 64 << 20;

/// How deep states may lie in one another.
const MOST_LEVELS: usize = 100;

/// How many states transitions may leave and enter, all of them taken together.
const MOST_WAY: usize = 2_000_000;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Room {
    states: usize,
    parts: usize,
    text: usize,
    /// Where it was used up.
    used_up: Option<Fault>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { states: MOST_STATES, parts: MOST_PARTS, text: MOST_TEXT, used_up: None }
    }

    /// Takes room for a state `level` deep; `text`: its whole name.
    pub(super) fn state(&mut self, level: usize, text: usize, place: &Place) -> bool {
        match (level < MOST_LEVELS).then(|| self.states.checked_sub(1)).flatten() {
            Some(left) => self.states = left,
            None => self.give_out(place),
        }
        self.take(0, text, place)
    }

    /// Takes room for `parts` with `text` in all.
    pub(super) fn take(&mut self, parts: usize, text: usize, place: &Place) -> bool {
        match (self.parts.checked_sub(parts), self.text.checked_sub(text)) {
            (Some(parts), Some(text)) => (self.parts, self.text) = (parts, text),
            _ => self.give_out(place),
        }
        !self.is_used_up()
    }

    fn give_out(&mut self, place: &Place) {
        let fault = || {
            let hint = format!(
                "at most {MOST_STATES} states, {MOST_LEVELS} of them within one another, with \
                 {MOST_PARTS} transitions and actions and {} MiB of names, expressions, and \
                 contexts",
                MOST_TEXT >> 20
            );
            Fault::new(place.clone(), "the states unfold too far").hint(hint)
        };
        self.used_up.get_or_insert_with(fault);
    }

    /// Whether something did not fit: what was laid out is then not the whole.
    pub(super) fn is_used_up(&self) -> bool {
        self.used_up.is_some()
    }

    /// What did not fit.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.used_up.as_ref()
    }
}

/// What is left for the ways of transitions, and for the guards that tell of them.
#[derive(Debug)]
pub(super) struct WayRoom {
    states: usize,
    text: usize,
}

impl WayRoom {
    pub(super) fn new() -> Self {
        Self { states: MOST_WAY, text: MOST_TEXT }
    }

    /// Takes room for a transition that leaves and enters `states`, with a guard of `text`.
    ///
    /// # Errors
    /// There is none left.
    pub(super) fn take(&mut self, states: usize, text: usize, place: &Place) -> Result<(), Fault> {
        match (self.states.checked_sub(states), self.text.checked_sub(text)) {
            (Some(states), Some(text)) => {
                (self.states, self.text) = (states, text);
                Ok(())
            }
            _ => {
                let hint = format!(
                    "all transitions together leave and enter at most {MOST_WAY} states, and \
                     their guards have at most {} MiB",
                    MOST_TEXT >> 20
                );
                let message = "the transitions leave and enter too many states";
                Err(Fault::new(place.clone(), message).hint(hint))
            }
        }
    }
}
