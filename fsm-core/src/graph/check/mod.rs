//! What must hold before a graph is run. [`parents`] makes sure that what lies within what is a
//! tree, [`structure`] looks at each state and transition by itself, [`behaviour`] at the paths.
//! Nothing here recurses, and nothing climbs from state to state for each transition: a chain of
//! a million states, or ten thousand within one another, is checked like three.

mod cycles;
mod ended;
mod joins;
mod paths;
mod places;

use super::{Graph, GraphFault, Kind, StateId};

/// Faults of what lies within what.
pub(super) fn parents(graph: &Graph, faults: &mut Vec<GraphFault>) {
    // By state, the start of the chain of parents that came through it first.
    let mut seen: Vec<Option<StateId>> = vec![None; graph.nodes.len()];
    for state in graph.states() {
        let bad = |parent: StateId, why| GraphFault::BadParent {
            state: graph.name_of(state).into(),
            parent: graph.name_of(parent).into(),
            why,
        };
        if let Some(parent) = graph.parent(state)
            && !matches!(
                graph.kind(parent),
                Kind::Composite(_) | Kind::Fork(Some(_)) | Kind::Parallel
            )
        {
            let why = "holds no states; use a composite or parallel state, or a fork with a join";
            faults.push(bad(parent, why));
        }
        let mut current = Some(state);
        while let Some(here) = current.filter(|here| seen[here.index()].is_none()) {
            seen[here.index()] = Some(state);
            current = graph.parent(here);
        }
        // The chain came back to a state of its own: that one lies in a ring.
        if let Some(ring) = current.filter(|here| seen[here.index()] == Some(state)) {
            faults.push(GraphFault::BadParent {
                state: graph.name_of(ring).into(),
                parent: graph.name_of(graph.parent(ring).unwrap_or(ring)).into(),
                why: "lies within it in turn: states can't hold one another in a ring",
            });
        }
    }
}

/// Faults of single states and transitions; every chain of parents must end.
pub(super) fn structure(graph: &Graph, faults: &mut Vec<GraphFault>) {
    places::initials(graph, faults);
    places::regions(graph, faults);
    places::policies(graph, faults);
    let fork_of = places::forks(graph, faults);
    let forks_around = places::forks_around(graph);
    for (id, edge) in graph.transitions() {
        let closed_by = |join| fork_of.get(&join).copied();
        if let Some(why) = places::misplaced(graph, id, edge, closed_by, &forks_around) {
            faults.push(GraphFault::BadTransition {
                from: graph.name_of(edge.from).into(),
                to: graph.name_of(edge.to).into(),
                trigger: graph.trigger_label(edge.trigger),
                why,
            });
        }
    }
}

/// Faults of paths; the structure must be sound.
///
/// # Complexity
/// O(states + transitions), but for eventless cycles: O((states + transitions) * (nesting +
/// log(states))), and a way from each final state of a composite state to where each of its `done`
/// transitions leads.
pub(super) fn behaviour(graph: &Graph, faults: &mut Vec<GraphFault>) {
    paths::shadowed(graph, faults);
    paths::unreachable(graph, faults);
    let backward = backward(graph);
    paths::ways_out(graph, &backward, faults);
    paths::silent_ends(graph, faults);
    joins::joins(graph, &backward, faults);
    cycles::eventless_cycles(graph, faults);
}

/// Transitions and parents as lists of neighbours, for walks without recursion.
struct Neighbours {
    starts: Vec<u32>,
    targets: Vec<StateId>,
}

impl Neighbours {
    fn new(count: usize, pairs: impl Iterator<Item = (StateId, StateId)> + Clone) -> Self {
        let mut starts = vec![0u32; count + 1];
        for (from, _) in pairs.clone() {
            starts[from.index() + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut targets = vec![StateId(0); starts[count] as usize];
        for (from, to) in pairs {
            let at = &mut next[from.index()];
            targets[*at as usize] = to;
            *at += 1;
        }
        Self { starts, targets }
    }

    fn of(&self, state: StateId) -> &[StateId] {
        let range = self.starts[state.index()] as usize..self.starts[state.index() + 1] as usize;
        &self.targets[range]
    }
}

/// Backwards over everything that leads a token on: transitions; from a state to those within it
/// (its transitions are theirs); from an initial state to its composite state; from a composite
/// state, or the join of a fork, to the final states within that lead to it; from a join to its
/// fork; from a region to its parallel state.
fn backward(graph: &Graph) -> Neighbours {
    let edges = graph.transitions.iter().map(|edge| (edge.to, edge.from));
    let also = graph.also.iter().flat_map(|(id, states)| {
        let from = graph.transition(*id).from;
        states.iter().map(move |state| (*state, from))
    });
    let children = graph.states().filter_map(|state| Some((graph.parent(state)?, state)));
    let nested = graph.states().filter_map(|state| match graph.kind(state) {
        Kind::Composite(initial) => Some((initial, state)),
        Kind::Fork(Some(join)) => Some((join, state)),
        _ => None,
    });
    let branch_ends = graph.states().filter_map(|state| {
        let fork = graph.parent(state).filter(|_| graph.kind(state) == Kind::Final)?;
        match graph.kind(fork) {
            Kind::Fork(Some(join)) => Some((join, state)),
            _ => None,
        }
    });
    let regions = graph.states().filter_map(|state| {
        let outer = graph.parent(state)?;
        (graph.kind(outer) == Kind::Parallel).then_some((state, outer))
    });
    let pairs = edges.chain(also).chain(regions).chain(children).chain(nested).chain(branch_ends);
    Neighbours::new(graph.nodes.len(), pairs)
}
