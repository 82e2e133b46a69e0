//! What a random graph does, as a tree.

use std::num::NonZeroU32;
use std::time::Duration;

use fsm_core::Graph;

use super::dag::Dag;
use super::layout;
use super::parallel::Parallel;

/// A part of a run. Every plan is entered at one place and goes on to one place; some have ways
/// out besides ([`Way::Out`]).
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Goes on at once.
    Skip,
    /// Work.
    Step(Step),
    /// Waits for the world.
    Wait(Wait),
    /// One after another; empty: goes on at once.
    Sequence(Vec<Plan>),
    /// One of them: all but the last are guarded.
    Choice(Vec<Plan>),
    /// All of them at once.
    Fork(Fork),
    /// Work with dependencies, at once where they allow.
    Dag(Dag),
    /// A state around others.
    Composite(Composite),
    /// States side by side.
    Parallel(Parallel),
    /// Work, then the plan, over and over while the budget lasts.
    Loop(Box<Plan>),
}

/// Where a way out leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// To what comes next, as if all had gone well.
    #[default]
    Next,
    /// Out of as many of the plans around as there are, to what comes after the outermost of
    /// them; with more, to the end of the run. Forks on the way are aborted.
    Out(u8),
    /// Nowhere: acts and stays, where an event or a timer sets it off. Elsewhere as [`Way::Next`].
    Stay,
}

/// An activity state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Further attempts.
    pub retries: Option<u8>,
    /// The longest wait (in ms) that is put up with.
    pub patience: Option<u16>,
    /// Limit of one attempt in ms.
    pub timeout: Option<u16>,
    /// Where a failure leads.
    pub failed: Way,
    /// Where a timeout leads, if elsewhere.
    pub timed_out: Option<Way>,
    /// A deadline for all attempts.
    pub after: Option<Alarm>,
    /// An event that ends the work, by its number.
    pub event: Option<(u8, Way)>,
}

/// A timer of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Milliseconds from the state's entry.
    pub millis: u16,
    /// Whether it only counts while the die shows heads.
    pub guarded: bool,
    /// Where it leads.
    pub way: Way,
}

/// A state that waits.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// For an event, by its number; with a way, that one is taken while the die shows heads.
    Event(u8, Option<Way>),
    /// For a signal.
    Signal(u8),
    /// For some milliseconds.
    Delay(u16),
}

/// When the join of a fork goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// When all arrived.
    All,
    /// When one has.
    Any,
    /// When so many have; more than can come: when all have.
    AtLeast(u8),
}

/// A fork, its branches, and its join.
#[derive(Clone, Debug, PartialEq)]
pub struct Fork {
    /// When the join goes on.
    pub rule: Rule,
    /// The branches; none: one that does nothing.
    pub branches: Vec<Plan>,
    /// Whether branches end in a final state instead of leading to the join.
    pub finals: bool,
    /// An event that aborts all branches, by its number.
    pub event: Option<(u8, Way)>,
    /// A timer that aborts all branches.
    pub after: Option<Alarm>,
}

/// A composite state.
#[derive(Clone, Debug, PartialEq)]
pub struct Composite {
    /// What happens inside.
    pub inside: Box<Plan>,
    /// An event that leaves it, by its number.
    pub event: Option<(u8, Way)>,
    /// A timer that leaves it.
    pub after: Option<Alarm>,
}

/// A plan and what holds for the whole graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// What happens.
    pub plan: Plan,
    /// How many activities may be under way at once.
    pub max_concurrent: Option<NonZeroU32>,
    /// Whether every state counts its entries and exits
    /// ([`tally::ENTER`](crate::tally::ENTER), [`tally::LEAVE`](crate::tally::LEAVE)).
    pub counted: bool,
}

impl Blueprint {
    /// A plan with nothing special: no limit, and every state counted.
    pub const fn of(plan: Plan) -> Self {
        Self { plan, max_concurrent: None, counted: true }
    }

    /// Lays the plan out as a graph.
    ///
    /// # Panics
    /// If the graph has a fault: then a check of graphs, or the layout, has one.
    ///
    /// # Complexity
    /// O(parts).
    pub fn graph(&self) -> Graph {
        layout::lay_out(self)
    }
}

pub(super) const fn millis(count: u16) -> Duration {
    Duration::from_millis(count as u64)
}
