//! Both graphs in one, for drawing: the new graph, and what was removed from the old one.
//!
//! The union need not be sound: two unguarded transitions may share a trigger. So it is built
//! without checks, and never bound.

use std::collections::{BTreeMap, HashMap};

use super::changes::{Changed, Changes};
use super::order;
use super::transitions::Matching;
use super::words;
use crate::draw::{Mark, Marks};
use crate::graph::{Graph, GraphBuilder, Kind, StateDocument, StateId, TransitionId};

/// The union, and what is marked in it. What the new graph has keeps its ids.
pub(super) fn of(
    old: &Graph,
    new: &Graph,
    matching: &Matching,
    changes: &Changes,
) -> (Graph, Marks) {
    let union = united(old, new, matching);
    let mut marks = Marks::new();
    for state in union.states() {
        let name = union.name_of(state);
        let mark = match (old.state(name), new.state(name)) {
            (Some(_), Some(_)) => continue,
            (Some(_), None) => Mark::Removed,
            (None, _) => Mark::Added,
        };
        marks = marks.state(state, mark);
    }
    for altered in &changes.states.altered {
        let Some(state) = union.state(&altered.name) else { continue };
        marks = marks.state(state, Mark::Altered);
        let mut words = altered.words();
        words.extend(altered.machine.as_ref().map(|_| "the machine within differs".to_owned()));
        marks.note_state(state, words.join("; "));
    }
    marks = transitions(marks, matching);
    for removed in 0..matching.removed.len() {
        let id = TransitionId::at(matching.new.len() + removed);
        marks = marks.transition(id, Mark::Removed);
    }
    let lines = caption(changes, &union, &marks);
    marks.caption(lines);
    (union, marks)
}

fn united(old: &Graph, new: &Graph, matching: &Matching) -> Graph {
    let mut union = GraphBuilder::of(new.clone());
    for state in old.states().filter(|state| new.state(old.name_of(*state)).is_none()) {
        let mut removed = StateDocument::of(old, state);
        removed.within = holder(old, new, state).map(|parent| old.name_of(parent).to_owned());
        removed.declare(&mut union).expect("a machine within a sound graph is sound");
    }
    for at in &matching.removed {
        matching.old[*at].declare(&mut union);
    }
    let mut union = union.unchecked();
    empty_frames_closed(&mut union, new.states().len());
    union
}

/// The innermost state around a removed one that still holds others.
fn holder(old: &Graph, new: &Graph, state: StateId) -> Option<StateId> {
    old.ancestors(state).find(|parent| {
        let now = new.state(old.name_of(*parent)).map_or(old.kind(*parent), |now| new.kind(now));
        matches!(now, Kind::Composite(_) | Kind::Parallel | Kind::Fork(Some(_)))
    })
}

/// Lets removed composite states whose initial state lies elsewhere now begin with another one,
/// or hold nothing.
fn empty_frames_closed(union: &mut Graph, removed_from: usize) {
    let mut held: HashMap<StateId, StateId> = HashMap::new();
    for state in union.states() {
        if let Some(parent) = union.parent(state) {
            held.entry(parent).or_insert(state);
        }
    }
    for state in union.states().skip(removed_from) {
        if let Kind::Composite(initial) = union.kind(state)
            && !union.contains(state, initial)
        {
            let first = held.get(&state).copied();
            union.nodes[state.index()].kind = first.map_or(Kind::Simple, Kind::Composite);
        }
    }
}

/// Marks what was added or altered, and what is tried earlier or later than it was.
fn transitions(mut marks: Marks, matching: &Matching) -> Marks {
    let Matching { old, new, was, .. } = matching;
    let mut notes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (at, was) in was.iter().enumerate() {
        match was {
            None => marks = marks.transition(TransitionId::at(at), Mark::Added),
            Some(was) => {
                if let Some(change) = Changed::of(&old[*was], &new[at]) {
                    notes.insert(at, vec![words::was(&change.cloned())]);
                }
            }
        }
    }
    for (group, before) in matching.reordered() {
        let order: Vec<usize> = group.iter().filter_map(|at| was[*at]).collect();
        for moved in order::moved(&order) {
            let number = before.iter().position(|at| *at == moved);
            let at = group.iter().find(|at| was[**at] == Some(moved));
            if let Some((number, at)) = number.zip(at) {
                notes.entry(*at).or_default().push(format!("was number {}", number + 1));
            }
        }
    }
    for (at, notes) in notes {
        marks = marks.transition(TransitionId::at(at), Mark::Altered);
        marks.note_transition(TransitionId::at(at), notes.join("; "));
    }
    marks
}

/// How much stands out, and what can't be drawn.
fn caption(changes: &Changes, union: &Graph, marks: &Marks) -> Vec<String> {
    let states = union.states().filter_map(|state| marks.of_state(state));
    let edges = union.transitions().filter_map(|(id, _)| marks.of_transition(id));
    let all: Vec<Mark> = states.chain(edges).collect();
    let kinds = [
        (Mark::Added, "added (green)"),
        (Mark::Removed, "removed (red)"),
        (Mark::Altered, "altered (amber)"),
    ];
    let counts: Vec<String> = kinds
        .iter()
        .map(|(mark, words)| (all.iter().filter(|other| *other == mark).count(), words))
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let mut lines = changes.of_graph();
    lines.extend(counts);
    if lines.is_empty() {
        lines.push("no difference".to_owned());
    }
    lines
}
