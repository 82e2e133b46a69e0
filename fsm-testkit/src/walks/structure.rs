//! A graph as a map: its structure alone, as one token sees it. Guards are taken as if they could
//! hold, and what other tokens do is left out.

use std::collections::BTreeSet;

use fsm_core::{Graph, Kind, StateId, TransitionId, Trigger};

use super::map::{Arc, Leg, Map, Place, Reasons, Retrace};

/// The map of a graph.
pub(super) fn map(graph: &Graph) -> Map<Option<TransitionId>> {
    let mut places: Vec<Place<Option<TransitionId>>> = Vec::new();
    let entered = leaves(graph, graph.initial());
    let first = match entered[..] {
        [leaf] => leaf,
        _ => graph.initial(),
    };
    // The first place is where a run begins, the others follow in declared order.
    let mut order: Vec<StateId> = vec![first];
    order.extend(graph.states().filter(|state| *state != first));
    let place_of = |state: StateId| order.iter().position(|at| *at == state).unwrap_or_default();
    let index: Vec<usize> = graph.states().map(place_of).collect();
    for state in &order {
        let mut arcs = Vec::new();
        if *state == first && entered.len() > 1 {
            arcs.extend(entered.iter().map(|leaf| Arc {
                to: index[leaf.index()],
                label: "enters".to_owned(),
                does: None,
                leg: Leg { takes: Vec::new(), visits: passed(graph, None, *leaf) },
            }));
        }
        for id in follow(graph, *state) {
            arcs.extend(lands(graph, id, *state).into_iter().map(|leaf| Arc {
                to: index[arrives(graph, leaf).unwrap_or(leaf).index()],
                label: graph.trigger_label(graph.transition(id).trigger()),
                does: Some(id),
                leg: Leg { takes: vec![id], visits: passed(graph, Some(id), leaf) },
            }));
        }
        places.push(Place { names: vec![graph.name_of(*state).to_owned()], arcs });
    }
    let begin = Leg { takes: Vec::new(), visits: passed(graph, None, first) };
    let reasons =
        Reasons { bound: None, heard: None, open: graph.transitions().map(|(id, _)| id).collect() };
    Map { graph: graph.clone(), begin, places, reasons, retrace: Retrace(None) }
}

/// Every two transitions of which the second can follow right after the first.
pub(super) fn pairs(graph: &Graph) -> BTreeSet<(TransitionId, TransitionId)> {
    let mut pairs = BTreeSet::new();
    for (first, edge) in graph.transitions() {
        let after: Vec<StateId> = match edge.is_internal() {
            true => graph
                .states()
                .filter(|state| *state == edge.from() || graph.contains(edge.from(), *state))
                .collect(),
            false => lands(graph, first, edge.to()),
        };
        for leaf in after {
            let leaf = arrives(graph, leaf).unwrap_or(leaf);
            pairs.extend(follow(graph, leaf).into_iter().map(|second| (first, second)));
        }
    }
    pairs
}

/// The transitions that a token at `state` may take next, those of the states around it included.
fn follow(graph: &Graph, state: StateId) -> Vec<TransitionId> {
    let kind = graph.kind(state);
    let passes = matches!(kind, Kind::Choice | Kind::Join(_) | Kind::Fork(_));
    let of = |from: StateId, fits: &dyn Fn(Trigger) -> bool| {
        let fitting = graph
            .transitions()
            .filter(|(_, edge)| edge.from() == from && fits(edge.trigger()))
            .map(|(id, _)| id);
        fitting.collect::<Vec<_>>()
    };
    if passes {
        return of(state, &|trigger| trigger == Trigger::Always);
    }
    let works = matches!(kind, Kind::Activity(_) | Kind::Machine(_));
    let mut found = match kind {
        // What holds others is left by what is told below.
        Kind::Composite(_) | Kind::Parallel => Vec::new(),
        _ => of(state, &|_| true),
    };
    let mut is_done = kind == Kind::Final;
    let mut level = state;
    let mut in_scope = false;
    while let Some(outer) = graph.parent(level) {
        in_scope |= !matches!(graph.kind(outer), Kind::Composite(_));
        found.extend(of(outer, &|trigger| match trigger {
            Trigger::Event(_) | Trigger::After(_) => true,
            Trigger::Failed | Trigger::TimedOut => works && !in_scope,
            Trigger::Done => is_done,
            Trigger::Always => false,
        }));
        // A region that has ended ends the parallel state; a state that goes on when it is done
        // does not end what is around it.
        is_done &= matches!(graph.parent(outer).map(|far| graph.kind(far)), Some(Kind::Parallel));
        level = outer;
    }
    found
}

/// Where a token may stand after a transition that it took at `state`.
fn lands(graph: &Graph, id: TransitionId, state: StateId) -> Vec<StateId> {
    let edge = graph.transition(id);
    if edge.is_internal() {
        return vec![state];
    }
    let mut found = leaves(graph, edge.to());
    found.extend(graph.also(id).iter().flat_map(|also| leaves(graph, *also)));
    // Regions in which the transition names no state begin at their own.
    for target in std::iter::once(edge.to()).chain(graph.also(id).iter().copied()) {
        let parallel = graph
            .ancestors(target)
            .filter(|outer| graph.kind(*outer) == Kind::Parallel)
            .filter(|outer| edge.from() != *outer && !graph.contains(*outer, edge.from()));
        for outer in parallel {
            let named = |region: &StateId| {
                found.iter().any(|at| at == region || graph.contains(*region, *at))
            };
            let regions: Vec<StateId> = regions(graph, outer).filter(|r| !named(r)).collect();
            found.extend(regions.into_iter().flat_map(|region| leaves(graph, region)));
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|leaf| seen.insert(*leaf));
    found
}

/// The states at which tokens come to stand when `state` is entered.
fn leaves(graph: &Graph, state: StateId) -> Vec<StateId> {
    let mut found = Vec::new();
    let mut open = vec![state];
    while let Some(state) = open.pop() {
        match graph.kind(state) {
            Kind::Composite(initial) => open.push(initial),
            Kind::Parallel => {
                let mut inner: Vec<StateId> = regions(graph, state).collect();
                inner.reverse();
                open.extend(inner);
            }
            Kind::Simple
            | Kind::Activity(_)
            | Kind::Choice
            | Kind::Fork(_)
            | Kind::Join(_)
            | Kind::Delay(_)
            | Kind::Signal
            | Kind::Machine(_)
            | Kind::Final => found.push(state),
        }
    }
    found
}

fn regions(graph: &Graph, parallel: StateId) -> impl Iterator<Item = StateId> {
    graph.states().filter(move |state| graph.parent(*state) == Some(parallel))
}

/// The join at which a token arrives that comes to a final state right within a fork.
fn arrives(graph: &Graph, state: StateId) -> Option<StateId> {
    if graph.kind(state) != Kind::Final {
        return None;
    }
    match graph.kind(graph.parent(state)?) {
        Kind::Fork(join) => join,
        _ => None,
    }
}

fn passed(graph: &Graph, by: Option<TransitionId>, leaf: StateId) -> Vec<StateId> {
    let mut states = vec![leaf];
    states.extend(arrives(graph, leaf));
    states.extend(by.map(|id| graph.transition(id).to()));
    let outer: Vec<StateId> = states.iter().flat_map(|state| graph.ancestors(*state)).collect();
    states.extend(outer);
    states.sort();
    states.dedup();
    states
}
