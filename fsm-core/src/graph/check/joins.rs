//! Joins: whether as many tokens can come as they wait for.

use std::collections::HashSet;

use super::Neighbours;
use crate::graph::{Graph, GraphFault, JoinRule, Kind, StateId};

pub(super) fn joins(graph: &Graph, backward: &Neighbours, faults: &mut Vec<GraphFault>) {
    let forward =
        Neighbours::new(graph.nodes.len(), graph.transitions.iter().map(|e| (e.from, e.to)));
    let mut paired = vec![false; graph.nodes.len()];
    for fork in graph.states() {
        let Kind::Fork(Some(join)) = graph.kind(fork) else { continue };
        paired[join.index()] = true;
        let branches: Vec<StateId> = forward
            .of(fork)
            .iter()
            .copied()
            .filter(|branch| graph.contains(fork, *branch))
            .collect();
        let never = |why: String| GraphFault::JoinNeverFills {
            fork: graph.name_of(fork).into(),
            join: graph.name_of(join).into(),
            why,
        };
        if branches.is_empty() {
            faults.push(never("the fork has no branches".into()));
            continue;
        }
        let arriving = arriving(graph, backward, fork, join);
        let lost: Vec<&StateId> =
            branches.iter().filter(|branch| !arriving.contains(*branch)).collect();
        let filled = branches.len() - lost.len();
        match graph.kind(join) {
            Kind::Join(JoinRule::All) if !lost.is_empty() => {
                let name = graph.name_of(*lost[0]);
                faults.push(never(format!("the branch at `{name}` has no way to it")));
            }
            Kind::Join(JoinRule::Any) if filled == 0 => {
                faults.push(never("no branch has a way to it".into()));
            }
            // A split inside the scope can make more tokens than there are branches.
            Kind::Join(JoinRule::AtLeast(count))
                if filled < count.get() as usize && !has_split(graph, &arriving) =>
            {
                faults.push(never(format!("it needs {count} arrivals, {filled} can come")));
            }
            _ => {}
        }
    }
    // A join inside a scope takes tokens away, so without a split no more can come than began.
    let splits: HashSet<StateId> = graph
        .states()
        .filter(|state| graph.kind(*state) == Kind::Fork(None))
        .filter_map(|split| graph.scope_of(split))
        .collect();
    for join in graph.states() {
        let Kind::Join(JoinRule::AtLeast(count)) = graph.kind(join) else { continue };
        let Some(fork) = graph.scope_of(join).filter(|_| !paired[join.index()]) else { continue };
        let begin = forward.of(fork).iter().filter(|to| graph.contains(fork, **to)).count();
        if begin < count.get() as usize && !splits.contains(&fork) {
            faults.push(GraphFault::JoinNeverFills {
                fork: graph.name_of(fork).into(),
                join: graph.name_of(join).into(),
                why: format!("it needs {count} arrivals, {begin} can come"),
            });
        }
    }
}

/// The states directly in the scope of `fork` from which its join can be reached without leaving
/// the scope. What lies in the scope of a fork within it stands for that fork: its owner is what
/// moves. So every state is looked at once, however deep forks are nested.
fn arriving(
    graph: &Graph,
    backward: &Neighbours,
    fork: StateId,
    join: StateId,
) -> HashSet<StateId> {
    let mut seen = HashSet::new();
    let mut open = vec![join];
    while let Some(state) = open.pop() {
        for before in backward.of(state) {
            if !graph.contains(fork, *before) {
                continue;
            }
            let mut mover = *before;
            while let Some(inner) = graph.scope_of(mover).filter(|inner| *inner != fork) {
                mover = inner;
            }
            if mover != state && seen.insert(mover) {
                open.push(mover);
            }
        }
    }
    seen
}

fn has_split(graph: &Graph, states: &HashSet<StateId>) -> bool {
    states.iter().any(|state| graph.kind(*state) == Kind::Fork(None))
}
