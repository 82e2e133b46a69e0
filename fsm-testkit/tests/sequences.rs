//! Sequences told as stories: machines with a fault that some sequence brings out.

use std::time::Duration;

use fsm_core::{Bindings, Event, Graph, Machine, Outcome, Retry, RetryPolicy, TypedMachine};
use fsm_testkit::deed::Deed;
use fsm_testkit::sequences::{Broken, Sequences};
use fsm_testkit::simulation::Simulation;
use fsm_testkit::strategies::{Size, any_blueprint};
use fsm_testkit::tally::{self, EVENTS, Tally, Word};
use fsm_testkit::walks::Walk;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

#[derive(Clone, Debug)]
enum Gate {
    Locked,
    Open,
}

#[derive(Clone, Debug, PartialEq)]
enum Hand {
    Coin(u32),
    Push,
    Shake,
}
impl Event for Hand {}

#[derive(Clone, Debug, Default, PartialEq)]
struct Till {
    coins: u32,
    passed: u32,
    shaken: u32,
}

/// A turnstile that lets one through for each coin, unless it is shaken: the third shake opens it.
fn turnstile() -> TypedMachine<Gate, Till, Hand> {
    Machine::<Till, Hand>::builder("turnstile")
        .on(Gate::Locked, Hand::Coin(0))
        .then("keep", |till, _| till.coins += 1)
        .to(Gate::Open)
        .on(Gate::Open, Hand::Coin(0))
        .then("keep more", |till, _| till.coins += 1)
        .stay()
        .on(Gate::Open, Hand::Push)
        .then("pass", |till, _| till.passed += 1)
        .to(Gate::Locked)
        .on(Gate::Locked, Hand::Shake)
        .when("third shake", |till, _| till.shaken >= 2)
        .to(Gate::Open)
        .on(Gate::Locked, Hand::Shake)
        .then("shake", |till, _| till.shaken += 1)
        .stay()
        .build(Gate::Locked)
        .expect("the turnstile is sound")
}

fn hands() -> Sequences<Till, Hand> {
    Sequences::of(&turnstile(), Till::default())
        .event(3, "coin", (1u32..200).prop_map(Hand::Coin))
        .event(3, "push", Just(Hand::Push))
        .event(3, "shake", Just(Hand::Shake))
}

fn is_paid(gate: &Simulation<Till, Hand>) -> bool {
    let till = gate.snapshot().context();
    till.passed <= till.coins
}

#[test]
fn the_shortest_sequence_that_breaks_an_invariant_is_printed_as_a_path() {
    for seed in 0..20 {
        let failure =
            hands().always("all who passed have paid", is_paid).seed(seed).find_failure().unwrap();
        assert_eq!(
            failure.walk.name(),
            "Locked -shake-> Locked -shake-> Locked -shake-> Open -push-> Locked",
            "seed {seed}"
        );
    }
    let failure = hands().always("all who passed have paid", is_paid).seed(7).find_failure();
    insta::assert_snapshot!(failure.unwrap());
}

#[test]
fn a_seed_finds_its_failure_again() {
    let search = || hands().always("all who passed have paid", is_paid);
    let failure = search().find_failure().unwrap();
    assert_eq!(search().seed(failure.seed).find_failure(), Some(failure));
}

#[test]
fn what_an_event_carries_is_made_simple_too() {
    let cheap = |gate: &Simulation<u32, Hand>| *gate.snapshot().context() < 120;
    let machine = Machine::<u32, Hand>::builder("till")
        .on(Gate::Locked, Hand::Coin(0))
        .then("most", |most, hand| {
            if let Hand::Coin(cents) = hand {
                *most = *cents.max(most);
            }
        })
        .stay()
        .build(Gate::Locked)
        .unwrap();
    let failure = Sequences::of(&machine, 0)
        .event(1, "coin", (1u32..200).prop_map(Hand::Coin))
        .always("no coin is large", cheap)
        .find_failure()
        .unwrap();
    assert_eq!(failure.walk.steps().len(), 1);
    assert_eq!(*failure.walk.steps()[0].deed(), Deed::Event(Hand::Coin(120)));
    assert_eq!(failure.broken, Broken::Invariant("no coin is large".into()));
}

#[test]
fn a_promise_may_say_what_is_wrong_or_assert_it() {
    let text = hands()
        .always("few coins", |gate| match gate.snapshot().context().coins {
            0..2 => Ok(()),
            coins => Err(format!("there are {coins}")),
        })
        .find_failure()
        .unwrap();
    assert_eq!(
        text.to_string().lines().next().unwrap(),
        r#"Locked -coin-> Open -coin-> Open (!) invariant "few coins": there are 2"#
    );
    let text = hands()
        .always("no coins", |gate| assert_eq!(gate.snapshot().context().coins, 0, "too many"))
        .find_failure()
        .unwrap();
    assert!(text.said.contains("too many"), "{text}");
}

