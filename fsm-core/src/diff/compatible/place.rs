//! Where tokens can stand, and what lies around them.

use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, Kind, StateId, Trigger};

/// Whether a token can stand at a state between two steps.
pub(super) fn can_hold(graph: &Graph, state: StateId) -> bool {
    match graph.kind(state) {
        Kind::Simple
        | Kind::Activity(_)
        | Kind::Delay(_)
        | Kind::Signal
        | Kind::Machine(_)
        | Kind::Parallel
        | Kind::Fork(Some(_)) => true,
        Kind::Final => {
            let outer = graph.parent(state).map(|outer| graph.kind(outer));
            matches!(outer, Some(Kind::Composite(_)))
        }
        Kind::Choice | Kind::Join(_) | Kind::Fork(None) | Kind::Composite(_) => false,
    }
}

/// What a token does at a state; `None` where none can stand.
#[derive(PartialEq, Eq)]
pub(super) enum Stands {
    Waits,
    Works,
    Delays,
    HasEnded,
    OwnsBranches,
    OwnsRegions,
}

pub(super) fn stands(graph: &Graph, state: StateId) -> Option<Stands> {
    can_hold(graph, state).then(|| match graph.kind(state) {
        Kind::Activity(_) | Kind::Machine(_) => Stands::Works,
        Kind::Delay(_) => Stands::Delays,
        Kind::Final => Stands::HasEnded,
        Kind::Fork(_) => Stands::OwnsBranches,
        Kind::Parallel => Stands::OwnsRegions,
        Kind::Simple | Kind::Signal | Kind::Choice | Kind::Join(_) | Kind::Composite(_) => {
            Stands::Waits
        }
    })
}

/// What lies around a state.
pub(super) struct Place {
    /// What a token there lives in: the scope of a fork, the region of a parallel state, or that
    /// state itself, of which it is a region.
    pub(super) belongs_to: Option<StateId>,
    /// The composite state that it has ended.
    pub(super) ends: Option<StateId>,
    /// The composite states up to the scope around, innermost first.
    pub(super) between: Vec<StateId>,
}

impl Place {
    pub(super) fn of(graph: &Graph, state: StateId) -> Self {
        let scope = graph.scope_of(state);
        let between: Vec<StateId> =
            graph.ancestors(state).take_while(|outer| Some(*outer) != scope).collect();
        let is_region = scope.is_some_and(|scope| graph.kind(scope) == Kind::Parallel);
        let region = between.last().copied().filter(|_| is_region);
        let ends = graph.parent(state).filter(|_| graph.kind(state) == Kind::Final);
        Self { belongs_to: region.or(scope), ends, between }
    }
}

pub(super) fn has_hooks(graph: &Graph, state: StateId) -> bool {
    graph.entry_actions(state).next().is_some() || graph.exit_actions(state).next().is_some()
}

/// How composite and parallel states end, and go on then.
pub(super) struct Ends<'a> {
    /// By state, the guards of the transitions that it takes when it is done.
    guards: HashMap<StateId, HashSet<Option<&'a str>>>,
    /// Composite states with a final state right within them.
    finite: HashSet<StateId>,
}

impl<'a> Ends<'a> {
    /// # Complexity
    /// O(states + transitions).
    pub(super) fn of(graph: &'a Graph) -> Self {
        let mut guards: HashMap<_, HashSet<_>> = HashMap::new();
        for (_, edge) in graph.transitions().filter(|(_, edge)| edge.trigger() == Trigger::Done) {
            let guard = edge.guard().map(|guard| graph.guard_name(guard));
            guards.entry(edge.from()).or_default().insert(guard);
        }
        let ends = graph.states().filter(|state| graph.kind(*state) == Kind::Final);
        let finite = ends.filter_map(|state| graph.parent(state)).collect();
        Self { guards, finite }
    }

    pub(super) fn guards(&self, state: StateId) -> HashSet<Option<&'a str>> {
        self.guards.get(&state).cloned().unwrap_or_default()
    }

    /// Whether a state may come to its end. What lies deeper than the regions of a parallel state
    /// is not looked at: perhaps it does.
    pub(super) fn can_end(&self, graph: &Graph, state: StateId) -> bool {
        let ends =
            |state: &StateId| self.finite.contains(state) || graph.kind(*state) == Kind::Parallel;
        match graph.kind(state) {
            Kind::Parallel => graph.regions(state).iter().all(ends),
            _ => ends(&state),
        }
    }
}
