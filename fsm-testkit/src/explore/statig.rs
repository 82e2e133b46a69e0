//! Machines of the crate [statig](https://docs.rs/statig), explored as they are.
//!
//! Nothing has to be added to a machine but `Clone` and `Debug`: the names of states and
//! superstates are those of their variants, the hierarchy is what their `superstate` functions
//! say.
//!
//! statig drops an event that no state handles, and its dispatch and transition hooks can't tell
//! that from one that the outermost state handled. So an event is first offered to the handlers, as
//! statig does it, of a copy that is thrown away: this shows who answered, and how. Then the machine
//! itself is given the event, with all its hooks, and entry and exit actions: this shows what came
//! of it. A handler that depends on more than machine, event, and context, such as a clock, may
//! answer the two differently.
//!
//! (The hooks of statig 0.4.1 are no source for names either: `before_transition` is given the
//! target as its source and the source as its target.)
//!
//! Asynchronous machines, and events or contexts that borrow, are not explored.
//!
//! ```
//! use fsm_testkit::explore;
//! use statig::prelude::*;
//!
//! #[derive(Clone, Default)]
//! struct Door { knocks: u32 }
//! #[derive(Debug)]
//! enum Event { Push, Pull, Knock }
//!
//! #[state_machine(initial = "State::closed()", state(derive(Clone, Debug)), superstate(derive(Debug)))]
//! impl Door {
//!     #[state]
//!     fn closed(&mut self, event: &Event) -> Outcome<State> {
//!         match event {
//!             Event::Pull => Transition(State::open()),
//!             Event::Knock => { self.knocks += 1; Handled }
//!             Event::Push => Super,
//!         }
//!     }
//!     #[state]
//!     fn open(event: &Event) -> Outcome<State> {
//!         match event {
//!             Event::Push => Transition(State::closed()),
//!             Event::Pull | Event::Knock => Super,
//!         }
//!     }
//! }
//!
//! let explored = explore::statig::explorer("door", || (), |_: &Door, _| ())
//!     .explore(
//!         Door::default().state_machine(),
//!         &[("push", Event::Push), ("pull", Event::Pull), ("knock", Event::Knock)],
//!     )?;
//! let ignored: Vec<String> = explored.ignored().iter().map(ToString::to_string).collect();
//! assert_eq!(ignored, ["Closed ignores `push`", "Open ignores `pull`", "Open ignores `knock`"]);
//! println!("{}", explored.graph().to_dot());
//! # Ok::<(), fsm_core::GraphFaults>(())
//! ```

use std::fmt::Debug;
use std::rc::Rc;

use statig::Outcome;
use statig::blocking::{IntoStateMachine, State, StateMachine, Superstate};

use super::{Explorer, Seen};

/// An explorer of a statig machine.
///
/// `context` makes the context that each event is sent with, `|| ()` if there is none. `key` says
/// what matters of the machine's storage and of the data in its state, as [`Explorer::key`] does;
/// `|_, _| ()` if nothing does.
///
/// A machine that is not initialized yet is initialized first.
pub fn explorer<'a, M, E, C, K>(
    name: impl Into<String>,
    context: impl Fn() -> C + 'a,
    key: impl Fn(&M, &M::State) -> K + 'a,
) -> Explorer<'a, StateMachine<M>, E>
where
    M: for<'e, 'c> IntoStateMachine<Event<'e> = E, Context<'c> = C> + Clone,
    M::State: State<M> + Clone + Debug,
    for<'sub> M::Superstate<'sub>: Superstate<M> + Debug,
    K: Debug,
{
    let context = Rc::new(context);
    let fresh = Rc::clone(&context);
    let step = move |machine: &mut StateMachine<M>, event: &E| {
        let seen = offer(machine, event, &mut context());
        machine.handle_with_context(event, &mut context());
        seen
    };
    let state = |machine: &StateMachine<M>| variant(machine.state());
    let around = |machine: &StateMachine<M>| {
        let mut state = machine.state().clone();
        let mut names = Vec::new();
        if let Some(superstate) = state.superstate() {
            climb::<M>(superstate, &mut names);
        }
        names
    };
    let mut explorer = Explorer::new(name, step, state)
        .key(move |machine: &StateMachine<M>| key(machine.inner(), machine.state()))
        .within(around);
    explorer.begin = Box::new(move |machine| machine.init_with_context(&mut fresh()));
    explorer
}

/// Who would answer, and how: the way of an event through the handlers, on a copy.
fn offer<M, E, C>(machine: &StateMachine<M>, event: &E, context: &mut C) -> Seen
where
    M: for<'e, 'c> IntoStateMachine<Event<'e> = E, Context<'c> = C> + Clone,
    M::State: State<M> + Clone,
    for<'sub> M::Superstate<'sub>: Superstate<M> + Debug,
{
    let (mut storage, mut state) = (machine.inner().clone(), machine.state().clone());
    match state.call_handler(&mut storage, event, context) {
        Outcome::Handled => Seen::Handled,
        Outcome::Transition(_) => Seen::Moved,
        Outcome::Super => match state.superstate() {
            Some(superstate) => offer_up::<M, E, C>(superstate, &mut storage, event, context),
            None => Seen::Ignored,
        },
    }
}

/// Recurses once for each superstate around: a superstate borrows from the one within.
fn offer_up<M, E, C>(
    mut superstate: M::Superstate<'_>,
    storage: &mut M,
    event: &E,
    context: &mut C,
) -> Seen
where
    M: for<'e, 'c> IntoStateMachine<Event<'e> = E, Context<'c> = C>,
    for<'sub> M::Superstate<'sub>: Superstate<M> + Debug,
{
    match superstate.call_handler(storage, event, context) {
        Outcome::Handled => Seen::HandledBy(variant(&superstate)),
        Outcome::Transition(_) => Seen::MovedBy(variant(&superstate)),
        Outcome::Super => match superstate.superstate() {
            Some(outer) => offer_up::<M, E, C>(outer, storage, event, context),
            None => Seen::Ignored,
        },
    }
}

fn climb<M>(mut superstate: M::Superstate<'_>, names: &mut Vec<String>)
where
    M: IntoStateMachine,
    for<'sub> M::Superstate<'sub>: Superstate<M> + Debug,
{
    names.push(variant(&superstate));
    if let Some(outer) = superstate.superstate() {
        climb::<M>(outer, names);
    }
}

/// `Open` of `Open { since: 7 }`.
fn variant(state: &impl Debug) -> String {
    let printed = format!("{state:?}");
    let end = printed.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(printed.len());
    printed[..end].to_owned()
}
