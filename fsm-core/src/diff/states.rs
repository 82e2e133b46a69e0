//! States that were added, removed, or altered, and those that are declared elsewhere.

use std::time::Duration;

use serde::Serialize;

use super::changes::{Changed, Changes};
use super::{order, renames};
use crate::graph::{Graph, Kind, KindDocument, RetryPolicy, Sequence, StateDocument, StateId};

/// What differs among the states of two graphs; each list is sorted by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct States {
    pub(super) added: Vec<StateDocument>,
    pub(super) removed: Vec<StateDocument>,
    pub(super) altered: Vec<AlteredState>,
    /// Also among the added and the removed.
    pub(super) perhaps_renamed: Vec<Changed<String>>,
    /// States of both graphs that are declared before or behind others than they were.
    pub(super) moved: Vec<String>,
}

/// A state of both graphs that is not the same in both.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct AlteredState {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Changed<KindDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) within: Option<Changed<Option<String>>>,
    /// The order in which a parallel state enters the regions that it has in both graphs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) regions: Option<Changed<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<Changed<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit: Option<Changed<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry: Option<Changed<Option<RetryPolicy>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout: Option<Changed<Option<Duration>>>,
    /// What differs in the machine that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) machine: Option<Box<Changes>>,
}

impl States {
    pub(super) fn between(old: &Graph, new: &Graph) -> Self {
        let mut states = Self {
            added: only_in(new, old),
            removed: only_in(old, new),
            altered: altered(old, new),
            perhaps_renamed: renames::between(old, new),
            moved: moved(old, new),
        };
        states.added.sort_by(|a, b| a.name.cmp(&b.name));
        states.removed.sort_by(|a, b| a.name.cmp(&b.name));
        states.altered.sort_by(|a, b| a.name.cmp(&b.name));
        states.moved.sort();
        states
    }

    pub(super) fn is_empty(&self) -> bool {
        // What was perhaps renamed is among the added and the removed.
        let Self { added, removed, altered, perhaps_renamed: _, moved } = self;
        added.is_empty() && removed.is_empty() && altered.is_empty() && moved.is_empty()
    }
}

fn only_in(graph: &Graph, other: &Graph) -> Vec<StateDocument> {
    let missing = graph.states().filter(|state| other.state(graph.name_of(*state)).is_none());
    missing.map(|state| StateDocument::of(graph, state)).collect()
}

/// The states of both graphs in the new one's order, each with its ids in both.
pub(super) fn common(old: &Graph, new: &Graph) -> impl Iterator<Item = (StateId, StateId)> {
    new.states().filter_map(|state| Some((old.state(new.name_of(state))?, state)))
}

fn altered(old: &Graph, new: &Graph) -> Vec<AlteredState> {
    let pairs = common(old, new).map(|(before, after)| AlteredState::of(old, before, new, after));
    pairs.filter(|state| !state.is_empty()).collect()
}

/// The order in which a state that is parallel in both graphs enters the regions that it has in
/// both, where that is another one.
fn reordered_regions(
    old: &Graph,
    before: StateId,
    new: &Graph,
    after: StateId,
) -> Option<Changed<Vec<String>>> {
    let shared = |graph: &Graph, parallel: StateId, other: &Graph, its: StateId| {
        let names = graph.regions(parallel).iter().map(|region| graph.name_of(*region));
        let is_shared = |name: &&str| {
            let region = other.state(name);
            region.is_some_and(|region| {
                other.parent(region) == Some(its) && other.kind(its) == Kind::Parallel
            })
        };
        names.filter(is_shared).map(str::to_owned).collect::<Vec<String>>()
    };
    Changed::of(shared(old, before, new, after), shared(new, after, old, before))
}

fn moved(old: &Graph, new: &Graph) -> Vec<String> {
    let places: Vec<usize> = common(old, new).map(|(before, _)| before.index()).collect();
    order::moved(&places).into_iter().map(|at| old.name_of(StateId::at(at)).to_owned()).collect()
}

impl AlteredState {
    fn of(old: &Graph, before: StateId, new: &Graph, after: StateId) -> Self {
        let within = |graph: &Graph, state: StateId| {
            graph.parent(state).map(|parent| graph.name_of(parent).to_owned())
        };
        let (kind, machine) = match (old.inner(before), new.inner(after)) {
            (Some(inside), Some(now)) if inside.fingerprint() == now.fingerprint() => (None, None),
            (Some(inside), Some(now)) => (None, Some(Box::new(Changes::between(inside, now)))),
            (None, _) | (_, None) => {
                let kind = KindDocument::of(old, before);
                (Changed::of(kind, KindDocument::of(new, after)), None)
            }
        };
        let (extras, now) = (old.extras_of(before), new.extras_of(after));
        Self {
            name: new.name_of(after).to_owned(),
            kind,
            within: Changed::of(within(old, before), within(new, after)),
            regions: reordered_regions(old, before, new, after),
            entry: Changed::of(names(old, extras.entry), names(new, now.entry)),
            exit: Changed::of(names(old, extras.exit), names(new, now.exit)),
            retry: Changed::of(extras.retry, now.retry),
            timeout: Changed::of(extras.timeout, now.timeout),
            machine,
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self { name: self.name.clone(), ..Self::default() }
    }
}

fn names(graph: &Graph, actions: Sequence) -> Vec<String> {
    let actions = graph.sequence(actions).iter();
    actions.map(|action| graph.action_name(*action).to_owned()).collect()
}
