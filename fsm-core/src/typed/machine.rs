//! A machine that knows the values of its states.

use std::fmt::{self, Debug};
use std::ops::Deref;
use std::sync::Arc;

use super::name::state_name;
use super::outcome::IntoOutcome;
use crate::event::Event;
use crate::graph::StateId;
use crate::kernel::{Phase, Snapshot, StepError};
use crate::machine::Machine;

/// A machine written with Rust enums: a [`Machine`] that also tells where a run stands as a value
/// of the state type `S`. Everything that a machine can do, it can. Clones share everything.
pub struct TypedMachine<S, C, E> {
    machine: Machine<C, E>,
    /// By state.
    states: Arc<[S]>,
}

impl<S, C, E> TypedMachine<S, C, E> {
    pub(super) fn new(machine: Machine<C, E>, states: Arc<[S]>) -> Self {
        Self { machine, states }
    }

    /// The machine without the values of its states.
    pub fn machine(&self) -> &Machine<C, E> {
        &self.machine
    }

    /// Where the run stands. While regions or branches are under way, that is the parallel state
    /// or the fork that holds them; [`states`](Self::states) tells where each of them is.
    ///
    /// # Panics
    /// If the run is one of another, larger machine.
    pub fn state(&self, run: &Snapshot<C>) -> S
    where
        S: Clone,
    {
        let (first, _) = run.tokens().next().expect("a run has a first token");
        self.states[first.index()].clone()
    }

    /// The value of a state, if it is one of this machine: what a [`Move`](crate::Move) tells.
    pub fn value(&self, state: StateId) -> Option<S>
    where
        S: Clone,
    {
        self.states.get(state.index()).cloned()
    }

    /// Where every region and branch of the run stands: the innermost states that are active, those
    /// of regions in declared order, and those of a fork in the order in which its branches began.
    ///
    /// # Panics
    /// If the run is one of another, larger machine.
    pub fn states(&self, run: &Snapshot<C>) -> Vec<S>
    where
        S: Clone,
    {
        run.tokens()
            .filter(|(_, phase)| *phase != Phase::Owning)
            .map(|(state, _)| self.states[state.index()].clone())
            .collect()
    }
}

impl<S: Debug, C, E: Event> TypedMachine<S, C, E> {
    /// Whether the run stands at `state`, or at one within it.
    pub fn is_in(&self, run: &Snapshot<C>, state: S) -> bool {
        let graph = self.machine.graph();
        self.id(state).is_some_and(|outer| {
            run.tokens().any(|(at, _)| at == outer || graph.contains(outer, at))
        })
    }

    /// The id of a state in the graph, if the machine has it; [`value`](Self::value) leads back.
    pub fn id(&self, state: S) -> Option<StateId> {
        self.machine.graph().state(&state_name(&state))
    }

    /// Says how the work of `state` ended, in a run that is driven by hand
    /// ([`Machine::send`]).
    ///
    /// # Errors
    /// [`StepError::Idle`] where no work of that state is under way; else as [`Machine::step`].
    pub fn answer(
        &self,
        run: &mut Snapshot<C>,
        state: S,
        outcome: impl IntoOutcome<E>,
    ) -> Result<(), StepError> {
        let name = state_name(&state);
        match self.machine.graph().state(&name) {
            Some(id) => self.machine.answer(run, id, outcome.into_outcome()),
            None => Err(StepError::Idle { state: name }),
        }
    }
}

impl<S, C, E> Deref for TypedMachine<S, C, E> {
    type Target = Machine<C, E>;

    #[inline(always)]
    fn deref(&self) -> &Machine<C, E> {
        &self.machine
    }
}

impl<S, C, E> From<TypedMachine<S, C, E>> for Machine<C, E> {
    fn from(typed: TypedMachine<S, C, E>) -> Self {
        typed.machine
    }
}

impl<S, C, E> Clone for TypedMachine<S, C, E> {
    fn clone(&self) -> Self {
        Self { machine: self.machine.clone(), states: self.states.clone() }
    }
}

impl<S, C, E> Debug for TypedMachine<S, C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.machine, f)
    }
}