#[test]
fn a_machine_that_panics_is_found_with_the_way_there() {
    let machine = Machine::<u32, Hand>::builder("fragile")
        .on(Gate::Locked, Hand::Push)
        .then("bear", |pushes, _| {
            *pushes += 1;
            assert!(*pushes < 3, "it broke");
        })
        .stay()
        .build(Gate::Locked)
        .unwrap();
    let failure =
        Sequences::of(&machine, 0).event(1, "push", Just(Hand::Push)).find_failure().unwrap();
    assert_eq!((failure.broken, failure.said), (Broken::Machine, "it broke".to_owned()));
    assert_eq!(failure.walk.name(), "Locked -push-> Locked -push-> Locked -push-> Locked");
}

#[test]
fn what_always_holds_is_tried_and_passes() {
    hands().always("coins are counted", |gate| gate.snapshot().context().coins <= 30).check();
}

/// A turnstile made of steel, with a fault: it takes a coin while it is open for a push.
#[derive(Default)]
struct Steel {
    is_open: bool,
    shaken: u32,
}

impl Steel {
    fn hear(&mut self, hand: &Hand) {
        match (self.is_open, hand) {
            (false, Hand::Coin(_)) => self.is_open = true,
            (true, Hand::Coin(cents)) if *cents > 100 => self.is_open = false,
            (true, Hand::Push) => self.is_open = false,
            (false, Hand::Shake) => {
                self.shaken += 1;
                self.is_open = self.shaken >= 3;
            }
            _ => {}
        }
    }
}

#[test]
fn a_system_is_held_to_the_machine_which_is_its_model() {
    // Three shakes are a difference, too: this seed comes to the coin first.
    let failure = hands()
        .seed(1)
        .find_difference(Steel::default, |steel, step| {
            let Deed::Event(hand) = step.deed() else { return Ok(()) };
            steel.hear(hand);
            let is_open = step.configuration() == ["Open"];
            if steel.is_open == is_open { Ok(()) } else { Err("the bar") }
        })
        .unwrap();
    let text = failure.to_string();
    let first: Vec<&str> = text.lines().take(4).collect();
    // Refused events are part of it: a shake of an open gate does nothing to either.
    assert_eq!(
        first[0], "Locked -coin-> Open -coin-> Open (!) the system differs: the bar",
        "{text}"
    );
    assert_eq!(first[2..], ["  1. coin: Event(Coin(1))", "  2. coin: Event(Coin(101))"]);
}

#[test]
fn weights_say_what_comes_how_often() {
    let count = |sequences: Sequences<Till, Hand>| {
        let mut runner = TestRunner::deterministic();
        let (mut coins, mut refused, mut all) = (0, 0, 0);
        for _ in 0..64 {
            let walk = sequences.new_tree(&mut runner).unwrap().current();
            for step in walk.steps() {
                all += 1;
                coins += u32::from(step.label() == "coin");
                refused += u32::from(step.refusal().is_some());
            }
        }
        (coins * 100 / all, refused * 100 / all)
    };
    let often = Sequences::of(&turnstile(), Till::default())
        .event(9, "coin", Just(Hand::Coin(1)))
        .event(1, "push", Just(Hand::Push));
    let (coins, refused) = count(often.clone());
    assert!(coins > 75, "{coins}");
    assert!((1..10).contains(&refused), "only a push in a locked gate is refused: {refused}");
    assert_eq!(count(often.clone().refused(0)).1, 0);
    assert_eq!(count(often.clone().event(0, "coin", Just(Hand::Coin(2)))), (coins, refused));
    let lengths = hands().length(4..=6);
    let mut runner = TestRunner::deterministic();
    for _ in 0..32 {
        let steps = lengths.new_tree(&mut runner).unwrap().current().steps().len();
        assert!((4..=6).contains(&steps), "{steps}");
    }
}

/// An errand that goes wrong where it fails twice in one visit, and then takes too long.
fn errand() -> Machine<u32, Word> {
    let mut graph = Graph::builder("errand");
    graph
        .activity_running("fetch", "work")
        .timeout(Duration::from_secs(2))
        .retry(RetryPolicy::new(2).delay(Duration::from_secs(1)));
    graph.simple("waits");
    graph.transition("fetch", "waits").done();
    graph.transition("fetch", "waits").failed().action("fail");
    graph.transition("waits", "fetch").after(Duration::from_secs(60));
    let bindings = Bindings::new()
        .activity("work", |_, _| async { Outcome::done() })
        .action("fail", |failures: &mut u32, _| *failures += 1);
    Machine::bind(graph.initial("fetch").build().expect("sound"), bindings).expect("bound")
}

