//! The door as rust-fsm has it. Its language knows no payload, no context, and no guards, no
//! superstates, and no entry or exit actions: what a guard would look at is told to the machine as
//! an input of its own, and what it puts out is done around it.

use fsm_benches::door::{Deed, Door};

use crate::entrant::Entrant;

pub(crate) const SOURCE: &str = include_str!("rust_fsm.rs");

pub(crate) fn flat(deeds: &[Deed]) -> Entrant<'_, Door> {
    Entrant::new(
        deeds,
        || (flat_door::door::StateMachine::new(), Door::default()),
        |(machine, door), deed| flat_door::tell(machine, door, deed),
        |(_, door)| *door,
    )
}

mod flat_door {
    use fsm_benches::door::{Deed, Door, HARD};
    use rust_fsm::state_machine;

    // begin: flat
    state_machine! {
        pub door(Closed)

        Closed => {
            Push => Open [Count],
            FittingTurn => Locked [Keep],
            OtherTurn => Locked [Keep],
        },
        Open(Pull) => Closed,
        Locked => {
            FittingTurn => Closed,
            OtherTurn => Locked,
            EmptyTurn => Locked,
            HardKick => Broken [Kick],
            LightKick => Locked [Kick],
        },
        Broken(Push) => Open,
    }

    #[inline(always)]
    pub(super) fn tell(machine: &mut door::StateMachine, door: &mut Door, deed: &Deed) -> bool {
        let input = match *deed {
            Deed::Push => door::Input::Push,
            Deed::Pull => door::Input::Pull,
            Deed::Turn(0) => door::Input::EmptyTurn,
            Deed::Turn(code) if code == door.code => door::Input::FittingTurn,
            Deed::Turn(_) => door::Input::OtherTurn,
            Deed::Kick(force) if force > HARD => door::Input::HardKick,
            Deed::Kick(_) => door::Input::LightKick,
        };
        match machine.consume(&input) {
            Ok(Some(door::Output::Count)) => door.pushes += 1,
            Ok(Some(door::Output::Keep)) => {
                if let Deed::Turn(code) = *deed {
                    door.code = code;
                }
            }
            Ok(Some(door::Output::Kick)) => door.kicks += 1,
            Ok(None) => {}
            Err(_) => return false,
        }
        true
    }
    // end: flat
}
