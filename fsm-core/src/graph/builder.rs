//! Writing a graph down. Names may be used before they are declared; [`GraphBuilder::build`]
//! reports everything that is wrong at once.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexSet;

use super::{
    ActionId, ActivityId, EventId, Extras, Fingerprint, Graph, GraphFault, GraphFaults, GuardId,
    JoinRule, Kind, Node, RetryPolicy, Sequence, StateId, Transition, Trigger, check,
    drafts::Drafts,
    nesting::{self, Nesting},
};

/// A graph that is being written.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
    initial: Option<StateId>,
    declared: Vec<bool>,
    /// The states as they were declared; they may have been mentioned in another order.
    order: Vec<StateId>,
    drafts: Drafts,
    faults: Vec<GraphFault>,
}

/// Something that names a state: its id, or its name.
pub trait StateRef {
    /// The id of the state in the graph that is being written.
    fn resolve(self, builder: &mut GraphBuilder) -> StateId;
}

impl StateRef for StateId {
    fn resolve(self, _builder: &mut GraphBuilder) -> StateId {
        self
    }
}

impl StateRef for &str {
    fn resolve(self, builder: &mut GraphBuilder) -> StateId {
        builder.reference(self)
    }
}

impl StateRef for &String {
    fn resolve(self, builder: &mut GraphBuilder) -> StateId {
        builder.reference(self)
    }
}

