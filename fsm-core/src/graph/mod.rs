//! The graph: plain data with names. It is what is drawn, checked, fingerprinted, and frozen
//! into a machine.
//!
//! A graph knows no code. Its guards, actions, and activities are names; [`Bindings`] give them
//! their code, and [`Machine::bind`] freezes both.
//!
//! ```
//! use fsm_core::Graph;
//!
//! let mut door = Graph::builder("door");
//! door.simple("closed");
//! door.simple("open");
//! door.transition("closed", "open").on("push");
//! door.transition("open", "closed").on("pull");
//! let graph = door.initial("closed").build()?;
//! assert_eq!(graph.states().count(), 2);
//! # Ok::<(), fsm_core::GraphFaults>(())
//! ```
//!
//! [`Bindings`]: crate::Bindings
//! [`Machine::bind`]: crate::Machine::bind

mod builder;
mod check;
mod document;
mod drafts;
mod embed;
mod fault;
mod fingerprint;
mod ids;
mod nesting;
mod renamed;
mod retry;
mod view;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexSet;

pub use builder::{GraphBuilder, StateBuilder, StateRef, TransitionBuilder};
pub use document::GraphDocument;
pub(crate) use document::{
    JoinDocument, KindDocument, StateDocument, TransitionDocument, TriggerDocument,
};
pub use fault::{GraphFault, GraphFaults};
pub use fingerprint::Fingerprint;
pub use ids::{ActionId, ActivityId, EventId, GuardId, StateId, TransitionId};
pub use retry::RetryPolicy;

/// What a state does with a token that enters it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Waits for an event.
    Simple,
    /// Starts work; done, failed, and timed out are its events.
    Activity(ActivityId),
    /// Goes on at once, by the first transition whose guard holds.
    Choice,
    /// Splits the token into one for each of its transitions. With a join of its own it opens a
    /// scope and stays as its owner; without one it splits within the scope around it.
    Fork(Option<StateId>),
    /// Gathers tokens.
    Join(JoinRule),
    /// Goes on as done after a while.
    Delay(Duration),
    /// Waits for a signal from the world: as [`Kind::Simple`], drawn apart.
    Signal,
    /// Holds states of its own and enters the named one first.
    Composite(StateId),
    /// Holds regions, the states right within it, and enters all of them at once; it is done when
    /// each of them has come to a final state.
    Parallel,
    /// Runs another machine to its end; done and failed are its events.
    Machine(ActivityId),
    /// Ends the run, or the composite state around it.
    Final,
}

/// When a join goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinRule {
    /// When every token of the fork's scope has arrived.
    All,
    /// When the first has; the others are cancelled.
    Any,
    /// When so many have. At the join of a fork the others are cancelled; a join inside a scope
    /// goes on with one token and counts anew.
    AtLeast(NonZeroU32),
}

/// What makes a transition possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trigger {
    /// An event from outside.
    Event(EventId),
    /// The activity, the delay, or the composite state's inside came to its end.
    Done,
    /// The activity failed for good.
    Failed,
    /// The activity took longer than its timeout, for good.
    TimedOut,
    /// So much time passed since the state was entered.
    After(Duration),
    /// Nothing: choices, forks, and joins go on at once.
    Always,
}

/// A step that a token can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    pub(crate) from: StateId,
    pub(crate) to: StateId,
    pub(crate) trigger: Trigger,
    pub(crate) guard: Option<GuardId>,
    pub(crate) actions: Sequence,
    /// Leaves nothing and enters nothing.
    pub(crate) internal: bool,
}

impl Transition {
    /// Where it starts.
    pub fn from(&self) -> StateId {
        self.from
    }

    /// Where it leads.
    pub fn to(&self) -> StateId {
        self.to
    }

    /// What makes it possible.
    pub fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// What must hold besides.
    pub fn guard(&self) -> Option<GuardId> {
        self.guard
    }

    /// Whether it only acts: no state is left or entered, and no timer is set anew.
    pub fn is_internal(&self) -> bool {
        self.internal
    }
}

/// A list of actions in a graph's side table; most transitions share the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Sequence(pub(crate) u32);

impl Sequence {
    pub(crate) const EMPTY: Sequence = Sequence(0);
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) parent: Option<StateId>,
}

