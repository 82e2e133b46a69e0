//! Bindings: the code behind the names of a graph.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::driver::Clock;
use crate::graph::{Fingerprint, StateId};
use crate::kernel::{Outcome, Scene};
use crate::time::Timestamp;

/// Work under way: a future that ends in an outcome.
pub type Work<E> = Pin<Box<dyn Future<Output = Outcome<E>> + Send>>;

pub(crate) type GuardFn<C, E> = Arc<dyn Fn(&C, &Scene<'_, E>) -> bool + Send + Sync>;
pub(crate) type ActionFn<C, E> = Arc<dyn Fn(&mut C, &Scene<'_, E>) + Send + Sync>;
pub(crate) type ActivityFn<C, E> = Arc<dyn Fn(&C, &Visit<'_>) -> Work<E> + Send + Sync>;
pub(crate) type InterruptedFn<C, E> =
    Arc<dyn Fn(&C, &Visit<'_>) -> Option<Outcome<E>> + Send + Sync>;

/// One start of an activity: which state, which visit of it, which attempt.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The state whose activity is started.
    pub state: StateId,
    /// Its name.
    pub name: &'a str,
    /// A number that no other visit of a state in this run has; the same for all its attempts.
    pub number: u64,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The run's seed.
    pub seed: u64,
    /// When it is started.
    pub now: Timestamp,
    pub(crate) clock: Clock,
}

impl Visit<'_> {
    /// The run's clock: tells the point in time for an
    /// [`Outcome::Postponed`].
    pub fn clock(&self) -> Clock {
        self.clock
    }
}

/// The code behind the names of a graph, for machines with context `C` and events `E`.
///
/// Guards and actions run inside the pure kernel: the same context and event must give the same
/// answer, so they read no clock and perform no I/O. Activities are where work happens.
pub struct Bindings<C, E> {
    pub(crate) guards: HashMap<String, GuardFn<C, E>>,
    pub(crate) actions: HashMap<String, ActionFn<C, E>>,
    pub(crate) activities: HashMap<String, ActivityFn<C, E>>,
    pub(crate) interrupted: HashMap<String, InterruptedFn<C, E>>,
    pub(crate) variants: Vec<(u64, String)>,
    /// The graphs of the machines that were bound, by name.
    pub(crate) machines: HashMap<String, Fingerprint>,
}

impl<C, E> Default for Bindings<C, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C, E> Bindings<C, E> {
    /// No bindings.
    pub fn new() -> Self {
        Self {
            guards: HashMap::new(),
            actions: HashMap::new(),
            activities: HashMap::new(),
            interrupted: HashMap::new(),
            variants: Vec::new(),
            machines: HashMap::new(),
        }
    }

    /// Gives the guard called `name` its code. A second binding of a name replaces the first.
    #[must_use]
    pub fn guard(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&C, &Scene<'_, E>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.guards.insert(name.into(), Arc::new(holds));
        self
    }

    /// Gives the action called `name` its code.
    #[must_use]
    pub fn action(
        mut self,
        name: impl Into<String>,
        act: impl Fn(&mut C, &Scene<'_, E>) + Send + Sync + 'static,
    ) -> Self {
        self.actions.insert(name.into(), Arc::new(act));
        self
    }

    /// Gives the activity called `name` its code. The closure reads the context and returns the
    /// work; the future owns what it needs.
    #[must_use]
    pub fn activity<F>(
        self,
        name: impl Into<String>,
        start: impl Fn(&C, &Visit<'_>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Outcome<E>> + Send + 'static,
    {
        self.activity_boxed(name, move |context, visit| Box::pin(start(context, visit)))
    }

    /// As [`activity`](Self::activity), for code that boxes its work itself.
    #[must_use]
    pub fn activity_boxed(
        mut self,
        name: impl Into<String>,
        start: impl Fn(&C, &Visit<'_>) -> Work<E> + Send + Sync + 'static,
    ) -> Self {
        self.activities.insert(name.into(), Arc::new(start));
        self
    }

    /// Says how the activity called `name` is taken up, if it was under way when the process died: with
    /// this outcome, or, for `None`, by starting it again (the same attempt of the same visit). Without
    /// this, it is started again.
    ///
    /// For work that must not be done twice and can't be asked whether it was done. It is asked before
    /// anything is started again.
    #[must_use]
    pub fn interrupted(
        mut self,
        name: impl Into<String>,
        outcome: impl Fn(&C, &Visit<'_>) -> Option<Outcome<E>> + Send + Sync + 'static,
    ) -> Self {
        self.interrupted.insert(name.into(), Arc::new(outcome));
        self
    }

    /// Says which variant of the event enum the event called `name` is; `sample`'s payload does
    /// not matter. Several variants may be one event, but one variant is no two events of a graph
    /// ([`BindFault::TwoEvents`]).
    #[must_use]
    pub fn event(mut self, name: impl Into<String>, sample: &E) -> Self {
        self.variants.push((crate::event::variant(sample), name.into()));
        self
    }
}

impl<C, E> fmt::Debug for Bindings<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = |mut names: Vec<&String>| {
            names.sort();
            names.into_iter().cloned().collect::<Vec<_>>()
        };
        f.debug_struct("Bindings")
            .field("guards", &sorted(self.guards.keys().collect()))
            .field("actions", &sorted(self.actions.keys().collect()))
            .field("activities", &sorted(self.activities.keys().collect()))
            .finish()
    }
}

/// Names of a graph that have no code, or the wrong one. `Debug` reads like `Display`, because that is
/// what a `main` that returns the error prints.
#[derive(Clone, PartialEq, Eq)]
pub struct BindFaults(pub(crate) Vec<BindFault>);

impl BindFaults {
    /// One for each name, guards first.
    pub fn faults(&self) -> &[BindFault] {
        &self.0
    }
}

/// A name of a graph that has no code, or the wrong one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindFault {
    /// Nothing is bound to the name.
    #[error("{what} `{name}` is not bound; {}", hint(what, nearest))]
    Unbound {
        /// `guard`, `action`, or `activity`.
        what: &'static str,
        /// The name.
        name: String,
        /// The bound name that comes nearest.
        nearest: Option<String>,
    },
    /// The machine that is bound is not the one that is drawn.
    #[error("machine `{name}` is drawn with graph {drawn}, but bound to one with graph {bound}")]
    OtherGraph {
        /// The name of the state.
        name: String,
        /// The fingerprint in the graph.
        drawn: Fingerprint,
        /// The fingerprint of the bound machine.
        bound: Fingerprint,
    },
    /// One variant of the event enum is bound to two events of the graph, so one of them would
    /// never come.
    #[error(
        "events `{first}` and `{second}` are one variant of the event enum; give them one name"
    )]
    TwoEvents {
        /// The event that the variant was bound to first.
        first: String,
        /// The event that it was bound to besides.
        second: String,
    },
}

fn hint(what: &str, nearest: &Option<String>) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("bind it with `Bindings::{what}`"),
    }
}

impl fmt::Display for BindFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Debug for BindFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for BindFaults {}
