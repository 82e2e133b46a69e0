//! Watching the kernel at work, without it logging anything.

use std::time::Duration;

use super::snapshot::Phase;
use crate::graph::{StateId, TransitionId};

/// One token taking one transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which token; the first is 0.
    pub token: u32,
    /// The state where the token stood.
    pub from: StateId,
    /// The state where it stands now: where the transition leads, or, for a composite state, the
    /// initial state within.
    pub to: StateId,
    /// The transition, which may belong to a state around `from`.
    pub transition: TransitionId,
}

/// Hears what a step does. The unit type hears nothing and costs nothing.
pub trait Trace {
    /// A token stands at `state` without having taken a transition: the first one, or that of a
    /// region of a parallel state.
    fn began(&mut self, token: u32, state: StateId) {
        let _ = (token, state);
    }

    /// A token took a transition.
    fn moved(&mut self, step: Move) {
        let _ = step;
    }

    /// A failed activity will be started again after `wait`.
    fn retrying(&mut self, state: StateId, attempts: u32, wait: Duration) {
        let _ = (state, attempts, wait);
    }

    /// A token was taken from `state` because what it belongs to was left.
    fn cancelled(&mut self, token: u32, state: StateId, phase: Phase) {
        let _ = (token, state, phase);
    }

    /// An outcome came for a visit that is over; it changes nothing.
    fn dropped(&mut self, token: u32) {
        let _ = token;
    }
}

impl Trace for () {}

/// Both hear.
impl<A: Trace, B: Trace> Trace for (A, B) {
    fn began(&mut self, token: u32, state: StateId) {
        self.0.began(token, state);
        self.1.began(token, state);
    }

    fn moved(&mut self, step: Move) {
        self.0.moved(step);
        self.1.moved(step);
    }

    fn retrying(&mut self, state: StateId, attempts: u32, wait: Duration) {
        self.0.retrying(state, attempts, wait);
        self.1.retrying(state, attempts, wait);
    }

    fn cancelled(&mut self, token: u32, state: StateId, phase: Phase) {
        self.0.cancelled(token, state, phase);
        self.1.cancelled(token, state, phase);
    }

    fn dropped(&mut self, token: u32) {
        self.0.dropped(token);
        self.1.dropped(token);
    }
}

impl<T: Trace + ?Sized> Trace for &mut T {
    fn began(&mut self, token: u32, state: StateId) {
        T::began(self, token, state);
    }

    fn moved(&mut self, step: Move) {
        T::moved(self, step);
    }

    fn retrying(&mut self, state: StateId, attempts: u32, wait: Duration) {
        T::retrying(self, state, attempts, wait);
    }

    fn cancelled(&mut self, token: u32, state: StateId, phase: Phase) {
        T::cancelled(self, token, state, phase);
    }

    fn dropped(&mut self, token: u32) {
        T::dropped(self, token);
    }
}
