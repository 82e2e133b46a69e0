//! What an exploration has been to: states and transitions.

use fsm_core::{Graph, StateId, TransitionId};

use super::world::Ear;

/// Which states were entered and which transitions were taken.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    states: Vec<bool>,
    transitions: Vec<bool>,
}

impl Reach {
    pub(super) fn of(graph: &Graph) -> Self {
        let states = vec![false; graph.states().len()];
        let transitions = vec![false; graph.transitions().len()];
        Self { states, transitions }
    }

    pub(super) fn add(&mut self, graph: &Graph, ear: &Ear) {
        for entered in &ear.entered {
            for state in std::iter::once(*entered).chain(graph.ancestors(*entered)) {
                self.states[state.index()] = true;
            }
        }
        for taken in &ear.taken {
            self.transitions[taken.index()] = true;
            // Where a token went on within the step, or arrived at a join.
            self.states[graph.transition(*taken).to().index()] = true;
            self.states[graph.transition(*taken).from().index()] = true;
        }
    }

    /// The states that no token came to.
    pub(super) fn missed_states(&self, graph: &Graph) -> Vec<StateId> {
        graph.states().filter(|state| !self.states[state.index()]).collect()
    }

    /// The transitions that no token took.
    pub(super) fn missed_transitions(&self, graph: &Graph) -> Vec<TransitionId> {
        let ids = graph.transitions().map(|(id, _)| id);
        ids.filter(|id| !self.transitions[id.index()]).collect()
    }
}
