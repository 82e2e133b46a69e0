//! What assertions and snapshots say.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use fsm_core::{Bindings, Event, Graph, JoinRule, Machine, Outcome, RetryPolicy, StepError};
use fsm_testkit::assertions::{
    assert_accepts, assert_configuration, assert_finished, assert_never_visits, assert_path,
    assert_rejects, assert_visits,
};
use fsm_testkit::simulation::Simulation;
use fsm_testkit::snapshots::{faults_snapshot, graph_snapshot, run_snapshot};
use fsm_testkit::strategies::{Blueprint, Plan, Size, any_blueprint};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Gate {
    Locked,
    Open,
    Broken,
}

#[derive(Clone, Debug)]
enum Hand {
    Coin(u32),
    Push,
    Kick,
}
impl Event for Hand {}

fn gate() -> Simulation<u32, Hand> {
    let machine = Machine::<u32, Hand>::builder("turnstile")
        .on(Gate::Locked, Hand::Coin(0))
        .when("enough", |_, hand| matches!(hand, Hand::Coin(50..)))
        .then("count", |coins, _| *coins += 1)
        .to(Gate::Open)
        .on(Gate::Open, Hand::Push)
        .to(Gate::Locked)
        .on(Gate::Open, Hand::Kick)
        .to(Gate::Broken)
        .final_state(Gate::Broken)
        .build(Gate::Locked)
        .expect("the gate is sound");
    Simulation::new(machine, 0)
}

fn passed() -> Simulation<u32, Hand> {
    let mut gate = gate();
    gate.event(Hand::Coin(50)).unwrap();
    gate.event(Hand::Push).unwrap();
    gate
}

/// What the assertion says when it fails.
fn said(assertion: impl FnOnce()) -> String {
    let failed = panic::catch_unwind(AssertUnwindSafe(assertion)).expect_err("it fails");
    *failed.downcast::<String>().expect("it says why")
}

#[test]
fn what_is_so_is_passed_over_in_silence() {
    let mut gate = passed();
    assert_path(&gate, ["Locked", "Open", "Locked"]);
    assert_visits(&gate, ["Locked", "Locked"]);
    assert_never_visits(&gate, "Broken");
    assert_configuration(&gate, ["Locked"]);
    assert_accepts(&gate, Hand::Coin(50));
    let refused = assert_rejects(&gate, Hand::Coin(20));
    assert!(matches!(refused, StepError::Rejected { guards, .. } if guards == ["enough"]));
    gate.event(Hand::Coin(60)).unwrap();
    gate.event(Hand::Kick).unwrap();
    assert_finished(&gate, "Broken");
}

