//! Snapshots: restored, replayed, refused, and poisoned.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fsm_core::{
    Bindings, Cause, Effect, Effects, Graph, Input, JoinRule, Machine, Phase, Scene, Snapshot,
    StepError, Timestamp,
};
use fsm_testkit::tally::Word;

use crate::stage::{Log, Stage, Told, bindings, ms};

fn two_at_work_and_one_queued() -> Stage {
    Stage::set(|g| {
        g.max_concurrent(NonZeroU32::new(2).expect("two"));
        g.forks("fork", "join", JoinRule::All);
        g.activity_running("a", "work").timeout(ms(50)).within("fork");
        g.works(&["b", "c"], "fork");
        g.delay("nap", ms(70)).within("fork");
        for branch in ["a", "b", "c", "nap"] {
            g.transition("fork", branch);
            g.transition(branch, "join").done();
        }
        g.transition("a", "join").failed();
        g.transition("fork", "late").after(ms(900));
        g.transition("join", "end");
        g.final_state("late");
        g.final_state("end");
        "fork"
    })
}

#[test]
fn restoring_starts_what_was_under_way_and_sets_every_timer_again() {
    let stage = two_at_work_and_one_queued();
    let mut effects = Effects::new();
    stage.machine.restore(&stage.run, &mut effects).expect("its own snapshot is whole");
    let started: Vec<_> = effects.starts().collect();
    assert_eq!(started, stage.starts, "`a` and `b` with their tickets; `c` is still queued");
    let mut timers: Vec<_> = effects
        .as_slice()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Timer { ticket, at } => Some((*ticket, *at)),
            Effect::Start(_) | Effect::Cancel(_) | Effect::Finish => None,
        })
        .collect();
    timers.sort();
    let mut expected = stage.timers.clone();
    expected.sort();
    assert_eq!(timers, expected);
}

#[test]
fn a_restored_run_ends_as_the_first_one_does() {
    let mut stage = two_at_work_and_one_queued();
    let text = serde_json::to_string(&stage.run).expect("a snapshot is data");
    stage.run = serde_json::from_str(&text).expect("what was written is read");
    stage.pass(ms(80));
    assert_eq!(stage.phases("c"), [Phase::Running]);
    stage.done("b");
    stage.done("c");
    assert_eq!(stage.finished_at(), Some("end"));
}

#[test]
fn a_snapshot_of_another_graph_is_refused() {
    let stage = two_at_work_and_one_queued();
    let mut other = Graph::builder("other");
    other.final_state("end");
    let graph = other.initial("end").build().expect("one final state is a graph");
    let code = bindings(&graph);
    let machine: Machine<Log, Word> = Machine::bind(graph, code).expect("nothing to bind");
    let mut effects = Effects::new();
    let fault = machine.restore(&stage.run, &mut effects).expect_err("it is of another graph");
    assert!(fault.to_string().contains("the machine runs graph"), "{fault}");
    let mut run = stage.run.clone();
    let refused = machine.step(&mut run, Timestamp::ZERO, &Input::Cancel, &mut effects, &mut ());
    assert!(matches!(refused, Err(StepError::ForeignSnapshot { .. })));
}

/// Cause: a timer without a guard was thought to take its token away, also where it only acts.
#[test]
fn a_run_in_which_a_timer_only_acted_can_be_restored_and_its_retries_go_on() {
    let mut stage = Stage::set(|g| {
        g.activity_running("a", "work").retry(fsm_core::RetryPolicy::new(1).delay(ms(50)));
        g.internal("a").after(ms(20)).action("tell");
        g.transition("a", "end").done();
        g.transition("a", "end").failed();
        g.final_state("end");
        "a"
    });
    // No deadline: the wait of 50 ms may pass the timer of 20 ms.
    stage.fail("a", fsm_core::Retry::Allowed(None));
    assert_eq!(stage.phases("a"), [Phase::Waiting]);
    stage.pass(ms(30));
    assert_eq!(stage.log(), "!a");
    let restored = stage.machine.restore(&stage.run, &mut Effects::new());
    assert!(restored.is_ok(), "{restored:?}");
    stage.pass(ms(30));
    stage.done("a");
    assert_eq!(stage.finished_at(), Some("end"));
}

