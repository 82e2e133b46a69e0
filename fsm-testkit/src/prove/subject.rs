//! What is proven: a machine, what may happen to it, and what of its context matters.

use std::hash::Hash;

use fsm_core::{Event, GuardId, Machine, Outcome, Snapshot, StateId, TransitionId};

use super::script::{Asked, Script};

/// A machine with all that may happen to it.
///
/// [`Prover`](super::Prover) makes subjects of graphs and of machines; behind the feature `flows`
/// there is one of flows.
pub trait Subject {
    /// The machine's own data.
    type Context: Clone + 'static;
    /// What it hears.
    type Event: Event + Clone;
    /// What of a context steers what a run may still do: runs that stand alike and have equal keys
    /// are one state.
    type Key: Clone + Eq + Hash;

    /// The machine.
    fn machine(&self) -> &Machine<Self::Context, Self::Event>;

    /// An exploration begins: what was remembered of an earlier one is dropped.
    fn begin(&self) {}

    /// What a run begins with.
    fn context(&self) -> Self::Context;

    /// The key of a run's context.
    fn key(&self, run: &Snapshot<Self::Context>) -> Self::Key;

    /// Drops from a run what its history has left and nothing looks at.
    fn forget(&self, run: Snapshot<Self::Context>) -> Snapshot<Self::Context>;

    /// How the activity of a state may end.
    fn endings(&self, state: StateId) -> &[Ending<Self::Event>];

    /// The events that may come from outside, and what they are called.
    fn events(&self) -> &[(String, Self::Event)];

    /// The oracle that the code of the machine asks, if there is one.
    fn script(&self) -> Option<&Script>;

    /// Whether attempts are forgotten, so that a failure may be the last one or not.
    fn is_abstract(&self) -> bool;

    /// Whether what tokens beside each other do to the context commutes, so that one order of
    /// their steps tells as much as all.
    fn has_lanes(&self) -> bool {
        self.is_abstract()
    }

    /// Whether one step may find these answers.
    fn is_possible(&self, asked: &[Asked]) -> bool;

    /// Whether a guard reads what tokens beside the one that asks may write.
    fn is_shared(&self, guard: GuardId) -> bool;

    /// Whether a transition may be there and never be taken.
    fn may_be_idle(&self, transition: TransitionId) -> bool {
        let _ = transition;
        false
    }

    /// What must hold of every state besides what must hold of any machine's.
    fn promises(&self) -> Vec<Promise<'_, Self::Context>> {
        Vec::new()
    }
}

/// How an attempt of an activity may end.
#[derive(Clone, Debug)]
pub struct Ending<E> {
    /// In words that go on from the state's name: `ends well`.
    pub words: String,
    /// What the kernel is told.
    pub outcome: Outcome<E>,
}

impl<E> Ending<E> {
    /// An ending.
    pub fn new(words: impl Into<String>, outcome: Outcome<E>) -> Self {
        Self { words: words.into(), outcome }
    }
}

/// Something that must hold of every state.
pub struct Promise<'a, C> {
    /// What it says.
    pub name: String,
    /// Whether it holds.
    pub holds: Holds<'a, C>,
}

/// A condition on a run.
pub type Holds<'a, C> = Box<dyn Fn(&Snapshot<C>) -> bool + 'a>;
