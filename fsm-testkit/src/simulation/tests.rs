//! Simulations told as stories, and held to runs that go forwards only.

use std::time::Duration;

use fsm_core::{Bindings, Graph, GraphBuilder, JoinRule, Machine, Outcome, RetryPolicy, StepError};
use proptest::prelude::*;

use super::{Simulation, SimulationError};
use crate::strategies::{Size, any_blueprint};
use crate::tally::{self, EVENTS, Tally, Word};

type Log = Vec<String>;

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn word(name: &str) -> Word {
    Word(name.to_owned())
}

/// A simulation of a machine whose action `tell` writes the state that is left, or entered, to the
/// log; `write` gives the initial state's name back.
fn simulate(write: impl FnOnce(&mut GraphBuilder) -> &'static str) -> Simulation<Log, Word> {
    let mut graph = Graph::builder("story");
    let initial = write(&mut graph);
    let graph = graph.initial(initial).build().expect("the story's graph is sound");
    let names: Vec<String> = graph.states().map(|state| graph.name_of(state).to_owned()).collect();
    let bindings = Bindings::new()
        .activity("work", |_, _| async { Outcome::done() })
        .action("tell", move |log: &mut Log, scene| log.push(names[scene.state.index()].clone()));
    Simulation::new(Machine::bind(graph, bindings).expect("names are bound"), Vec::new())
}

fn path(simulation: &Simulation<Log, Word>) -> Vec<String> {
    let stations = simulation.path().iter();
    stations.map(|station| simulation.names(&station.at).join(", ")).collect()
}

fn light(graph: &mut GraphBuilder) -> &'static str {
    graph.simple("red");
    graph.simple("green").exit("tell");
    graph.simple("amber");
    graph.transition("red", "green").after(secs(30));
    graph.transition("green", "amber").after(secs(20));
    graph.transition("amber", "red").after(secs(3));
    graph.transition("green", "amber").on("ring");
    graph.internal("red").on("ring").action("tell");
    "red"
}

#[test]
fn timers_fire_in_order_each_at_its_own_point_in_time() {
    let mut light = simulate(light);
    assert_eq!(light.next_timer(), Some(secs(30)));
    assert_eq!(light.pass(secs(54)), Ok(3));
    assert_eq!(path(&light), ["red", "green", "amber", "red"]);
    assert_eq!(light.path()[2].when.as_micros(), 50_000_000);
    // The red light came on at 53 s, not when we looked.
    assert_eq!(light.next_timer(), Some(secs(29)));
    assert_eq!(light.pass(secs(28)), Ok(0));
    assert_eq!(light.now().as_micros(), 82_000_000);
}

#[test]
fn an_internal_transition_adds_no_station_and_a_self_transition_does() {
    let mut machine = simulate(|graph| {
        graph.simple("a");
        graph.internal("a").on("stay").action("tell");
        graph.transition("a", "a").on("again").action("tell");
        "a"
    });
    machine.event(word("stay")).unwrap();
    assert_eq!(path(&machine), ["a"]);
    machine.event(word("again")).unwrap();
    assert_eq!(path(&machine), ["a", "a"]);
    assert_eq!(machine.snapshot().context().len(), 2);
}

#[test]
fn a_refused_event_changes_nothing_and_is_no_step() {
    let mut light = simulate(light);
    let before = light.snapshot().clone();
    assert!(matches!(light.event(word("unheard of")), Err(StepError::UnknownEvent { .. })));
    assert_eq!((light.snapshot(), light.steps()), (&before, 0));
    assert!(!light.back());
}

#[test]
fn every_step_can_be_taken_back_with_its_time_and_its_path() {
    let mut light = simulate(light);
    light.pass(secs(31)).unwrap();
    light.event(word("ring")).unwrap();
    light.pass(secs(3)).unwrap();
    assert_eq!(path(&light), ["red", "green", "amber", "red"]);

    assert!(light.back());
    assert_eq!((light.configuration(), light.now().as_micros()), (vec!["amber"], 31_000_000));
    assert!(light.back());
    assert_eq!(*light.snapshot().context(), [] as [&str; 0], "the exit action is taken back");
    assert_eq!(light.next_timer(), Some(secs(19)), "the timer is set again as it was");
    assert!(light.back());
    assert_eq!((path(&light), light.now().as_micros()), (vec!["red".to_owned()], 0));
    assert!(!light.back(), "the beginning can't be taken back");
}

#[test]
fn what_is_forgotten_is_not_taken_back() {
    let mut light = simulate(light);
    light.pass(secs(31)).unwrap();
    light.forget();
    light.event(word("ring")).unwrap();
    assert!(light.back());
    assert!(!light.back());
    assert_eq!(path(&light), ["red", "green"]);
}

fn errand(graph: &mut GraphBuilder) -> &'static str {
    graph.activity_running("fetch", "work").timeout(secs(2)).retry(RetryPolicy::new(2));
    graph.activity_running("wrap", "work");
    graph.simple("given up");
    graph.final_state("home");
    graph.transition("fetch", "wrap").done();
    graph.transition("fetch", "given up").failed();
    graph.transition("fetch", "given up").timed_out().action("tell");
    graph.transition("wrap", "home").done();
    graph.transition("given up", "home").on("go");
    "fetch"
}