/// Every line changes one number of a whole snapshot, and restoring says which.
#[test]
fn what_was_tampered_with_is_refused_with_its_reason() {
    let stage = two_at_work_and_one_queued();
    let lines: [(&str, serde_json::Value, &str); 14] = [
        ("/stepping", true.into(), "an action panicked"),
        ("/sequence", u64::MAX.into(), "longer than any run"),
        ("/sequence", 1.into(), "never given"),
        ("/running", 1.into(), "activities under way"),
        ("/ready", serde_json::json!([]), "outside the queue"),
        ("/alarms", serde_json::json!([]), "lacks a timer"),
        ("/status", "New".into(), "has not begun"),
        ("/status", "Cancelled".into(), "goes on"),
        ("/main/state", 0.into(), "scope 0 is not whole"),
        ("/scopes/0/arrived", u32::MAX.into(), "arrivals that can't be"),
        ("/scopes/0/live", 9.into(), "scope 0 is not whole"),
        ("/others/0/attempt", 2.into(), "can't be Running"),
        ("/others/0/state", 999.into(), "at no state"),
        ("/free", serde_json::json!([1]), "free places"),
    ];
    for (place, value, reason) in lines {
        refuses(&stage, &[(place, value)], reason);
    }
}

/// Joins count up to what they need and no further; a number is given once.
#[test]
fn arrivals_that_would_have_filled_a_join_and_numbers_given_twice_are_refused() {
    let mut stage = Stage::set(|g| {
        let two = JoinRule::AtLeast(NonZeroU32::new(2).expect("two"));
        g.forks("fork", "join", two);
        g.works(&["a", "b", "c"], "fork");
        g.join("gather", two).within("fork");
        for branch in ["a", "b", "c"] {
            g.transition("fork", branch);
            g.transition(branch, "gather").done();
            g.transition(branch, "join").failed();
        }
        g.transition("gather", "join");
        g.transition("join", "end");
        g.final_state("end");
        "fork"
    });
    stage.done("a");
    let saved = serde_json::to_value(&stage.run).expect("a snapshot is data");
    assert_eq!(saved["scopes"][0]["counters"], serde_json::json!([1]));
    let counters = "/scopes/0/counters";
    refuses(&stage, &[(counters, serde_json::json!([2]))], "arrivals that can't be");
    refuses(&stage, &[(counters, serde_json::json!([]))], "arrivals that can't be");
    refuses(&stage, &[("/scopes/0/arrived", 2.into())], "arrivals that can't be");
    let (visit, number) = (&saved["others"][2]["visit"], &saved["others"][2]["number"]);
    let twice = [("/others/1/visit", visit.clone()), ("/others/1/number", number.clone())];
    refuses(&stage, &twice, "the number of another");
}

/// Restoring the stage's run with these changes fails for this reason.
fn refuses(stage: &Stage, changes: &[(&str, serde_json::Value)], reason: &str) {
    let mut tampered = serde_json::to_value(&stage.run).expect("a snapshot is data");
    for (place, value) in changes {
        *tampered.pointer_mut(place).expect("the place is there") = value.clone();
    }
    let run: Snapshot<Log> = serde_json::from_value(tampered).expect("it still has its form");
    let refused = stage.machine.restore(&run, &mut Effects::new());
    let fault = refused.expect_err(changes[0].0).to_string();
    assert!(fault.contains(reason), "{changes:?}: {fault}");
}

fn panicking() -> Stage {
    Stage::set(|g| {
        g.simple("calm");
        g.simple("over");
        g.transition("calm", "over").on("go").action("tell").action("panic");
        g.transition("calm", "over").on("ask").guard("panics");
        g.transition("calm", "over").on("away");
        g.transition("over", "calm").on("back");
        "calm"
    })
}

/// Cause: the short way of `dispatch` looked only at whether the first token rests.
#[test]
fn after_an_action_panicked_the_snapshot_takes_no_more() {
    for input in ["go", "ask"] {
        let mut stage = panicking();
        let caught = catch_unwind(AssertUnwindSafe(|| stage.event(input)));
        assert!(caught.is_err());
        assert_eq!(stage.event("away"), Err(StepError::Poisoned));
        let away = Word("away".into());
        let refused = stage.machine.dispatch(
            &mut stage.run,
            Timestamp::ZERO,
            away,
            &mut Effects::new(),
            &mut (),
        );
        assert_eq!(refused, Err(StepError::Poisoned));
        assert!(stage.machine.restore(&stage.run, &mut Effects::new()).is_err());
    }
}

#[test]
fn a_panic_on_the_short_way_poisons_as_well() {
    for input in ["go", "ask"] {
        let mut stage = panicking();
        let event = Word(input.into());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let (machine, run) = (&stage.machine, &mut stage.run);
            machine.dispatch(run, Timestamp::ZERO, event, &mut Effects::new(), &mut ())
        }));
        assert!(caught.is_err());
        assert_eq!(stage.event("away"), Err(StepError::Poisoned));
        assert!(stage.machine.restore(&stage.run, &mut Effects::new()).is_err());
    }
}

