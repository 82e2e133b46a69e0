//! One thing after another that has to be the same for tokens that are under way.

use std::collections::{BTreeSet, HashMap};

use super::Held;
use super::network::{Branch, Counting, Network};
use super::obstacle::Obstacle;
use super::place::{Ends, Place, can_hold, has_hooks, stands};
use crate::diff::parts::{self, quoted};
use crate::graph::{Graph, JoinRule, Kind, KindDocument, StateId};

/// Two graphs, held against one another for the tokens that are held.
pub(super) struct Check<'a> {
    old: &'a Graph,
    new: &'a Graph,
    held: &'a Held<'a>,
    renamed: HashMap<String, String>,
    /// How states end, in the old graph and in the new one.
    ends: [Ends<'a>; 2],
    pub(super) obstacles: Vec<Obstacle>,
}

impl<'a> Check<'a> {
    pub(super) fn new(
        old: &'a Graph,
        new: &'a Graph,
        held: &'a Held<'a>,
        renamed: HashMap<String, String>,
    ) -> Self {
        let ends = [old, new].map(Ends::of);
        Self { old, new, held, renamed, ends, obstacles: Vec::new() }
    }

    /// Whether a token stands at a state, or can.
    pub(super) fn is_held(&self, state: StateId) -> bool {
        match self.held {
            Held::Run(states) => states.contains(&state),
            Held::Any => can_hold(self.old, state),
        }
    }

    fn name(&self, state: StateId) -> String {
        self.old.name_of(state).to_owned()
    }

    /// The state of the new graph where a token goes on that stands at `state`.
    pub(super) fn state(&mut self, state: StateId) -> Option<StateId> {
        let (old, new) = (self.old, self.new);
        let Some(now) = new.state(old.name_of(state)) else {
            let renamed = self.renamed.get(old.name_of(state)).cloned();
            self.obstacles.push(Obstacle::Gone { state: self.name(state), renamed });
            return None;
        };
        if stands(old, state) != stands(new, now) {
            let words = |graph, state| parts::kind(&KindDocument::of(graph, state));
            self.obstacles.push(Obstacle::Kind {
                state: self.name(state),
                old: words(old, state),
                new: words(new, now),
            });
            return None;
        }
        let (was, is) = (Place::of(old, state), Place::of(new, now));
        let name = |graph: &Graph, state: Option<StateId>| {
            state.map(|state| graph.name_of(state).to_owned())
        };
        for (before, after) in [(was.belongs_to, is.belongs_to), (was.ends, is.ends)] {
            let (before, after) = (name(old, before), name(new, after));
            if before != after {
                let state = self.name(state);
                self.obstacles.push(Obstacle::Elsewhere { state, old: before, new: after });
                return None;
            }
        }
        let acts = |name: &str| {
            let in_graph = |graph: &Graph| graph.state(name).is_some_and(|s| has_hooks(graph, s));
            in_graph(old) || in_graph(new)
        };
        let acting = |graph: &Graph, place: &Place| {
            let names = place.between.iter().map(|state| graph.name_of(*state));
            names.filter(|name| acts(name)).map(str::to_owned).collect::<Vec<String>>()
        };
        let (before, after) = (acting(old, &was), acting(new, &is));
        if before != after {
            let state = self.name(state);
            self.obstacles.push(Obstacle::Around { state, old: before, new: after });
        }
        self.regions(state, now);
        self.ended(state, now);
        Some(now)
    }

    fn regions(&mut self, state: StateId, now: StateId) {
        let names = |graph: &Graph, state| {
            let regions = graph.regions(state).iter();
            regions.map(|region| graph.name_of(*region).to_owned()).collect::<BTreeSet<String>>()
        };
        let (old, new) = (names(self.old, state), names(self.new, now));
        if old != new {
            let (old, new) = (old.into_iter().collect(), new.into_iter().collect());
            self.obstacles.push(Obstacle::Regions { state: self.name(state), old, new });
        }
    }

    /// Where a token may rest at an end, nothing new may be decided there.
    fn ended(&mut self, state: StateId, now: StateId) {
        let (before, after) = match self.old.kind(state) {
            Kind::Parallel => (state, now),
            Kind::Final => match (self.old.parent(state), self.new.parent(now)) {
                (Some(before), Some(after)) => (before, after),
                _ => return,
            },
            _ => return,
        };
        let [old, new] = &self.ends;
        let asked = old.guards(before);
        // Without a guard the way on is always taken, and no token stays.
        if !old.can_end(self.old, before) || asked.contains(&None) {
            return;
        }
        if !new.guards(after).is_subset(&asked) {
            let obstacle = Obstacle::Ended { state: self.name(before) };
            if !self.obstacles.contains(&obstacle) {
                self.obstacles.push(obstacle);
            }
        }
    }

