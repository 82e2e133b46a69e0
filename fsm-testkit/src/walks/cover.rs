//! Covering walks: few and short ones that together come by everything that is wanted.
//!
//! Greedy: a walk takes the shortest way to the nearest thing that is not covered yet, again and
//! again, until nothing more lies ahead of it; then the next one begins. A walk all of which the
//! others cover is left out at the end.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};

use fsm_core::{StateId, TransitionId};

use super::map::{ArcId, Leg, Map};
use super::missed::{Inquest, Missed};
use super::walk::Walk;
use crate::verdict::panic_text;

/// Something to be covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    State(StateId),
    Edge(TransitionId),
    Pair(TransitionId, TransitionId),
}

/// Walks that together cover what was asked for, and what they could not.
#[derive(Clone, Debug, PartialEq)]
pub struct Cover<D> {
    walks: Vec<Walk<D>>,
    missed: Vec<Missed>,
    wanted: usize,
}

impl<D> Cover<D> {
    pub(super) fn new(walks: Vec<Walk<D>>, missed: Vec<Missed>, wanted: usize) -> Self {
        Self { walks, missed, wanted }
    }

    /// The walks, in the order in which they were found.
    pub fn walks(&self) -> &[Walk<D>] {
        &self.walks
    }

    /// What no walk covers, in declared order, each with the reason.
    pub fn missed(&self) -> &[Missed] {
        &self.missed
    }

    /// How many states, transitions, or pairs there are, covered or not.
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// How many steps the walks have together.
    pub fn steps(&self) -> usize {
        self.walks.iter().map(|walk| walk.steps().len()).sum()
    }

    /// Stops a test in which something is not covered, and says why it is not.
    ///
    /// # Panics
    /// If anything was missed.
    #[track_caller]
    pub fn assert_complete(&self) {
        assert!(self.missed.is_empty(), "not everything is covered\n{self}");
    }

    /// Tests every walk, each as a case of its own: one that fails does not keep the others from
    /// being tried, and all that failed are named.
    ///
    /// # Panics
    /// If `test` does, for any walk.
    #[track_caller]
    pub fn each(&self, test: impl Fn(&Walk<D>)) {
        let mut failed = Vec::new();
        for walk in &self.walks {
            if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| test(walk))) {
                failed.push(format!("  {walk}\n    {}", panic_text(&*panic)));
            }
        }
        let (count, all) = (failed.len(), self.walks.len());
        assert!(failed.is_empty(), "{count} of {all} walks failed:\n{}", failed.join("\n"));
    }
}

impl<D> fmt::Display for Cover<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let covered = self.wanted - self.missed.len();
        let (walks, steps) = (self.walks.len(), self.steps());
        writeln!(f, "{covered} of {} in {walks} walks of {steps} steps:", self.wanted)?;
        for walk in &self.walks {
            writeln!(f, "  {walk}")?;
        }
        if !self.missed.is_empty() {
            writeln!(f, "missed:")?;
        }
        for missed in &self.missed {
            writeln!(f, "  {missed}")?;
        }
        Ok(())
    }
}

impl<'a, D> IntoIterator for &'a Cover<D> {
    type Item = &'a Walk<D>;
    type IntoIter = std::slice::Iter<'a, Walk<D>>;

    fn into_iter(self) -> Self::IntoIter {
        self.walks.iter()
    }
}

/// What a leg, gone after `before`, covers of a kind of targets.
pub(super) trait Goal {
    fn covers(&self, before: Option<&Leg>, leg: &Leg) -> Vec<Target>;
}

/// Every state.
pub(super) struct States;
/// Every transition.
pub(super) struct Edges;
/// Every two transitions of these, taken one right after the other.
pub(super) struct Pairs<'a>(pub(super) &'a BTreeSet<(TransitionId, TransitionId)>);

impl Goal for States {
    fn covers(&self, _before: Option<&Leg>, leg: &Leg) -> Vec<Target> {
        leg.visits.iter().map(|state| Target::State(*state)).collect()
    }
}

impl Goal for Edges {
    fn covers(&self, _before: Option<&Leg>, leg: &Leg) -> Vec<Target> {
        leg.takes.iter().map(|id| Target::Edge(*id)).collect()
    }
}

