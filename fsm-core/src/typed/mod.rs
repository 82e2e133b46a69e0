//! Machines written with Rust enums.
//!
//! States and events are the user's own enums. What they are called in the graph is what `Debug`
//! prints (of events, the variant's name), so the drawing speaks the code's language. The result
//! is a [`Machine`] like any other.
//!
//! ```
//! use fsm_core::{Effects, Event, Machine, Timestamp};
//!
//! #[derive(Debug)]
//! enum Door { Closed, Open, Locked }
//!
//! #[derive(Debug)]
//! enum Hand { Push, Pull, Turn(u32) }
//! impl Event for Hand {}
//!
//! struct Lock { code: u32 }
//!
//! let machine = Machine::<Lock, Hand>::builder("door")
//!     .on(Door::Closed, Hand::Push).to(Door::Open)
//!     .on(Door::Open, Hand::Pull).to(Door::Closed)
//!     .on(Door::Closed, Hand::Turn(0))
//!         .then("keep code", |lock, hand| if let Hand::Turn(code) = hand { lock.code = *code })
//!         .to(Door::Locked)
//!     .on(Door::Locked, Hand::Turn(0))
//!         .when("code fits", |lock, hand| matches!(hand, Hand::Turn(code) if *code == lock.code))
//!         .to(Door::Closed)
//!     .build(Door::Closed)?;
//!
//! let mut door = machine.begin(Lock { code: 0 });
//! let mut effects = Effects::new();
//! machine.dispatch(&mut door, Timestamp::ZERO, Hand::Turn(42), &mut effects, &mut ())?;
//! let refused = machine
//!     .dispatch(&mut door, Timestamp::ZERO, Hand::Turn(41), &mut effects, &mut ())
//!     .unwrap_err();
//! assert_eq!(refused.to_string(), "event `Turn` is not accepted in state Locked");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod transition;

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

pub use transition::{Act, ActionCode, Always, GuardCode, OnEvent, OnOutcome};

use crate::event::Event;
use crate::graph::{Graph, GraphBuilder, GraphFaults, TransitionId, Trigger};
use crate::kernel::{Effects, Input, Outcome, Scene, Snapshot};
use crate::machine::{BindFaults, Bindings, FusedFn, Machine, Visit};
use crate::time::Timestamp;

/// A machine that is being written with states `S`, context `C`, and events `E`.
///
/// A state that is only mentioned is a simple one; the others are declared.
pub struct MachineBuilder<S, C, E> {
    graph: GraphBuilder,
    bindings: Bindings<C, E>,
    fused: HashMap<TransitionId, FusedFn<C, E>>,
    declared: std::collections::HashSet<String>,
    mentioned: Vec<String>,
    code: HashMap<(&'static str, String), TypeId>,
    faults: Vec<String>,
    states: PhantomData<fn(S)>,
}

/// Why a machine could not be built. `Debug` reads like `Display`, because that is what a `main` that
/// returns the error prints.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The graph has faults.
    #[error(transparent)]
    Graph(#[from] GraphFaults),
    /// Names have no code.
    #[error(transparent)]
    Bind(#[from] BindFaults),
    /// One name stands for two pieces of code.
    #[error("{}", .0.join("\n"))]
    Names(Vec<String>),
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<C, E: Event + 'static> Machine<C, E> {
    /// Starts a machine written with Rust enums.
    pub fn builder<S: Debug>(name: &str) -> MachineBuilder<S, C, E> {
        MachineBuilder {
            graph: Graph::builder(name),
            bindings: Bindings::new(),
            fused: HashMap::new(),
            declared: std::collections::HashSet::new(),
            mentioned: Vec::new(),
            code: HashMap::new(),
            faults: Vec::new(),
            states: PhantomData,
        }
    }

    /// A run that has begun, for machines that are driven by hand: without activities and timers,
    /// events are all they need. Seed 0, time 0.
    pub fn begin(&self, context: C) -> Snapshot<C> {
        let mut run = self.snapshot(context, 0);
        // A new run accepts its start, whatever the machine is.
        drop(self.step(&mut run, Timestamp::ZERO, &Input::Start, &mut Effects::new(), &mut ()));
        run
    }

    /// Whether a token stands at the state that `Debug` prints like `state`.
    pub fn is_in(&self, run: &Snapshot<C>, state: impl Debug) -> bool {
        self.graph().state(&format!("{state:?}")).is_some_and(|state| run.is_at(state))
    }
}

impl<S: Debug, C: 'static, E: Event + Debug + 'static> MachineBuilder<S, C, E> {
    /// Declares a final state.
    #[must_use]
    pub fn final_state(mut self, state: S) -> Self {
        let name = self.declare(state);
        self.graph.final_state(&name);
        self
    }

    /// Declares a state that goes on at once; its ways on are written with
    /// [`always`](Self::always).
    #[must_use]
    pub fn choice(mut self, state: S) -> Self {
        let name = self.declare(state);
        self.graph.choice(&name);
        self
    }

    /// Declares a state that does work.
    #[must_use]
    pub fn activity<F>(
        mut self,
        state: S,
        start: impl Fn(&C, &Visit<'_>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Outcome<E>> + Send + 'static,
    {
        let name = self.declare(state);
        self.graph.activity(&name);
        self.bindings = self.bindings.activity(name, start);
        self
    }

    /// Declares a state that goes on, as done, after `wait`.
    #[must_use]
    pub fn delay(mut self, state: S, wait: Duration) -> Self {
        let name = self.declare(state);
        self.graph.delay(&name, wait);
        self
    }

    /// Everything else that graphs can hold: forks and joins, composite states, retry policies.
    /// States declared here need not be declared again.
    #[must_use]
    pub fn graph(mut self, write: impl FnOnce(&mut GraphBuilder)) -> Self {
        write(&mut self.graph);
        self
    }

    /// Code for names that [`graph`](Self::graph) wrote.
    #[must_use]
    pub fn bind(mut self, bind: impl FnOnce(Bindings<C, E>) -> Bindings<C, E>) -> Self {
        self.bindings = bind(self.bindings);
        self
    }

    /// A transition on an event; `sample` says which variant, its payload does not matter.
    pub fn on(mut self, from: S, sample: E) -> OnEvent<S, C, E> {
        let event = variant_name(&sample);
        self.bindings = self.bindings.event(event.clone(), &sample);
        let from = self.mention(from);
        let event = self.graph.event_id(&event);
        OnEvent::new(self, from, Trigger::Event(event))
    }

    /// A transition of an activity, a delay, or a composite state that is done.
    pub fn done(self, from: S) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::Done)
    }

    /// A transition of an activity that failed for good.
    pub fn failed(self, from: S) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::Failed)
    }

