//! Paths: what is never reached, what never ends, and what is never taken.

use std::collections::HashSet;

use super::Neighbours;
use crate::graph::nesting::outer_first;
use crate::graph::{Graph, GraphFault, Kind, StateId, Trigger};

pub(super) fn shadowed(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let mut unguarded = HashSet::new();
    for (_, edge) in graph.transitions() {
        let forks = matches!(graph.kind(edge.from), Kind::Fork(_));
        if forks && edge.trigger == Trigger::Always {
            continue;
        }
        // A later timer of the same state may still fire first if it is shorter.
        if unguarded.contains(&(edge.from, edge.trigger)) {
            faults.push(GraphFault::Shadowed {
                from: graph.name_of(edge.from).into(),
                to: graph.name_of(edge.to).into(),
                trigger: graph.trigger_label(edge.trigger),
            });
        } else if edge.guard.is_none() {
            unguarded.insert((edge.from, edge.trigger));
        }
    }
}

pub(super) fn unreachable(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let edges = graph.transitions.iter().map(|edge| (edge.from, edge.to));
    let also = graph.also.iter().flat_map(|(id, states)| {
        let from = graph.transition(*id).from;
        states.iter().map(move |state| (from, *state))
    });
    // All regions begin with their parallel state.
    let regions = graph.states().filter_map(|state| {
        let outer = graph.parent(state)?;
        (graph.kind(outer) == Kind::Parallel).then_some((outer, state))
    });
    let forward = Neighbours::new(graph.nodes.len(), edges.chain(also).chain(regions));
    // Entering a state makes the states around it active; entering a composite state by name
    // enters its initial one too; the join of a fork is reached as soon as the fork is.
    let mut reached = vec![false; graph.nodes.len()];
    let mut entered = vec![false; graph.nodes.len()];
    let mut open = Vec::new();
    let enter = |state: StateId,
                 reached: &mut Vec<bool>,
                 entered: &mut Vec<bool>,
                 open: &mut Vec<StateId>| {
        let mut inward = Some(state);
        while let Some(here) = inward.filter(|here| !entered[here.index()]) {
            entered[here.index()] = true;
            if !std::mem::replace(&mut reached[here.index()], true) {
                open.push(here);
            }
            inward = match graph.kind(here) {
                Kind::Composite(initial) => Some(initial),
                _ => None,
            };
        }
        for outer in graph.ancestors(state) {
            if std::mem::replace(&mut reached[outer.index()], true) {
                break;
            }
            open.push(outer);
        }
    };
    enter(graph.initial, &mut reached, &mut entered, &mut open);
    while let Some(state) = open.pop() {
        let join = match graph.kind(state) {
            Kind::Fork(join) => join,
            _ => None,
        };
        for next in forward.of(state).iter().copied().chain(join) {
            enter(next, &mut reached, &mut entered, &mut open);
        }
    }
    for state in graph.states().filter(|state| !reached[state.index()]) {
        faults.push(GraphFault::Unreachable { state: graph.name_of(state).into() });
    }
}

pub(super) fn ways_out(graph: &Graph, backward: &Neighbours, faults: &mut Vec<GraphFault>) {
    let mut seen = vec![false; graph.nodes.len()];
    let mut open: Vec<StateId> = graph
        .states()
        .filter(|state| graph.kind(*state) == Kind::Final && graph.parent(*state).is_none())
        .collect();
    if open.is_empty() {
        dead_ends(graph, faults);
        return;
    }
    open.iter().for_each(|end| seen[end.index()] = true);
    while let Some(state) = open.pop() {
        for before in backward.of(state) {
            if !std::mem::replace(&mut seen[before.index()], true) {
                open.push(*before);
            }
        }
    }
    for state in graph.states().filter(|state| !seen[state.index()]) {
        faults.push(GraphFault::NoWayOut { state: graph.name_of(state).into() });
    }
}

fn dead_ends(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let mut has_way = vec![false; graph.nodes.len()];
    for edge in &graph.transitions {
        has_way[edge.from.index()] = true;
    }
    // What is around a state has a way on for it.
    for state in outer_first(graph) {
        if graph.parent(state).is_some_and(|outer| has_way[outer.index()]) {
            has_way[state.index()] = true;
        }
    }
    for state in graph.states() {
        let holds = matches!(graph.kind(state), Kind::Composite(_) | Kind::Parallel | Kind::Final);
        if !holds && !has_way[state.index()] {
            faults.push(GraphFault::DeadEnd { state: graph.name_of(state).into() });
        }
    }
}

/// What goes on at once needs somewhere to go, whatever lies around it.
pub(super) fn silent_ends(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let goes_on: HashSet<StateId> = graph
        .transitions
        .iter()
        .filter(|edge| edge.trigger == Trigger::Always)
        .map(|edge| edge.from)
        .collect();
    let said: HashSet<&str> = faults
        .iter()
        .filter_map(|fault| match fault {
            GraphFault::NoWayOut { state } | GraphFault::DeadEnd { state } => Some(state.as_str()),
            _ => None,
        })
        .collect();
    let ends: Vec<GraphFault> = graph
        .states()
        .filter(|state| {
            matches!(graph.kind(*state), Kind::Choice | Kind::Join(_) | Kind::Fork(None))
        })
        .filter(|state| !goes_on.contains(state) && !said.contains(graph.name_of(*state)))
        .map(|state| GraphFault::DeadEnd { state: graph.name_of(state).into() })
        .collect();
    faults.extend(ends);
}
