//! One step of a frozen machine, beside a hand-written, inlined `match` and the state machines of
//! other libraries: a guarded door, the same door under a superstate, and one with entry and exit
//! actions.
//!
//! The limit is what a picture, checks, snapshots, and replay may cost above the `match`. Every
//! contestant is first held to the `match`: it ends with the same context. The tables in Markdown
//! are those of `docs/machines/cost.md`.

mod entrant;
mod rust_fsm;
mod smlang;
mod statig;

use std::error::Error;

use fsm_benches::door::{self, Door, hooked, nested};
use fsm_benches::lines;
use fsm_benches::table::Limit;
use fsm_core::{Event, Machine};

use crate::entrant::{Entrant, Field, Stream};

const DEEDS: usize = 1 << 18;

/// The most nanoseconds above the `match`.
const LIMIT: f64 = 5.0;

const FLAT: &str = include_str!("../../src/door/mod.rs");
const NESTED: &str = include_str!("../../src/door/nested.rs");
const HOOKED: &str = include_str!("../../src/door/hooked.rs");

const OURS: &str = "fsm-core";
const BY_HAND: &str = "`match`";
const STATIG: &str = "statig 0.4.1";
const SMLANG: &str = "smlang 0.8.0";
const RUST_FSM: &str = "rust-fsm 0.8.0";

fn main() -> Result<(), Box<dyn Error>> {
    flat()?;
    under_a_superstate()?;
    with_entry_and_exit_actions()
}

/// What the contestants that share these types have in common.
fn types() -> usize {
    lines::of(FLAT, &["shared", "context"])
}

fn flat() -> Result<(), Box<dyn Error>> {
    let machine = door::machine()?;
    let mut field = Field::new(
        "one guarded step",
        [
            (OURS, types() + lines::of(FLAT, &["state", "event", "ours"])),
            (BY_HAND, types() + lines::of(FLAT, &["state", "by hand"])),
            (STATIG, types() + lines::of(statig::SOURCE, &["flat"])),
            (SMLANG, lines::of(FLAT, &["context"]) + lines::of(smlang::SOURCE, &["flat"])),
            (RUST_FSM, types() + lines::of(rust_fsm::SOURCE, &["flat"])),
        ],
    );
    for (name, deeds) in
        [("predictable", door::predictable(DEEDS)), ("random", door::random(DEEDS))]
    {
        let events = smlang::flat_events(&deeds);
        let stream = Stream { name, limit: Limit::Above(LIMIT) };
        field.race(
            stream,
            [
                ours(&machine, &deeds),
                Entrant::new(
                    &deeds,
                    || (door::State::Closed, Door::default()),
                    |(state, door), deed| door::by_hand(state, door, deed),
                    |(_, door)| *door,
                ),
                statig::flat(&deeds),
                smlang::flat(&events),
                rust_fsm::flat(&deeds),
            ],
        );
    }
    field.print();
    Ok(())
}

fn under_a_superstate() -> Result<(), Box<dyn Error>> {
    let machine = nested::machine()?;
    let mut field = Field::new(
        "one step under a superstate",
        [
            (OURS, types() + lines::of(FLAT, &["event"]) + lines::of(NESTED, &["ours"])),
            (BY_HAND, types() + lines::of(NESTED, &["by hand"])),
            (STATIG, types() + lines::of(statig::SOURCE, &["nested"])),
            (SMLANG, lines::of(FLAT, &["context"]) + lines::of(smlang::SOURCE, &["nested"])),
        ],
    );
    for (name, deeds) in
        [("predictable", nested::predictable(DEEDS)), ("random", nested::random(DEEDS))]
    {
        let events = smlang::nested_events(&deeds);
        let stream = Stream { name, limit: Limit::Above(LIMIT) };
        field.race(
            stream,
            [
                ours(&machine, &deeds),
                Entrant::new(
                    &deeds,
                    || (nested::State::Closed, Door::default()),
                    |(state, door), deed| nested::by_hand(state, door, deed),
                    |(_, door)| *door,
                ),
                statig::nested(&deeds),
                smlang::nested(&events),
            ],
        );
    }
    field.print();
    Ok(())
}

fn with_entry_and_exit_actions() -> Result<(), Box<dyn Error>> {
    let machine = hooked::machine()?;
    let types = lines::of(FLAT, &["shared"]) + lines::of(HOOKED, &["context"]);
    let mut field = Field::new(
        "one step with an exit, a transition, and an entry action",
        [
            (OURS, types + lines::of(FLAT, &["event"]) + lines::of(HOOKED, &["state", "ours"])),
            (BY_HAND, types + lines::of(HOOKED, &["state", "by hand"])),
            (STATIG, types + lines::of(statig::SOURCE, &["hooked"])),
            (SMLANG, lines::of(HOOKED, &["context"]) + lines::of(smlang::SOURCE, &["hooked"])),
        ],
    );
    for (name, deeds) in
        [("predictable", door::predictable(DEEDS)), ("random", hooked::random(DEEDS))]
    {
        let events = smlang::hooked_events(&deeds);
        field.race(
            Stream { name, limit: Limit::Free },
            [
                ours(&machine, &deeds),
                Entrant::new(
                    &deeds,
                    || (hooked::State::Closed, hooked::started()),
                    |(state, notes), deed| hooked::by_hand(state, notes, deed),
                    |(_, notes)| *notes,
                ),
                statig::hooked(&deeds),
                smlang::hooked(&events),
            ],
        );
    }
    field.print();
    Ok(())
}

/// Our machine, told by hand what happens.
fn ours<'a, C, E>(machine: &'a Machine<C, E>, deeds: &'a [E]) -> Entrant<'a, C>
where
    C: Copy + Default,
    E: Event + Copy + 'static,
{
    Entrant::new(
        deeds,
        || machine.begin(C::default()),
        |run, deed| match machine.send(run, *deed) {
            Ok(()) => true,
            Err(_refused) => false,
        },
        |run| *run.context(),
    )
}