#[test]
fn paths_that_differ_are_shown_side_by_side() {
    insta::assert_snapshot!(said(|| assert_path(&passed(), ["Locked", "Broken", "Locked", "Open"])), @r"
    the path is another one
      expected  came
      Locked    Locked
    ! Broken    -
    ! Locked    -
      Open      Open
    ! -         Locked
    from Locked there are:
      Locked -Coin [enough]-> Open
    ");
    insta::assert_snapshot!(said(|| assert_path(&gate(), ["Open"])), @r"
    the path is another one
      expected  came
    ! Open      -
    ! -         Locked
    ");
}

#[test]
fn places_that_are_missed_or_should_be_are_named() {
    insta::assert_snapshot!(said(|| assert_visits(&passed(), ["Open", "Broken"])), @r"
    the path does not come by Broken after Open
    it is: Locked -> Open -> Locked
    ");
    insta::assert_snapshot!(said(|| assert_never_visits(&passed(), "Open")), @r"
    the path comes by Open at step 1
    it is: Locked -> Open -> Locked
    ");
}

#[test]
fn a_place_that_is_another_one_comes_with_the_ways_on_from_there() {
    insta::assert_snapshot!(said(|| assert_configuration(&passed(), ["Open"])), @r"
    it stands at Locked and not at Open
    it came by Locked -> Open -> Locked
    from here there are:
      Locked -Coin [enough]-> Open (the guard does not hold without its event)
    ");
    insta::assert_snapshot!(said(|| assert_finished(&gate(), "Broken")), @r"
    the run did not end at Broken: it goes on at Locked
    from here there are:
      Locked -Coin [enough]-> Open (the guard does not hold without its event)
    ");
}

#[test]
fn events_that_are_taken_or_refused_against_expectation_say_how() {
    insta::assert_snapshot!(said(|| drop(assert_rejects(&gate(), Hand::Coin(70)))), @r"
    Coin(70) was accepted at Locked and led to Open, by:
      Locked -Coin [enough]-> Open
    ");
    insta::assert_snapshot!(said(|| assert_accepts(&gate(), Hand::Push)), @r"
    Push was refused: event `Push` is not accepted in state Locked
    from here there are:
      Locked -Coin [enough]-> Open (the guard does not hold without its event)
    ");
}

fn parcel() -> Graph {
    let mut graph = Graph::builder("parcel");
    graph
        .activity_running("pack", "work")
        .timeout(Duration::from_secs(5))
        .retry(RetryPolicy::new(3).delay(Duration::from_millis(10)))
        .entry("log")
        .exit("log");
    graph.fork("send", "sent");
    graph.activity_running("mail", "work").within("send");
    graph.delay("rest", Duration::from_secs(1)).within("send");
    graph.join("sent", JoinRule::All);
    graph.final_state("gone");
    graph.final_state("given up");
    graph.transition("pack", "send").done().action("stamp");
    graph.transition("pack", "given up").failed().guard("old");
    graph.transition("pack", "pack").failed();
    graph.internal("pack").on("hurry").action("log");
    graph.transition("send", "mail");
    graph.transition("send", "rest");
    graph.transition("mail", "sent").done();
    graph.transition("mail", "given up").failed();
    graph.transition("rest", "sent").done();
    graph.transition("sent", "gone");
    graph.initial("pack").build().expect("the parcel is sound")
}

#[test]
fn a_graph_reads_state_by_state() {
    insta::assert_snapshot!(graph_snapshot(&parcel()), @r"
    graph parcel, begins at pack

    pack: activity work, timeout 5s, retry 3 after 10ms
      entry / log
      exit / log
      done -> send / stamp
      failed [old] -> given up
      failed -> pack
      hurry stays / log
    sent: join of all
      at once -> gone
    send: fork, joined at sent
      at once -> mail
      at once -> rest
    mail: activity work, within send
      done -> sent
      failed -> given up
    rest: delay of 1s, within send
      done -> sent
    gone: final
    given up: final
    ");
}

#[test]
fn a_run_reads_place_by_place() {
    let bindings = Bindings::<Vec<&str>, ()>::new()
        .activity("work", |_, _| async { Outcome::done() })
        .guard("old", |_, _| true)
        .action("stamp", |log: &mut Vec<&str>, _| log.push("stamp"))
        .action("log", |log: &mut Vec<&str>, _| log.push("log"));
    let mut parcel = Simulation::new(Machine::bind(parcel(), bindings).unwrap(), Vec::new());
    parcel.finish("pack", Outcome::done()).unwrap();
    parcel.pass(Duration::from_secs(1)).unwrap();
    insta::assert_snapshot!(run_snapshot(&parcel), @r#"
    run of parcel, goes on at mail

    0ns: pack
    0ns: mail, rest
      pack -done-> send
      send -at once-> mail
      send -at once-> rest
    1s: mail
      rest -done-> sent
    context: [
        "log",
        "log",
        "stamp",
    ]
    "#);
}

#[derive(Debug)]
struct Cause;
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the disk is full\nreally")
    }
}
impl std::error::Error for Cause {}

#[derive(Debug, thiserror::Error)]
#[error("it was not saved")]
struct NotSaved(#[source] Cause);

#[test]
fn faults_read_with_their_causes() {
    insta::assert_snapshot!(faults_snapshot(&NotSaved(Cause)), @r"
    it was not saved
      because: the disk is full
      really
    ");
    let mut graph = Graph::builder("faulty");
    graph.simple("a");
    graph.transition("a", "b").on("go");
    let faults = graph.initial("c").build().unwrap_err();
    insta::assert_snapshot!(faults_snapshot(&faults), @r"
    graph `faulty` has 2 faults:
      - state `b` is used but never declared; declare it or correct the name
      - state `c` is used but never declared; declare it or correct the name
    ");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Whatever a change does to a graph, its text shows it.
    #[test]
    fn graphs_with_one_text_are_one_graph(
        one in any_blueprint(Size::SMALL),
        limit in prop::option::of(1u32..3),
        counted in any::<bool>(),
        tiny in any_blueprint(Size { depth: 1, parts: 2, width: 1 }),
    ) {
        let limit = limit.and_then(std::num::NonZeroU32::new);
        let other = Blueprint { max_concurrent: limit, counted, plan: one.plan.clone() };
        for (one, other) in [(&one, &other), (&tiny, &Blueprint::of(Plan::Skip))] {
            let (one, other) = (one.graph(), other.graph());
            prop_assert_eq!(
                graph_snapshot(&one) == graph_snapshot(&other),
                one.fingerprint() == other.fingerprint()
            );
        }
    }
}
