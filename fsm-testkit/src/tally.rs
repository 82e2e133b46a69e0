//! The code behind the names of random graphs, and a context that keeps count.
//!
//! Everything here is a function of context and event, so that replays agree. Activities do
//! nothing: the kernel only wants to hear how they went, and a test says so.

use std::collections::BTreeMap;

use fsm_core::{Bindings, Event, EventKey, Graph, Machine, Outcome};
use serde::{Deserialize, Serialize};

/// The activity of every activity state.
pub const WORK: &str = "work";
/// The guard that holds while the die shows heads.
pub const HEADS: &str = "heads";
/// The guard of loops: holds while the budget lasts.
pub const AGAIN: &str = "again";
/// The action that throws the die anew.
pub const TOSS: &str = "toss";
/// The action that takes one from the budget.
pub const SPEND: &str = "spend";
/// The entry action: counts the entry of its state.
pub const ENTER: &str = "enter";
/// The exit action: counts the exit of its state.
pub const LEAVE: &str = "leave";
/// The events that random graphs listen to.
pub const EVENTS: [&str; 4] = ["e0", "e1", "e2", "e3"];

/// An event that is nothing but its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Word(pub String);

impl Event for Word {
    fn key(&self) -> EventKey<'_> {
        EventKey::Name(&self.0)
    }
}

/// A context that counts what happens to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// By state, how often its entry action ran.
    pub entered: BTreeMap<usize, u32>,
    /// By state, how often its exit action ran.
    pub left: BTreeMap<usize, u32>,
    /// What [`HEADS`] looks at and [`TOSS`] changes.
    pub die: u64,
    /// How many more rounds loops may take.
    pub budget: u32,
}

impl Tally {
    /// A context whose die starts at `die`, with a budget for `budget` rounds.
    pub const fn new(die: u64, budget: u32) -> Self {
        Self { entered: BTreeMap::new(), left: BTreeMap::new(), die, budget }
    }

    /// Whether the die shows heads.
    pub const fn heads(&self) -> bool {
        self.die >> 33 & 1 == 1
    }

    /// By state, how many visits began and have not ended; states without any are left out.
    pub fn open_visits(&self) -> BTreeMap<usize, i64> {
        let mut open: BTreeMap<usize, i64> = BTreeMap::new();
        for (state, count) in &self.entered {
            *open.entry(*state).or_default() += i64::from(*count);
        }
        for (state, count) in &self.left {
            *open.entry(*state).or_default() -= i64::from(*count);
        }
        open.retain(|_, count| *count != 0);
        open
    }
}

/// Code for every name above.
pub fn bindings() -> Bindings<Tally, Word> {
    Bindings::new()
        .activity(WORK, |_, _| async { Outcome::done() })
        .guard(HEADS, |tally: &Tally, _| tally.heads())
        .guard(AGAIN, |tally: &Tally, _| tally.budget > 0)
        .action(TOSS, |tally: &mut Tally, _| {
            tally.die =
                tally.die.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        })
        .action(SPEND, |tally: &mut Tally, _| tally.budget = tally.budget.saturating_sub(1))
        .action(ENTER, |tally: &mut Tally, scene| {
            *tally.entered.entry(scene.state.index()).or_default() += 1;
        })
        .action(LEAVE, |tally: &mut Tally, scene| {
            *tally.left.entry(scene.state.index()).or_default() += 1;
        })
}

/// The machine of a graph that uses no names but those above.
///
/// # Panics
/// If the graph uses another name.
pub fn machine(graph: Graph) -> Machine<Tally, Word> {
    match Machine::bind(graph, bindings()) {
        Ok(machine) => machine,
        Err(faults) => panic!("the graph uses names that `tally` does not know:\n{faults}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn a_visit_that_ended_is_no_longer_open() {
        let mut tally = Tally::new(0, 0);
        tally.entered.extend([(1, 2), (2, 1)]);
        tally.left.extend([(1, 1), (2, 1)]);
        assert_eq!(tally.open_visits().into_iter().collect::<Vec<_>>(), [(1, 1)]);
    }
}
