//! A machine written with [statig](https://docs.rs/statig), explored: drawn, its ignored events
//! listed, and written once more with this workspace.
//!
//! The first machine is the one of statig's own guide: a light that blinks until a button is
//! pressed, with a superstate. Nothing is added to it but `Clone` and `Debug`. The second has the
//! same drawing; that the light is switched is an entry and an exit action of it.
//!
//! ```sh
//! cargo run -p fsm-examples --example statig_blinky
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;

use fsm_core::{
    BuildError, Effects, GraphFaults, Machine, Snapshot, StepError, Timestamp, TypedMachine,
};
use fsm_testkit::explore::{self, Exploration};
use statig::blocking::IntoStateMachineExt;

/// What happens to either machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    TimerElapsed,
    ButtonPressed,
}

impl fsm_core::Event for Event {}

pub(crate) const EVENTS: [(&str, Event); 2] =
    [("TimerElapsed", Event::TimerElapsed), ("ButtonPressed", Event::ButtonPressed)];

/// The light, which both machines switch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Led {
    pub(crate) lit: bool,
}

/// The machine as statig has it.
pub(crate) mod with_statig {
    use statig::prelude::*;

    use super::{Event, Led};

    #[state_machine(
        initial = "State::led_on()",
        state(derive(Clone, Debug)),
        superstate(derive(Debug))
    )]
    impl Led {
        #[state(superstate = "blinking", entry_action = "light", exit_action = "darken")]
        fn led_on(event: &Event) -> Outcome<State> {
            match event {
                Event::TimerElapsed => Transition(State::led_off()),
                Event::ButtonPressed => Super,
            }
        }

        #[state(superstate = "blinking")]
        fn led_off(event: &Event) -> Outcome<State> {
            match event {
                Event::TimerElapsed => Transition(State::led_on()),
                Event::ButtonPressed => Super,
            }
        }

        #[superstate]
        fn blinking(event: &Event) -> Outcome<State> {
            match event {
                Event::ButtonPressed => Transition(State::not_blinking()),
                Event::TimerElapsed => Super,
            }
        }

        #[state]
        fn not_blinking(event: &Event) -> Outcome<State> {
            match event {
                Event::ButtonPressed => Transition(State::led_on()),
                Event::TimerElapsed => Super,
            }
        }

        #[action]
        fn light(&mut self) {
            self.lit = true;
        }

        #[action]
        fn darken(&mut self) {
            self.lit = false;
        }
    }
}

/// The states of the machine as this workspace has it; `Blinking` is the superstate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Blinky {
    Blinking,
    LedOn,
    LedOff,
    NotBlinking,
}

fn main() -> Result<(), Box<dyn Error>> {
    let explored = explored()?;
    println!("{}", explored.graph().to_dot());
    println!("The machine of statig, in which these events vanish without a word:");
    for ignored in explored.ignored() {
        println!("  {ignored}");
    }
    for state in ["LedOff", "NotBlinking"] {
        let path = explored.path_to(state).unwrap_or_default();
        println!("The way to {state}: {}", path.join(", "));
    }

    let machine = blinky()?;
    let same = drawing(explored.graph()) == drawing(machine.graph());
    println!("The machine of this workspace has the same drawing: {same}. It says no aloud:");
    let mut run = machine.begin(Led::default());
    for event in [Event::ButtonPressed, Event::TimerElapsed] {
        if let Err(refused) = act(&machine, &mut run, event) {
            println!("  {refused}");
        }
    }
    Ok(())
}

/// Every state that statig's machine comes to, with every event sent there. The state itself tells
/// whether the light is lit, so nothing else has to be told apart.
pub(crate) fn explored() -> Result<Exploration, GraphFaults> {
    explore::statig::explorer("blinky", || (), |_: &Led, _| ())
        .explore(Led::default().state_machine(), &EVENTS)
}

/// The same machine, written so that it is a graph from the beginning.
pub(crate) fn blinky() -> Result<TypedMachine<Blinky, Led, Event>, BuildError> {
    Machine::builder("blinky")
        .composite(Blinky::Blinking, [Blinky::LedOn, Blinky::LedOff])
        .entry(Blinky::LedOn, "light", |led: &mut Led, _| led.lit = true)
        .exit(Blinky::LedOn, "darken", |led, _| led.lit = false)
        .on(Blinky::LedOn, Event::TimerElapsed)
        .to(Blinky::LedOff)
        .on(Blinky::LedOff, Event::TimerElapsed)
        .to(Blinky::LedOn)
        .on(Blinky::Blinking, Event::ButtonPressed)
        .to(Blinky::NotBlinking)
        .on(Blinky::NotBlinking, Event::ButtonPressed)
        .to(Blinky::LedOn)
        .build(Blinky::LedOn)
}

/// From outside actions can't be seen, so they are left out.
pub(crate) fn drawing(graph: &fsm_core::Graph) -> String {
    graph.drawing().without_actions().to_dot()
}

/// Drives the machine by hand, while time stands still.
pub(crate) fn act(
    machine: &Machine<Led, Event>,
    run: &mut Snapshot<Led>,
    event: Event,
) -> Result<(), StepError> {
    machine.dispatch(run, Timestamp::ZERO, event, &mut Effects::new(), &mut ())
}
