//! A door with a code lock: a machine written with Rust enums, beside the same one in statig.
//!
//! States and events are plain enums, guards and actions are closures with names. What is drawn is
//! what runs; an event that the door does not accept is an error that says why.
//!
//! ```sh
//! cargo run -p fsm-examples --example door
//! ```
//!
//! Between the marks below are 42 lines of code, blank ones not counted. The same door takes 49
//! with statig 0.4.1, where an event that nothing handles vanishes, and which has neither names to
//! draw nor a snapshot to save:
//!
//! ```text
//! #[derive(Default)]
//! struct StatigDoor(Door);
//!
//! #[state_machine(initial = "State::closed()")]
//! impl StatigDoor {
//!     #[state]
//!     fn closed(&mut self, event: &Deed) -> Outcome<State> {
//!         match event {
//!             Deed::Push => {
//!                 self.0.pushes += 1;
//!                 Transition(State::open())
//!             }
//!             Deed::Turn(code) if *code != 0 => {
//!                 self.0.code = *code;
//!                 Transition(State::locked())
//!             }
//!             Deed::Pull | Deed::Turn(_) | Deed::Kick(_) => Super,
//!         }
//!     }
//!
//!     #[state]
//!     fn open(event: &Deed) -> Outcome<State> {
//!         match event {
//!             Deed::Pull => Transition(State::closed()),
//!             Deed::Push | Deed::Turn(_) | Deed::Kick(_) => Super,
//!         }
//!     }
//!
//!     #[state]
//!     fn locked(&mut self, event: &Deed) -> Outcome<State> {
//!         match event {
//!             Deed::Turn(code) if *code == self.0.code => Transition(State::closed()),
//!             Deed::Turn(_) => Transition(State::locked()),
//!             Deed::Kick(force) if *force > HARD => {
//!                 self.0.kicks += 1;
//!                 Transition(State::broken())
//!             }
//!             Deed::Kick(_) => {
//!                 self.0.kicks += 1;
//!                 Transition(State::locked())
//!             }
//!             Deed::Push | Deed::Pull => Super,
//!         }
//!     }
//!
//!     #[state]
//!     fn broken(event: &Deed) -> Outcome<State> {
//!         match event {
//!             Deed::Push => Transition(State::open()),
//!             Deed::Pull | Deed::Turn(_) | Deed::Kick(_) => Super,
//!         }
//!     }
//! }
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;

use fsm_core::{BuildError, Event, Machine, TypedMachine};

/// What may be done to the door.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Push,
    Pull,
    /// Closed, it sets the code; locked, it tries one.
    Turn(u32),
    /// With this force.
    Kick(u32),
}

/// What the door knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Door {
    pub(crate) code: u32,
    pub(crate) kicks: u32,
    pub(crate) pushes: u32,
}

/// A kick is hard from here on.
const HARD: u32 = 5;

// The machine begins here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum State {
    Closed,
    Open,
    Locked,
    Broken,
}

impl Event for Deed {}

pub(crate) fn door() -> Result<TypedMachine<State, Door, Deed>, BuildError> {
    Machine::<Door, Deed>::builder("door")
        .on(State::Closed, Deed::Push)
        .then("count", |door, _| door.pushes += 1)
        .to(State::Open)
        .on(State::Open, Deed::Pull)
        .to(State::Closed)
        .on(State::Closed, Deed::Turn(0))
        .when("code given", |_, deed| matches!(deed, Deed::Turn(code) if *code != 0))
        .then("keep", |door, deed| {
            if let Deed::Turn(code) = deed {
                door.code = *code;
            }
        })
        .to(State::Locked)
        .on(State::Locked, Deed::Turn(0))
        .when("code fits", |door, deed| matches!(deed, Deed::Turn(code) if *code == door.code))
        .to(State::Closed)
        .on(State::Locked, Deed::Turn(0))
        .to(State::Locked)
        .on(State::Locked, Deed::Kick(0))
        .when("hard", |_, deed| matches!(deed, Deed::Kick(force) if *force > HARD))
        .then("kick", kick)
        .to(State::Broken)
        .on(State::Locked, Deed::Kick(0))
        .then("kick", kick)
        .to(State::Locked)
        .on(State::Broken, Deed::Push)
        .to(State::Open)
        .build(State::Closed)
}

fn kick(door: &mut Door, _: &Deed) {
    door.kicks += 1;
}
// The machine ends here.

fn main() -> Result<(), Box<dyn Error>> {
    let machine = door()?;
    println!("{}", machine.graph().to_dot());
    for line in story()? {
        println!("{line}");
    }
    Ok(())
}

/// What happens to the door, and where it then stands.
pub(crate) fn story() -> Result<Vec<String>, BuildError> {
    let machine = door()?;
    let mut run = machine.begin(Door::default());
    let deeds = [Deed::Turn(0), Deed::Turn(42), Deed::Turn(7), Deed::Push, Deed::Kick(9)];
    Ok(Vec::from(deeds.map(|deed| match machine.send(&mut run, deed) {
        Ok(()) => format!("{deed:?}: {:?}", machine.state(&run)),
        Err(refused) => format!("{deed:?}: {refused}"),
    })))
}
