//! What a step did to the tokens, kept: which states were entered, and which were left.

use std::time::Duration;

use super::snapshot::Phase;
use super::trace::{Move, Trace};
use crate::graph::{Graph, Kind, StateId};

/// One thing that a step did to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// A token stands at a state without having taken a transition: the first one, or that of a
    /// region of a parallel state.
    Began(StateId),
    /// A token took a transition.
    Moved(Move),
    /// A failed activity will be started again.
    Retrying(StateId),
    /// A token was taken from a state, because what it belongs to was left.
    Cancelled(StateId),
}

impl Passage {
    /// Whether it entered `state`, from outside or anew. A composite state is entered with a state
    /// within; a join is entered with each branch that comes to it.
    ///
    /// # Complexity
    /// O(nesting).
    pub fn enters(self, graph: &Graph, state: StateId) -> bool {
        match self {
            Passage::Began(first) => {
                // A region's token begins within the parallel state, which was entered before.
                let mut around =
                    graph.ancestors(first).take_while(|outer| graph.kind(*outer) != Kind::Parallel);
                first == state || around.any(|outer| outer == state)
            }
            Passage::Moved(step) if graph.transition(step.transition).is_internal() => false,
            Passage::Moved(step) => changes(graph, step, step.to, state),
            Passage::Retrying(_) | Passage::Cancelled(_) => false,
        }
    }

    /// Whether it left `state`. A fork is left with each branch that comes to its join.
    ///
    /// # Complexity
    /// O(nesting).
    pub fn leaves(self, graph: &Graph, state: StateId) -> bool {
        match self {
            Passage::Began(_) | Passage::Retrying(_) => false,
            Passage::Cancelled(last) => last == state,
            Passage::Moved(step) if graph.transition(step.transition).is_internal() => false,
            Passage::Moved(step) => changes(graph, step, step.from, state),
        }
    }
}

/// Whether `state` is `end` or lies around it, within what the transition leaves active.
fn changes(graph: &Graph, step: Move, end: StateId, state: StateId) -> bool {
    let stays = graph.domain(step.transition);
    let around = std::iter::once(end).chain(graph.ancestors(end));
    let mut around = around.take_while(|outer| Some(*outer) != stays);
    around.any(|outer| outer == state)
}

/// Keeps what the steps that it watches do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passages(pub Vec<Passage>);

impl Trace for Passages {
    fn began(&mut self, _token: u32, state: StateId) {
        self.0.push(Passage::Began(state));
    }

    fn moved(&mut self, step: Move) {
        self.0.push(Passage::Moved(step));
    }

    fn retrying(&mut self, state: StateId, _attempts: u32, _wait: Duration) {
        self.0.push(Passage::Retrying(state));
    }

    fn cancelled(&mut self, _token: u32, state: StateId, _phase: Phase) {
        self.0.push(Passage::Cancelled(state));
    }
}
