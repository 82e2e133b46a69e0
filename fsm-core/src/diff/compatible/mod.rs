//! Whether runs that are under way on a graph can go on along a changed one.
//!
//! A run that is under way is its tokens: where each stands, in which scopes, and what their joins
//! have counted. It can go on where all of that means the same in the changed graph:
//!
//! - Every state where a token can stand is still there, and a token stands in it as it did: it
//!   waits, works, delays, or holds others. Choices, splits, and joins hold no token between two
//!   steps; so choices come and go as they like.
//! - It lies in the same scope, and the same region. Composite states around it may differ, unless
//!   one has entry or exit actions: the one that was never entered would be left.
//! - Forks have the same branches, and tokens in their scope are counted by the same joins
//!   ([`network`]).
//! - What has ended stays so: where a composite or parallel state that can rest at its end gets a
//!   new way on, the token there would have been asked once, and never is.
//!
//! All else may change: transitions, guards, actions, work, retries, limits, waits, and how much
//! is at work at once. So a carried run is at a place where a new one could be, and goes on as that
//! one would.

mod check;
mod network;
mod obstacle;
mod place;

use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, Kind, StateId};
use check::Check;
use network::Ways;
pub use obstacle::Obstacle;

/// Whether any run that is under way on the old graph can go on along the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compatibility {
    /// Every run can.
    Compatible,
    /// Some can't: everything that stands in their way.
    Incompatible(Vec<Obstacle>),
}

impl Compatibility {
    /// Whether every run can go on.
    pub fn is_compatible(&self) -> bool {
        self.obstacles().is_empty()
    }

    /// What stands in the way; empty where nothing does.
    pub fn obstacles(&self) -> &[Obstacle] {
        match self {
            Compatibility::Compatible => &[],
            Compatibility::Incompatible(obstacles) => obstacles,
        }
    }

    pub(in crate::diff) fn between(old: &Graph, new: &Graph) -> Self {
        let mut obstacles = Vec::new();
        if old.name() != new.name() {
            let (old, new) = (old.name().to_owned(), new.name().to_owned());
            obstacles.push(Obstacle::Name { old, new });
        }
        obstacles.extend(between(old, new, &Held::Any));
        match obstacles.is_empty() {
            true => Compatibility::Compatible,
            false => Compatibility::Incompatible(obstacles),
        }
    }
}

/// Whose tokens are looked at.
pub(crate) enum Held<'a> {
    /// Those of any run.
    Any,
    /// Those of one run: the states where they stand.
    Run(&'a HashSet<StateId>),
}

/// Everything that keeps tokens of the old graph from going on along the new one.
///
/// # Complexity
/// O((states + transitions) * nesting), and more where one place leads to many joins.
pub(crate) fn between(old: &Graph, new: &Graph, held: &Held<'_>) -> Vec<Obstacle> {
    let renamed = super::renames::between(old, new);
    let renamed = renamed.into_iter().map(|name| (name.old, name.new)).collect();
    let mut check = Check::new(old, new, held, renamed);
    let mut forks = Vec::new();
    let mut pairs = Vec::new();
    let states: Vec<StateId> = old.states().filter(|state| check.is_held(*state)).collect();
    for state in states {
        let Some(now) = check.state(state) else { continue };
        pairs.push((state, now));
        if let (Kind::Fork(Some(join)), Kind::Fork(Some(closes))) = (old.kind(state), new.kind(now))
            && check.join(state, join, closes)
        {
            forks.push((state, now, join, closes));
        }
    }
    if !forks.is_empty() {
        let (before, after) = (Ways::of(old), Ways::of(new));
        let mut networks = HashMap::new();
        for (fork, now, join, closes) in forks {
            let networks_of = (before.within(fork, join), after.within(now, closes));
            if check.network(fork, join, &networks_of.0, &networks_of.1) {
                networks.insert(fork, networks_of);
            }
        }
        for (state, now) in pairs {
            for fork in old.ancestors(state) {
                if let Some((before, after)) = networks.get(&fork) {
                    check.leads(fork, state, now, before, after);
                }
            }
        }
    }
    check.obstacles
}
