//! The door under a superstate: what is done to it while it is shut is the superstate's affair.
//!
//! ```text
//! Shut { Closed, Locked }
//! Shut --Kick [hard] / kick--> Broken    Shut --Kick / kick--> (stays where it is)
//! Closed --Push / count--> Open          Open --Pull--> Closed
//! Closed --Turn [code given] / keep--> Locked
//! Locked --Turn [code fits]--> Closed    Broken --Push--> Open
//! ```

use fsm_core::{BuildError, Machine, TypedMachine};

use super::{Deed, Door, HARD};

// begin: by hand
/// Where the door stands; that two of these are shut is in the `match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Closed, not locked.
    Closed,
    /// Locked with a code.
    Locked,
    /// Open.
    Open,
    /// Kicked in.
    Broken,
}

/// The machine by hand. Whether the deed was accepted.
#[inline(always)]
pub fn by_hand(state: &mut State, door: &mut Door, deed: &Deed) -> bool {
    match (*state, deed) {
        (State::Closed, Deed::Push) => {
            door.pushes += 1;
            *state = State::Open;
        }
        (State::Closed, Deed::Turn(code)) if *code != 0 => {
            door.code = *code;
            *state = State::Locked;
        }
        (State::Locked, Deed::Turn(code)) if *code == door.code => *state = State::Closed,
        (State::Closed | State::Locked, Deed::Kick(force)) if *force > HARD => {
            door.kicks += 1;
            *state = State::Broken;
        }
        (State::Closed | State::Locked, Deed::Kick(_)) => door.kicks += 1,
        (State::Open, Deed::Pull) => *state = State::Closed,
        (State::Broken, Deed::Push) => *state = State::Open,
        (State::Closed, Deed::Pull | Deed::Turn(_))
        | (State::Locked, Deed::Push | Deed::Pull | Deed::Turn(_))
        | (State::Open, Deed::Push | Deed::Turn(_) | Deed::Kick(_))
        | (State::Broken, Deed::Pull | Deed::Turn(_) | Deed::Kick(_)) => return false,
    }
    true
}
// end: by hand

// begin: ours
/// A state of the machine, or the superstate of two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Not open and not broken.
    Shut,
    /// Closed, not locked.
    Closed,
    /// Locked with a code.
    Locked,
    /// Open.
    Open,
    /// Kicked in.
    Broken,
}

/// The same machine with a graph behind it.
///
/// # Errors
/// None as long as the graph above has no fault; the test below holds it.
pub fn machine() -> Result<TypedMachine<Place, Door, Deed>, BuildError> {
    Machine::<Door, Deed>::builder("door")
        .composite(Place::Shut, [Place::Closed, Place::Locked])
        .on(Place::Shut, Deed::Kick(0))
        .when("hard", |_, deed| matches!(deed, Deed::Kick(force) if *force > HARD))
        .then("kick", kick)
        .to(Place::Broken)
        .on(Place::Shut, Deed::Kick(0))
        .then("kick", kick)
        .stay()
        .on(Place::Closed, Deed::Push)
        .then("count", |door, _| door.pushes += 1)
        .to(Place::Open)
        .on(Place::Closed, Deed::Turn(0))
        .when("code given", |_, deed| matches!(deed, Deed::Turn(code) if *code != 0))
        .then("keep", |door, deed| {
            if let Deed::Turn(code) = deed {
                door.code = *code;
            }
        })
        .to(Place::Locked)
        .on(Place::Locked, Deed::Turn(0))
        .when("code fits", |door, deed| matches!(deed, Deed::Turn(code) if *code == door.code))
        .to(Place::Closed)
        .on(Place::Open, Deed::Pull)
        .to(Place::Closed)
        .on(Place::Broken, Deed::Push)
        .to(Place::Open)
        .build(Place::Shut)
}

fn kick(door: &mut Door, _: &Deed) {
    door.kicks += 1;
}
// end: ours

/// A push, a pull, and two light kicks that the superstate takes, over and over.
pub fn predictable(count: usize) -> Vec<Deed> {
    let circle = [Deed::Push, Deed::Pull, Deed::Kick(1), Deed::Kick(2)];
    circle.iter().copied().cycle().take(count).collect()
}

/// Deeds that nobody can foretell, each accepted where the door then stands.
pub fn random(count: usize) -> Vec<Deed> {
    let (mut state, mut door) = (State::Closed, Door::default());
    super::accepted(count, |deed| by_hand(&mut state, &mut door, deed))
}

#[cfg(test)]
mod tests {
    use super::{Deed, Door, Place, State, by_hand, machine, predictable, random};

    #[test]
    fn the_superstate_takes_what_the_match_takes_in_each_of_its_states() {
        let machine = machine().expect("a sound graph");
        for deeds in [predictable(1_000), random(1_000)] {
            let (mut state, mut door) = (State::Closed, Door::default());
            let mut run = machine.begin(Door::default());
            for deed in deeds {
                assert!(by_hand(&mut state, &mut door, &deed));
                machine.send(&mut run, deed).expect("an accepted deed");
                let place = match state {
                    State::Closed => Place::Closed,
                    State::Locked => Place::Locked,
                    State::Open => Place::Open,
                    State::Broken => Place::Broken,
                };
                assert_eq!(machine.state(&run), place, "after {deed:?}");
                assert_eq!(*run.context(), door);
            }
        }
    }

    #[test]
    fn a_kick_reaches_the_door_in_both_states_of_the_superstate_and_nowhere_else() {
        let machine = machine().expect("a sound graph");
        let kicked_after = |deeds: &[Deed]| {
            let mut run = machine.begin(Door::default());
            deeds.iter().for_each(|deed| machine.send(&mut run, *deed).expect("accepted"));
            machine.send(&mut run, Deed::Kick(1)).is_ok()
        };
        assert!(kicked_after(&[]));
        assert!(kicked_after(&[Deed::Turn(1)]));
        assert!(!kicked_after(&[Deed::Push]));
        assert!(!kicked_after(&[Deed::Kick(9)]));
    }
}