impl GraphBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        let graph = Graph {
            name,
            initial: StateId(0),
            max_concurrent: None,
            names: IndexSet::new(),
            nodes: Vec::new(),
            transitions: Vec::new(),
            events: IndexSet::new(),
            guards: IndexSet::new(),
            actions: IndexSet::new(),
            activities: IndexSet::new(),
            sequences: IndexSet::from([Box::from([])]),
            extras: BTreeMap::new(),
            inner: BTreeMap::new(),
            also: BTreeMap::new(),
            regions: BTreeMap::new(),
            nesting: Nesting::default(),
            fingerprint: Fingerprint::default(),
        };
        Self {
            graph,
            initial: None,
            declared: Vec::new(),
            order: Vec::new(),
            drafts: Drafts::default(),
            faults: Vec::new(),
        }
    }

    /// Goes on writing a graph that was finished.
    pub(crate) fn of(mut graph: Graph) -> Self {
        let declared = vec![true; graph.nodes.len()];
        let order = graph.states().collect();
        let drafts = Drafts::of(&mut graph);
        Self { initial: Some(graph.initial), graph, declared, order, drafts, faults: Vec::new() }
    }

    /// Finishes the graph without any check, for drawing only. Every name must be declared, and
    /// no state may lie within itself.
    pub(crate) fn unchecked(mut self) -> Graph {
        self.drafts.settle(&mut self.graph);
        self.graph.nesting = Nesting::of(&self.graph);
        self.graph.regions = nesting::regions(&self.graph, &self.order);
        self.graph.fingerprint = Fingerprint::of(&self.graph);
        self.graph
    }

    /// Declares the state that a run enters first.
    pub fn initial(&mut self, state: impl StateRef) -> &mut Self {
        self.initial = Some(state.resolve(self));
        self
    }

    /// Lets at most `count` activities be under way at once; the others queue.
    pub fn max_concurrent(&mut self, count: NonZeroU32) -> &mut Self {
        self.graph.max_concurrent = Some(count);
        self
    }

    /// Declares a state that waits for an event.
    pub fn simple(&mut self, name: &str) -> StateBuilder<'_> {
        self.declare(name, Kind::Simple)
    }

    /// Declares a state that does work: the activity of the same name.
    pub fn activity(&mut self, name: &str) -> StateBuilder<'_> {
        let activity = self.activity_id(name);
        self.declare(name, Kind::Activity(activity))
    }

    /// Declares a state that does the work of the activity called `activity`.
    pub fn activity_running(&mut self, name: &str, activity: &str) -> StateBuilder<'_> {
        let activity = self.activity_id(activity);
        self.declare(name, Kind::Activity(activity))
    }

    /// Declares a state that goes on at once by the first transition whose guard holds.
    pub fn choice(&mut self, name: &str) -> StateBuilder<'_> {
        self.declare(name, Kind::Choice)
    }

    /// Declares a fork that opens a scope, closed by `join`. The states of its branches lie
    /// within it ([`StateBuilder::within`]); the join lies beside it.
    pub fn fork(&mut self, name: &str, join: impl StateRef) -> StateBuilder<'_> {
        let join = join.resolve(self);
        self.declare(name, Kind::Fork(Some(join)))
    }

    /// Declares a fork that splits a token within the scope around it.
    pub fn split(&mut self, name: &str) -> StateBuilder<'_> {
        self.declare(name, Kind::Fork(None))
    }

    /// Declares a join.
    pub fn join(&mut self, name: &str, rule: JoinRule) -> StateBuilder<'_> {
        self.declare(name, Kind::Join(rule))
    }

    /// Declares a state that goes on, as done, after `wait`.
    pub fn delay(&mut self, name: &str, wait: Duration) -> StateBuilder<'_> {
        self.declare(name, Kind::Delay(wait))
    }

    /// Declares a state that waits for a signal from the world.
    pub fn signal(&mut self, name: &str) -> StateBuilder<'_> {
        self.declare(name, Kind::Signal)
    }

    /// Declares a state that holds others; `initial` is entered with it.
    pub fn composite(&mut self, name: &str, initial: impl StateRef) -> StateBuilder<'_> {
        let initial = initial.resolve(self);
        self.declare(name, Kind::Composite(initial))
    }

    /// Declares a state whose children, its regions, are all active while it is: lay them into it
    /// with [`StateBuilder::within`]. They are entered in the order in which they are declared.
    /// Its `done` transition is taken when each of them has come to
    /// a final state.
    pub fn parallel(&mut self, name: &str) -> StateBuilder<'_> {
        self.declare(name, Kind::Parallel)
    }

    /// Declares a state that runs another machine; bind it with
    /// [`Bindings::machine`](crate::Bindings::machine).
    pub fn machine(&mut self, name: &str, graph: impl Into<Arc<Graph>>) -> StateBuilder<'_> {
        let activity = self.activity_id(name);
        let id = self.declare(name, Kind::Machine(activity)).id();
        self.hold(id, graph.into());
        self.again(id)
    }

    /// Declares a final state.
    pub fn final_state(&mut self, name: &str) -> StateBuilder<'_> {
        self.declare(name, Kind::Final)
    }

    /// Declares a state of a given kind whose names are already ids of this graph.
    pub(super) fn declare(&mut self, name: &str, kind: Kind) -> StateBuilder<'_> {
        let id = self.reference(name);
        if name.is_empty() {
            self.faults.push(GraphFault::EmptyName);
        }
        if self.declared[id.index()] {
            self.faults.push(GraphFault::DeclaredTwice { state: name.into() });
        }
        self.declared[id.index()] = true;
        self.order.push(id);
        self.graph.nodes[id.index()].kind = kind;
        StateBuilder { builder: self, id }
    }

    /// The id of the state called `name`, which may be declared later.
    pub fn reference(&mut self, name: &str) -> StateId {
        let index = intern(&mut self.graph.names, name);
        if index == self.graph.nodes.len() {
            self.graph.nodes.push(Node { kind: Kind::Simple, parent: None });
            self.declared.push(false);
        }
        StateId::at(index)
    }

    /// Declares a transition. Those of one state are tried in declared order; without a trigger
    /// of its own it is taken at once ([`Trigger::Always`]).
    pub fn transition(&mut self, from: impl StateRef, to: impl StateRef) -> TransitionBuilder<'_> {
        let (from, to) = (from.resolve(self), to.resolve(self));
        let at = self.graph.transitions.len();
        self.graph.transitions.push(Transition {
            from,
            to,
            trigger: Trigger::Always,
            guard: None,
            actions: Sequence::EMPTY,
            internal: false,
        });
        TransitionBuilder { builder: self, at }
    }

    /// Declares an internal transition: it acts, and nothing is left or entered, so that entry and
    /// exit actions do not run, timers go on, and so does work under way.
    pub fn internal(&mut self, at: impl StateRef) -> TransitionBuilder<'_> {
        let state = at.resolve(self);
        self.transition(state, state).stays()
    }

    pub(super) fn fault(&mut self, fault: GraphFault) {
        self.faults.push(fault);
    }

    pub(super) fn activity_id(&mut self, name: &str) -> ActivityId {
        ActivityId::at(intern(&mut self.graph.activities, name))
    }

    /// The graph of the machine that a state of kind [`Kind::Machine`] runs.
    pub(super) fn hold(&mut self, state: StateId, machine: Arc<Graph>) {
        self.graph.inner.insert(state, machine);
    }

    /// Goes on with a state that was declared.
    pub(super) fn again(&mut self, id: StateId) -> StateBuilder<'_> {
        StateBuilder { builder: self, id }
    }

    pub(crate) fn event_id(&mut self, name: &str) -> EventId {
        EventId::at(intern(&mut self.graph.events, name))
    }

    /// A state that may be declared later.
    pub(crate) fn state_at(&mut self, name: &str) -> StateBuilder<'_> {
        let id = self.reference(name);
        StateBuilder { builder: self, id }
    }

    pub(crate) fn name_of(&self, state: StateId) -> &str {
        self.graph.name_of(state)
    }

    pub(crate) fn simple_unless_declared(&mut self, name: &str) {
        let id = self.reference(name);
        if !self.declared[id.index()] {
            self.simple(name);
        }
    }

    /// Checks the graph and finishes it.
    ///
    /// # Errors
    /// Everything that is wrong, at once: undeclared names, unreachable states, states from
    /// which no final state can be reached, joins that never fill, cycles of eventless
    /// transitions, and more ([`GraphFault`]).
    ///
    /// # Complexity
    /// O((states + transitions) * log(states)), whatever the depth of nesting; ways that go on at
    /// once into parallel states and transitions with several targets are followed from level to
    /// level, and each final state of a composite state to each of its `done` transitions.
    pub fn build(&mut self) -> Result<Graph, GraphFaults> {
        let mut builder = std::mem::replace(self, GraphBuilder::new(self.graph.name.clone()));
        for (index, declared) in builder.declared.iter().enumerate() {
            if !declared {
                let state = builder.graph.names[index].to_string();
                builder.faults.push(GraphFault::Undeclared { state });
            }
        }
        match builder.initial {
            Some(initial) => builder.graph.initial = initial,
            None => builder.faults.push(GraphFault::NoInitial),
        }
        builder.drafts.settle(&mut builder.graph);
        // The deeper checks read the structure, so they need it to be whole.
        if builder.faults.is_empty() {
            check::parents(&builder.graph, &mut builder.faults);
        }
        if builder.faults.is_empty() {
            builder.graph.nesting = Nesting::of(&builder.graph);
            builder.graph.regions = nesting::regions(&builder.graph, &builder.order);
            check::structure(&builder.graph, &mut builder.faults);
        }
        if builder.faults.is_empty() {
            check::behaviour(&builder.graph, &mut builder.faults);
        }
        if !builder.faults.is_empty() {
            return Err(GraphFaults::new(builder.graph.name, builder.faults));
        }
        builder.graph.fingerprint = Fingerprint::of(&builder.graph);
        Ok(builder.graph)
    }
}

