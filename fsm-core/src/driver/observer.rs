//! Watching a run: every input, every effect, every move.

use crate::kernel::{Effect, Input, Snapshot, Trace};
use crate::time::Timestamp;

/// Hears what a run does, between its steps. It can look at everything and change nothing.
pub trait Observer<C, E>: Trace {
    /// An input is about to be taken.
    fn before(&mut self, now: Timestamp, input: &Input<E>, run: &Snapshot<C>) {
        let _ = (now, input, run);
    }

    /// An input was taken; these are the effects.
    fn after(&mut self, run: &Snapshot<C>, effects: &[Effect]) {
        let _ = (run, effects);
    }
}

impl<C, E> Observer<C, E> for () {}

/// Both watch.
impl<C, E, A: Observer<C, E>, B: Observer<C, E>> Observer<C, E> for (A, B) {
    fn before(&mut self, now: Timestamp, input: &Input<E>, run: &Snapshot<C>) {
        self.0.before(now, input, run);
        self.1.before(now, input, run);
    }

    fn after(&mut self, run: &Snapshot<C>, effects: &[Effect]) {
        self.0.after(run, effects);
        self.1.after(run, effects);
    }
}

/// Keeps every input of a run, so that [`Machine::replay`](crate::Machine::replay) can repeat it.
#[derive(Clone, Debug)]
pub struct Recorder<E> {
    /// The inputs in order, each with its point in time.
    pub inputs: Vec<(Timestamp, Input<E>)>,
}

impl<E> Default for Recorder<E> {
    fn default() -> Self {
        Self { inputs: Vec::new() }
    }
}

impl<E> Trace for Recorder<E> {}

impl<C, E: Clone> Observer<C, E> for Recorder<E> {
    fn before(&mut self, now: Timestamp, input: &Input<E>, _run: &Snapshot<C>) {
        self.inputs.push((now, input.clone()));
    }
}