impl Goal for Pairs<'_> {
    fn covers(&self, before: Option<&Leg>, leg: &Leg) -> Vec<Target> {
        let earlier = before.map_or(&[][..], |leg| &leg.takes);
        let mut pairs = Vec::new();
        for (index, second) in leg.takes.iter().enumerate() {
            for first in earlier.iter().chain(&leg.takes[..index]) {
                if self.0.contains(&(*first, *second)) {
                    pairs.push(Target::Pair(*first, *second));
                }
            }
        }
        pairs
    }
}

/// Covers `wanted` with walks of at most `longest` steps, or as many as are needed to come to
/// something new at all.
pub(super) fn cover<D: Clone>(
    map: &Map<D>,
    goal: &impl Goal,
    wanted: BTreeSet<Target>,
    longest: usize,
) -> Cover<D> {
    let covers = |before: Option<ArcId>, arc: ArcId| {
        let before = before.map_or(&map.begin, |before| &map.arc(before).leg);
        goal.covers(Some(before), &map.arc(arc).leg)
    };
    let at_first: BTreeSet<Target> = goal.covers(None, &map.begin).into_iter().collect();
    let mut left: BTreeSet<Target> = wanted.difference(&at_first).copied().collect();
    let mut ways: Vec<Vec<ArcId>> = Vec::new();
    // What no run can do that goes the shortest way on the map.
    let mut blurred: BTreeSet<Target> = BTreeSet::new();
    loop {
        let mut way: Vec<ArcId> = Vec::new();
        let is_new = |left: &BTreeSet<Target>, before, arc| {
            covers(before, arc).iter().any(|target| left.contains(target))
        };
        while !left.is_empty() {
            let last = way.last().copied();
            let Some(on) = map.way(last, |before, arc| is_new(&left, before, arc)) else { break };
            if !way.is_empty() && way.len() + on.len() > longest {
                break;
            }
            let longer: Vec<ArcId> = way.iter().chain(&on).copied().collect();
            if !map.holds(&longer) {
                if way.is_empty() {
                    let before = longer.len().checked_sub(2).map(|index| longer[index]);
                    for target in on.last().map_or_else(Vec::new, |arc| covers(before, *arc)) {
                        blurred.extend(left.take(&target));
                    }
                    continue;
                }
                break;
            }
            for arc in on {
                for target in covers(way.last().copied(), arc) {
                    left.remove(&target);
                }
                way.push(arc);
            }
        }
        if way.is_empty() {
            break;
        }
        ways.push(way);
    }
    let all_of = |way: &[ArcId]| -> BTreeSet<Target> {
        let before = std::iter::once(None).chain(way.iter().copied().map(Some));
        let covered = before.zip(way).flat_map(|(before, arc)| covers(before, *arc));
        covered.filter(|target| wanted.contains(target)).collect()
    };
    drop_needless(&mut ways, all_of);
    if ways.is_empty() && wanted.intersection(&at_first).next().is_some() {
        ways.push(Vec::new());
    }
    // What was given up may have been come by on another way.
    for way in &ways {
        let covered = all_of(way);
        blurred.retain(|target| !covered.contains(target));
    }
    let inquest = Inquest::new(map);
    let missed = left.iter().chain(&blurred).collect::<BTreeSet<_>>();
    let missed = missed.into_iter().map(|target| match blurred.contains(target) {
        true => inquest.blurred(*target),
        false => inquest.missed(*target),
    });
    Cover {
        walks: ways.iter().map(|way| map.walk(way)).collect(),
        missed: missed.collect(),
        wanted: wanted.len(),
    }
}

/// Leaves out the ways all of which the others cover, the first found first.
fn drop_needless(ways: &mut Vec<Vec<ArcId>>, covered: impl Fn(&[ArcId]) -> BTreeSet<Target>) {
    let mut sets: Vec<BTreeSet<Target>> = ways.iter().map(|way| covered(way)).collect();
    let mut index = 0;
    while index < ways.len() {
        let others = |target: &Target| {
            sets.iter().enumerate().any(|(at, set)| at != index && set.contains(target))
        };
        match ways.len() > 1 && sets[index].iter().all(others) {
            true => {
                ways.remove(index);
                sets.remove(index);
            }
            false => index += 1,
        }
    }
}
