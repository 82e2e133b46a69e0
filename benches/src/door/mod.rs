//! A door with a code lock: the machine of the topic `step`, ours and as a `match` by hand.
//!
//! ```text
//! Closed --Push / count--> Open          Open --Pull--> Closed
//! Closed --Turn [code given] / keep--> Locked
//! Locked --Turn [code fits]--> Closed    Locked --Turn--> Locked
//! Locked --Kick [hard] / kick--> Broken  Locked --Kick / kick--> Locked
//! Broken --Push--> Open
//! ```
//!
//! [`nested`] is a door whose kicks a superstate takes, [`hooked`] one with entry and exit actions.
//! The comments `begin` and `end` say what [`crate::lines`] counts.

pub mod hooked;
pub mod nested;

use fsm_core::{BuildError, Event, Machine, TypedMachine};

// begin: state
/// Where the door stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Closed, not locked.
    Closed,
    /// Open.
    Open,
    /// Locked with a code.
    Locked,
    /// Kicked in.
    Broken,
}
// end: state

// begin: shared
/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A push.
    Push,
    /// A pull.
    Pull,
    /// The lock is turned with this code.
    Turn(u32),
    /// A kick of this force.
    Kick(u32),
}

// end: shared

// begin: event
impl Event for Deed {}
// end: event

// begin: context
/// What it remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Door {
    /// The code it was locked with.
    pub code: u32,
    /// How often it was kicked.
    pub kicks: u32,
    /// How often it was pushed open.
    pub pushes: u64,
}

/// A kick is hard from here on.
pub const HARD: u32 = 5;
// end: context

// begin: by hand

/// The machine by hand: what an engineer would write who needs no picture. Whether the deed was
/// accepted.
#[inline(always)]
pub fn by_hand(state: &mut State, door: &mut Door, deed: &Deed) -> bool {
    match (*state, deed) {
        (State::Closed, Deed::Push) => {
            door.pushes += 1;
            *state = State::Open;
        }
        (State::Open, Deed::Pull) => *state = State::Closed,
        (State::Closed, Deed::Turn(code)) if *code != 0 => {
            door.code = *code;
            *state = State::Locked;
        }
        (State::Locked, Deed::Turn(code)) if *code == door.code => *state = State::Closed,
        (State::Locked, Deed::Turn(_)) => {}
        (State::Locked, Deed::Kick(force)) if *force > HARD => {
            door.kicks += 1;
            *state = State::Broken;
        }
        (State::Locked, Deed::Kick(_)) => door.kicks += 1,
        (State::Broken, Deed::Push) => *state = State::Open,
        (State::Closed, Deed::Pull | Deed::Turn(_) | Deed::Kick(_))
        | (State::Open, Deed::Push | Deed::Turn(_) | Deed::Kick(_))
        | (State::Locked, Deed::Push | Deed::Pull)
        | (State::Broken, Deed::Pull | Deed::Turn(_) | Deed::Kick(_)) => return false,
    }
    true
}
// end: by hand

// begin: ours
/// The same machine with a graph behind it.
///
/// # Errors
/// None as long as the graph above has no fault; the test below holds it.
pub fn machine() -> Result<TypedMachine<State, Door, Deed>, BuildError> {
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
// end: ours

/// Four deeds over and over, two of them guarded: every branch can be foretold.
pub fn predictable(count: usize) -> Vec<Deed> {
    let circle = [Deed::Push, Deed::Pull, Deed::Turn(1), Deed::Turn(1)];
    circle.iter().copied().cycle().take(count).collect()
}

/// Deeds that nobody can foretell, each accepted where the door then stands.
pub fn random(count: usize) -> Vec<Deed> {
    let (mut state, mut door) = (State::Closed, Door::default());
    accepted(count, |deed| by_hand(&mut state, &mut door, deed))
}

/// Random deeds, those left out that `accepts` refuses.
fn accepted(count: usize, mut accepts: impl FnMut(&Deed) -> bool) -> Vec<Deed> {
    let mut seed = 12_345_u64;
    let mut deeds = Vec::with_capacity(count);
    while deeds.len() < count {
        // Marsaglia's xorshift: even enough, and the same on every machine.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let number = (seed >> 8) as u32;
        let deed = match seed % 4 {
            0 => Deed::Push,
            1 => Deed::Pull,
            2 => Deed::Turn(number % 2 + 1),
            _ => Deed::Kick(number % 10),
        };
        if accepts(&deed) {
            deeds.push(deed);
        }
    }
    deeds
}

#[cfg(test)]
mod tests {
    use fsm_core::{Effects, Timestamp};

    use super::{Deed, Door, State, by_hand, machine, predictable, random};

    #[test]
    fn the_machine_does_what_the_match_does_on_every_deed() {
        let machine = machine().expect("a sound graph");
        for deeds in [predictable(1_000), random(1_000)] {
            let (mut state, mut door) = (State::Closed, Door::default());
            let mut run = machine.begin(Door::default());
            let mut effects = Effects::new();
            for deed in deeds {
                assert!(by_hand(&mut state, &mut door, &deed));
                machine
                    .dispatch(&mut run, Timestamp::ZERO, deed, &mut effects, &mut ())
                    .expect("an accepted deed");
                assert!(machine.is_in(&run, state), "{state:?} after {deed:?}");
                assert_eq!(*run.context(), door);
            }
        }
    }

    #[test]
    fn both_refuse_what_no_state_accepts() {
        let machine = machine().expect("a sound graph");
        let mut run = machine.begin(Door::default());
        let mut effects = Effects::new();
        for deed in [Deed::Pull, Deed::Turn(0), Deed::Kick(9)] {
            assert!(!by_hand(&mut State::Closed, &mut Door::default(), &deed));
            let refused = machine.dispatch(&mut run, Timestamp::ZERO, deed, &mut effects, &mut ());
            assert!(refused.is_err(), "{deed:?}");
        }
    }

    #[test]
    fn the_random_stream_comes_through_every_state() {
        let (mut state, mut door) = (State::Closed, Door::default());
        let mut seen = Vec::new();
        for deed in random(1_000) {
            by_hand(&mut state, &mut door, &deed);
            if !seen.contains(&state) {
                seen.push(state);
            }
        }
        assert_eq!(seen.len(), 4);
    }
}
