//! Machines with their own code, properties of one's own, and what can be done with a way.

use fsm_core::{Event, Machine, Outcome, TypedMachine};
use fsm_testkit::prove::{Concrete, Finding, Occurrence, Prover, standard};
use fsm_testkit::simulation::Simulation;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Vending {
    Idle,
    Making,
    Done,
}

#[derive(Clone, Debug, PartialEq)]
enum Hand {
    Coin(u32),
    Push,
    Refund,
}

impl Event for Hand {}

/// A machine that takes coins up to a euro and gives a drink for `price`.
fn vending(price: u32) -> TypedMachine<Vending, u32, Hand> {
    Machine::<u32, Hand>::builder("vending")
        .on(Vending::Idle, Hand::Coin(0))
        .when("fits", |paid, event| matches!(event, Hand::Coin(coin) if paid + coin <= 100))
        .then("take", |paid, event| {
            if let Hand::Coin(coin) = event {
                *paid += coin;
            }
        })
        .stay()
        .on(Vending::Idle, Hand::Push)
        .when("paid", move |paid, _| *paid >= price)
        .to(Vending::Making)
        .on(Vending::Idle, Hand::Refund)
        .then("give back", |paid, _| *paid = 0)
        .stay()
        .activity(Vending::Making, |_, _| async { Outcome::<Hand>::done() })
        .done(Vending::Making)
        .then("keep", |paid, _| *paid = 0)
        .to(Vending::Done)
        .failed(Vending::Making)
        .to(Vending::Idle)
        .final_state(Vending::Done)
        .build(Vending::Idle)
        .expect("the machine is sound")
}

fn prover(price: u32) -> Prover<Concrete<u32, Hand>> {
    Prover::of_machine(vending(price).clone(), 0)
        .event("50 cents", Hand::Coin(50))
        .event("20 cents", Hand::Coin(20))
        .event("push", Hand::Push)
        .event("refund", Hand::Refund)
}

#[test]
fn a_machine_is_proven_with_its_own_guards_and_context() {
    let proof = prover(100)
        .always("nobody pays too much", |view| *view.context() <= 100)
        .always("no drink for less", |view| !view.is_at("Making") || *view.context() == 100)
        .sometimes("a drink comes", |view| view.is_finished())
        .always_possible("all money can be had back", |view| *view.context() == 0)
        .prove();
    proof.assert_proven();
    // 0, 20, 40, 50, 60, 70, 80, 90, and 100 cents, one that brews, one that is done, and a start.
    assert_eq!(proof.states(), 12, "{proof}");
}

#[test]
fn a_property_of_ones_own_fails_with_the_shortest_way() {
    let proof = prover(90)
        .always("no drink for less", |view| !view.is_at("Making") || *view.context() == 100);
    let proof = proof.prove();
    let Some(Finding::Refuted(route)) = proof.claim("no drink for less") else {
        panic!("ninety cents are less than a hundred:\n{proof}");
    };
    insta::assert_snapshot!(route, @r"
    1. the run begins -> Idle
    2. event `50 cents` -> Idle
    3. event `20 cents` -> Idle
    4. event `20 cents` -> Idle
    5. event `push` -> Making
    ");
    let marked = route.to_dot(vending(90).graph());
    let making = marked.lines().find(|line| line.contains(r#"label="Making"#));
    assert!(making.is_some_and(|line| line.contains("active")), "{marked}");

    // The counterexample as a test: a price that is right makes it go astray.
    let event = |name: &str| match name {
        "50 cents" => Hand::Coin(50),
        "20 cents" => Hand::Coin(20),
        "push" => Hand::Push,
        _ => Hand::Refund,
    };
    assert_eq!(route.replay(&mut Simulation::new(vending(90).clone(), 0), event), Ok(()));
    let astray = route.replay(&mut Simulation::new(vending(100).clone(), 0), event).unwrap_err();
    assert_eq!(astray.step, 5);
    assert!(astray.to_string().starts_with("step 5 (event `push`): "), "{astray}");
}

#[test]
fn what_never_comes_about_fails_with_a_way_that_goes_round() {
    let proof = prover(100).eventually("a drink comes", |view| view.is_finished()).prove();
    let Some(Finding::Refuted(route)) = proof.claim("a drink comes") else { panic!("{proof}") };
    assert!(route.cycle().is_some(), "{route}");
    let last = route.stops().last().map(|stop| stop.what.clone());
    assert_eq!(last, Some(Occurrence::Event("refund".to_owned())), "{route}");
}

#[test]
fn an_event_that_is_never_sent_leaves_its_transitions_in_vain() {
    let proof = Prover::of_machine(vending(100).clone(), 0).event("push", Hand::Push).prove();
    let Some(Finding::Missed(missed)) = proof.claim(standard::EVERY_TRANSITION) else {
        panic!("{proof}")
    };
    assert_eq!(missed.len(), 5, "{missed:?}");
}

#[test]
fn an_activity_that_can_only_end_well_does_so_in_a_world_where_all_else_fails() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Poll {
        Asking,
        Done,
    }
    let poll = Machine::<u32, Hand>::builder("poll")
        .activity(Poll::Asking, |_, _| async { Outcome::<Hand>::done() })
        .done(Poll::Asking)
        .when("ready", |_, scene| matches!(scene.event, Some(Hand::Push)))
        .to(Poll::Done)
        .done(Poll::Asking)
        .to(Poll::Asking)
        .final_state(Poll::Done)
        .build(Poll::Asking)
        .expect("the machine is sound");
    let proof = Prover::of_machine(poll.clone(), 0)
        .ending("Asking", "is ready", Outcome::Done(Some(Hand::Push)))
        .ending("Asking", "is not ready", Outcome::Done(None))
        .prove();
    proof.assert_proven();
}

#[test]
#[should_panic(expected = "`vending` has no state `Brewing`")]
fn a_property_about_a_state_that_is_not_there_is_no_property() {
    prover(100).always("nothing", |view| !view.is_at("Brewing")).prove();
}