fn intern(set: &mut IndexSet<Box<str>>, name: &str) -> usize {
    set.get_index_of(name).unwrap_or_else(|| set.insert_full(name.into()).0)
}

/// A state that was just declared.
#[derive(Debug)]
pub struct StateBuilder<'a> {
    builder: &'a mut GraphBuilder,
    id: StateId,
}

impl StateBuilder<'_> {
    /// Lays the state into a composite state, or into the scope of a fork.
    pub fn within(self, parent: impl StateRef) -> Self {
        let parent = parent.resolve(self.builder);
        self.builder.graph.nodes[self.id.index()].parent = Some(parent);
        self
    }

    /// Adds an action that runs when the state is entered.
    pub fn entry(mut self, action: &str) -> Self {
        let before = self.extras().entry;
        self.extras().entry = self.builder.append(before, action);
        self
    }

    /// Adds an action that runs when the state is left, also when it is cancelled.
    pub fn exit(mut self, action: &str) -> Self {
        let before = self.extras().exit;
        self.extras().exit = self.builder.append(before, action);
        self
    }

    /// Starts a failed activity again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.extras().retry = Some(policy);
        self
    }

    /// Ends one attempt of an activity after `limit`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.extras().timeout = Some(limit);
        self
    }

    /// What the state was laid into so far.
    pub(crate) fn parent(&self) -> Option<StateId> {
        self.builder.graph.parent(self.id)
    }

    /// The state's id.
    pub fn id(&self) -> StateId {
        self.id
    }

    fn extras(&mut self) -> &mut Extras {
        self.builder.graph.extras.entry(self.id).or_default()
    }
}

