//! When composite and parallel states are done, and what their guards see.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fsm_core::{Bindings, Graph, GraphBuilder, Machine};
use fsm_testkit::tally::Word;

use crate::stage::{Stage, ms};

/// `both` holds `left`, which `go` brings to its end, and `right`, which `go` only acts in, and
/// `end` brings to its end.
fn two_regions(g: &mut GraphBuilder) {
    g.parallel("both");
    g.composite("left", "l").within("both");
    g.simple("l").within("left");
    g.final_state("left end").within("left");
    g.composite("right", "r").within("both");
    g.simple("r").within("right");
    g.final_state("right end").within("right");
    g.simple("out");
    g.simple("other");
    g.transition("l", "left end").on("go");
    g.transition("r", "right end").on("end");
    g.internal("right").on("go").action("tell");
    g.transition("out", "both").on("back");
    g.transition("other", "both").on("back");
}

/// Cause: the guard was asked as `left` ended, and its transition taken after `right` had acted.
#[test]
fn whether_a_region_is_done_is_asked_when_every_region_has_heard_the_event() {
    let mut stage = Stage::set(|g| {
        two_regions(g);
        g.transition("left", "out").done().guard("unseen");
        g.transition("both", "other").on("leave");
        "both"
    });
    stage.event("go").expect("both regions take it");
    assert_eq!((stage.at(), stage.log()), ("both left end r".into(), "!r".into()));

    let mut stage = Stage::set(|g| {
        two_regions(g);
        g.transition("left", "out").done().guard("seen");
        g.transition("both", "other").on("leave");
        "both"
    });
    stage.event("go").expect("both regions take it");
    assert_eq!(stage.at(), "out");
}

/// Cause: as above, for all of the regions.
#[test]
fn whether_a_parallel_state_is_done_is_asked_when_every_region_has_heard_the_event() {
    let mut stage = Stage::set(|g| {
        two_regions(g);
        g.transition("both", "out").done().guard("unseen");
        g.transition("both", "other").on("leave");
        "both"
    });
    stage.event("end").expect("`right` takes it");
    stage.event("go").expect("both regions take it");
    assert_eq!(stage.at(), "both left end right end");
    stage.event("go").expect("`right` takes it");
    assert_eq!(stage.at(), "both left end right end", "it is not asked again");

    let mut stage = Stage::set(|g| {
        two_regions(g);
        g.transition("both", "out").done().guard("seen");
        g.transition("both", "other").on("leave");
        "both"
    });
    stage.event("end").expect("`right` takes it");
    stage.event("go").expect("both regions take it");
    assert_eq!(stage.at(), "out");
}

#[test]
fn the_first_of_several_ways_that_is_open_is_taken_and_of_two_regions_the_one_declared_first() {
    let mut stage = Stage::set(|g| {
        two_regions(g);
        g.transition("r", "right end").on("go");
        g.transition("left", "out").done().guard("never");
        g.transition("left", "other").done();
        g.transition("right", "out").done();
        "both"
    });
    stage.event("go").expect("both regions take it");
    assert_eq!(stage.at(), "other");
}

/// Parallel states that are asked in vain may end the one that they are regions of.
#[test]
fn parallel_states_within_a_parallel_state_end_it_together_and_its_guard_is_asked_once() {
    let mut graph = Graph::builder("story");
    graph.parallel("all");
    for inner in ["first", "second"] {
        graph.parallel(inner).within("all");
        for side in ["left", "right"] {
            let region = format!("{inner} {side}");
            let (begin, end) = (format!("{region} begin"), format!("{region} end"));
            graph.composite(&region, &begin).within(inner);
            graph.simple(&begin).within(&region);
            graph.final_state(&end).within(&region);
            graph.transition(&begin, &end).on("go");
        }
        graph.transition(inner, "out").done().guard("never");
    }
    graph.simple("out");
    graph.transition("all", "out").done().guard("asked");
    graph.transition("out", "all").on("back");
    let graph = graph.initial("all").build().expect("the story's graph is sound");
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let code = Bindings::new().guard("never", |_, _| false).guard("asked", move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    });
    let machine = Machine::<(), Word>::bind(graph, code).expect("both guards are bound");
    let mut run = machine.begin(());
    machine.send(&mut run, Word("go".into())).expect("four regions take it");
    let names = |(state, _)| machine.graph().name_of(state);
    assert_eq!(run.tokens().map(names).filter(|name| name.ends_with(" end")).count(), 4);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// Cause: they saw what had set the step off, while those who ask for the ways on saw `Done`.
#[test]
fn guards_and_actions_of_what_is_done_see_that_and_those_of_others_in_the_step_do_not() {
    let mut stage = Stage::set(|g| {
        two_regions(g);
        g.transition("left", "more").done().guard("is done").action("why");
        g.choice("more");
        g.transition("more", "out").action("why");
        g.transition("both", "other").on("leave");
        "both"
    });
    stage.event("go").expect("both regions take it");
    assert_eq!((stage.at(), stage.log()), ("out".into(), "!r Done Done".into()));

    // `left` is asked in vain before `right` goes on.
    let mut stage = Stage::set(|g| {
        two_regions(g);
        g.transition("left", "out").done().guard("never");
        g.transition("r", "which").on("go");
        g.choice("which").within("right");
        g.transition("which", "right end").action("why");
        g.transition("both", "other").on("leave");
        "both"
    });
    stage.event("go").expect("both regions take it");
    assert_eq!((stage.at(), stage.log()), ("both left end right end".into(), "Event".into()));

    // A run that comes to the end at once, and one that a timer brings there.
    let stage = Stage::set(|g| {
        g.composite("all", "there").entry("why");
        g.final_state("there").within("all");
        g.final_state("end");
        g.transition("all", "end").done().guard("is done").action("why");
        "all"
    });
    assert_eq!((stage.finished_at(), stage.log()), (Some("end"), "Always Done".into()));
    let mut stage = Stage::set(|g| {
        g.parallel("all");
        g.composite("one", "begin").within("all");
        g.simple("begin").within("one");
        g.final_state("there").within("one");
        g.final_state("end");
        g.transition("begin", "there").after(ms(5)).action("why");
        g.transition("all", "end").done().guard("is done").action("why");
        "all"
    });
    stage.pass(ms(5));
    assert_eq!((stage.finished_at(), stage.log()), (Some("end"), "After Done".into()));
}