#[test]
fn activities_wait_until_they_are_told_how_they_ended() {
    let mut errand = simulate(errand);
    assert_eq!(errand.under_way(), ["fetch"]);
    errand.finish("fetch", Outcome::done()).unwrap();
    assert_eq!((errand.configuration(), errand.under_way()), (vec!["wrap"], vec!["wrap"]));
    assert_eq!(
        errand.finish("fetch", Outcome::done()).unwrap_err().to_string(),
        "no activity is under way at `fetch`; under way: wrap"
    );
    assert_eq!(
        errand.time_out("wrap").unwrap_err(),
        SimulationError::NoTimeout { state: "wrap".into() }
    );
    errand.finish("wrap", Outcome::done()).unwrap();
    assert_eq!(path(&errand), ["fetch", "wrap", "home"]);
    assert!(errand.snapshot().status().is_over());
    assert_eq!(errand.event(word("go")), Err(StepError::Over));
    assert!(errand.back(), "also the end");
    assert_eq!(errand.configuration(), ["wrap"]);
}

#[test]
fn an_activity_that_takes_too_long_does_so_at_every_attempt() {
    let mut errand = simulate(errand);
    errand.time_out("fetch").unwrap();
    assert_eq!(path(&errand), ["fetch", "given up"]);
    assert_eq!(errand.snapshot().context().join(" "), "fetch");
    // Three attempts of two seconds, and two waits between them.
    assert!(errand.now().as_micros() > 6_000_000, "{}", errand.now());
    assert!(errand.back());
    assert_eq!((errand.configuration(), errand.now().as_micros()), (vec!["fetch"], 0));
}

#[test]
fn owners_are_left_out_and_what_goes_on_at_once_is_one_station() {
    let mut machine = simulate(|graph| {
        graph.simple("start");
        graph.fork("fork", "join");
        graph.activity_running("b", "work").within("fork");
        graph.activity_running("a", "work").within("fork");
        graph.join("join", JoinRule::All);
        graph.final_state("end");
        graph.transition("start", "fork").on("go");
        graph.transition("fork", "b");
        graph.transition("fork", "a");
        graph.transition("a", "join").done();
        graph.transition("b", "join").done();
        graph.transition("join", "end");
        "start"
    });
    machine.event(word("go")).unwrap();
    assert_eq!(machine.path()[1].by.len(), 3);
    machine.finish("a", Outcome::done()).unwrap();
    machine.finish("b", Outcome::done()).unwrap();
    assert_eq!(path(&machine), ["start", "b, a", "b", "end"]);
}

#[test]
fn a_run_that_goes_on_as_it_begins_has_one_station_and_its_transitions() {
    let machine = simulate(|graph| {
        graph.choice("which");
        graph.simple("here");
        graph.transition("which", "here");
        graph.transition("here", "which").on("again");
        "which"
    });
    assert_eq!((path(&machine), machine.path()[0].by.len()), (vec!["here".to_owned()], 1));
}

#[test]
fn timers_without_an_end_are_an_error_and_not_a_hang() {
    let mut spinning = simulate(|graph| {
        graph.simple("round");
        graph.simple("and round");
        graph.transition("round", "and round").after(Duration::ZERO);
        graph.transition("and round", "round").after(Duration::ZERO);
        "round"
    });
    let endless = Err(SimulationError::Endless { limit: super::MOST_TIMERS });
    assert_eq!(spinning.pass(secs(1)), endless);
    assert_eq!((path(&spinning), spinning.steps()), (vec!["round".to_owned()], 0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Whatever was tried and taken back has left no trace.
    #[test]
    fn going_back_and_on_again_is_as_if_one_had_not_gone_back(
        blueprint in any_blueprint(Size::SMALL),
        seed in any::<u64>(),
        rolls in prop::collection::vec((any::<u64>(), any::<u64>()), 1..30),
    ) {
        let machine = tally::machine(blueprint.graph());
        let mut straight = Simulation::new(machine, Tally::new(seed, 3));
        let mut detours = straight.clone();
        for (roll, other) in rolls {
            let steps = detours.steps();
            roll_on(&mut detours, other);
            while detours.steps() > steps {
                detours.back();
            }
            roll_on(&mut straight, roll);
            roll_on(&mut detours, roll);
            prop_assert_eq!(straight.snapshot(), detours.snapshot());
            prop_assert_eq!(straight.path(), detours.path());
            prop_assert_eq!(straight.now(), detours.now());
        }
    }
}

fn roll_on(simulation: &mut Simulation<Tally, Word>, roll: u64) {
    let pick = (roll >> 8) as usize;
    let under_way: Vec<String> = simulation.under_way().into_iter().map(str::to_owned).collect();
    match (roll % 4, under_way.get(pick % under_way.len().max(1))) {
        (0, Some(state)) => simulation.finish(state, Outcome::done()).expect("it is under way"),
        (1, Some(state)) => simulation.finish(state, Outcome::failed()).expect("it is under way"),
        (2, _) => drop(simulation.event(word(EVENTS[pick % EVENTS.len()]))),
        _ => drop(simulation.pass(Duration::from_millis(roll % 500))),
    }
}
