//! Which states lie within which, answered without climbing from one to the next: a graph of
//! ten thousand states within one another is checked as fast as a flat one.

use super::{Graph, Kind, StateId};

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

    /// The innermost fork or parallel state around `state`.
    pub(super) fn scope_of(&self, state: StateId) -> Option<StateId> {
        self.scopes.get(state.index()).copied().flatten()
    }
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
