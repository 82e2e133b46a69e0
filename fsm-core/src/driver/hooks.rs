//! Code that hears of certain things that a run does: hooks.

use std::fmt;

use super::breakpoint::BreakpointFault;
use super::observer::Observer;
use crate::event::Event;
use crate::graph::{Graph, StateId};
use crate::kernel::{
    Effect, Elapsed, Ending, Heard, Input, Move, Outcome, Passage, Passages, Phase, Snapshot, Trace,
};
use crate::machine::Machine;
use crate::nearest::nearest;
use crate::time::Timestamp;

/// Closures that hear of certain things that a run does; an [`Observer`]. They can look at the run and
/// change nothing: what changes a run belongs into its graph, as an action.
///
/// ```
/// use std::sync::mpsc;
/// use fsm_core::{Bindings, Graph, Hooks, Machine, Outcome};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut graph = Graph::builder("errand");
/// graph.activity("fetch");
/// graph.final_state("home");
/// graph.final_state("lost");
/// graph.transition("fetch", "home").done();
/// graph.transition("fetch", "lost").failed();
/// let machine = Machine::<u32, ()>::bind(
///     graph.initial("fetch").build()?,
///     Bindings::new().activity("fetch", |_, _| async { Outcome::failed() }),
/// )?;
///
/// let (said, heard) = mpsc::channel();
/// let (first, second, third) = (said.clone(), said.clone(), said);
/// let hooks = Hooks::of(&machine)
///     .on_failure(move |failing, _| first.send(format!("{} failed", failing.state)).unwrap())
///     .on_transition(move |taken, _| second.send(format!("on to {}", taken.to)).unwrap())
///     .on_enter("lost", move |run| third.send(format!("{:?}", run.context())).unwrap())?;
/// machine.run(0).observer(hooks).await;
/// assert_eq!(heard.iter().collect::<Vec<_>>(), ["fetch failed", "on to lost", "0"]);
/// # Ok(())
/// # }
/// ```
pub struct Hooks<C, E> {
    machine: Machine<C, E>,
    enter: Vec<(StateId, Look<C>)>,
    exit: Vec<(StateId, Look<C>)>,
    transition: Vec<Follow<C>>,
    failure: Vec<Hear<C, E>>,
    passages: Passages,
}

type Look<C> = Box<dyn FnMut(&Snapshot<C>) + Send>;
type Follow<C> = Box<dyn FnMut(&Taking<'_>, &Snapshot<C>) + Send>;
type Hear<C, E> = Box<dyn FnMut(&Failing<'_, E>, &Snapshot<C>) + Send>;

/// A transition that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taking<'a> {
    /// The state where the token stood.
    pub from: &'a str,
    /// The state where it stands now.
    pub to: &'a str,
    /// All that is known of it.
    pub step: Move,
}

/// An attempt of an activity that failed, or took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing<'a, E> {
    /// Its state.
    pub state: &'a str,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What the activity told; `None` where it told nothing, or took too long.
    pub event: Option<&'a E>,
}

impl<C, E: Event> Hooks<C, E> {
    /// No hooks yet, for runs of `machine`.
    pub fn of(machine: &Machine<C, E>) -> Self {
        Self {
            machine: machine.clone(),
            enter: Vec::new(),
            exit: Vec::new(),
            transition: Vec::new(),
            failure: Vec::new(),
            passages: Passages::default(),
        }
    }

    /// Called when a step has entered a state, from outside or anew; once for each token.
    ///
    /// # Errors
    /// [`BreakpointFault::NoSuchState`].
    pub fn on_enter(
        mut self,
        state: &str,
        hook: impl FnMut(&Snapshot<C>) + Send + 'static,
    ) -> Result<Self, BreakpointFault> {
        self.enter.push((look_up(self.machine.graph(), state)?, Box::new(hook)));
        Ok(self)
    }

    /// Called when a step has left a state; once for each token.
    ///
    /// # Errors
    /// [`BreakpointFault::NoSuchState`].
    pub fn on_exit(
        mut self,
        state: &str,
        hook: impl FnMut(&Snapshot<C>) + Send + 'static,
    ) -> Result<Self, BreakpointFault> {
        self.exit.push((look_up(self.machine.graph(), state)?, Box::new(hook)));
        Ok(self)
    }

    /// Called for each transition that a step has taken, in order.
    #[must_use]
    pub fn on_transition(
        mut self,
        hook: impl FnMut(&Taking<'_>, &Snapshot<C>) + Send + 'static,
    ) -> Self {
        self.transition.push(Box::new(hook));
        self
    }

    /// Called when an attempt of an activity has failed, or took too long, before the run takes notice
    /// of it: whether it is tried again is not settled.
    #[must_use]
    pub fn on_failure(
        mut self,
        hook: impl FnMut(&Failing<'_, E>, &Snapshot<C>) + Send + 'static,
    ) -> Self {
        self.failure.push(Box::new(hook));
        self
    }
}

fn look_up(graph: &Graph, name: &str) -> Result<StateId, BreakpointFault> {
    graph.state(name).ok_or_else(|| BreakpointFault::NoSuchState {
        name: name.to_owned(),
        nearest: nearest(name, graph.states().map(|state| graph.name_of(state))),
    })
}

impl<C, E> Trace for Hooks<C, E> {
    fn began(&mut self, token: u32, state: StateId) {
        self.passages.began(token, state);
    }

    fn moved(&mut self, step: Move) {
        self.passages.moved(step);
    }

    fn cancelled(&mut self, token: u32, state: StateId, phase: Phase) {
        self.passages.cancelled(token, state, phase);
    }
}

impl<C, E: Event> Observer<C, E> for Hooks<C, E> {
    fn before(&mut self, _now: Timestamp, input: &Input<E>, run: &Snapshot<C>) {
        self.passages.0.clear();
        if self.failure.is_empty() {
            return;
        }
        let (state, attempt) = match self.machine.heard(run, input) {
            Heard::Ended { state, attempt, how: Ending::Failed } => (state, attempt),
            Heard::Fired { state, attempt, wait: Elapsed::Timeout, .. } => (state, attempt),
            Heard::Ended { .. }
            | Heard::Fired { .. }
            | Heard::Start
            | Heard::Event(_)
            | Heard::Cancel
            | Heard::Late => return,
        };
        let event = match input {
            Input::Outcome { outcome: Outcome::Failed { event, .. }, .. } => event.as_ref(),
            Input::Outcome { .. }
            | Input::Start
            | Input::Event(_)
            | Input::Timer(_)
            | Input::Cancel => None,
        };
        for hook in &mut self.failure {
            hook(&Failing { state: &state, attempt, event }, run);
        }
    }

    fn after(&mut self, run: &Snapshot<C>, _effects: &[Effect]) {
        let graph = self.machine.graph();
        for passage in &self.passages.0 {
            for (state, hook) in &mut self.exit {
                if passage.leaves(graph, *state) {
                    hook(run);
                }
            }
            if let Passage::Moved(step) = *passage {
                let (from, to) = (graph.name_of(step.from), graph.name_of(step.to));
                for hook in &mut self.transition {
                    hook(&Taking { from, to, step }, run);
                }
            }
            for (state, hook) in &mut self.enter {
                if passage.enters(graph, *state) {
                    hook(run);
                }
            }
        }
    }
}

impl<C, E> fmt::Debug for Hooks<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("machine", &self.machine).finish_non_exhaustive()
    }
}
