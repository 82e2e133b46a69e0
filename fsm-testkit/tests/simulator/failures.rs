//! Machines with a fault, and how the simulator finds it and tells of it.

use std::process::Command;

use fsm_testkit::simulator::{
    Arrivals, Behaviour, FailedRun, Latency, RunsError, SEED, Simulator, World,
};
use insta::assert_snapshot;

use crate::orders::{Order, Shop, Shops, machine, ms, order, secs};

fn failed(simulator: Simulator<Order, Shop>) -> Box<FailedRun<Order, Shop>> {
    match simulator.runs(2_000) {
        Ok(summary) => panic!("everything holds:\n{summary}"),
        Err(RunsError::Failed(failed)) => failed,
        Err(other) => panic!("{other}"),
    }
}

/// Whoever cancels while the charge is under way is not charged, says this machine. But one that
/// cancels while the parcel is on its way gets nothing back.
fn forgetful() -> Shops {
    machine(|graph| {
        order(graph);
        graph.activity("refund");
        graph.final_state("cancelled");
        graph.transition("charge", "cancelled").on("cancel");
        graph.transition("ship", "refund").on("cancel").guard("is paid");
        graph.transition("refund", "cancelled").done().action("give back");
        // Nobody comes back for the money.
        graph.transition("refund", "cancelled").failed();
        "charge"
    })
}

fn rough() -> World<Order, Shop> {
    let shaky = || Behaviour::new().latency(Latency::exponential(ms(700), secs(60)));
    World::new()
        .activities(shaky().fails(0.1))
        .state("charge", shaky().fails(0.2).hangs(0.05).gives(|_, _| Some(Shop::Paid(10))))
        .arrivals(Arrivals::every(secs(1)).event(1, Shop::Cancel).event(2, Shop::Ask))
        .crashes(0.05, Latency::exponential(secs(2), secs(60)))
}

