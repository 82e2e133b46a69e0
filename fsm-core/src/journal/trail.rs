//! Which way a step went, as one number.

use std::time::Duration;

use crate::graph::StateId;
use crate::kernel::{Move, Phase, Trace};

/// Sums up the moves of a step, and hands them on. Two steps that went different ways have, but for one
/// case in four thousand million, different sums (FNV-1a, by words instead of bytes).
pub(crate) struct Trail<'a, T> {
    inner: &'a mut T,
    sum: u32,
}

impl<'a, T> Trail<'a, T> {
    pub(crate) fn new(inner: &'a mut T) -> Self {
        Self { inner, sum: 0x811c_9dc5 }
    }

    pub(crate) fn sum(&self) -> u32 {
        self.sum
    }

    fn add(&mut self, word: u32) {
        self.sum = (self.sum ^ word).wrapping_mul(0x0100_0193);
    }
}

impl<T: Trace> Trace for Trail<'_, T> {
    fn began(&mut self, token: u32, state: StateId) {
        self.add(token);
        self.add(state.0);
        self.inner.began(token, state);
    }

    fn moved(&mut self, step: Move) {
        self.add(step.token);
        self.add(step.to.0);
        self.add(step.transition.0);
        self.inner.moved(step);
    }

    fn retrying(&mut self, state: StateId, attempts: u32, wait: Duration) {
        self.inner.retrying(state, attempts, wait);
    }

    fn cancelled(&mut self, token: u32, state: StateId, phase: Phase) {
        self.inner.cancelled(token, state, phase);
    }

    fn dropped(&mut self, token: u32) {
        self.inner.dropped(token);
    }
}
