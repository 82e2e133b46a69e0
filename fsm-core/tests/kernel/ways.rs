//! What could happen now, told before it happens.

use fsm_core::{Input, JoinRule, Timestamp, Way};
use fsm_testkit::tally::Word;

use crate::stage::{Stage, ms};

/// The ways as lines: where the token stands, the transition, and whether it is open.
fn told(stage: &Stage, event: Option<&str>) -> Vec<String> {
    let event = event.map(|name| Word(name.into()));
    let graph = stage.machine.graph();
    let line = |way: Way| {
        let edge = graph.transition(way.transition);
        format!(
            "{}: {} -{}-> {}{}",
            graph.name_of(way.at),
            graph.name_of(edge.from()),
            graph.trigger_label(edge.trigger()),
            graph.name_of(edge.to()),
            if way.is_open { "" } else { " (shut)" }
        )
    };
    stage.machine.ways(&stage.run, event.as_ref(), stage.now).into_iter().map(line).collect()
}

#[test]
fn ways_are_told_inside_out_and_in_declared_order_with_what_shuts_them() {
    let mut stage = Stage::set(|graph| {
        graph.composite("on", "playing");
        graph.simple("playing").within("on");
        graph.simple("off");
        graph.simple("broken");
        graph.transition("on", "off").on("press");
        graph.transition("playing", "broken").on("press").guard("never");
        graph.transition("playing", "off").on("press").guard("seen");
        graph.internal("playing").on("tell").action("tell");
        graph.transition("off", "on").on("press");
        graph.transition("broken", "off").on("mend");
        "on"
    });
    let shut = ["playing: playing -press-> broken (shut)", "playing: playing -press-> off (shut)"];
    assert_eq!(told(&stage, Some("press")), [shut[0], shut[1], "playing: on -press-> off"]);

    stage.event("tell").unwrap();
    assert_eq!(told(&stage, Some("press"))[1], "playing: playing -press-> off");
    assert_eq!(told(&stage, Some("mend")), [] as [String; 0]);
    assert_eq!(told(&stage, Some("nobody knows me")), [] as [String; 0]);
    assert_eq!(
        told(&stage, None),
        [
            "playing: playing -press-> broken (shut)",
            "playing: playing -press-> off",
            "playing: playing -tell-> playing",
            "playing: on -press-> off",
        ]
    );
}

#[test]
fn looking_changes_nothing() {
    let stage = Stage::set(|graph| {
        graph.simple("a");
        graph.transition("a", "a").on("go").action("tell");
        "a"
    });
    let before = stage.run.clone();
    assert_eq!(told(&stage, Some("go")).len(), 1);
    assert_eq!(stage.run, before);
}

#[test]
fn what_lies_in_a_scope_is_asked_before_its_owner_and_the_owner_once() {
    let mut stage = Stage::set(|graph| {
        graph.parallel("both");
        graph.composite("left", "l").within("both");
        graph.simple("l").within("left");
        graph.simple("l2").within("left");
        graph.composite("right", "r").within("both");
        graph.simple("r").within("right");
        graph.simple("out");
        graph.transition("l", "l2").on("go");
        graph.transition("right", "right").on("go");
        graph.transition("both", "out").on("go");
        graph.transition("out", "both").on("go");
        "both"
    });
    assert_eq!(
        told(&stage, Some("go")),
        ["l: l -go-> l2", "both: both -go-> out", "r: right -go-> right"]
    );
    stage.event("go").unwrap();
    assert_eq!(stage.at(), "both l2 r", "a way further inside wins");
}

#[test]
fn without_an_event_outcomes_and_timers_are_told_too_but_no_branch_that_has_begun() {
    let stage = Stage::set(|graph| {
        graph.fork("fork", "join");
        graph.join("join", JoinRule::All);
        graph.activity_running("work", "work").within("fork");
        graph.final_state("end");
        graph.transition("fork", "work");
        graph.transition("work", "join").done();
        graph.transition("work", "end").failed().guard("never");
        graph.transition("work", "end").failed();
        graph.transition("fork", "end").after(ms(5));
        graph.transition("join", "end");
        "fork"
    });
    assert_eq!(
        told(&stage, None),
        [
            "work: work -done-> join",
            "work: work -failed-> end (shut)",
            "work: work -failed-> end",
            "fork: fork -after 5ms-> end",
        ]
    );
}

#[test]
fn a_run_that_has_not_begun_or_is_over_has_no_ways_on() {
    let mut stage = Stage::set(|graph| {
        graph.simple("a");
        graph.transition("a", "a").on("go");
        "a"
    });
    let new = stage.machine.snapshot(Vec::new(), 1);
    assert_eq!(stage.machine.ways(&new, None, Timestamp::ZERO), []);
    assert_eq!(told(&stage, None), ["a: a -go-> a"]);
    stage.take(Input::Cancel).unwrap();
    assert_eq!(told(&stage, None), [] as [String; 0]);
}
