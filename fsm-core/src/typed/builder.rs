//! The builder of machines written with Rust enums.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::fault::{BuildError, BuildFault};
use super::machine::TypedMachine;
use super::name::{state_name, variant_name};
use super::transition::{OnEvent, OnOutcome};
use crate::event::{Event, EventKey};
use crate::graph::{Graph, GraphBuilder, TransitionId, Trigger};
use crate::kernel::Scene;
use crate::machine::{Bindings, Fuse, Machine};

/// A machine that is being written with states `S`, context `C`, and events `E`.
///
/// A state that is only mentioned is one that waits for events; the others are declared.
pub struct MachineBuilder<S, C, E> {
    pub(super) graph: GraphBuilder,
    pub(super) bindings: Bindings<C, E>,
    pub(super) fused: HashMap<TransitionId, Fuse<C, E>>,
    /// By name, the states that were mentioned.
    states: IndexMap<String, S>,
    code: HashMap<(&'static str, String), TypeId>,
    /// By variant of the event enum, its name; and the other way round.
    events: HashMap<u64, String>,
    variants: HashMap<String, u64>,
    pub(super) faults: Vec<BuildFault>,
}

impl<C, E> Machine<C, E> {
    /// Starts a machine written with Rust enums.
    pub fn builder<S: Debug>(name: &str) -> MachineBuilder<S, C, E>
    where
        E: Event,
    {
        MachineBuilder {
            graph: Graph::builder(name),
            bindings: Bindings::new(),
            fused: HashMap::new(),
            states: IndexMap::new(),
            code: HashMap::new(),
            events: HashMap::new(),
            variants: HashMap::new(),
            faults: Vec::new(),
        }
    }
}

impl<S: Debug, C: 'static, E: Event + 'static> MachineBuilder<S, C, E> {
    /// A transition on an event; `sample` says which variant, its payload does not matter.
    pub fn on(mut self, from: S, sample: E) -> OnEvent<S, C, E>
    where
        E: Debug,
    {
        let event = self.event(&sample);
        let from = self.name(from);
        let event = self.graph.event_id(&event);
        OnEvent::new(self, from, Trigger::Event(event))
    }

    /// A transition of an activity, a delay, a composite or a parallel state that is done.
    pub fn done(self, from: S) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::Done)
    }

    /// A transition of an activity that failed for good.
    pub fn failed(self, from: S) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::Failed)
    }

    /// A transition of an activity that took too long, for good; without one,
    /// [`failed`](Self::failed) is taken.
    pub fn timed_out(self, from: S) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::TimedOut)
    }

    /// A transition that is taken when `wait` has passed since the state was entered.
    pub fn after(self, from: S, wait: Duration) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::After(wait))
    }

    /// A way on of a choice or a join.
    pub fn always(self, from: S) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::Always)
    }

    /// What few machines need: splits within a fork, and how many activities may be under way at
    /// once. States are named there as text, and in a call of this builder, too.
    #[must_use]
    pub fn graph(mut self, write: impl FnOnce(&mut GraphBuilder)) -> Self {
        write(&mut self.graph);
        self
    }

    /// Code for names that [`graph`](Self::graph) wrote. A guard or an action that a call of this
    /// builder gave its code keeps it: a second one is [`BuildFault::TwoCodes`].
    #[must_use]
    pub fn bind(mut self, bind: impl FnOnce(Bindings<C, E>) -> Bindings<C, E>) -> Self {
        let (guards, actions) = (self.bindings.guards.clone(), self.bindings.actions.clone());
        self.bindings = bind(self.bindings);
        let of = |what| {
            let claimed = self.code.keys().filter(move |(claimed, _)| *claimed == what);
            claimed.map(|(_, name)| name.as_str())
        };
        let guards = replaced(of("guard"), &guards, &self.bindings.guards);
        let actions = replaced(of("action"), &actions, &self.bindings.actions);
        let two_codes = |what: &'static str| move |name| BuildFault::TwoCodes { what, name };
        self.faults.extend(guards.into_iter().map(two_codes("guard")));
        self.faults.extend(actions.into_iter().map(two_codes("action")));
        self
    }

    /// Checks the graph, binds the code, and freezes both; runs start at `initial`.
    ///
    /// # Errors
    /// [`BuildError`], with every fault of its kind.
    pub fn build(mut self, initial: S) -> Result<TypedMachine<S, C, E>, BuildError> {
        let initial = self.name(initial);
        if !self.faults.is_empty() {
            return Err(BuildError::Written(self.faults));
        }
        for name in self.states.keys() {
            self.graph.simple_unless_declared(name);
        }
        self.graph.initial(&initial);
        let graph = self.graph.build()?;
        let mut faults = Vec::new();
        let mut states = Vec::new();
        for state in graph.states() {
            let name = graph.name_of(state);
            match self.states.swap_remove(name) {
                Some(value) => states.push(value),
                None => faults.push(BuildFault::WithoutValue { state: name.to_owned() }),
            }
        }
        if !faults.is_empty() {
            return Err(BuildError::Written(faults));
        }
        let machine = Machine::bind_fused(graph, self.bindings, self.fused)?;
        Ok(TypedMachine::new(machine, states.into()))
    }

    /// What an event is called: as its key says, or after its variant, which is bound to it.
    fn event(&mut self, sample: &E) -> String
    where
        E: Debug,
    {
        let variant = match sample.key() {
            EventKey::Name(name) => return name.to_owned(),
            EventKey::Variant(variant) => variant,
        };
        let name = variant_name(sample);
        let known = self.events.entry(variant).or_insert_with(|| name.clone());
        if *known != name {
            let (first, second) = (known.clone(), name.clone());
            self.faults.push(BuildFault::TwoEventNames { first, second });
        } else if *self.variants.entry(name.clone()).or_insert(variant) != variant {
            self.faults.push(BuildFault::TwoVariants { event: name.clone() });
        }
        self.bindings.variants.push((variant, name.clone()));
        name
    }

    fn outcome(mut self, from: S, trigger: Trigger) -> OnOutcome<S, C, E> {
        let from = self.name(from);
        OnOutcome::new(self, from, trigger)
    }
}

