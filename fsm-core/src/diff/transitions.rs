//! Which transition of the old graph is which of the new one, and what differs.
//!
//! Transitions have no names. Both lists are gone through several times, each time matching what
//! shares a little less than the time before: everything; all but the actions, the guard, or the
//! target; and at last all but the trigger. What is left was added or removed.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde::Serialize;

use super::changes::Changed;
use super::order;
use crate::graph::{Graph, Kind, TransitionDocument, TriggerDocument};

/// What differs among the transitions of two graphs; each list is sorted by source and trigger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Transitions {
    pub(super) added: Vec<AddedTransition>,
    pub(super) removed: Vec<TransitionDocument>,
    pub(super) altered: Vec<Changed<TransitionDocument>>,
    pub(super) reordered: Vec<Reordered>,
    /// Whether others are declared in another order, which no state can tell.
    pub(super) moved: bool,
}

/// A transition that is new, and its place among those of its state with the same trigger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct AddedTransition {
    #[serde(flatten)]
    pub(super) transition: TransitionDocument,
    /// Absent where no transition of the old graph is among them, and in forks, which take all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    /// From 1.
    pub(super) number: usize,
    pub(super) of: usize,
}

/// Transitions of one state with one trigger that come in another order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Reordered {
    pub(super) from: String,
    pub(super) trigger: TriggerDocument,
    pub(super) old: Vec<TransitionDocument>,
    pub(super) new: Vec<TransitionDocument>,
}

/// The transitions of both graphs, matched.
pub(crate) struct Matching {
    pub(super) old: Vec<TransitionDocument>,
    pub(super) new: Vec<TransitionDocument>,
    /// By position in `new`: which of `old` it was.
    pub(crate) was: Vec<Option<usize>>,
    /// Those of `old` that are in `new` no more.
    pub(super) removed: Vec<usize>,
    /// The names of the forks of both graphs.
    forks: HashSet<String>,
}

/// What two transitions have in common if they are taken for the same one.
#[derive(PartialEq, Eq, Hash)]
struct Shared<'a> {
    from: &'a str,
    trigger: Option<&'a TriggerDocument>,
    target: Option<(&'a str, &'a [String], bool)>,
    guard: Option<Option<&'a str>>,
    actions: Option<&'a [String]>,
}

impl<'a> Shared<'a> {
    fn of(edge: &'a TransitionDocument) -> Self {
        Self {
            from: &edge.from,
            trigger: Some(&edge.trigger),
            target: Some((&edge.to, &edge.also, edge.internal)),
            guard: Some(edge.guard.as_deref()),
            actions: Some(&edge.actions),
        }
    }
}

/// From all to little.
const ROUNDS: [fn(&TransitionDocument) -> Option<Shared<'_>>; 8] = [
    |edge| Some(Shared::of(edge)),
    |edge| Some(Shared { actions: None, ..Shared::of(edge) }),
    |edge| Some(Shared { guard: None, ..Shared::of(edge) }),
    |edge| Some(Shared { target: None, ..Shared::of(edge) }),
    |edge| Some(Shared { guard: None, actions: None, ..Shared::of(edge) }),
    |edge| Some(Shared { target: None, actions: None, ..Shared::of(edge) }),
    |edge| Some(Shared { trigger: None, ..Shared::of(edge) }),
    |edge| {
        let is_timer = matches!(edge.trigger, TriggerDocument::After(_));
        is_timer.then(|| Shared { trigger: None, actions: None, ..Shared::of(edge) })
    },
];

impl Matching {
    /// # Complexity
    /// O(transitions).
    pub(crate) fn between(old: &Graph, new: &Graph) -> Self {
        let forks: HashSet<String> = forks(old).chain(forks(new)).map(str::to_owned).collect();
        let (old, new) = (documents(old), documents(new));
        // None of a fork's branches stands in for another.
        let is_branch = |edge: &TransitionDocument| is_branch(&forks, edge);
        let mut was = vec![None; new.len()];
        let mut removed: Vec<usize> = (0..old.len()).collect();
        for shared in ROUNDS {
            let shared = |edge| {
                let shared: Shared<'_> = shared(edge)?;
                (shared.target.is_some() || !is_branch(edge)).then_some(shared)
            };
            let mut free: HashMap<Shared<'_>, VecDeque<usize>> = HashMap::new();
            for at in &removed {
                if let Some(shared) = shared(&old[*at]) {
                    free.entry(shared).or_default().push_back(*at);
                }
            }
            let mut found = HashSet::new();
            for (edge, was) in new.iter().zip(&mut was).filter(|(_, was)| was.is_none()) {
                let same = shared(edge).and_then(|shared| free.get_mut(&shared));
                if let Some(at) = same.and_then(VecDeque::pop_front) {
                    *was = Some(at);
                    found.insert(at);
                }
            }
            removed.retain(|at| !found.contains(at));
        }
        Self { old, new, was, removed, forks }
    }