    /// A transition of an activity that took too long.
    pub fn timed_out(self, from: S) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::TimedOut)
    }

    /// A transition that is taken when `wait` has passed since the state was entered.
    pub fn after(self, from: S, wait: Duration) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::After(wait))
    }

    /// A way on of a choice, a fork, or a join.
    pub fn always(self, from: S) -> OnOutcome<S, C, E> {
        self.outcome(from, Trigger::Always)
    }

    fn outcome(mut self, from: S, trigger: Trigger) -> OnOutcome<S, C, E> {
        let from = self.mention(from);
        OnOutcome::new(self, from, trigger)
    }

    /// Checks the graph, binds the code, and freezes both; runs start at `initial`.
    ///
    /// # Errors
    /// [`BuildError`], with every fault of its kind.
    pub fn build(mut self, initial: S) -> Result<Machine<C, E>, BuildError> {
        if !self.faults.is_empty() {
            return Err(BuildError::Names(self.faults));
        }
        let initial = self.mention(initial);
        for name in std::mem::take(&mut self.mentioned) {
            if !self.declared.contains(&name) {
                self.graph.simple_unless_declared(&name);
            }
        }
        self.graph.initial(&initial);
        let graph = self.graph.build()?;
        Ok(Machine::bind_fused(graph, self.bindings, self.fused)?)
    }

    fn declare(&mut self, state: S) -> String {
        let name = format!("{state:?}");
        self.declared.insert(name.clone());
        name
    }

    fn mention(&mut self, state: S) -> String {
        let name = format!("{state:?}");
        self.mentioned.push(name.clone());
        name
    }

    /// A name is drawn and fingerprinted, so it stands for one piece of code.
    fn claim<F: 'static>(&mut self, what: &'static str, name: &str) {
        let code = TypeId::of::<F>();
        let before = self.code.insert((what, name.to_owned()), code);
        if before.is_some_and(|before| before != code) {
            self.faults.push(format!(
                "{what} `{name}` stands for two pieces of code; give one of them another name, \
                 or name a function and use it twice"
            ));
        }
    }
}

/// `Turn` of `Turn(42)` or `Turn { code: 42 }`.
fn variant_name<E: Debug>(event: &E) -> String {
    let printed = format!("{event:?}");
    let end = printed.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(printed.len());
    printed[..end].to_owned()
}

impl<S, C, E> fmt::Debug for MachineBuilder<S, C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineBuilder").field("graph", &self.graph).finish_non_exhaustive()
    }
}
