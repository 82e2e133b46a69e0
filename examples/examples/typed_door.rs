//! A door with a code lock: a machine written with Rust enums, without any calls.
//!
//! States and events are plain enums, guards and actions are closures with names. What is drawn is
//! what runs; an event that the door does not accept is an error that says so.
//!
//! ```sh
//! cargo run -p fsm-examples --example typed_door
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;

use fsm_core::{BuildError, Effects, Event, Machine, Snapshot, StepError, Timestamp};

/// Where the door may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Open,
    Closed,
    Locked,
    /// Three wrong codes: only the owner can help now.
    Blocked,
}

/// What a hand may do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hand {
    Push,
    Pull,
    /// Closed, it sets the code; locked, it tries one.
    Dial(u32),
}

impl Event for Hand {}

/// What the lock knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    code: u32,
    wrong_codes: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let machine = door()?;
    println!("{}", machine.graph().to_dot());

    let mut run = machine.begin(Lock::default());
    let hands = [Hand::Push, Hand::Dial(42), Hand::Pull, Hand::Dial(41), Hand::Dial(42)];
    for hand in hands {
        match act(&machine, &mut run, hand) {
            Ok(()) => println!("{hand:?}: {}", where_it_is(&machine, &run)),
            Err(refused) => println!("{hand:?}: {refused}"),
        }
    }
    Ok(())
}

/// The machine. The sample of an event says which variant is meant; what it carries is for guards.
pub(crate) fn door() -> Result<Machine<Lock, Hand>, BuildError> {
    let dial = Hand::Dial(0);
    Machine::builder("door")
        .final_state(Door::Blocked)
        .on(Door::Open, Hand::Push)
        .to(Door::Closed)
        .on(Door::Closed, Hand::Pull)
        .to(Door::Open)
        .on(Door::Closed, dial)
        .then("keep code", |lock: &mut Lock, hand| {
            if let Hand::Dial(code) = hand {
                *lock = Lock { code: *code, wrong_codes: 0 };
            }
        })
        .to(Door::Locked)
        // Transitions are tried in this order; the first whose guard holds is taken.
        .on(Door::Locked, dial)
        .when("code fits", |lock, hand| matches!(hand, Hand::Dial(code) if *code == lock.code))
        .to(Door::Closed)
        .on(Door::Locked, dial)
        .when("third wrong code", |lock, _| lock.wrong_codes == 2)
        .to(Door::Blocked)
        .on(Door::Locked, dial)
        .then("count wrong code", |lock, _| lock.wrong_codes += 1)
        .to(Door::Locked)
        .build(Door::Open)
}

/// Drives the machine by hand: it has no clock and starts no work, so time stands still.
pub(crate) fn act(
    machine: &Machine<Lock, Hand>,
    run: &mut Snapshot<Lock>,
    hand: Hand,
) -> Result<(), StepError> {
    machine.dispatch(run, Timestamp::ZERO, hand, &mut Effects::new(), &mut ())
}

/// The name of the state that the door is in.
pub(crate) fn where_it_is(machine: &Machine<Lock, Hand>, run: &Snapshot<Lock>) -> String {
    let names = run.tokens().map(|(state, _)| machine.graph().name_of(state));
    names.collect::<Vec<_>>().join(", ")
}
