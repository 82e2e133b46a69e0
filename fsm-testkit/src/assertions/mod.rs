//! Assertions that speak of paths and states, and say what was possible where they fail.
//!
//! They are functions: a failure points at the line of the test, and there is no macro to learn.
//!
//! ```
//! use fsm_core::{Event, Machine};
//! use fsm_testkit::assertions::{assert_configuration, assert_path, assert_rejects};
//! use fsm_testkit::simulation::Simulation;
//!
//! #[derive(Clone, Debug)]
//! enum Gate { Locked, Open }
//! #[derive(Clone, Debug)]
//! enum Hand { Coin, Push }
//! impl Event for Hand {}
//!
//! let machine = Machine::<(), Hand>::builder("turnstile")
//!     .on(Gate::Locked, Hand::Coin).to(Gate::Open)
//!     .on(Gate::Open, Hand::Push).to(Gate::Locked)
//!     .build(Gate::Locked)?;
//! let mut gate = Simulation::new(machine, ());
//! assert_rejects(&gate, Hand::Push);
//! gate.event(Hand::Coin)?;
//! assert_configuration(&gate, ["Open"]);
//! gate.event(Hand::Push)?;
//! assert_path(&gate, ["Locked", "Open", "Locked"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where several tokens stand at once, a place on a path has the names of their states, in declared
//! order: `"loud, fm"`. What is over may be told of, too: [`retell`] makes a path of what a
//! [`Recorder`](fsm_core::Recorder) kept.

mod path;

use std::fmt::Debug;

use fsm_core::{Event, Status, StepError};

use crate::simulation::Simulation;
use crate::walks::edge_text;

pub use path::{Path, Retold, retell};

/// The path went by these places, and no others.
///
/// # Panics
/// If it is another one: both are shown side by side, and what leads on from where they part.
#[track_caller]
pub fn assert_path<S: AsRef<str>>(path: &impl Path, expected: impl IntoIterator<Item = S>) {
    let (came, expected) = (path.places(), texts(expected));
    if came == expected {
        return;
    }
    let parted = came.iter().zip(&expected).take_while(|(came, expected)| came == expected).count();
    let from = parted.checked_sub(1).map_or_else(Vec::new, |at| path.ways_from(at));
    let on = match (parted.checked_sub(1).map(|at| &came[at]), from.is_empty()) {
        (Some(place), false) => format!("\nfrom {place} there are:{}", list(&from)),
        _ => String::new(),
    };
    panic!("the path is another one\n{}{on}", path::side_by_side(&expected, &came));
}

/// The path went by these places in this order, by whatever others between. A place with several
/// names counts for each of them, and for all of them together.
///
/// # Panics
/// If one is not come by, after those before it.
#[track_caller]
pub fn assert_visits<S: AsRef<str>>(path: &impl Path, expected: impl IntoIterator<Item = S>) {
    let (came, expected) = (path.places(), texts(expected));
    let mut rest = came.iter();
    for (index, place) in expected.iter().enumerate() {
        if !rest.any(|at| is_at(at, place)) {
            let before = match expected[..index].last() {
                Some(before) => format!(" after {before}"),
                None => String::new(),
            };
            panic!("the path does not come by {place}{before}\nit is: {}", came.join(" -> "));
        }
    }
}

/// The path never came by this place.
///
/// # Panics
/// If it did.
#[track_caller]
pub fn assert_never_visits(path: &impl Path, place: &str) {
    let came = path.places();
    if let Some(at) = came.iter().position(|at| is_at(at, place)) {
        panic!("the path comes by {place} at step {at}\nit is: {}", came.join(" -> "));
    }
}

/// The tokens stand at these states, given in declared order.
///
/// # Panics
/// If they don't: the ways on from where they stand are shown, and whether their guards hold.
#[track_caller]
pub fn assert_configuration<C: Clone, E: Event, S: AsRef<str>>(
    simulation: &Simulation<C, E>,
    expected: impl IntoIterator<Item = S>,
) {
    let expected = texts(expected);
    let found = simulation.configuration();
    assert!(
        found == expected,
        "it stands at {} and not at {}\nit came by {}{}",
        found.join(", "),
        expected.join(", "),
        simulation.places().join(" -> "),
        ways(simulation),
    );
}

/// The run has come to its end at the final state called `state`.
///
/// # Panics
/// If it goes on, or ended elsewhere.
#[track_caller]
pub fn assert_finished<C: Clone, E: Event>(simulation: &Simulation<C, E>, state: &str) {
    let graph = simulation.machine().graph();
    let how = match simulation.snapshot().status() {
        Status::Finished(at) if graph.name_of(at) == state => return,
        Status::Finished(at) => format!("it ended at {}", graph.name_of(at)),
        Status::Stuck(at) => format!("it is stuck at {}", graph.name_of(at)),
        Status::Cancelled => "it was cancelled".to_owned(),
        Status::New | Status::Running => {
            format!("it goes on at {}{}", simulation.configuration().join(", "), ways(simulation))
        }
    };
    panic!("the run did not end at {state}: {how}");
}

/// The event is refused now; the simulation stays as it is. Gives the reason, for a closer look.
///
/// # Panics
/// If the event is accepted: where it leads is shown.
#[track_caller]
pub fn assert_rejects<C: Clone, E: Event + Clone + Debug>(
    simulation: &Simulation<C, E>,
    event: E,
) -> StepError {
    let mut trial = simulation.clone();
    let Err(refused) = trial.event(event.clone()) else {
        let (from, to) = (simulation.configuration(), trial.configuration());
        let open = simulation.ways(Some(&event)).into_iter().filter(|way| way.is_open);
        let graph = simulation.machine().graph();
        let by: Vec<String> = open.map(|way| edge_text(graph, way.transition)).collect();
        panic!(
            "{event:?} was accepted at {} and led to {}, by:{}",
            from.join(", "),
            to.join(", "),
            list(&by)
        );
    };
    refused
}

/// The event is accepted now; the simulation stays as it is.
///
/// # Panics
/// If the event is refused: the reason is shown, and what is accepted instead.
#[track_caller]
pub fn assert_accepts<C: Clone, E: Event + Clone + Debug>(simulation: &Simulation<C, E>, event: E) {
    if let Err(refused) = simulation.clone().event(event.clone()) {
        panic!("{event:?} was refused: {refused}{}", ways(simulation));
    }
}

/// The ways on from where a simulation stands, a line each.
fn ways<C: Clone, E: Event>(simulation: &Simulation<C, E>) -> String {
    let graph = simulation.machine().graph();
    let ways = simulation.ways(None).into_iter().map(|way| {
        let waits = if way.is_open { "" } else { " (the guard does not hold without its event)" };
        format!("{}{waits}", edge_text(graph, way.transition))
    });
    match ways.collect::<Vec<_>>() {
        none if none.is_empty() => "\nnothing leads on from here".to_owned(),
        ways => format!("\nfrom here there are:{}", list(&ways)),
    }
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}

fn texts<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Vec<String> {
    names.into_iter().map(|name| name.as_ref().to_owned()).collect()
}

fn is_at(place: &str, name: &str) -> bool {
    place == name || place.split(", ").any(|one| one == name)
}
