//! The doors as smlang has them. Guards see context and payload. There are no superstates: a
//! pattern of states stands for one. The machine consumes its events; that they are made of ours is
//! not measured.

use fsm_benches::door::hooked::Notes;
use fsm_benches::door::{Deed, Door};

use crate::entrant::Entrant;

pub(crate) const SOURCE: &str = include_str!("smlang.rs");

pub(crate) fn flat(events: &[flat_door::Events]) -> Entrant<'_, Door> {
    Entrant::new(
        events,
        || flat_door::StateMachine::new(flat_door::Context::default()),
        |machine, event| machine.process_event(*event).is_ok(),
        |machine| machine.context().0,
    )
}

pub(crate) fn nested(events: &[nested_door::Events]) -> Entrant<'_, Door> {
    Entrant::new(
        events,
        || nested_door::StateMachine::new(nested_door::Context::default()),
        |machine, event| machine.process_event(*event).is_ok(),
        |machine| machine.context().0,
    )
}

/// The initial state's entry action never runs; it is made up for.
pub(crate) fn hooked(events: &[hooked_door::Events]) -> Entrant<'_, Notes> {
    Entrant::new(
        events,
        || {
            let notes = fsm_benches::door::hooked::started();
            hooked_door::StateMachine::new(hooked_door::Context(notes))
        },
        |machine, event| machine.process_event(*event).is_ok(),
        |machine| machine.context().0,
    )
}

pub(crate) fn flat_events(deeds: &[Deed]) -> Vec<flat_door::Events> {
    use flat_door::Events;
    let event = |deed: &Deed| match *deed {
        Deed::Push => Events::Push,
        Deed::Pull => Events::Pull,
        Deed::Turn(code) => Events::Turn(code),
        Deed::Kick(force) => Events::Kick(force),
    };
    deeds.iter().map(event).collect()
}

pub(crate) fn nested_events(deeds: &[Deed]) -> Vec<nested_door::Events> {
    use nested_door::Events;
    let event = |deed: &Deed| match *deed {
        Deed::Push => Events::Push,
        Deed::Pull => Events::Pull,
        Deed::Turn(code) => Events::Turn(code),
        Deed::Kick(force) => Events::Kick(force),
    };
    deeds.iter().map(event).collect()
}

/// # Panics
/// On a kick, which this door does not know.
pub(crate) fn hooked_events(deeds: &[Deed]) -> Vec<hooked_door::Events> {
    use hooked_door::Events;
    let event = |deed: &Deed| match *deed {
        Deed::Push => Events::Push,
        Deed::Pull => Events::Pull,
        Deed::Turn(code) => Events::Turn(code),
        Deed::Kick(_) => unreachable!("no state of this door accepts a kick"),
    };
    deeds.iter().map(event).collect()
}

pub(crate) mod flat_door {
    use fsm_benches::door::{Door, HARD};
    use smlang::statemachine;

    // begin: flat
    statemachine! {
        derive_events: [Clone, Copy],
        transitions: {
            *Closed + Push / count = Open,
            Closed + Turn(u32) [code_given] / keep = Locked,
            Open + Pull = Closed,
            Locked + Turn(u32) [code_fits] = Closed,
            Locked + Turn(u32) = Locked,
            Locked + Kick(u32) [hard] / kick = Broken,
            Locked + Kick(u32) / kick = Locked,
            Broken + Push = Open,
        }
    }

    #[derive(Default)]
    pub(crate) struct Context(pub(super) Door);

    impl StateMachineContext for Context {
        fn code_given(&self, code: &u32) -> Result<bool, ()> {
            Ok(*code != 0)
        }

        fn code_fits(&self, code: &u32) -> Result<bool, ()> {
            Ok(*code == self.0.code)
        }

        fn hard(&self, force: &u32) -> Result<bool, ()> {
            Ok(*force > HARD)
        }

        fn count(&mut self) -> Result<(), ()> {
            self.0.pushes += 1;
            Ok(())
        }

        fn keep(&mut self, code: u32) -> Result<(), ()> {
            self.0.code = code;
            Ok(())
        }

        fn kick(&mut self, _: u32) -> Result<(), ()> {
            self.0.kicks += 1;
            Ok(())
        }
    }
    // end: flat
}

pub(crate) mod nested_door {
    use fsm_benches::door::{Door, HARD};
    use smlang::statemachine;

    // begin: nested
    statemachine! {
        derive_events: [Clone, Copy],
        transitions: {
            Closed | Locked + Kick(u32) [hard] / kick = Broken,
            Closed | Locked + Kick(u32) / kick = _,
            *Closed + Push / count = Open,
            Closed + Turn(u32) [code_given] / keep = Locked,
            Locked + Turn(u32) [code_fits] = Closed,
            Open + Pull = Closed,
            Broken + Push = Open,
        }
    }

    #[derive(Default)]
    pub(crate) struct Context(pub(super) Door);

    impl StateMachineContext for Context {
        fn code_given(&self, code: &u32) -> Result<bool, ()> {
            Ok(*code != 0)
        }

        fn code_fits(&self, code: &u32) -> Result<bool, ()> {
            Ok(*code == self.0.code)
        }

        fn hard(&self, force: &u32) -> Result<bool, ()> {
            Ok(*force > HARD)
        }

        fn count(&mut self) -> Result<(), ()> {
            self.0.pushes += 1;
            Ok(())
        }

        fn keep(&mut self, code: u32) -> Result<(), ()> {
            self.0.code = code;
            Ok(())
        }

        fn kick(&mut self, _: u32) -> Result<(), ()> {
            self.0.kicks += 1;
            Ok(())
        }
    }
    // end: nested
}

pub(crate) mod hooked_door {
    use fsm_benches::door::hooked::Notes;
    use smlang::statemachine;

    // begin: hooked
    statemachine! {
        derive_events: [Clone, Copy],
        transitions: {
            *Closed + Push / count = Open,
            Closed + Turn(u32) / turn = Locked,
            Open + Pull / count = Closed,
            Locked + Turn(u32) / turn = Closed,
        }
    }

    #[derive(Default)]
    pub(crate) struct Context(pub(super) Notes);

    impl StateMachineContext for Context {
        fn count(&mut self) -> Result<(), ()> {
            self.0.moves += 1;
            Ok(())
        }

        fn turn(&mut self, _: u32) -> Result<(), ()> {
            self.count()
        }

        fn on_entry_closed(&mut self) {
            self.0.entered += 1;
        }

        fn on_entry_open(&mut self) {
            self.0.entered += 1;
        }

        fn on_entry_locked(&mut self) {
            self.0.entered += 1;
        }

        fn on_exit_closed(&mut self) {
            self.0.left += 1;
        }

        fn on_exit_open(&mut self) {
            self.0.left += 1;
        }

        fn on_exit_locked(&mut self) {
            self.0.left += 1;
        }
    }
    // end: hooked
}
