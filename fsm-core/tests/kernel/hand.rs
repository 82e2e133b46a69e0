//! Runs that are driven by hand.

use std::time::Duration;

use fsm_core::{Bindings, Graph, GraphBuilder, Machine, Outcome, Snapshot, StepError, Timestamp};
use fsm_testkit::tally::Word;

use crate::stage::ms;

fn machine(write: impl FnOnce(&mut GraphBuilder)) -> Machine<u32, Word> {
    let mut graph = Graph::builder("story");
    write(&mut graph);
    let code = Bindings::new()
        .activity("work", |_, _| async { Outcome::done() })
        .action("count", |fired, _| *fired += 1)
        .action("panic", |_, _| panic!("an action of the user panics"));
    Machine::bind(graph.build().expect("the story's graph is sound"), code).expect("all is bound")
}

/// Cause: each timer that fired set one that was due at the same point in time.
#[test]
fn timers_of_no_length_that_set_each_other_are_an_error_and_not_for_ever() {
    let machine = machine(|g| {
        g.initial("left").simple("left");
        g.simple("right");
        g.transition("left", "right").after(Duration::ZERO).action("count");
        g.transition("right", "left").after(Duration::ZERO).action("count");
    });
    let mut run = machine.begin(0);
    let endless = StepError::Endless { limit: 100_000 };
    assert_eq!(machine.pass(&mut run, ms(1)), Err(endless));
    assert_eq!((*run.context(), run.now()), (100_000, Timestamp::ZERO));
}

#[test]
fn a_long_wait_may_fire_more_timers_than_may_fire_at_once() {
    let machine = machine(|g| {
        g.initial("light").simple("light");
        g.transition("light", "light").after(ms(1)).action("count");
    });
    let mut run = machine.begin(0);
    assert_eq!(machine.pass(&mut run, ms(100_001)), Ok(()));
    assert_eq!((*run.context(), run.now()), (100_001, Timestamp::ZERO + ms(100_001)));
}

fn errand() -> Machine<u32, Word> {
    machine(|g| {
        g.initial("idle").simple("idle");
        g.activity_running("errand", "work");
        g.final_state("home");
        g.transition("idle", "errand").on("go");
        g.transition("idle", "home").on("stay");
        g.transition("idle", "home").on("fall").action("panic");
        g.transition("errand", "home").done();
    })
}

/// Cause: where no timer was set, nobody looked.
#[test]
fn time_passes_only_in_a_run_that_the_machine_would_step() {
    let machine = errand();
    let errand = machine.graph().state("errand").expect("it is there");
    let refused = |mut run: Snapshot<u32>| {
        let before = run.clone();
        let told = machine.pass(&mut run, ms(5)).expect_err("it is refused");
        assert_eq!(run, before);
        told
    };
    assert_eq!(refused(machine.snapshot(0, 1)), StepError::NotStarted);

    let mut fallen = machine.begin(0);
    let fall = std::panic::AssertUnwindSafe(|| machine.send(&mut fallen, Word("fall".into())));
    assert!(std::panic::catch_unwind(fall).is_err());
    assert_eq!(refused(fallen), StepError::Poisoned);

    let other = self::machine(|g| {
        g.initial("light").simple("light");
        g.transition("light", "light").on("go");
    });
    let mut foreign = other.begin(0);
    assert!(matches!(refused(foreign.clone()), StepError::ForeignSnapshot { .. }));
    let answered = machine.answer(&mut foreign, errand, Outcome::done());
    assert!(matches!(answered, Err(StepError::ForeignSnapshot { .. })), "{answered:?}");

    let mut over = machine.begin(0);
    machine.send(&mut over, Word("stay".into())).expect("it stays");
    assert_eq!(machine.pass(&mut over, ms(5)), Ok(()));
    assert_eq!(over.now(), Timestamp::ZERO + ms(5));
    assert_eq!(machine.send(&mut over, Word("go".into())), Err(StepError::Over));
}
