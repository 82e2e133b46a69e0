//! The path of a simulation: where its tokens came to stand, step by step.

use fsm_core::{Graph, Move, Phase, Snapshot, StateId, Status, Timestamp, Trace, TransitionId};

/// Where the tokens stood after a step that moved them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Station {
    /// The states, in declared order.
    pub at: Vec<StateId>,
    /// The transitions that led here from the station before, in the order in which they were
    /// taken; several, where a token went on at once, or several tokens moved.
    pub by: Vec<TransitionId>,
    /// When.
    pub when: Timestamp,
}

/// Hears which transitions a step takes.
pub(super) struct Ear<'g> {
    graph: &'g Graph,
    taken: Vec<TransitionId>,
    has_moved: bool,
}

impl<'g> Ear<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        Self { graph, taken: Vec::new(), has_moved: false }
    }

    /// The transitions, if any of them moved a token.
    pub(super) fn taken(self) -> Option<Vec<TransitionId>> {
        self.has_moved.then_some(self.taken)
    }
}

impl Trace for Ear<'_> {
    fn moved(&mut self, step: Move) {
        self.taken.push(step.transition);
        self.has_moved |= !self.graph.transition(step.transition).is_internal();
    }
}

/// The states where tokens stand that own no scope, in declared order.
pub(crate) fn standing<C>(run: &Snapshot<C>) -> Vec<StateId> {
    let leaves = run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
    let mut at: Vec<StateId> = leaves.map(|(state, _)| state).collect();
    at.sort();
    match run.status() {
        // Every token of the scope may be gone whose join can't be filled.
        Status::Stuck(state) if at.is_empty() => vec![state],
        Status::New
        | Status::Running
        | Status::Finished(_)
        | Status::Cancelled
        | Status::Stuck(_) => at,
    }
}
