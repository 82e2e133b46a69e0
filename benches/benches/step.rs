//! One guarded step of a frozen machine, beside a hand-written, inlined `match` and statig.
//!
//! The limit is what a picture, checks, snapshots, and replay may cost above the `match`.

use std::hint::black_box;

use fsm_benches::door::{self, Door, State};
use fsm_benches::race::{Contestant, Rounds, nanos_each, race};
use fsm_benches::table::{Limit, Table};
use fsm_core::{BuildError, Effects, Timestamp};
use statig::blocking::IntoStateMachineExt;

const DEEDS: usize = 1 << 18;

/// The most nanoseconds above the `match`.
const LIMIT: f64 = 5.0;

fn main() -> Result<(), BuildError> {
    let machine = door::machine()?;
    let mut table = Table::new("one guarded step", "ns");
    for (stream, deeds) in
        [("predictable", door::predictable(DEEDS)), ("random", door::random(DEEDS))]
    {
        let ours = Contestant::new("ours", || {
            let mut run = machine.begin(Door::default());
            let mut effects = Effects::new();
            let nanos = nanos_each(DEEDS, || {
                for deed in &deeds {
                    let taken =
                        machine.dispatch(&mut run, Timestamp::ZERO, *deed, &mut effects, &mut ());
                    black_box(taken.is_ok());
                }
            });
            black_box(run.context());
            nanos
        });
        let by_hand = Contestant::new("match", || {
            let (mut state, mut door) = (State::Closed, Door::default());
            let nanos = nanos_each(DEEDS, || {
                for deed in &deeds {
                    black_box(door::by_hand(&mut state, &mut door, deed));
                }
            });
            black_box((state, door));
            nanos
        });
        let statig = Contestant::new("statig 0.4.1", || {
            let mut machine = peer::StatigDoor::default().state_machine();
            let nanos = nanos_each(DEEDS, || {
                for deed in &deeds {
                    machine.handle(black_box(deed));
                }
            });
            black_box(machine.inner());
            nanos
        });
        let [ours, by_hand, statig] = race(Rounds::measured(41), [ours, by_hand, statig]);
        table.compare(stream, &ours, &by_hand, Limit::Above(LIMIT));
        table.compare(stream, &ours, &statig, Limit::Free);
    }
    table.print();
    Ok(())
}

/// The door as statig has it. It keeps no names, no graph, and no snapshot, and an event that
/// nothing handles vanishes.
mod peer {
    use fsm_benches::door::{Deed, Door, HARD};
    use statig::prelude::*;

    #[derive(Default)]
    pub(super) struct StatigDoor(Door);

    #[state_machine(initial = "State::closed()")]
    impl StatigDoor {
        #[state]
        fn closed(&mut self, event: &Deed) -> Outcome<State> {
            match event {
                Deed::Push => {
                    self.0.pushes += 1;
                    Transition(State::open())
                }
                Deed::Turn(code) if *code != 0 => {
                    self.0.code = *code;
                    Transition(State::locked())
                }
                Deed::Pull | Deed::Turn(_) | Deed::Kick(_) => Super,
            }
        }

        #[state]
        fn open(event: &Deed) -> Outcome<State> {
            match event {
                Deed::Pull => Transition(State::closed()),
                Deed::Push | Deed::Turn(_) | Deed::Kick(_) => Super,
            }
        }

        #[state]
        fn locked(&mut self, event: &Deed) -> Outcome<State> {
            match event {
                Deed::Turn(code) if *code == self.0.code => Transition(State::closed()),
                Deed::Turn(_) => Transition(State::locked()),
                Deed::Kick(force) if *force > HARD => {
                    self.0.kicks += 1;
                    Transition(State::broken())
                }
                Deed::Kick(_) => {
                    self.0.kicks += 1;
                    Transition(State::locked())
                }
                Deed::Push | Deed::Pull => Super,
            }
        }

        #[state]
        fn broken(event: &Deed) -> Outcome<State> {
            match event {
                Deed::Push => Transition(State::open()),
                Deed::Pull | Deed::Turn(_) | Deed::Kick(_) => Super,
            }
        }
    }
}
