//! The map that walks are found on: where a machine or a graph can stand, and the ways between.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::rc::Rc;

use fsm_core::{Graph, StateId, TransitionId};

use super::walk::{Step, Walk};

/// Where one can stand, and how one gets from one place to another.
#[derive(Clone, Debug)]
pub(super) struct Map<D> {
    pub(super) graph: Graph,
    /// Of the first place: what is passed before one comes to stand there.
    pub(super) begin: Leg,
    pub(super) places: Vec<Place<D>>,
    pub(super) reasons: Reasons,
    pub(super) retrace: Retrace<D>,
}

/// Goes a way for real, as far as it is as the map has it. The map takes runs for one that differ in
/// what its key leaves out, so a way that is on the map may not be one that a run can go.
#[derive(Clone)]
pub(super) struct Retrace<D>(pub(super) Option<Go<D>>);

/// Goes along arcs and returns the steps that were as they should be.
pub(super) type Go<D> = Rc<dyn Fn(&Map<D>, &[ArcId]) -> Vec<Step<D>>>;

impl<D> fmt::Debug for Retrace<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "by the machine" } else { "by the map" })
    }
}

/// A place where a run can stand.
#[derive(Clone, Debug)]
pub(super) struct Place<D> {
    pub(super) names: Vec<String>,
    /// The ways from here.
    pub(super) arcs: Vec<Arc<D>>,
}

/// A way from one place to another.
#[derive(Clone, Debug)]
pub(super) struct Arc<D> {
    pub(super) to: usize,
    pub(super) label: String,
    pub(super) does: D,
    pub(super) leg: Leg,
}

/// What is passed on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Leg {
    pub(super) takes: Vec<TransitionId>,
    pub(super) visits: Vec<StateId>,
}

/// What is known of that which no arc takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Reasons {
    /// More places than this were not looked at.
    pub(super) bound: Option<usize>,
    /// The names of the events of which there was an exemplar; `None`: there is need for none.
    pub(super) heard: Option<BTreeSet<String>>,
    /// The transitions whose guards held somewhere, or that have none.
    pub(super) open: BTreeSet<TransitionId>,
}

/// An arc by its place and its number there.
pub(super) type ArcId = (usize, usize);

impl<D> Map<D> {
    pub(super) fn arc(&self, (place, number): ArcId) -> &Arc<D> {
        &self.places[place].arcs[number]
    }

    /// Where one stands after `last`; `None`: at the beginning.
    pub(super) fn place_after(&self, last: Option<ArcId>) -> usize {
        last.map_or(0, |last| self.arc(last).to)
    }

    /// The shortest way on after `last` whose last arc, after the one before it, is `wanted`.
    ///
    /// # Complexity
    /// O(arcs * arcs of a place).
    pub(super) fn way(
        &self,
        last: Option<ArcId>,
        wanted: impl Fn(Option<ArcId>, ArcId) -> bool,
    ) -> Option<Vec<ArcId>> {
        let mut before: Vec<Vec<Option<Option<ArcId>>>> =
            self.places.iter().map(|place| vec![None; place.arcs.len()]).collect();
        let mut open = VecDeque::from([last]);
        while let Some(last_one) = open.pop_front() {
            let place = self.place_after(last_one);
            for number in 0..self.places[place].arcs.len() {
                let arc = (place, number);
                if wanted(last_one, arc) {
                    let mut way = vec![arc];
                    let mut at = last_one;
                    while let Some(here) = at.filter(|_| at != last) {
                        way.push(here);
                        at = before[here.0][here.1].flatten();
                    }
                    way.reverse();
                    return Some(way);
                }
                if before[place][number].is_none() {
                    before[place][number] = Some(last_one);
                    open.push_back(Some(arc));
                }
            }
        }
        None
    }
}

impl<D: Clone> Map<D> {
    /// The walk along `arcs`, as far as a run can go it.
    pub(super) fn walk(&self, arcs: &[ArcId]) -> Walk<D> {
        let steps = match &self.retrace.0 {
            Some(go) => go(self, arcs),
            None => arcs.iter().map(|id| self.step(*id)).collect(),
        };
        Walk { begins: self.places[0].names.clone(), steps }
    }

    /// Whether a run can go along all of `arcs`.
    pub(super) fn holds(&self, arcs: &[ArcId]) -> bool {
        self.retrace.0.is_none() || self.walk(arcs).steps.len() == arcs.len()
    }

    fn step(&self, id: ArcId) -> Step<D> {
        let arc = self.arc(id);
        Step {
            does: arc.does.clone(),
            label: arc.label.clone(),
            at: self.places[arc.to].names.clone(),
            by: arc.leg.takes.clone(),
            refusal: None,
        }
    }
}