/// What few states have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) entry: Sequence,
    pub(crate) exit: Sequence,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) timeout: Option<Duration>,
}

/// States and transitions with names: what is drawn is what runs.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) name: Arc<str>,
    pub(crate) initial: StateId,
    pub(crate) max_concurrent: Option<NonZeroU32>,
    pub(crate) names: IndexSet<Box<str>>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) events: IndexSet<Box<str>>,
    pub(crate) guards: IndexSet<Box<str>>,
    pub(crate) actions: IndexSet<Box<str>>,
    pub(crate) activities: IndexSet<Box<str>>,
    pub(crate) sequences: IndexSet<Box<[ActionId]>>,
    pub(crate) extras: BTreeMap<StateId, Extras>,
    pub(crate) inner: BTreeMap<StateId, Arc<Graph>>,
    /// Where transitions lead besides: to states in other regions.
    pub(crate) also: BTreeMap<TransitionId, Box<[StateId]>>,
    /// By parallel state, its regions in declared order.
    pub(crate) regions: BTreeMap<StateId, Box<[StateId]>>,
    nesting: nesting::Nesting,
    pub(crate) fingerprint: Fingerprint,
}

impl Graph {
    /// Starts a graph called `name`.
    pub fn builder(name: impl Into<Arc<str>>) -> GraphBuilder {
        GraphBuilder::new(name.into())
    }

    /// The graph's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The state that a run enters first.
    pub fn initial(&self) -> StateId {
        self.initial
    }

    /// How many activities may be under way at once; `None`: any number.
    pub fn max_concurrent(&self) -> Option<NonZeroU32> {
        self.max_concurrent
    }

    /// The same graph, but for that any number of activities may be under way at once. What runs
    /// of this graph do, runs of that one may do, too: there, an activity that would have waited
    /// for its turn takes as much longer.
    #[must_use]
    pub fn without_limit(&self) -> Graph {
        let mut graph = Graph { max_concurrent: None, ..self.clone() };
        graph.fingerprint = Fingerprint::of(&graph);
        graph
    }

    /// A number that changes with anything that changes what a run may do.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// All states, in the order in which they were first mentioned.
    pub fn states(&self) -> impl ExactSizeIterator<Item = StateId> + Clone + use<> {
        (0..self.nodes.len()).map(StateId::at)
    }

    /// The state called `name`.
    pub fn state(&self, name: &str) -> Option<StateId> {
        self.names.get_index_of(name).map(StateId::at)
    }

    /// The name of a state.
    ///
    /// # Panics
    /// If `state` is of another, larger graph.
    pub fn name_of(&self, state: StateId) -> &str {
        &self.names[state.index()]
    }

    /// What a state does.
    ///
    /// # Panics
    /// If `state` is of another, larger graph.
    pub fn kind(&self, state: StateId) -> Kind {
        self.nodes[state.index()].kind
    }

    /// The composite state or fork that holds `state`.
    ///
    /// # Panics
    /// If `state` is of another, larger graph.
    pub fn parent(&self, state: StateId) -> Option<StateId> {
        self.nodes[state.index()].parent
    }

    /// The retry policy of an activity state.
    pub fn retry(&self, state: StateId) -> Option<RetryPolicy> {
        self.extras.get(&state).and_then(|extras| extras.retry)
    }

    /// How long one attempt of an activity state may take.
    pub fn timeout(&self, state: StateId) -> Option<Duration> {
        self.extras.get(&state).and_then(|extras| extras.timeout)
    }

    /// The actions on entry of a state, in order.
    pub fn entry_actions(&self, state: StateId) -> impl Iterator<Item = &str> {
        self.sequence(self.extras_of(state).entry).iter().map(|action| self.action_name(*action))
    }

    /// The actions on exit of a state, in order.
    pub fn exit_actions(&self, state: StateId) -> impl Iterator<Item = &str> {
        self.sequence(self.extras_of(state).exit).iter().map(|action| self.action_name(*action))
    }

    /// The graph of the machine that a state of kind [`Kind::Machine`] runs.
    pub fn inner(&self, state: StateId) -> Option<&Arc<Graph>> {
        self.inner.get(&state)
    }

