//! The way that a run took, for drawings.

use super::{Epoch, Replay, ReplayFault};
use crate::draw::{Mark, Marks};
use crate::event::Event;
use crate::graph::{Graph, StateId, Trigger};
use crate::kernel::{Move, Phase, Trace};
use crate::machine::Machine;

/// Marks what it hears of.
struct Way<'a> {
    graph: &'a Graph,
    marks: Marks,
}

impl Way<'_> {
    fn state(&mut self, state: StateId, mark: Mark) {
        // Where work has failed once, that stays to be seen.
        if self.marks.of_state(state) != Some(Mark::Failed) {
            self.marks = std::mem::take(&mut self.marks).state(state, mark);
        }
    }
}

impl Trace for Way<'_> {
    fn began(&mut self, _token: u32, state: StateId) {
        self.state(state, Mark::Path);
    }

    fn moved(&mut self, step: Move) {
        if let Trigger::Failed | Trigger::TimedOut =
            self.graph.transition(step.transition).trigger()
        {
            self.state(step.from, Mark::Failed);
        }
        self.marks = std::mem::take(&mut self.marks).transition(step.transition, Mark::Path);
        self.state(step.to, Mark::Path);
    }
}

impl<C: Clone, E: Event> Epoch<C, E> {
    /// The way that the run took up to the record with this number, to be drawn: the states that it
    /// passed and the transitions between them, the states whose work failed for good, and, of a run
    /// that was not over then, where it stood.
    ///
    /// # Errors
    /// [`ReplayFault`]: the records do not belong to this machine.
    pub fn way(&self, machine: &Machine<C, E>, until: u64) -> Result<Marks, ReplayFault> {
        let mut replay = Replay::of(self, machine)?;
        let mut way = Way { graph: machine.graph(), marks: Marks::new() };
        for (state, _) in replay.snapshot().tokens() {
            way.state(state, Mark::Path);
        }
        while replay.next_record().is_some_and(|record| record.number <= until) {
            replay.step_traced(&mut way)?;
        }
        let run = replay.snapshot();
        let mut marks = way.marks;
        if !run.status().is_over() {
            let standing = run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
            marks = standing.fold(marks, |marks, (state, _)| marks.state(state, Mark::Active));
        }
        Ok(marks)
    }
}