    /// The transitions that one state has for one trigger, where those that are in both graphs come
    /// in another order: their positions in `new`, and in `old`.
    pub(super) fn reordered(&self) -> Vec<(Vec<usize>, Vec<usize>)> {
        let mut before = groups(&self.old);
        let pairs = groups(&self.new).into_iter().filter_map(|(key, group)| {
            let before = before.remove(&key)?;
            let was = group.iter().filter_map(|at| self.was[*at]);
            let order: Vec<usize> = was.filter(|was| self.old[*was].trigger == *key.1).collect();
            (!order::is_kept(&order)).then_some((group, before))
        });
        pairs.collect()
    }
}

/// Whether a fork takes it, together with all others of its kind.
fn is_branch(forks: &HashSet<String>, edge: &TransitionDocument) -> bool {
    edge.trigger == TriggerDocument::Always && forks.contains(&edge.from)
}

fn forks(graph: &Graph) -> impl Iterator<Item = &str> {
    let forks = graph.states().filter(|state| matches!(graph.kind(*state), Kind::Fork(_)));
    forks.map(|state| graph.name_of(state))
}

fn documents(graph: &Graph) -> Vec<TransitionDocument> {
    graph.transitions().map(|(id, edge)| TransitionDocument::of(graph, id, edge)).collect()
}

/// The positions of the transitions that one state has for one trigger, in order.
fn groups(edges: &[TransitionDocument]) -> BTreeMap<(&str, &TriggerDocument), Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, edge) in edges.iter().enumerate() {
        groups.entry((edge.from.as_str(), &edge.trigger)).or_default().push(at);
    }
    groups
}

impl Transitions {
    pub(super) fn of(matching: &Matching) -> Self {
        let Matching { old, new, was, removed, forks } = matching;
        let mut transitions = Self {
            added: Vec::new(),
            removed: removed.iter().map(|at| old[*at].clone()).collect(),
            altered: Vec::new(),
            reordered: Vec::new(),
            moved: false,
        };
        for group in groups(new).into_values() {
            let is_among_others = group.iter().any(|at| was[*at].is_some());
            for (number, at) in (1..).zip(&group) {
                let Some(was) = was[*at] else {
                    transitions.added.push(AddedTransition {
                        transition: new[*at].clone(),
                        place: (is_among_others && !is_branch(forks, &new[*at]))
                            .then_some(Place { number, of: group.len() }),
                    });
                    continue;
                };
                let change = Changed::of(&old[was], &new[*at]);
                transitions.altered.extend(change.map(Changed::cloned));
            }
        }
        let mut rest: Vec<Option<usize>> = was.clone();
        for (group, before) in matching.reordered() {
            group.iter().for_each(|at| rest[*at] = None);
            transitions.reordered.push(Reordered {
                from: new[group[0]].from.clone(),
                trigger: new[group[0]].trigger.clone(),
                old: before.iter().map(|at| old[*at].clone()).collect(),
                new: group.iter().map(|at| new[*at].clone()).collect(),
            });
        }
        let rest: Vec<usize> = rest.into_iter().flatten().collect();
        transitions.moved = !order::is_kept(&rest);
        transitions.removed.sort_by(|a, b| (&a.from, &a.trigger).cmp(&(&b.from, &b.trigger)));
        transitions
    }

    pub(super) fn is_empty(&self) -> bool {
        let Self { added, removed, altered, reordered, moved } = self;
        let unchanged = added.is_empty() && removed.is_empty() && altered.is_empty();
        unchanged && reordered.is_empty() && !moved
    }
}
