//! The two models as stateright wants them. They are the testkit's own: states, steps, and
//! conditions are the same code.

use fsm_testkit::model as ours;
use stateright::{Model, Property};

use crate::philosophers::{Next, Philosophers, Seat};
use crate::two_phase::{Action, Manager, State, TwoPhase};

impl<const N: usize> Model for Philosophers<N> {
    type State = [Seat; N];
    type Action = Next;

    fn init_states(&self) -> Vec<[Seat; N]> {
        ours::Model::initial(self)
    }

    fn actions(&self, table: &[Seat; N], actions: &mut Vec<Next>) {
        actions.extend((0..N).map(Next).filter(|next| self.can(table, *next)));
    }

    fn next_state(&self, table: &[Seat; N], next: Next) -> Option<[Seat; N]> {
        Some(self.after(table, next))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always("neighbours never eat at once", |_, table| {
                !Self::are_neighbours_eating(table)
            }),
            Property::<Self>::always("somebody can go on", |model, table| !model.is_stuck(table)),
        ]
    }
}

impl Model for TwoPhase {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.begin()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        Self::actions(self, state, |action| actions.push(action));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(self.after(state, action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::sometimes("all abort", |_, state| Self::all(state, Manager::Aborted)),
            Property::<Self>::sometimes("all commit", |_, state| {
                Self::all(state, Manager::Committed)
            }),
            Property::<Self>::always("all that are done agree", |_, state| {
                Self::is_consistent(state)
            }),
        ]
    }
}
