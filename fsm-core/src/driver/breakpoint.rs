//! Where a debugged run pauses.

use std::fmt;
use std::sync::Arc;

use crate::graph::{Graph, StateId};
use crate::kernel::{Elapsed, Ending, Heard, Passage};
use crate::nearest::nearest;

/// Where a run pauses that is [debugged](crate::Debugger). It pauses after the input that hit the
/// breakpoint, before anything that follows from it is performed: at a breakpoint on an activity's
/// state, the activity has not been started.
pub struct Breakpoint<C> {
    at: At<C>,
}

enum At<C> {
    Entered(String),
    Left(String),
    Transition(String, String),
    Event(String),
    Failure,
    When { words: String, holds: Holds<C> },
}

type Holds<C> = Arc<dyn Fn(&C) -> bool + Send + Sync>;

/// Why there can't be such a breakpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BreakpointFault {
    /// There is no such state.
    #[error("there is no state `{name}`{}", hint(nearest))]
    NoSuchState {
        /// Its name.
        name: String,
        /// The name that comes nearest.
        nearest: Option<String>,
    },
    /// There is no such event.
    #[error("there is no event `{name}`{}", hint(nearest))]
    NoSuchEvent {
        /// Its name.
        name: String,
        /// The name that comes nearest.
        nearest: Option<String>,
    },
    /// Nothing leads from the one to the other.
    #[error("no transition leads from `{from}` to `{to}`")]
    NoSuchTransition {
        /// Where it would begin.
        from: String,
        /// Where it would lead.
        to: String,
    },
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"))
}

impl<C> Breakpoint<C> {
    /// Where a state is entered, from outside or anew; a composite state with a state within.
    pub fn entered(state: impl Into<String>) -> Self {
        Self { at: At::Entered(state.into()) }
    }

    /// Where a state is left.
    pub fn left(state: impl Into<String>) -> Self {
        Self { at: At::Left(state.into()) }
    }

    /// Where a transition is taken that is declared from the one state to the other.
    pub fn transition(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { at: At::Transition(from.into(), to.into()) }
    }

    /// Where an event is accepted.
    pub fn event(name: impl Into<String>) -> Self {
        Self { at: At::Event(name.into()) }
    }

    /// Where an attempt of an activity fails or takes too long, whether or not it is tried again.
    pub fn failure() -> Self {
        Self { at: At::Failure }
    }

    /// Where a condition comes to hold: it did not before the input, and does after it. `words` tell
    /// which it is.
    pub fn when(
        words: impl Into<String>,
        holds: impl Fn(&C) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { at: At::When { words: words.into(), holds: Arc::new(holds) } }
    }
}

impl<C> fmt::Display for Breakpoint<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Entered(state) => write!(f, "`{state}` is entered"),
            At::Left(state) => write!(f, "`{state}` is left"),
            At::Transition(from, to) => write!(f, "`{from}` goes on to `{to}`"),
            At::Event(name) => write!(f, "event `{name}`"),
            At::Failure => write!(f, "something fails"),
            At::When { words, .. } => write!(f, "{words}"),
        }
    }
}

impl<C> fmt::Debug for Breakpoint<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Breakpoint({self})")
    }
}

/// A breakpoint whose names were looked up.
pub(super) struct Trap<C> {
    pub(super) id: u64,
    pub(super) words: String,
    hit: Hit<C>,
}

enum Hit<C> {
    Entered(StateId),
    Left(StateId),
    Transition(StateId, StateId),
    Event(String),
    Failure,
    /// `held`: before the input.
    When {
        holds: Holds<C>,
        held: bool,
    },
}

impl<C> Trap<C> {
    pub(super) fn new(
        graph: &Graph,
        id: u64,
        breakpoint: Breakpoint<C>,
    ) -> Result<Self, BreakpointFault> {
        let words = breakpoint.to_string();
        let hit = match breakpoint.at {
            At::Entered(name) => Hit::Entered(state(graph, name)?),
            At::Left(name) => Hit::Left(state(graph, name)?),
            At::Transition(from, to) => {
                let ends = (state(graph, from)?, state(graph, to)?);
                let mut transitions = graph.transitions();
                if !transitions.any(|(id, it)| it.from() == ends.0 && leads_to(graph, id, ends.1)) {
                    let name = |state| graph.name_of(state).to_owned();
                    let (from, to) = (name(ends.0), name(ends.1));
                    return Err(BreakpointFault::NoSuchTransition { from, to });
                }
                Hit::Transition(ends.0, ends.1)
            }
            At::Event(name) => match graph.event(&name) {
                Some(_) => Hit::Event(name),
                None => {
                    let nearest = nearest(&name, graph.events().map(|(_, name)| name));
                    return Err(BreakpointFault::NoSuchEvent { name, nearest });
                }
            },
            At::Failure => Hit::Failure,
            At::When { holds, .. } => Hit::When { holds, held: false },
        };
        Ok(Self { id, words, hit })
    }

    /// An input is about to be taken.
    pub(super) fn before(&mut self, context: &C) {
        if let Hit::When { holds, held } = &mut self.hit {
            *held = holds(context);
        }
    }

    /// Whether the input hit it.
    pub(super) fn is_hit(
        &self,
        graph: &Graph,
        heard: &Heard,
        passages: &[Passage],
        context: &C,
    ) -> bool {
        match &self.hit {
            Hit::Entered(state) => passages.iter().any(|it| it.enters(graph, *state)),
            Hit::Left(state) => passages.iter().any(|it| it.leaves(graph, *state)),
            Hit::Transition(from, to) => passages.iter().any(|passage| match passage {
                Passage::Moved(step) => {
                    let declared = graph.transition(step.transition);
                    declared.from() == *from && leads_to(graph, step.transition, *to)
                }
                Passage::Began(_) | Passage::Retrying(_) | Passage::Cancelled(_) => false,
            }),
            Hit::Event(name) => matches!(heard, Heard::Event(heard) if heard == name),
            Hit::Failure => matches!(
                heard,
                Heard::Ended { how: Ending::Failed, .. }
                    | Heard::Fired { wait: Elapsed::Timeout, .. }
            ),
            Hit::When { holds, held } => !held && holds(context),
        }
    }
}

fn leads_to(graph: &Graph, transition: crate::graph::TransitionId, to: StateId) -> bool {
    graph.targets(transition).any(|target| target == to)
}

fn state(graph: &Graph, name: String) -> Result<StateId, BreakpointFault> {
    graph.state(&name).ok_or_else(|| {
        let nearest = nearest(&name, graph.states().map(|state| graph.name_of(state)));
        BreakpointFault::NoSuchState { name, nearest }
    })
}
