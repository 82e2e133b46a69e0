//! Which states lie within which, answered without climbing from one to the next: a graph of
//! ten thousand states within one another is checked as fast as a flat one.

use std::collections::{BTreeMap, HashMap};

use super::{Graph, Kind, StateId, TransitionId};

/// The tree of states, numbered. Empty where no state holds another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nesting {
    /// By state: its number in a walk that visits a state before those within it, and one past
    /// the last number of those.
    spans: Vec<(u32, u32)>,
    /// By state: the innermost fork or parallel state around it.
    scopes: Vec<Option<StateId>>,
}

impl Nesting {
    /// Numbers the states of `graph`, whose chains of parents all end.
    ///
    /// # Complexity
    /// O(states).
    pub(super) fn of(graph: &Graph) -> Self {
        if graph.nodes.iter().all(|node| node.parent.is_none()) {
            return Self::default();
        }
        let order = outer_first(graph);
        let mut sizes = vec![1u32; graph.nodes.len()];
        for state in order.iter().rev() {
            if let Some(parent) = graph.parent(*state) {
                sizes[parent.index()] += sizes[state.index()];
            }
        }
        let mut nesting =
            Self { spans: vec![(0, 0); graph.nodes.len()], scopes: vec![None; graph.nodes.len()] };
        for (number, state) in (0u32..).zip(&order) {
            nesting.spans[state.index()] = (number, number + sizes[state.index()]);
            nesting.scopes[state.index()] =
                graph.parent(*state).and_then(|parent| match graph.kind(parent) {
                    Kind::Fork(_) | Kind::Parallel => Some(parent),
                    _ => nesting.scopes[parent.index()],
                });
        }
        nesting
    }

    /// Whether `inner` lies within `outer`, at any depth.
    pub(super) fn contains(&self, outer: StateId, inner: StateId) -> bool {
        let (Some((start, end)), Some((number, _))) =
            (self.spans.get(outer.index()), self.spans.get(inner.index()))
        else {
            return false;
        };
        start < number && number < end
    }

    /// The number of `state` in the walk.
    fn number_of(&self, state: StateId) -> u32 {
        self.spans.get(state.index()).map_or(0, |(number, _)| *number)
    }

    /// The innermost fork or parallel state around `state`.
    pub(super) fn scope_of(&self, state: StateId) -> Option<StateId> {
        self.scopes.get(state.index()).copied().flatten()
    }
}

impl Graph {
    /// The regions of a parallel state in the order in which they were declared, which is that in
    /// which they are entered.
    pub fn regions(&self, parallel: StateId) -> &[StateId] {
        self.regions.get(&parallel).map_or(&[], |regions| regions)
    }

    /// All states, the regions of each parallel state in declared order: who declares states in
    /// this order gets the same regions.
    pub(crate) fn by_region(&self) -> Vec<StateId> {
        let mut states: Vec<StateId> = self.states().collect();
        let ranked = self.regions.values().flat_map(|regions| regions.iter().enumerate());
        let ranks: HashMap<StateId, usize> = ranked.map(|(rank, state)| (*state, rank)).collect();
        states.sort_by_key(|state| ranks.get(state).copied().unwrap_or(0));
        states
    }

    /// The place of `state` in a walk that visits a state before those within it.
    pub(super) fn number_of(&self, state: StateId) -> u32 {
        self.nesting.number_of(state)
    }

    /// Everything that a transition leads to.
    pub(crate) fn targets(&self, id: TransitionId) -> impl Iterator<Item = StateId> {
        std::iter::once(self.transition(id).to).chain(self.also(id).iter().copied())
    }

    /// The innermost state that a transition leaves active: the one around all of its ends, or the
    /// fork whose branch begins. A parallel state does not stay when one of its regions is left as
    /// a whole (SCXML's "least common compound ancestor").
    pub(crate) fn domain(&self, id: TransitionId) -> Option<StateId> {
        let edge = self.transition(id);
        let stays = |state: &StateId| self.kind(*state) != Kind::Parallel;
        let outer = self.parent(edge.from);
        let is_beside = outer == self.parent(edge.to) && self.also(id).is_empty();
        if is_beside && outer.is_none_or(|outer| stays(&outer)) {
            return outer;
        }
        if matches!(self.kind(edge.from), Kind::Fork(_)) && self.contains(edge.from, edge.to) {
            return Some(edge.from);
        }
        self.ancestors(edge.from)
            .filter(stays)
            .find(|outer| self.targets(id).all(|to| self.contains(*outer, to)))
    }
}

/// By parallel state, its regions in the order in which they were declared.
pub(super) fn regions(graph: &Graph, declared: &[StateId]) -> BTreeMap<StateId, Box<[StateId]>> {
    let mut regions: BTreeMap<StateId, Vec<StateId>> = BTreeMap::new();
    for state in declared {
        if let Some(outer) = graph.parent(*state).filter(|it| graph.kind(*it) == Kind::Parallel) {
            regions.entry(outer).or_default().push(*state);
        }
    }
    regions.into_iter().map(|(parallel, regions)| (parallel, regions.into())).collect()
}

/// All states, each before those within it, and those right behind it.
pub(super) fn outer_first(graph: &Graph) -> Vec<StateId> {
    let mut starts = vec![0u32; graph.nodes.len() + 1];
    let mut open = Vec::new();
    for state in graph.states() {
        match graph.parent(state) {
            Some(parent) => starts[parent.index() + 1] += 1,
            None => open.push(state),
        }
    }
    for index in 0..graph.nodes.len() {
        starts[index + 1] += starts[index];
    }
    let mut children = vec![StateId(0); graph.nodes.len() - open.len()];
    let mut next = starts.clone();
    for state in graph.states() {
        if let Some(parent) = graph.parent(state) {
            let at = &mut next[parent.index()];
            children[*at as usize] = state;
            *at += 1;
        }
    }
    let mut order = Vec::with_capacity(graph.nodes.len());
    while let Some(state) = open.pop() {
        order.push(state);
        let within = starts[state.index()] as usize..starts[state.index() + 1] as usize;
        open.extend_from_slice(&children[within]);
    }
    order
}
