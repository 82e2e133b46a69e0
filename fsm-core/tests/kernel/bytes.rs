//! Saved runs whose bytes were changed: no snapshot, or refused, or good for any input.

use fsm_core::{Effects, Graph, GraphBuilder, Input, JoinRule, Snapshot};
use fsm_testkit::fuzz::Fuzz;
use fsm_testkit::tally::{self, EVENTS, Tally, Word};
use std::time::Duration;

use crate::tampering::shake;

/// A graph with a bit of everything that a snapshot holds.
fn build(graph: &mut GraphBuilder) -> Graph {
    graph.max_concurrent(std::num::NonZeroU32::MIN);
    graph.parallel("both");
    graph.composite("left", "work").within("both");
    graph.activity_running("work", tally::WORK).within("left").timeout(Duration::from_secs(9));
    graph.simple("rest").within("left");
    graph.fork("fork", "join").within("left");
    graph.join("join", JoinRule::All).within("left");
    graph.activity_running("a", tally::WORK).within("fork");
    graph.delay("b", Duration::from_secs(1)).within("fork");
    graph.final_state("end").within("left");
    graph.composite("right", "wait").within("both");
    graph.simple("wait").within("right");
    graph.final_state("over").within("right");
    for work in ["work", "a"] {
        let next = if work == "a" { "join" } else { "rest" };
        graph.transition(work, next).done();
        graph.transition(work, next).failed();
    }
    graph.transition("rest", "fork").on("e0");
    graph.transition("fork", "a");
    graph.transition("fork", "b");
    graph.transition("b", "join").done();
    graph.transition("join", "end");
    graph.transition("wait", "over").on("e1");
    graph.internal("right").on("e2").action(tally::TOSS);
    graph.transition("both", "late").after(Duration::from_secs(60));
    graph.transition("both", "late").done();
    graph.final_state("late");
    graph.initial("both").build().expect("the graph is sound")
}

#[test]
fn a_snapshot_of_any_bytes_is_refused_or_can_be_stepped_with_anything() {
    let machine = tally::machine(build(&mut Graph::builder("saved")));
    let (mut run, mut effects) = (machine.snapshot(Tally::new(7, 3), 7), Effects::new());
    let mut seeds = vec![serde_json::to_string(&run).expect("a snapshot is data")];
    let outcome = |effects: &Effects| {
        let ticket = effects.starts().next().expect("it was started").ticket;
        Input::Outcome { ticket, outcome: fsm_core::Outcome::done() }
    };
    let event = |number: usize| Input::Event(Word(EVENTS[number].into()));
    for step in 0..5 {
        let input = match step {
            0 => Input::Start,
            1 => outcome(&effects),
            2 => event(0),
            3 => event(2),
            _ => event(1),
        };
        let now = run.now();
        machine.step(&mut run, now, &input, &mut effects, &mut ()).expect("it is accepted");
        seeds.push(serde_json::to_string(&run).expect("a snapshot is data"));
    }
    let words =
        ["4294967295", "\"resting\"", "\"owning\"", "\"moving\"", "\"Running\"", "null", "[]"];
    Fuzz::new("snapshots").seeds(seeds).words(words).run(|text| {
        let run: Snapshot<Tally> = match serde_json::from_str(text) {
            Ok(run) => run,
            Err(error) => return error.to_string().as_str().into(),
        };
        let mut effects = Effects::new();
        match machine.restore(&run, &mut effects) {
            Ok(()) => {
                let rolls: Vec<u64> =
                    text.bytes().take(40).map(|b| u64::from(b) * 0x9e37_79b9).collect();
                shake(&machine, run, effects, &rolls);
                true.into()
            }
            Err(fault) => fault.to_string().as_str().into(),
        }
    });
}