    /// Whether a fork's join is the same.
    pub(super) fn join(&mut self, fork: StateId, join: StateId, closes: StateId) -> bool {
        let words = |graph: &Graph, join| {
            let kind = parts::kind(&KindDocument::of(graph, join));
            format!("{}, {kind}", quoted(graph.name_of(join)))
        };
        let (old, new) = (words(self.old, join), words(self.new, closes));
        let is_same = old == new;
        if !is_same {
            self.obstacles.push(Obstacle::Join { fork: self.name(fork), old, new });
        }
        is_same
    }

    /// Whether a fork, and the splits and joins within it, make and count tokens as they did.
    pub(super) fn network(
        &mut self,
        fork: StateId,
        join: StateId,
        old: &Network<'_>,
        new: &Network<'_>,
    ) -> bool {
        let before = self.obstacles.len();
        let all: BTreeSet<&str> = old.counting.keys().chain(new.counting.keys()).copied().collect();
        for state in all {
            let (was, is) = (old.counting.get(state), new.counting.get(state));
            match (was, is) {
                (Some(Counting::Split(was)), Some(Counting::Split(is))) => {
                    self.branches(fork, state, was, is, true);
                }
                (
                    Some(Counting::Join { needs, next }),
                    Some(Counting::Join { needs: count, next: then }),
                ) if needs == count => {
                    if next != then {
                        self.leads_elsewhere(fork, state, next, then);
                    }
                }
                (was, is) => self.obstacles.push(Obstacle::Counted {
                    fork: self.name(fork),
                    state: state.to_owned(),
                    old: was.map(in_words),
                    new: is.map(in_words),
                }),
            }
        }
        let is_plain = self.is_plain(join, old, new);
        let name = self.old.name_of(fork);
        self.branches(fork, name, &old.branches, &new.branches, !is_plain);
        self.obstacles.len() == before && !is_plain
    }

    /// Whether the join just waits until nobody is left: then it can't be missed.
    fn is_plain(&self, join: StateId, old: &Network<'_>, new: &Network<'_>) -> bool {
        let waits_for_all = self.old.kind(join) == Kind::Join(JoinRule::All);
        waits_for_all && old.is_plain() && new.is_plain()
    }

    fn branches(
        &mut self,
        fork: StateId,
        state: &str,
        old: &[Branch<'_>],
        new: &[Branch<'_>],
        counts: bool,
    ) {
        let beyond = |these: &[Branch<'_>], those: &[Branch<'_>]| {
            let is_like = |a: &Branch<'_>, b: &Branch<'_>| {
                a.heads == b.heads && (!counts || a.next == b.next)
            };
            let mut left: Vec<&Branch<'_>> = those.iter().collect();
            let mut beyond = Vec::new();
            for branch in these {
                match left.iter().position(|other| is_like(branch, other)) {
                    Some(at) => drop(left.swap_remove(at)),
                    None => beyond.push(words(branch)),
                }
            }
            beyond
        };
        let (mut lost, got) = (beyond(old, new), beyond(new, old));
        // Nobody waits for a token that has come to a join which waits until nobody is left.
        if !counts && matches!(self.held, Held::Run(_)) {
            lost.clear();
        }
        if lost == got && !lost.is_empty() {
            let next = |branches: &[Branch<'_>]| {
                let changed = branches.iter().filter(|branch| lost.contains(&words(branch)));
                changed.flat_map(|branch| branch.next.iter().map(|s| s.to_string())).collect()
            };
            let (old, new) = (next(old), next(new));
            let (fork, state) = (self.name(fork), lost.join(" and "));
            self.obstacles.push(Obstacle::Leads { fork, state, old, new });
        } else if !(lost.is_empty() && got.is_empty()) {
            let state = state.to_owned();
            self.obstacles.push(Obstacle::Branches { state, old: lost, new: got });
        }
    }

    /// Whether a token within a fork comes to the same joins and splits.
    pub(super) fn leads(
        &mut self,
        fork: StateId,
        state: StateId,
        now: StateId,
        old: &Network<'_>,
        new: &Network<'_>,
    ) {
        let (was, is) = (old.from(self.old, state), new.from(self.new, now));
        if was != is {
            let name = self.name(state);
            self.leads_elsewhere(fork, &name, &was, &is);
        }
    }

    fn leads_elsewhere(
        &mut self,
        fork: StateId,
        state: &str,
        old: &BTreeSet<&str>,
        new: &BTreeSet<&str>,
    ) {
        let names = |next: &BTreeSet<&str>| next.iter().map(|name| name.to_string()).collect();
        let (old, new) = (names(old), names(new));
        let (fork, state) = (self.name(fork), state.to_owned());
        self.obstacles.push(Obstacle::Leads { fork, state, old, new });
    }
}

/// A branch is known by where it begins.
fn words(branch: &Branch<'_>) -> String {
    // A branch that leads to a join at once is known by that.
    let names = if branch.heads.is_empty() { &branch.next } else { &branch.heads };
    names.iter().copied().collect::<Vec<&str>>().join(" or ")
}

fn in_words(counting: &Counting<'_>) -> String {
    match counting {
        Counting::Split(_) => "a split".to_owned(),
        Counting::Join { needs, .. } => format!("a join of at least {needs}"),
    }
}