/// A transition that was just declared.
#[derive(Debug)]
pub struct TransitionBuilder<'a> {
    builder: &'a mut GraphBuilder,
    at: usize,
}

impl TransitionBuilder<'_> {
    /// Taken on the event called `name`.
    pub fn on(self, name: &str) -> Self {
        let event = self.builder.event_id(name);
        self.trigger(Trigger::Event(event))
    }

    /// Taken when the activity, the delay, or the inside of the composite state is done.
    pub fn done(self) -> Self {
        self.trigger(Trigger::Done)
    }

    /// Taken when the activity failed for good.
    pub fn failed(self) -> Self {
        self.trigger(Trigger::Failed)
    }

    /// Taken when the activity took too long, for good; without such a transition
    /// [`failed`](Self::failed) is.
    pub fn timed_out(self) -> Self {
        self.trigger(Trigger::TimedOut)
    }

    /// Taken when `wait` has passed since the state was entered.
    /// Of several that wait as long, the first whose guard holds then.
    pub fn after(self, wait: Duration) -> Self {
        self.trigger(Trigger::After(wait))
    }

    /// Leads to `state` as well, which lies in another region of a parallel state that the
    /// transition enters. Regions that are not named begin as ever.
    pub fn also(self, state: impl StateRef) -> Self {
        let state = state.resolve(self.builder);
        self.builder.drafts.also.entry(self.id()).or_default().push(state);
        self
    }

    /// Taken only if the guard called `name` holds.
    pub fn guard(mut self, name: &str) -> Self {
        let guard = GuardId::at(intern(&mut self.builder.graph.guards, name));
        self.edge().guard = Some(guard);
        self
    }

    /// Adds an action, run between leaving the old state and entering the new one.
    pub fn action(mut self, name: &str) -> Self {
        let actions = self.builder.graph.transitions[self.at].actions;
        let actions = self.builder.append(actions, name);
        self.edge().actions = actions;
        self
    }

    pub(crate) fn stays(mut self) -> Self {
        self.edge().internal = true;
        self
    }

    pub(crate) fn trigger(mut self, trigger: Trigger) -> Self {
        self.edge().trigger = trigger;
        self
    }

    pub(crate) fn id(&self) -> super::TransitionId {
        super::TransitionId::at(self.at)
    }

    fn edge(&mut self) -> &mut Transition {
        &mut self.builder.graph.transitions[self.at]
    }
}

impl GraphBuilder {
    fn append(&mut self, before: Sequence, action: &str) -> Sequence {
        let action = ActionId::at(intern(&mut self.graph.actions, action));
        self.drafts.append(before, action)
    }
}
