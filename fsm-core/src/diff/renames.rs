//! Removed and added states that may be the same under another name.
//!
//! A graph can't tell a rename from a removal and an addition. Where exactly one removed and one
//! added state do the same, lie in the same place, and have the same transitions from and to the
//! same neighbours, a rename is likely. Neighbours that were removed or added themselves count as
//! one, whatever their name, so that several renames at once are found.

use std::collections::HashMap;

use super::changes::Changed;
use crate::graph::{Graph, Kind, StateId, Transition, TransitionId};

/// What a state is, but for its name, as text.
type Likeness = Vec<String>;

/// The likely renames, sorted by the old name.
///
/// # Complexity
/// O(n * log(n)) for the states that were removed or added, and what leads to and from them.
pub(super) fn between(old: &Graph, new: &Graph) -> Vec<Changed<String>> {
    let (removed, added) = (likenesses(old, new), likenesses(new, old));
    let mut renamed: Vec<Changed<String>> = removed
        .into_iter()
        .filter_map(|(likeness, states)| {
            match (states.as_slice(), added.get(&likeness)?.as_slice()) {
                ([before], [after]) => Some(Changed {
                    old: old.name_of(*before).to_owned(),
                    new: new.name_of(*after).to_owned(),
                }),
                _ => None,
            }
        })
        .collect();
    renamed.sort_by(|a, b| a.old.cmp(&b.old));
    renamed
}

/// The states that `graph` has and `other` has not, by their likeness; those that nothing leads to
/// or from are left out.
fn likenesses(graph: &Graph, other: &Graph) -> HashMap<Likeness, Vec<StateId>> {
    let is_missing = |state: StateId| other.state(graph.name_of(state)).is_none();
    let mut edges: HashMap<StateId, Vec<String>> = HashMap::new();
    for (id, edge) in graph.transitions() {
        let also = graph.also(id).iter().copied();
        for to in std::iter::once(edge.to()).chain(also) {
            if is_missing(edge.from()) {
                let seen = seen_from(graph, other, edge.from(), to);
                edges.entry(edge.from()).or_default().push(described(graph, id, edge, "to", &seen));
            }
            if is_missing(to) && to != edge.from() {
                let seen = seen_from(graph, other, to, edge.from());
                edges.entry(to).or_default().push(described(graph, id, edge, "from", &seen));
            }
        }
    }
    let mut likenesses: HashMap<Likeness, Vec<StateId>> = HashMap::new();
    for (state, mut edges) in edges {
        edges.sort();
        edges.push(own(graph, other, state));
        likenesses.entry(edges).or_default().push(state);
    }
    likenesses
}

/// What a neighbour is called, seen from `state`.
fn seen_from(graph: &Graph, other: &Graph, state: StateId, neighbour: StateId) -> String {
    let name = graph.name_of(neighbour);
    match other.state(name) {
        _ if neighbour == state => "itself".to_owned(),
        Some(_) => format!("the state {name:?}"),
        None => "another".to_owned(),
    }
}

fn described(
    graph: &Graph,
    id: TransitionId,
    edge: &Transition,
    direction: &str,
    neighbour: &str,
) -> String {
    let trigger = graph.trigger_label(edge.trigger());
    let guard = edge.guard().map(|guard| graph.guard_name(guard));
    let actions: Vec<&str> = graph.actions_of(edge).collect();
    let internal = edge.is_internal();
    let also = graph.also(id).len();
    format!("{direction} {neighbour} {trigger:?} {guard:?} {actions:?} {internal} {also}")
}

/// What the state itself is and does.
fn own(graph: &Graph, other: &Graph, state: StateId) -> String {
    let seen = |neighbour| seen_from(graph, other, state, neighbour);
    let kind = match graph.kind(state) {
        Kind::Activity(activity) if graph.activity_name(activity) == graph.name_of(state) => {
            "the activity of its own name".to_owned()
        }
        Kind::Activity(activity) => format!("the activity {:?}", graph.activity_name(activity)),
        Kind::Fork(Some(join)) => format!("a fork to {}", seen(join)),
        Kind::Composite(initial) => format!("a composite state with {}", seen(initial)),
        Kind::Machine(_) => {
            format!("a machine {:?}", graph.inner(state).map(|inner| inner.fingerprint()))
        }
        kind @ (Kind::Simple
        | Kind::Choice
        | Kind::Fork(None)
        | Kind::Join(_)
        | Kind::Delay(_)
        | Kind::Signal
        | Kind::Parallel
        | Kind::Final) => format!("{kind:?}"),
    };
    let parent = graph.parent(state).map(seen);
    let extras = graph.extras_of(state);
    let actions = |sequence| {
        let actions = graph.sequence(sequence).iter();
        actions.map(|action| graph.action_name(*action)).collect::<Vec<_>>()
    };
    let (entry, exit) = (actions(extras.entry), actions(extras.exit));
    format!("{kind} {parent:?} {entry:?} {exit:?} {:?} {:?}", extras.retry, extras.timeout)
}
