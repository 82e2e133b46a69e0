//! The process dies and comes up again.

use std::sync::{Arc, Mutex};

use fsm_core::Snapshot;
use fsm_testkit::simulator::{Behaviour, Ending, Happening, Latency, RunsError, Simulator, World};
use insta::assert_snapshot;

use crate::orders::{Order, Shop, machine, ms, order, secs};

fn saved(run: &Snapshot<Order>) -> Result<Snapshot<Order>, String> {
    let text = serde_json::to_string(run).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

#[test]
fn what_was_under_way_is_started_again_with_the_same_visit_and_attempt() {
    let starts: Arc<Mutex<Vec<(u64, u32)>>> = Arc::default();
    let heard = starts.clone();
    let charge = Behaviour::new().latency(Latency::fixed(ms(400))).gives(move |attempt, _| {
        heard.lock().unwrap().push((attempt.visit, attempt.number));
        Some(Shop::Paid(5))
    });
    let world =
        World::new().state("charge", charge).crashes(0.5, Latency::uniform(secs(0), secs(1)));
    let simulator = Simulator::new(machine(order), Order::default()).world(world).unwrap();
    let simulator = simulator.stored(saved);
    // A seed with a crash while the charge is under way.
    let run = (0..100)
        .map(|seed| {
            starts.lock().unwrap().clear();
            simulator.run_with(seed)
        })
        .find(|run| run.to_string().contains("charge started again"))
        .expect("one half of them");
    let starts = starts.lock().unwrap();
    assert_eq!(starts.len(), 2);
    assert_eq!(starts[0], starts[1]);
    assert_eq!(run.context().paid, 5, "it is told of once");
    assert_snapshot!(run, @"
           0s  the run begins → charge
           0s  crash
    0.202368s  restored, charge started again
    0.602368s  charge is done → ship
    0.602368s  ship is done → shipped
    ");
}

#[test]
fn what_came_due_while_the_process_was_down_fires_before_anything_else() {
    let charge = Behaviour::new().latency(Latency::fixed(ms(1_900)));
    let world = World::new()
        .state("charge", charge)
        .event_at(secs(1), Shop::Ask)
        .crashes(0.5, Latency::fixed(secs(30)));
    let simulator = Simulator::new(machine(order), Order::default()).world(world).unwrap();
    let run = (0..100)
        .map(|seed| simulator.run_with(seed))
        .find(|run| run.timeline()[1].what == Happening::Crashed)
        .expect("one half of them");
    assert_snapshot!(run, @"
            0s  the run begins → charge
            0s  crash
           30s  charge timed out (1st attempt), waits 0.941655s
           30s  restored
           30s  refused: event `ask` is not accepted in state charge
    30.941656s  charge is tried again
    30.941656s  crash
    60.941656s  charge timed out (2nd attempt), waits 1.566561s
    60.941656s  restored
    62.508218s  charge is tried again
    64.408218s  charge is done (3rd attempt) → ship
    64.408218s  ship is done → shipped
    ");
}

#[test]
fn no_run_is_lost_and_nothing_that_is_done_is_done_again() {
    let slow = Behaviour::new().latency(Latency::uniform(ms(10), secs(3))).fails(0.2);
    let world = World::new().activities(slow).crashes(0.3, Latency::exponential(secs(1), secs(9)));
    let summary = Simulator::new(machine(order), Order::default())
        .world(world)
        .unwrap()
        .stored(saved)
        .check("charged once", |run| {
            let story = run.to_string();
            let charged = story.find("charge is done").unwrap_or(story.len());
            match story[charged..].contains("charge started again") {
                true => Err("it was started again after it was done".into()),
                false => Ok(()),
            }
        })
        .always_ends()
        .runs(500)
        .unwrap();
    assert_eq!(summary.ended_at("shipped") + summary.ended_at("declined"), 500);
}

#[test]
fn a_store_that_loses_something_is_found_out() {
    let world = World::new().crashes(0.2, Latency::ZERO);
    let failed = Simulator::new(machine(order), Order::default())
        .world(world)
        .unwrap()
        .stored(|_| Err("the disk is full".into()))
        .runs(100)
        .unwrap_err();
    let RunsError::Failed(failed) = failed else { panic!("{failed}") };
    assert_eq!(failed.run().ending(), Ending::Violated);
    assert_snapshot!(failed, @"
    seed 2 fails after 2 that hold: `a run that was saved goes on` does not hold: the disk is full
    0s  the run begins → charge
    0s  crash
    it stands at charge
    run it alone with FSM_SIMULATION_SEED=2
    ");
}
