//! One run at a time: what the world does, and what the timeline tells of it.

use std::collections::BTreeSet;
use std::time::Duration;

use fsm_core::{Graph, JoinRule, Machine};
use fsm_testkit::simulator::{Answer, Arrivals, Behaviour, Ending, Latency, Simulator, World};
use insta::assert_snapshot;

use crate::orders::{Order, Shop, Shops, machine, ms, order, secs};

fn simulate(machine: Shops, world: World<Order, Shop>) -> Simulator<Order, Shop> {
    Simulator::new(machine, Order::default()).world(world).expect("the world fits")
}

#[test]
fn in_a_calm_world_all_ends_well_and_takes_no_time() {
    let run = Simulator::new(machine(order), Order::default()).run();
    assert_eq!(run.ending(), Ending::Finished(run.machine().graph().state("shipped").unwrap()));
    assert_eq!((run.took(), run.configuration()), (Duration::ZERO, vec!["shipped"]));
    assert_snapshot!(run, @"
    0s  the run begins → charge
    0s  charge is done → ship
    0s  ship is done → shipped
    ");
}

#[test]
fn a_script_says_what_becomes_of_the_first_attempts_and_chance_of_the_others() {
    let paid = Answer::done().with(Shop::Paid(20)).after(ms(300));
    let charge = Behaviour::new().latency(Latency::fixed(ms(100))).script([
        Answer::fails(),
        Answer::fails_for(secs(9)),
        paid,
    ]);
    let run = simulate(machine(order), World::new().state("charge", charge)).run();
    assert_eq!(run.context().paid, 20);
    assert_snapshot!(run, @"
            0s  the run begins → charge
          0.1s  charge failed (1st attempt), waits 0.941655s
     1.041656s  charge is tried again
     1.141656s  charge failed (2nd attempt), waits 9s
    10.141656s  charge is tried again
    10.441656s  charge is done (3rd attempt) → ship
    10.441656s  ship is done → shipped
    ");
    let charge = run.figures("charge").expect("a state");
    assert_eq!((charge.visits, charge.attempts, charge.failures), (1, 3, 2));
    assert_eq!(charge.spent, run.took());
}

#[test]
fn what_hangs_is_ended_by_its_timeout_and_what_is_postponed_is_no_attempt() {
    let charge =
        Behaviour::new().script([Answer::hangs(), Answer::postponed(secs(5)), Answer::done()]);
    let run = simulate(machine(order), World::new().activity("charge", charge)).run();
    assert_snapshot!(run, @"
           0s  the run begins → charge
           2s  charge timed out (1st attempt), waits 0.941655s
    2.941656s  charge is tried again
    2.941656s  charge is postponed by 5s (2nd attempt)
    7.941656s  charge is tried again
    7.941656s  charge is done (2nd attempt) → ship
    7.941656s  ship is done → shipped
    ");
}

#[test]
fn without_a_timeout_what_hangs_keeps_the_run_waiting_for_ever() {
    let world = World::new().activities(Behaviour::new().script([Answer::done(), Answer::hangs()]));
    let run = simulate(machine(order), world).run();
    assert_eq!((run.ending(), run.configuration()), (Ending::Waiting, vec!["ship"]));
}

#[test]
fn events_come_when_they_are_said_to_and_a_refused_one_changes_nothing() {
    let slow = Behaviour::new().latency(Latency::fixed(secs(1)));
    let world = World::new()
        .activities(slow)
        .event_at(ms(1_500), Shop::Ask)
        .event_at(ms(500), Shop::Ask)
        .cancelled_at(ms(1_800));
    let run = simulate(machine(order), world).run();
    assert_eq!((run.ending(), run.context().asked), (Ending::Cancelled, 1));
    assert_snapshot!(run, @"
      0s  the run begins → charge
    0.5s  refused: event `ask` is not accepted in state charge
      1s  charge is done → ship
    1.5s  event ask
    1.8s  the run is cancelled
    ");
}

#[test]
fn a_run_is_left_when_its_time_is_over_or_its_steps_are() {
    let world = || {
        let ship = Behaviour::new().latency(Latency::fixed(secs(1_000)));
        let asking = Arrivals::every(secs(1)).event(1, Shop::Ask);
        World::new().state("ship", ship).arrivals(asking)
    };
    let run = simulate(machine(order), world()).until(secs(100)).run();
    assert_eq!(run.ending(), Ending::OutOfTime);
    assert_eq!(run.figures("ship").expect("a state").spent, secs(100));
    assert!((60..140).contains(&run.context().asked), "{} in 100 s", run.context().asked);
    let run = simulate(machine(order), world()).max_steps(7).run();
    assert_eq!((run.ending(), run.inputs().len()), (Ending::OutOfSteps, 7));
}

#[test]
fn events_arrive_as_often_as_they_weigh() {
    let waiting = machine(|graph| {
        graph.simple("shop");
        graph.internal("shop").on("ask").action("count");
        graph.internal("shop").on("paid").action("note");
        "shop"
    });
    let callers =
        Arrivals::every(ms(100)).event(3, Shop::Ask).event(1, Shop::Paid(1)).event(0, Shop::Cancel);
    let run = simulate(waiting, World::new().arrivals(callers)).until(secs(1_000)).run();
    let Order { paid, asked } = *run.context();
    assert!((9_700..10_300).contains(&(paid + asked)), "{}", paid + asked);
    assert!((2_300..2_700).contains(&paid), "{paid}");
}

/// Two branches that end at the same moment: either may be first.
fn race() -> Shops {
    machine(|graph| {
        graph.fork("fork", "join");
        graph.activity_running("left", "ship").within("fork");
        graph.activity_running("right", "ship").within("fork");
        graph.join("join", JoinRule::Any);
        graph.final_state("end");
        for side in ["left", "right"] {
            graph.transition("fork", side);
            graph.transition(side, "join").done();
            graph.transition(side, "join").failed();
        }
        graph.transition("join", "end");
        "fork"
    })
}

#[test]
fn of_what_happens_at_one_moment_chance_says_what_is_first() {
    let world = World::new().activities(Behaviour::new().latency(Latency::fixed(secs(1))));
    let simulator = simulate(race(), world);
    let lines = |seed| simulator_with(&simulator, seed);
    let told: BTreeSet<String> = (0..20).map(lines).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
}

fn simulator_with(simulator: &Simulator<Order, Shop>, seed: u64) -> String {
    simulator.run_with(seed).to_string()
}

#[test]
fn one_seed_gives_one_story_and_another_seed_another() {
    let world = || {
        let shaky = Behaviour::new()
            .latency(Latency::exponential(ms(900), secs(60)))
            .fails(0.3)
            .hangs(0.1)
            .postponed(0.1, Latency::uniform(ms(1), secs(1)));
        World::new()
            .activities(shaky)
            .arrivals(Arrivals::every(secs(1)).event(1, Shop::Ask))
            .crashes(0.1, Latency::exponential(secs(1), secs(10)))
    };
    let tell = |seed| simulate(machine(order), world()).until(secs(600)).run_with(seed).to_string();
    let stories: BTreeSet<String> = (0..50).map(tell).collect();
    assert!(stories.len() > 45, "{}", stories.len());
    assert!((0..50).all(|seed| stories.contains(&tell(seed))));
    // On every platform, and in every version.
    assert_snapshot!(tell(29), @"
            0s  the run begins → charge
     1.063908s  charge failed (1st attempt), waits 0.866174s
     1.265811s  refused: event `ask` is not accepted in state charge
     1.735648s  refused: event `ask` is not accepted in state charge
     1.930083s  charge is tried again
      1.96509s  charge is done (2nd attempt) → ship
     2.416678s  event ask
     4.161967s  event ask
     4.760653s  event ask
     6.118185s  event ask
     6.172711s  event ask
     6.331677s  event ask
     6.572553s  event ask
     7.337351s  event ask
     7.611089s  event ask
     9.158806s  event ask
     9.321083s  event ask
    11.150734s  event ask
    11.802863s  event ask
     12.10777s  event ask
    14.394841s  event ask
    14.394841s  crash
    19.158831s  restored, ship started again
    19.158831s  event ask
    19.158831s  event ask
    19.158831s  event ask
    19.838291s  event ask
    20.004395s  event ask
    20.006567s  event ask
    20.233717s  event ask
    21.041346s  event ask
    21.340569s  ship failed (1st attempt) → declined
    ");
}

#[test]
fn what_happens_elsewhere_does_not_change_a_states_luck() {
    let charge = || Behaviour::new().latency(Latency::uniform(ms(1), secs(3))).fails(0.4);
    let tell = |ship: Behaviour<Order, Shop>, seed| {
        let world = World::new().state("charge", charge()).state("ship", ship);
        let run = simulate(machine(order), world).run_with(seed);
        run.to_string().lines().take_while(|line| !line.contains("ship is")).count()
    };
    for seed in 0..20 {
        let other = Behaviour::new().latency(Latency::fixed(secs(1))).fails(0.9);
        let (one, other) = (tell(Behaviour::new(), seed), tell(other, seed));
        assert!(one.abs_diff(other) <= 1, "seed {seed}: {one} and {other} lines of charging");
    }
}

#[test]
fn what_an_activity_gives_follows_from_its_attempt_and_from_chance() {
    let charge =
        Behaviour::<Order, Shop>::new().script([Answer::fails()]).gives(|attempt, chance| {
            assert_eq!((attempt.state, attempt.number, attempt.context.paid), ("charge", 2, 0));
            Some(Shop::Paid(10 + chance.below(5) as u32))
        });
    let run = simulate(machine(order), World::new().state("charge", charge)).run();
    assert!((10..15).contains(&run.context().paid), "{}", run.context().paid);
}

#[test]
fn a_machine_of_enums_is_simulated_like_any_other() {
    #[derive(Debug)]
    enum Light {
        Red,
        Green,
    }
    #[derive(Clone, Debug)]
    enum Street {
        Press,
    }
    impl fsm_core::Event for Street {}
    let light = Machine::<u32, Street>::builder("light")
        .on(Light::Red, Street::Press)
        .then("count", |pressed, _| *pressed += 1)
        .to(Light::Green)
        .after(Light::Green, secs(20))
        .to(Light::Red)
        .build(Light::Red)
        .expect("it is sound");
    let _: &Graph = light.graph();
    let walkers = Arrivals::every(secs(30)).event(1, Street::Press);
    let run = Simulator::new(light, 0)
        .world(World::new().arrivals(walkers))
        .expect("the world fits")
        .until(secs(120))
        .run();
    assert_snapshot!(run, @"
             0s  the run begins → Red
     74.275736s  event Press → Green
     86.810334s  refused: event `Press` is not accepted in state Green
     94.275736s  Green: after 20s → Red
     96.224627s  event Press → Green
     99.430152s  refused: event `Press` is not accepted in state Green
    116.224627s  Green: after 20s → Red
    ");
}
