//! Worlds that do not fit.

use fsm_testkit::simulator::{Arrivals, Behaviour, Latency, Simulator, World};
use insta::assert_snapshot;

use crate::orders::{Order, Shop, machine, order, secs};

#[test]
fn everything_that_is_wrong_with_a_world_is_said_at_once() {
    let world = World::new()
        .state("chargee", Behaviour::new())
        .state("shipped", Behaviour::new().fails(1.5))
        .activity("refund", Behaviour::new().hangs(f64::NAN))
        .activities(Behaviour::new().fails(0.7).fails_for_good(0.7))
        .arrivals(Arrivals::every(secs(1)).event(0, Shop::Ask))
        .arrivals(Arrivals::every(secs(0)).event(1, Shop::Ask))
        .crashes(-0.1, Latency::ZERO);
    let faults = Simulator::new(machine(order), Order::default()).world(world).unwrap_err();
    assert_snapshot!(faults, @"
    the probabilities of any activity make 1.4 in all, which is more than 1
    no state runs an activity `refund`
    `hangs` of refund is NaN; a probability lies between 0 and 1
    no state `chargee` has an activity; those that have one: charge, ship
    no state `shipped` has an activity; those that have one: charge, ship
    `fails` of shipped is 1.5; a probability lies between 0 and 1
    arrivals need a mean time above zero, and an event of a weight above zero
    arrivals need a mean time above zero, and an event of a weight above zero
    `crashes` of the world is -0.1; a probability lies between 0 and 1
    ");
}

#[test]
fn a_state_goes_before_an_activity_and_that_before_all_others() {
    let taking = |time| Behaviour::<Order, Shop>::new().latency(Latency::fixed(secs(time)));
    let took = |world: World<Order, Shop>| {
        let simulator = Simulator::new(machine(order), Order::default()).world(world).unwrap();
        ["charge", "ship"].map(|state| simulator.run().figures(state).unwrap().spent.as_secs())
    };
    let world = World::new().activities(taking(1));
    assert_eq!(took(world.clone()), [1, 1]);
    let world = world.activity("ship", taking(3));
    assert_eq!(took(world.clone()), [1, 3]);
    assert_eq!(took(world.state("ship", taking(4)).activity("ship", taking(5))), [1, 4]);
}
