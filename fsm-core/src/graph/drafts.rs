//! Lists of a graph that is being written: each grows in its place, and they are laid into the
//! graph once it is finished. So a list of a thousand is written in a thousand steps.

use std::collections::BTreeMap;

use indexmap::IndexSet;

use super::{ActionId, Graph, Sequence, StateId, TransitionId};

/// What grows while a graph is written.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    /// The lists of actions that are not empty, each of one place. Until they are laid into the
    /// graph, a [`Sequence`] of its is the number of a list, counted from 1.
    actions: Vec<Vec<ActionId>>,
    /// Where transitions lead besides.
    pub(super) also: BTreeMap<TransitionId, Vec<StateId>>,
}

impl Drafts {
    /// Takes the lists of a finished graph, to go on with them.
    pub(super) fn of(graph: &mut Graph) -> Self {
        let mut drafts = Self::default();
        let sequences = std::mem::take(&mut graph.sequences);
        for place in places(graph) {
            if *place != Sequence::EMPTY {
                drafts.actions.push(sequences[place.0 as usize].to_vec());
                *place = drafts.last();
            }
        }
        let also = std::mem::take(&mut graph.also);
        drafts.also = also.into_iter().map(|(id, states)| (id, states.into_vec())).collect();
        drafts
    }

    /// Adds an action to the list of a place, which is another list if it was empty.
    pub(super) fn append(&mut self, list: Sequence, action: ActionId) -> Sequence {
        match (list.0 as usize).checked_sub(1) {
            Some(at) => {
                self.actions[at].push(action);
                list
            }
            None => {
                self.actions.push(vec![action]);
                self.last()
            }
        }
    }

    /// Lays the lists into the graph; those that are alike become one.
    pub(super) fn settle(&mut self, graph: &mut Graph) {
        let mut sequences: IndexSet<Box<[ActionId]>> = IndexSet::from([Box::from([])]);
        let lists = std::mem::take(&mut self.actions);
        let settled: Vec<Sequence> =
            lists.into_iter().map(|list| at(sequences.insert_full(list.into()).0)).collect();
        for place in places(graph) {
            if *place != Sequence::EMPTY {
                *place = settled[place.0 as usize - 1];
            }
        }
        graph.sequences = sequences;
        let also = std::mem::take(&mut self.also);
        graph.also = also.into_iter().map(|(id, states)| (id, states.into())).collect();
    }

    fn last(&self) -> Sequence {
        at(self.actions.len())
    }
}

/// Everything in a graph that has a list of actions.
fn places(graph: &mut Graph) -> impl Iterator<Item = &mut Sequence> {
    let transitions = graph.transitions.iter_mut().map(|edge| &mut edge.actions);
    let states = graph.extras.values_mut();
    transitions.chain(states.flat_map(|extras| [&mut extras.entry, &mut extras.exit]))
}

fn at(index: usize) -> Sequence {
    Sequence(u32::try_from(index).expect("a graph has at most u32::MAX lists of actions"))
}