impl<S: Debug, C, E> MachineBuilder<S, C, E> {
    /// What a state is called; its value is kept.
    pub(super) fn name(&mut self, state: S) -> String {
        let name = state_name(&state);
        self.states.entry(name.clone()).or_insert(state);
        name
    }
}

impl<S, C, E> MachineBuilder<S, C, E> {
    pub(super) fn bind_guard<F: 'static>(
        &mut self,
        name: &str,
        holds: impl Fn(&C, &Scene<'_, E>) -> bool + Send + Sync + 'static,
    ) {
        self.claim::<F>("guard", name, self.bindings.guards.contains_key(name));
        self.bindings.guards.insert(name.to_owned(), Arc::new(holds));
    }

    pub(super) fn bind_action<F: 'static>(
        &mut self,
        name: &str,
        act: impl Fn(&mut C, &Scene<'_, E>) + Send + Sync + 'static,
    ) {
        self.claim::<F>("action", name, self.bindings.actions.contains_key(name));
        self.bindings.actions.insert(name.to_owned(), Arc::new(act));
    }

    /// A name is drawn and fingerprinted, so it stands for one piece of code. Code that carries
    /// data is a piece of its own each time: its type does not tell what it carries.
    fn claim<F: 'static>(&mut self, what: &'static str, name: &str, is_bound: bool) {
        let code = TypeId::of::<F>();
        let before = self.code.insert((what, name.to_owned()), code);
        let is_another = match before {
            Some(before) => before != code || size_of::<F>() > 0,
            None => is_bound,
        };
        if is_another {
            self.faults.push(BuildFault::TwoCodes { what, name: name.to_owned() });
        }
    }

    pub(super) fn at_least_one(
        &mut self,
        given_for: &str,
        states: impl IntoIterator<Item = S>,
    ) -> Vec<S> {
        let states: Vec<S> = states.into_iter().collect();
        if states.is_empty() {
            self.faults.push(BuildFault::NoStates { state: given_for.to_owned() });
        }
        states
    }
}

/// Those of `names`, sorted, that have other code now than they had before.
fn replaced<'a, F: ?Sized>(
    names: impl Iterator<Item = &'a str>,
    before: &HashMap<String, Arc<F>>,
    now: &HashMap<String, Arc<F>>,
) -> Vec<String> {
    let is_another = |name: &&str| {
        let pair = before.get(*name).zip(now.get(*name));
        pair.is_some_and(|(before, now)| !std::ptr::addr_eq(Arc::as_ptr(before), Arc::as_ptr(now)))
    };
    let mut names: Vec<String> = names.filter(is_another).map(str::to_owned).collect();
    names.sort_unstable();
    names
}

impl<S, C, E> fmt::Debug for MachineBuilder<S, C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineBuilder").field("graph", &self.graph).finish_non_exhaustive()
    }
}