    /// All transitions in declared order.
    pub fn transitions(&self) -> impl ExactSizeIterator<Item = (TransitionId, &Transition)> {
        self.transitions.iter().enumerate().map(|(index, edge)| (TransitionId::at(index), edge))
    }

    /// A transition.
    ///
    /// # Panics
    /// If `id` is of another, larger graph.
    pub fn transition(&self, id: TransitionId) -> &Transition {
        &self.transitions[id.index()]
    }

    /// Where a transition leads besides [`Transition::to`]: to states in other regions of the
    /// parallel states that it enters.
    pub fn also(&self, id: TransitionId) -> &[StateId] {
        self.also.get(&id).map_or(&[], |states| states)
    }

    /// The actions of a transition, in order.
    pub fn actions_of(&self, transition: &Transition) -> impl Iterator<Item = &str> {
        self.sequence(transition.actions).iter().map(|action| self.action_name(*action))
    }

    /// The name of an event.
    pub fn event_name(&self, event: EventId) -> &str {
        &self.events[event.index()]
    }

    /// The event called `name`.
    pub fn event(&self, name: &str) -> Option<EventId> {
        self.events.get_index_of(name).map(EventId::at)
    }

    /// All events by name, in the order in which they were first mentioned.
    pub fn events(&self) -> impl ExactSizeIterator<Item = (EventId, &str)> {
        self.events.iter().enumerate().map(|(index, name)| (EventId::at(index), &**name))
    }

    /// All guards by name, in the order in which they were first mentioned.
    pub fn guards(&self) -> impl ExactSizeIterator<Item = (GuardId, &str)> {
        self.guards.iter().enumerate().map(|(index, name)| (GuardId::at(index), &**name))
    }

    /// All actions by name, in the order in which they were first mentioned.
    pub fn actions(&self) -> impl ExactSizeIterator<Item = (ActionId, &str)> {
        self.actions.iter().enumerate().map(|(index, name)| (ActionId::at(index), &**name))
    }

    /// All activities by name, in the order in which they were first mentioned.
    pub fn activities(&self) -> impl ExactSizeIterator<Item = (ActivityId, &str)> {
        self.activities.iter().enumerate().map(|(index, name)| (ActivityId::at(index), &**name))
    }

    /// The guard called `name`.
    pub fn guard(&self, name: &str) -> Option<GuardId> {
        self.guards.get_index_of(name).map(GuardId::at)
    }

    /// The name of a guard.
    pub fn guard_name(&self, guard: GuardId) -> &str {
        &self.guards[guard.index()]
    }

    /// The name of an action.
    pub fn action_name(&self, action: ActionId) -> &str {
        &self.actions[action.index()]
    }

    /// The name of an activity.
    pub fn activity_name(&self, activity: ActivityId) -> &str {
        &self.activities[activity.index()]
    }

    /// How a trigger reads in drawings and messages: the event's name, `done`, `after 5s`.
    pub fn trigger_label(&self, trigger: Trigger) -> String {
        match trigger {
            Trigger::Event(event) => self.event_name(event).to_owned(),
            Trigger::Done => "done".to_owned(),
            Trigger::Failed => "failed".to_owned(),
            Trigger::TimedOut => "timed out".to_owned(),
            Trigger::After(wait) => format!("after {wait:?}"),
            Trigger::Always => "at once".to_owned(),
        }
    }

    pub(crate) fn sequence(&self, sequence: Sequence) -> &[ActionId] {
        &self.sequences[sequence.0 as usize]
    }

    pub(crate) fn extras_of(&self, state: StateId) -> Extras {
        self.extras.get(&state).copied().unwrap_or_default()
    }

    /// The states around `state`, innermost first.
    ///
    /// # Panics
    /// If `state` is of another, larger graph.
    pub fn ancestors(&self, state: StateId) -> impl Iterator<Item = StateId> {
        std::iter::successors(self.parent(state), |parent| self.parent(*parent))
    }

    /// Whether `inner` lies within `outer`, at any depth. A state does not lie within itself.
    ///
    /// # Complexity
    /// O(1).
    pub fn contains(&self, outer: StateId, inner: StateId) -> bool {
        self.nesting.contains(outer, inner)
    }

    /// The fork or parallel state in whose scope a token at `state` lives.
    pub fn scope_of(&self, state: StateId) -> Option<StateId> {
        self.nesting.scope_of(state)
    }
}
