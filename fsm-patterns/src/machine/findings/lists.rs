//! The transitions of one state and trigger, in the order in which they are tried.

use std::collections::HashMap;
use std::sync::Arc;

use fsm_core::{Graph, Kind, StateId, TransitionId, Trigger};
use indexmap::IndexMap;

use super::super::MachineFile;
use super::super::file::Content;
use crate::analysis::{Guards, Part};
use crate::fault::Place;
use crate::file::tree::Kind as NodeKind;

/// More guarded transitions of one state and trigger than this are not compared.
pub(super) const MOST_COMPARED: usize = 64;

/// A transition as its guard is asked.
pub(super) struct Asked {
    pub(super) id: TransitionId,
    /// What must hold; empty for an `else`.
    pub(super) parts: Arc<[Part]>,
    /// Whether it is taken for certain where that holds: nothing it does can fail.
    pub(super) is_sure: bool,
}

/// The transitions of one state and trigger.
pub(super) struct List {
    pub(super) state: StateId,
    pub(super) trigger: Trigger,
    pub(super) asked: Vec<Asked>,
}

/// All of them, in the order of the file.
pub(super) struct Lists<'f> {
    pub(super) content: &'f Content,
    pub(super) all: Vec<List>,
    index: IndexMap<(StateId, Trigger), usize>,
    /// By state, how many lists are its own.
    counts: Vec<usize>,
    /// How many lists of a trigger a state and those within it have; empty without regions.
    within: HashMap<(StateId, Trigger), usize>,
}

impl<'f> Lists<'f> {
    pub(super) fn of(file: &'f MachineFile) -> Self {
        let content = &*file.inner;
        let guards: Guards = file.guards();
        let mut lists = Self {
            content,
            all: Vec::new(),
            index: IndexMap::new(),
            counts: vec![0; content.graph.states().len()],
            within: HashMap::new(),
        };
        for (id, edge) in content.graph.transitions() {
            let plan = &content.all_plans[id.index()];
            let parts =
                edge.guard().map_or_else(|| Arc::new([]) as _, |it| guards.parts(it).clone());
            let asked = Asked { id, parts, is_sure: plan.label == plan.brief };
            let key = (edge.from(), edge.trigger());
            let at = *lists.index.entry(key).or_insert_with(|| {
                lists.all.push(List { state: key.0, trigger: key.1, asked: Vec::new() });
                lists.all.len() - 1
            });
            lists.all[at].asked.push(asked);
        }
        let has_regions =
            content.graph.states().any(|state| content.graph.kind(state) == Kind::Parallel);
        for at in 0..lists.all.len() {
            let List { state, trigger, .. } = lists.all[at];
            lists.counts[state.index()] += 1;
            if !has_regions || !matches!(trigger, Trigger::Event(_)) {
                continue;
            }
            let levels: Vec<StateId> = std::iter::once(state).chain(lists.around(state)).collect();
            for level in levels {
                *lists.within.entry((level, trigger)).or_default() += 1;
            }
        }
        lists
    }

    pub(super) fn graph(&self) -> &'f Graph {
        &self.content.graph
    }

    pub(super) fn get(&self, state: StateId, trigger: Trigger) -> Option<&List> {
        self.index.get(&(state, trigger)).map(|at| &self.all[*at])
    }

    pub(super) fn name(&self, state: StateId) -> &'f str {
        self.graph().name_of(state)
    }

    /// The states around, innermost first.
    pub(super) fn around(&self, state: StateId) -> impl Iterator<Item = StateId> + use<'_, 'f> {
        self.graph().ancestors(state)
    }

    /// The composite states around, up to the region or branch that the state lies in.
    pub(super) fn composites(&self, state: StateId) -> impl Iterator<Item = StateId> + use<'_, 'f> {
        let graph = self.graph();
        self.around(state).take_while(|outer| matches!(graph.kind(*outer), Kind::Composite(_)))
    }

    /// Whether another region that is active at the same time may take the event.
    pub(super) fn is_heard_beside(&self, state: StateId, trigger: Trigger) -> bool {
        let graph = self.graph();
        let within = |state| self.within.get(&(state, trigger)).copied().unwrap_or(0);
        let chain: Vec<StateId> = std::iter::once(state).chain(self.around(state)).collect();
        chain.windows(2).filter(|pair| graph.kind(pair[1]) == Kind::Parallel).any(|pair| {
            let own = usize::from(self.get(pair[1], trigger).is_some());
            within(pair[1]) > within(pair[0]) + own
        })
    }

    /// Whether nothing but what is asked at `list` leads out of its state.
    pub(super) fn is_only_way(&self, list: &List) -> bool {
        let levels = std::iter::once(list.state).chain(self.around(list.state));
        levels.map(|level| self.counts[level.index()]).sum::<usize>() == 1
    }

    /// Where a transition is written.
    pub(super) fn place(&self, id: TransitionId) -> Place {
        self.content.places[id.index()].clone()
    }

    /// Where its guard is.
    pub(super) fn guard_place(&self, id: TransitionId) -> Place {
        let place = self.place(id);
        let guard = place.key("guard");
        let nearest = self.content.source.tree.nearest(&guard);
        match nearest.exact && !matches!(nearest.node.kind, NodeKind::Broken) {
            true => guard,
            false => place,
        }
    }

    /// The guard as drawings show it, on one short line.
    pub(super) fn words(&self, id: TransitionId) -> String {
        crate::file::tree::shortened(&self.content.all_plans[id.index()].brief)
    }

    /// What a list is called: "`pay` in `open`".
    pub(super) fn title(&self, list: &List) -> String {
        let key = match list.trigger {
            Trigger::Always => "always".to_owned(),
            Trigger::TimedOut => "timed_out".to_owned(),
            Trigger::Event(_) | Trigger::Done | Trigger::Failed | Trigger::After(_) => {
                self.graph().trigger_label(list.trigger)
            }
        };
        format!("`{key}` in `{}`", self.name(list.state))
    }
}

impl List {
    /// The transitions that ask for something.
    pub(super) fn guarded(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(|asked| !asked.parts.is_empty())
    }

    pub(super) fn has_else(&self) -> bool {
        self.asked.iter().any(|asked| asked.parts.is_empty())
    }
}
