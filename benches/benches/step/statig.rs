//! The doors as statig has them. It keeps no names, no graph, and no snapshot, and an event that
//! nothing handles vanishes.

use fsm_benches::door::hooked::Notes;
use fsm_benches::door::{Deed, Door};
use statig::blocking::IntoStateMachineExt;

use crate::entrant::Entrant;

pub(crate) const SOURCE: &str = include_str!("statig.rs");

pub(crate) fn flat(deeds: &[Deed]) -> Entrant<'_, Door> {
    Entrant::new(
        deeds,
        || flat_door::FlatDoor::default().state_machine(),
        |machine, deed| {
            machine.handle(deed);
            true
        },
        |machine| machine.inner().0,
    )
}

pub(crate) fn nested(deeds: &[Deed]) -> Entrant<'_, Door> {
    Entrant::new(
        deeds,
        || nested_door::NestedDoor::default().state_machine(),
        |machine, deed| {
            machine.handle(deed);
            true
        },
        |machine| machine.inner().0,
    )
}

pub(crate) fn hooked(deeds: &[Deed]) -> Entrant<'_, Notes> {
    Entrant::new(
        deeds,
        || {
            let mut machine = hooked_door::HookedDoor::default().state_machine();
            machine.init();
            machine
        },
        |machine, deed| {
            machine.handle(deed);
            true
        },
        |machine| machine.inner().0,
    )
}

mod flat_door {
    use fsm_benches::door::{Deed, Door, HARD};
    use statig::prelude::*;

    // begin: flat
    #[derive(Default)]
    pub(super) struct FlatDoor(pub(super) Door);

    #[state_machine(initial = "State::closed()")]
    impl FlatDoor {
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
    // end: flat
}

mod nested_door {
    use fsm_benches::door::{Deed, Door, HARD};
    use statig::prelude::*;

    // begin: nested
    #[derive(Default)]
    pub(super) struct NestedDoor(pub(super) Door);

    #[state_machine(initial = "State::closed()")]
    impl NestedDoor {
        #[superstate]
        fn shut(&mut self, event: &Deed) -> Outcome<State> {
            match event {
                Deed::Kick(force) if *force > HARD => {
                    self.0.kicks += 1;
                    Transition(State::broken())
                }
                Deed::Kick(_) => {
                    self.0.kicks += 1;
                    Handled
                }
                Deed::Push | Deed::Pull | Deed::Turn(_) => Super,
            }
        }

        #[state(superstate = "shut")]
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

        #[state(superstate = "shut")]
        fn locked(&mut self, event: &Deed) -> Outcome<State> {
            match event {
                Deed::Turn(code) if *code == self.0.code => Transition(State::closed()),
                Deed::Push | Deed::Pull | Deed::Turn(_) | Deed::Kick(_) => Super,
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
        fn broken(event: &Deed) -> Outcome<State> {
            match event {
                Deed::Push => Transition(State::open()),
                Deed::Pull | Deed::Turn(_) | Deed::Kick(_) => Super,
            }
        }
    }
    // end: nested
}

mod hooked_door {
    use fsm_benches::door::Deed;
    use fsm_benches::door::hooked::Notes;
    use statig::prelude::*;

    // begin: hooked
    #[derive(Default)]
    pub(super) struct HookedDoor(pub(super) Notes);

    #[state_machine(initial = "State::closed()")]
    impl HookedDoor {
        #[state(entry_action = "enter", exit_action = "leave")]
        fn closed(&mut self, event: &Deed) -> Outcome<State> {
            match event {
                Deed::Push => {
                    self.0.moves += 1;
                    Transition(State::open())
                }
                Deed::Turn(_) => {
                    self.0.moves += 1;
                    Transition(State::locked())
                }
                Deed::Pull | Deed::Kick(_) => Super,
            }
        }

        #[state(entry_action = "enter", exit_action = "leave")]
        fn open(&mut self, event: &Deed) -> Outcome<State> {
            match event {
                Deed::Pull => {
                    self.0.moves += 1;
                    Transition(State::closed())
                }
                Deed::Push | Deed::Turn(_) | Deed::Kick(_) => Super,
            }
        }

        #[state(entry_action = "enter", exit_action = "leave")]
        fn locked(&mut self, event: &Deed) -> Outcome<State> {
            match event {
                Deed::Turn(_) => {
                    self.0.moves += 1;
                    Transition(State::closed())
                }
                Deed::Push | Deed::Pull | Deed::Kick(_) => Super,
            }
        }

        #[action]
        fn enter(&mut self) {
            self.0.entered += 1;
        }

        #[action]
        fn leave(&mut self) {
            self.0.left += 1;
        }
    }
    // end: hooked
}