#[test]
fn a_fault_is_found_and_told_without_what_it_does_not_need() {
    let failed =
        failed(Simulator::new(forgetful(), Order::default()).world(rough()).unwrap().check(
            "who cancels pays nothing",
            |run| {
                let is_cancelled = run.configuration() == ["cancelled"];
                match (is_cancelled, run.context().paid) {
                    (true, paid @ 1..) => Err(format!("{paid} were kept")),
                    (true, 0) | (false, _) => Ok(()),
                }
            },
        ));
    assert!(failed.left_out() > 0);
    // One event, and one failure: nothing can be taken from it.
    assert_snapshot!(failed, @"
    seed 25 fails after 25 that hold: `who cancels pays nothing` does not hold: 10 were kept
           0s  the run begins → charge
    0.502096s  charge failed (1st attempt), waits 0.816473s
     1.31857s  charge is tried again
    1.536967s  charge is done (2nd attempt) → ship
    1.561032s  event cancel → refund
    1.561032s  refund failed (1st attempt) → cancelled
    it ends at cancelled
    left out: 3 of 9 things that chance did
    run it alone with FSM_SIMULATION_SEED=25
    ");
}

#[test]
fn an_invariant_is_held_after_every_step() {
    let simulator = Simulator::new(forgetful(), Order::default())
        .world(rough())
        .unwrap()
        .invariant("few questions", |run| match run.context().asked {
            0..3 => Ok(()),
            asked => Err(format!("{asked} questions")),
        });
    let failed = failed(simulator);
    let violation = failed.run().violation().expect("it failed");
    assert_eq!(violation.to_string(), "`few questions` does not hold: 3 questions");
    assert_eq!(failed.run().context().asked, 3, "the run is left at once");
}

#[test]
fn a_panic_is_a_failure_with_a_seed_and_a_story() {
    let brittle = machine(|graph| {
        graph.simple("shop");
        graph.internal("shop").on("ask").action("break").action("count");
        graph.internal("shop").on("cancel").action("count");
        "shop"
    });
    let failed = failed(
        Simulator::new(brittle, Order::default())
            .world(World::new().event_at(secs(1), Shop::Cancel).event_at(secs(2), Shop::Ask))
            .unwrap(),
    );
    let violation = failed.run().violation().expect("it failed");
    assert_eq!(violation.check, "no code panics");
    assert!(violation.why.contains("nobody may ask"), "{violation}");
}

#[test]
fn an_assertion_in_a_check_is_a_failure_like_any_other() {
    let simulator = Simulator::new(machine(order), Order::default()).check("paid", |run| {
        assert_eq!(run.context().paid, 10);
        Ok(())
    });
    assert!(failed(simulator).to_string().contains("left: 0"));
}

#[test]
fn a_run_that_gets_stuck_or_does_not_end_is_told_of() {
    let stuck = machine(|graph| {
        graph.activity("charge");
        graph.final_state("paid");
        graph.final_state("declined");
        graph.transition("charge", "paid").done().guard("is paid");
        graph.transition("charge", "declined").failed();
        "charge"
    });
    assert_snapshot!(failed(Simulator::new(stuck, Order::default())), @"
    seed 0 fails: `no run gets stuck` does not hold: at charge no way on is open
    0s  the run begins → charge
    0s  charge is done
    it is stuck at charge
    run it alone with FSM_SIMULATION_SEED=0
    ");

    let hanging = Behaviour::new().hangs(0.1);
    let waiting = Simulator::new(machine(order), Order::default())
        .world(World::new().state("ship", hanging))
        .unwrap();
    assert_snapshot!(failed(waiting.always_ends()), @"
    seed 0 fails: `every run ends` does not hold: it waits for ever at ship
    0s  the run begins → charge
    0s  charge is done → ship
    it stands at ship
    run it alone with FSM_SIMULATION_SEED=0
    ");
}

#[test]
fn an_event_that_the_machine_does_not_know_is_a_mistake_of_the_world() {
    let world = World::new().event_at(secs(0), Shop::Cancel);
    let slow = world.activities(Behaviour::new().latency(Latency::fixed(secs(1))));
    let failed = failed(Simulator::new(machine(order), Order::default()).world(slow).unwrap());
    let violation = failed.run().violation().expect("it failed");
    assert_eq!(
        violation.to_string(),
        "`every event is known` does not hold: machine `order` has no event that answers to this input (`cancel`)"
    );
}

#[test]
fn many_runs_are_counted() {
    let charge = Behaviour::new().latency(Latency::uniform(ms(100), secs(3))).fails_for_good(0.2);
    let summary = Simulator::new(machine(order), Order::default())
        .world(World::new().state("charge", charge))
        .unwrap()
        .seed(1_000)
        .runs(500)
        .unwrap();
    assert_eq!(summary.runs(), if std::env::var(SEED).is_ok() { 1 } else { 500 });
    assert!(summary.never_visited().is_empty() || summary.runs() == 1);
    if summary.runs() == 500 {
        assert_snapshot!(summary, @"
        500 runs; half took up to 1.584872s, 99 % up to 8.412581s
               116  ended at declined
               384  ended at shipped
        state         visits    attempts    failures  mean stay
        charge           500         737         353  2.472115s
        ship             384         384           0  0s
        shipped          384           0           0  0s
        declined         116           0           0  0s
        ");
    }
}

/// The test above is run once more, in a process of its own.
#[test]
fn the_seed_in_the_environment_is_run_alone() {
    let rerun = |seed: &str| {
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "failures::many_runs_are_counted"])
            .env(SEED, seed)
            .output()
            .expect("it can be run")
    };
    let alone = rerun("17");
    let told = String::from_utf8_lossy(&alone.stdout).into_owned();
    assert!(alone.status.success() && told.contains("1 passed"), "{told}");
    let none = rerun("seventeen");
    let told =
        String::from_utf8_lossy(&none.stdout).into_owned() + &String::from_utf8_lossy(&none.stderr);
    assert!(!none.status.success());
    assert!(told.contains("FSM_SIMULATION_SEED is no number"), "{told}");
}
