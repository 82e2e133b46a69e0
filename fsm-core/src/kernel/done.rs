//! Composite and parallel states that are done: a composite one when its token comes to a final
//! state right within it, a parallel one when each of its regions has ended.
//!
//! The guards of their `done` transitions are asked when their turn in the step comes, which is
//! after all that the step's own input sets off, and asked once: one that does not hold then is
//! not asked again when the context changes. Where none holds, the state stays as it is, and the
//! parallel states that it is a region of may be done with it.

use super::scene::Cause;
use super::snapshot::Phase;
use super::step::{Agenda, Next, Stepper};
use super::trace::Trace;
use crate::event::Event;
use crate::graph::{Kind, StateId};
use crate::machine::{Edge, Key, NONE};

impl<'a, C, E: Event, T: Trace> Stepper<'a, C, E, T> {
    /// The turn of what was done comes: `state` is where its token stands, at a final state of the
    /// composite state that is done, or at the parallel state itself.
    pub(super) fn done(&mut self, slot: u32, state: StateId) {
        let graph = &self.frozen.graph;
        if graph.kind(state) == Kind::Parallel {
            // What has ended stays so: every way out of a region leaves its parallel state.
            return match self.open_way(slot, state) {
                Some(edge) => self.take(slot, edge),
                None => self.end_region(slot, state),
            };
        }
        let Some(outer) = graph.parent(state) else { return };
        match self.open_way(slot, outer) {
            Some(edge) => self.take(slot, edge),
            None => self.rest_at_final(slot, outer),
        }
    }

    /// The token stays at the final state, and `region` has ended, if it is one.
    pub(super) fn rest_at_final(&mut self, slot: u32, region: StateId) {
        self.run.token_mut(slot).phase = Phase::Resting;
        self.end_region(slot, region);
    }

    pub(super) fn has_way(&self, state: StateId, key: Key) -> bool {
        !self.frozen.table.range(state, key).is_empty()
    }

    fn open_way(&self, slot: u32, state: StateId) -> Option<&'a Edge> {
        let table = &self.frozen.table;
        table.edges[table.range(state, Key::DONE)].iter().find(|edge| self.holds(slot, edge))
    }

    /// The state that the token in `slot` has ended is done when its turn comes; its guards and
    /// actions are told so, whatever set the step off.
    pub(super) fn later_done(&mut self, slot: u32) {
        let item = Agenda { cause: Cause::Done, ..self.item(slot, Next::Done) };
        self.out.agenda.push_back(item);
    }

    fn is_listed(&self, slot: u32) -> bool {
        let done = self.item(slot, Next::Done);
        self.out.agenda.iter().any(|item| (item.ticket, item.next) == (done.ticket, done.next))
    }

    /// The token of `region` has ended: where that was the last region of its parallel state to
    /// end, that one is done, and so are those that it is a region of.
    fn end_region(&mut self, slot: u32, region: StateId) {
        let graph = &self.frozen.graph;
        let (mut slot, mut region) = (slot, region);
        while let Some(parallel) = graph.parent(region)
            && graph.kind(parallel) == Kind::Parallel
        {
            let scope = self.run.token(slot).scope;
            if !self.has_ended(scope) {
                return;
            }
            slot = self.run.scopes[scope as usize].owner;
            if self.has_way(parallel, Key::DONE) {
                // Of several parallel states within it, each that gives up its own way leads here.
                if graph.kind(region) != Kind::Parallel || !self.is_listed(slot) {
                    self.later_done(slot);
                }
                return;
            }
            region = parallel;
        }
    }

    /// Whether every region of a scope has come to its end.
    fn has_ended(&self, scope: u32) -> bool {
        let graph = &self.frozen.graph;
        let mut open = vec![scope];
        while let Some(scope) = open.pop() {
            let mut slot = self.run.scopes[scope as usize].first;
            while slot != NONE {
                let token = self.run.token(slot);
                let parallel = self.run.token(self.run.scopes[scope as usize].owner).state;
                let region = graph.parent(token.state);
                let is_over = token.phase == Phase::Resting
                    && graph.kind(token.state) == Kind::Final
                    && region.is_some_and(|region| graph.parent(region) == Some(parallel));
                let is_parallel = graph.kind(token.state) == Kind::Parallel
                    && region == Some(parallel)
                    && token.owns != NONE;
                if is_parallel {
                    open.push(token.owns);
                } else if !is_over {
                    return false;
                }
                slot = token.next;
            }
        }
        true
    }
}