#[test]
fn activities_end_and_time_passes_without_being_told() {
    let failure = Sequences::of(&errand(), 0)
        .always("fails at most once", |errand| *errand.snapshot().context() < 2)
        .seed(1)
        .find_failure()
        .unwrap();
    let name = failure.walk.name();
    assert_eq!(failure.walk.steps().len(), 3, "{name}");
    assert!(name.contains("waits -after 60s-> fetch"), "{name}");

    let patient = Sequences::of(&errand(), 0).outcomes(1, 0, 0).time(1);
    // Without failures there are timeouts still, as time passes.
    let failure = patient
        .always("never fails", |errand| *errand.snapshot().context() == 0)
        .find_failure()
        .unwrap();
    assert!(failure.walk.steps().iter().all(|step| matches!(step.deed(), Deed::Pass(_))));

    let again = Outcome::Failed { event: None, retry: Retry::Allowed(None) };
    Sequences::of(&errand(), 0)
        .outcome(1, "fetch", "again", Just(again))
        .outcomes(0, 0, 0)
        .time(0)
        .always("it waits for its next attempt", |errand| {
            assert_eq!(*errand.snapshot().context(), 0);
        })
        .check();
}

fn words(machine: &Machine<Tally, Word>, die: u64) -> Sequences<Tally, Word> {
    EVENTS.iter().fold(Sequences::of(machine, Tally::new(die, 3)), |sequences, name| {
        sequences.event(2, *name, Just(Word((*name).into())))
    })
}

fn of_machine(machine: &Machine<Tally, Word>, die: u64, seed: u64) -> Walk<Deed<Word>> {
    let rng = proptest::test_runner::TestRng::from_seed(
        proptest::test_runner::RngAlgorithm::XorShift,
        &[seed.to_le_bytes(), [1; 8]].concat(),
    );
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    words(machine, die).new_tree(&mut runner).unwrap().current()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn every_sequence_of_any_machine_replays_in_a_simulation(
        blueprint in any_blueprint(Size::SMALL),
        die in any::<u64>(),
        seed in any::<u64>(),
    ) {
        let machine = tally::machine(blueprint.graph());
        let walk = of_machine(&machine, die, seed);
        let mut simulation = Simulation::new(machine, Tally::new(die, 3));
        prop_assert_eq!(walk.replay(&mut simulation), Ok(()));
    }

    /// Shrinking goes on to an end, every form of a sequence is one, and what is left out is gone.
    #[test]
    fn sequences_shrink_to_nothing_where_everything_fails(
        blueprint in any_blueprint(Size::SMALL),
        die in any::<u64>(),
    ) {
        let machine = tally::machine(blueprint.graph());
        let mut runner = TestRunner::deterministic();
        let mut tree = words(&machine, die).new_tree(&mut runner).unwrap();
        let mut rounds = 0;
        while tree.simplify() {
            rounds += 1;
            prop_assert!(rounds < 1_000);
        }
        prop_assert_eq!(tree.current().steps().len(), 0);
    }

    #[test]
    fn no_step_can_be_left_out_of_what_is_left(
        blueprint in any_blueprint(Size::SMALL),
        die in any::<u64>(),
        seed in any::<u64>(),
    ) {
        let machine = tally::machine(blueprint.graph());
        let failure = words(&machine, die)
            .always("stands at few places", |simulation| simulation.path().len() < 4)
            .seed(seed)
            .cases(16)
            .find_failure();
        let Some(failure) = failure else { return Ok(()) };
        let deeds: Vec<_> = failure.walk.steps().iter().map(|step| step.deed()).collect();
        let places = |left_out: Option<usize>| {
            let mut simulation = Simulation::new(machine.clone(), Tally::new(die, 3));
            for (_, deed) in deeds.iter().enumerate().filter(|(index, _)| Some(*index) != left_out) {
                let _ = deed.perform(&mut simulation);
            }
            simulation.path().len()
        };
        prop_assert!(places(None) >= 4);
        // A wait is until the next timer, which is another one after something was left out.
        prop_assume!(!deeds.iter().any(|deed| matches!(deed, Deed::Pass(_))));
        for index in 0..deeds.len() {
            prop_assert!(places(Some(index)) < 4, "{}", failure);
        }
    }
}
