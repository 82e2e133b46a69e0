//! A door that notes when each of its states is entered and left: one exit action, one action of
//! the transition, and one entry action a step.
//!
//! ```text
//! Closed --Push / count--> Open          Open --Pull / count--> Closed
//! Closed --Turn / count--> Locked        Locked --Turn / count--> Closed
//! ```

use fsm_core::{BuildError, Machine, Scene, TypedMachine};

use super::Deed;

// begin: state
/// Where the door stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Closed, not locked.
    Closed,
    /// Open.
    Open,
    /// Locked.
    Locked,
}
// end: state

// begin: context
/// What was noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Transitions.
    pub moves: u64,
    /// Entry actions.
    pub entered: u64,
    /// Exit actions.
    pub left: u64,
}
// end: context

// begin: by hand
/// The machine by hand. Whether the deed was accepted.
#[inline(always)]
pub fn by_hand(state: &mut State, notes: &mut Notes, deed: &Deed) -> bool {
    let to = match (*state, deed) {
        (State::Closed, Deed::Push) => State::Open,
        (State::Closed, Deed::Turn(_)) => State::Locked,
        (State::Open, Deed::Pull) | (State::Locked, Deed::Turn(_)) => State::Closed,
        (State::Closed, Deed::Pull | Deed::Kick(_))
        | (State::Open, Deed::Push | Deed::Turn(_) | Deed::Kick(_))
        | (State::Locked, Deed::Push | Deed::Pull | Deed::Kick(_)) => return false,
    };
    notes.left += 1;
    notes.moves += 1;
    *state = to;
    notes.entered += 1;
    true
}
// end: by hand

// begin: ours
/// The same machine with a graph behind it.
///
/// # Errors
/// None as long as the graph above has no fault; the test below holds it.
pub fn machine() -> Result<TypedMachine<State, Notes, Deed>, BuildError> {
    let count = |notes: &mut Notes, _: &Deed| notes.moves += 1;
    [State::Closed, State::Open, State::Locked]
        .into_iter()
        .fold(Machine::<Notes, Deed>::builder("noted door"), |builder, state| {
            builder.entry(state, "enter", enter).exit(state, "leave", leave)
        })
        .on(State::Closed, Deed::Push)
        .then("count", count)
        .to(State::Open)
        .on(State::Open, Deed::Pull)
        .then("count", count)
        .to(State::Closed)
        .on(State::Closed, Deed::Turn(0))
        .then("count", count)
        .to(State::Locked)
        .on(State::Locked, Deed::Turn(0))
        .then("count", count)
        .to(State::Closed)
        .build(State::Closed)
}

fn enter(notes: &mut Notes, _: &Scene<'_, Deed>) {
    notes.entered += 1;
}

fn leave(notes: &mut Notes, _: &Scene<'_, Deed>) {
    notes.left += 1;
}
// end: ours

/// What is noted when the initial state has been entered, which a `match` has to be told.
pub fn started() -> Notes {
    Notes { entered: 1, ..Notes::default() }
}

/// Deeds that nobody can foretell, each accepted where the door then stands.
pub fn random(count: usize) -> Vec<Deed> {
    let (mut state, mut notes) = (State::Closed, Notes::default());
    super::accepted(count, |deed| by_hand(&mut state, &mut notes, deed))
}

#[cfg(test)]
mod tests {
    use super::{Notes, State, by_hand, machine, random, started};

    #[test]
    fn every_step_leaves_one_state_and_enters_one_and_so_does_the_match() {
        let machine = machine().expect("a sound graph");
        let (mut state, mut notes) = (State::Closed, started());
        let mut run = machine.begin(Notes::default());
        for deed in random(1_000).into_iter().chain(crate::door::predictable(1_000)) {
            let accepted = by_hand(&mut state, &mut notes, &deed);
            assert_eq!(accepted, machine.send(&mut run, deed).is_ok());
            assert_eq!(machine.state(&run), state, "after {deed:?}");
            assert_eq!(*run.context(), notes);
        }
    }
}