/// Cause: the short way gave no numbers, so a journal written with `dispatch` did not replay
/// with `step`.
#[test]
fn events_dispatched_and_events_stepped_give_the_same_bytes() {
    let events = ["away", "back", "away", "back", "away"];
    let (mut long, mut short) = (panicking(), panicking());
    for event in events {
        long.event(event).expect("it is accepted");
        let event = Word(event.into());
        short
            .machine
            .dispatch(&mut short.run, Timestamp::ZERO, event, &mut Effects::new(), &mut ())
            .expect("it is accepted");
        let bytes = |run| serde_json::to_vec(run).expect("a snapshot is data");
        assert_eq!(bytes(&long.run), bytes(&short.run));
    }
}

/// The last way on is often without a guard; it acts on the short way, too, if it has actions.
#[test]
fn what_is_left_once_guards_have_refused_still_acts() {
    let stage = || {
        Stage::set(|g| {
            g.simple("here");
            g.simple("there");
            g.transition("here", "here").on("go").guard("never");
            g.transition("here", "there").on("go").action("tell");
            g.transition("there", "here").on("back");
            "here"
        })
    };
    let (mut long, mut short) = (stage(), stage());
    long.event("go").expect("it is accepted");
    let (machine, run) = (&short.machine, &mut short.run);
    machine
        .dispatch(run, Timestamp::ZERO, Word("go".into()), &mut Effects::new(), &mut ())
        .expect("it is accepted");
    assert_eq!(short.run.context(), &["!here"]);
    assert_eq!(short.run, long.run);
}

/// Entry and exit actions are laid down with the transition, and see what they would see on the
/// long way.
#[test]
fn actions_see_the_same_circumstances_on_either_way() {
    type Seen = Vec<(String, usize, u64, u32, Cause)>;
    let note = |name: &'static str| {
        move |seen: &mut Seen, scene: &Scene<'_, Word>| {
            let state = scene.state.index();
            seen.push((name.to_owned(), state, scene.visit, scene.attempts, scene.cause));
        }
    };
    let mut graph = Graph::builder("nested");
    graph.composite("upper", "left").entry("enter").exit("leave");
    graph.simple("left").within("upper").entry("enter").exit("leave");
    graph.composite("lower", "right").entry("enter").exit("leave");
    graph.simple("right").within("lower").entry("enter").exit("leave");
    graph.transition("upper", "lower").on("over").guard("holds").action("act");
    graph.transition("right", "left").on("back").action("act");
    let graph = graph.initial("upper").build().expect("a sound graph");
    let bindings = Bindings::new()
        .guard("holds", |seen: &Seen, scene| scene.visit == 1 || !seen.is_empty())
        .action("enter", note("enter"))
        .action("leave", note("leave"))
        .action("act", note("act"));
    let machine = Machine::bind(graph, bindings).expect("every name is bound");
    let mut long = machine.begin(Seen::new());
    let mut short = long.clone();
    let mut effects = Effects::new();
    for event in ["over", "back", "over"] {
        let event = Word(event.into());
        let now = Timestamp::ZERO;
        let input = Input::Event(event.clone());
        machine.step(&mut long, now, &input, &mut effects, &mut ()).expect("it is accepted");
        machine.dispatch(&mut short, now, event, &mut effects, &mut ()).expect("it is accepted");
        assert_eq!(long, short);
    }
    let names: Vec<&str> = short.context()[2..7].iter().map(|(name, ..)| &**name).collect();
    assert_eq!(names, ["leave", "leave", "act", "enter", "enter"]);
}

#[test]
fn the_bytes_of_a_snapshot_are_stable() {
    let mut stage = panicking();
    stage.now = Timestamp::from_micros(5);
    stage.event("away").expect("`calm` takes it");
    let mut saved = serde_json::to_value(&stage.run).expect("a snapshot is data");
    let fingerprint = saved["fingerprint"].take();
    assert_eq!(fingerprint.as_str().map(str::len), Some(32));
    insta::assert_snapshot!(saved, @r#"{"fingerprint":null,"seed":1,"status":"Running","stepping":false,"now":5,"sequence":2,"main":{"state":1,"phase":"resting","scope":4294967295,"owns":4294967295,"attempt":0,"next":4294967295,"previous":4294967295,"visit":2,"number":2,"due":0},"others":[],"free":[],"scopes":[],"free_scopes":[],"ready":[],"running":0,"alarms":[],"context":[]}"#);
}
