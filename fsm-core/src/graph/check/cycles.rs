//! Cycles of transitions that nothing has to happen for: a run would go round for ever.

use std::collections::{HashMap, HashSet};

use petgraph::algo::kosaraju_scc;

use super::ended::{self, Through, Way};
use crate::graph::{Graph, GraphFault, Kind, StateId, Trigger};

pub(super) fn eventless_cycles(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let eventless: Vec<(StateId, StateId)> = eventless(graph).collect();
    let mut through = ended::ways_through(graph, &eventless);
    let places = through.places(graph);
    let mut ways = std::mem::take(&mut through.ways);
    ways.extend(eventless.iter().map(|(from, to)| (from.index(), to.index())));
    let mut view = petgraph::graph::DiGraph::<usize, ()>::with_capacity(places, ways.len());
    for place in 0..places {
        view.add_node(place);
    }
    for (from, to) in &ways {
        view.add_edge((*from as u32).into(), (*to as u32).into(), ());
    }
    for component in kosaraju_scc(&view) {
        let first = component[0];
        if component.len() == 1 && view.find_edge(first, first).is_none() {
            continue;
        }
        let mut members: Vec<usize> = component.iter().map(|node| view[*node]).collect();
        members.sort_unstable();
        faults.push(GraphFault::EventlessCycle { path: ring(graph, &through, &ways, &members) });
    }
}

/// The ways on that nothing has to happen for: those of choices, forks, and joins; into the
/// initial state of a composite state; from a final state within it to where its `done` leads; from
/// a final state in the scope of a fork to its join.
fn eventless(graph: &Graph) -> impl Iterator<Item = (StateId, StateId)> {
    let at_once = graph.transitions().filter(|(_, edge)| edge.trigger == Trigger::Always);
    let at_once = at_once.flat_map(|(id, edge)| graph.targets(id).map(|to| (edge.from, to)));
    let inward = graph.states().filter_map(|state| match graph.kind(state) {
        Kind::Composite(initial) => Some((state, initial)),
        _ => None,
    });
    let mut done: HashMap<StateId, Vec<StateId>> = HashMap::new();
    for (id, edge) in graph.transitions().filter(|(_, edge)| edge.trigger == Trigger::Done) {
        if matches!(graph.kind(edge.from), Kind::Composite(_)) {
            done.entry(edge.from).or_default().extend(graph.targets(id));
        }
    }
    let ended = graph
        .states()
        .filter(|state| graph.kind(*state) == Kind::Final)
        .filter_map(|state| Some((state, graph.parent(state)?)))
        .flat_map(move |(state, outer)| {
            let targets = done.get(&outer).cloned().unwrap_or_default();
            targets.into_iter().map(move |target| (state, target))
        });
    // All regions begin with their parallel state; how they end it is found apart.
    let regions = graph.states().filter_map(|state| {
        let outer = graph.parent(state)?;
        (graph.kind(outer) == Kind::Parallel).then_some((outer, state))
    });
    let arrived = graph.states().filter_map(|state| {
        let fork = graph.parent(state).filter(|_| graph.kind(state) == Kind::Final)?;
        match graph.kind(fork) {
            Kind::Fork(join) => Some((state, join?)),
            _ => None,
        }
    });
    at_once.chain(inward).chain(regions).chain(ended).chain(arrived)
}

/// One cycle among `members`, which are strongly connected, as names.
fn ring(graph: &Graph, through: &Through, ways: &[Way], members: &[usize]) -> Vec<String> {
    let inside: HashSet<usize> = members.iter().copied().collect();
    let mut next: HashMap<usize, usize> = HashMap::new();
    for (from, to) in ways {
        if inside.contains(from) && inside.contains(to) {
            next.entry(*from).or_insert(*to);
        }
    }
    let mut path = Vec::new();
    let mut position: HashMap<usize, usize> = HashMap::new();
    let mut here = members[0];
    while !position.contains_key(&here) {
        position.insert(here, path.len());
        path.push(here);
        here = next[&here];
    }
    let start = position[&here];
    path.push(here);
    let mut states: Vec<StateId> =
        path[start..].iter().map(|place| through.state_at(graph, *place)).collect();
    // A parallel state and its end have one name.
    states.dedup();
    if let [alone] = states[..] {
        states.push(alone);
    }
    states.into_iter().map(|state| graph.name_of(state).to_owned()).collect()
}
