//! Ten thousand endpoints: time and stack grow with the flow, not with its square.

use std::time::{Duration, Instant};

use fsm_core::{Effect, Input, Observer, Snapshot, Timestamp, Trace};
use fsm_http::Reply;
use fsm_patterns::spec::Mode;
use fsm_patterns::{Endpoint, FlowContext, FlowEvent, Orchestration, RunOutcome};
use serde_json::json;

use crate::world::Api;

/// What a run asked of the kernel and of the driver.
#[derive(Debug, Default, PartialEq)]
struct Work {
    inputs: usize,
    effects: usize,
    moves: usize,
}

impl Trace for Work {
    fn moved(&mut self, _step: fsm_core::Move) {
        self.moves += 1;
    }
}

impl Observer<FlowContext, FlowEvent> for Work {
    fn before(&mut self, _now: Timestamp, _input: &Input<FlowEvent>, _run: &Snapshot<FlowContext>) {
        self.inputs += 1;
    }

    fn after(&mut self, _run: &Snapshot<FlowContext>, effects: &[Effect]) {
        self.effects += effects.len();
    }
}

/// How the endpoints hang together.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Of(Mode),
    /// Each depends on the one before, in mode hybrid.
    Linked,
    /// The last depends on all others.
    Gathered,
    /// All depend on the first, which fails.
    Lost,
}

fn flow(shape: Shape, count: usize) -> Orchestration {
    let mode = match shape {
        Shape::Of(mode) => mode,
        Shape::Linked | Shape::Gathered | Shape::Lost => Mode::Hybrid,
    };
    let mut flow = Orchestration::new("large", mode).error_threshold(1.0);
    for number in 0..count {
        let name = format!("e{number}");
        let mut endpoint = Endpoint::get(name, format!("http://api.test/{number}"));
        match shape {
            Shape::Linked if number > 0 => {
                endpoint = endpoint.depends_on([format!("e{}", number - 1)]);
            }
            Shape::Gathered if number + 1 == count => {
                endpoint = endpoint.depends_on((0..number).map(|before| format!("e{before}")));
            }
            Shape::Lost if number > 0 => endpoint = endpoint.depends_on(["e0"]),
            Shape::Of(_) | Shape::Linked | Shape::Gathered | Shape::Lost => {}
        }
        flow = flow.endpoint(endpoint);
    }
    flow
}

/// Runs a flow of `count` endpoints: what it asked for, and how long it took to build and run.
fn measure(shape: Shape, count: usize) -> (Work, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let api = Api::answering(move |request| match (shape, request.uri().path()) {
            (Shape::Lost, "/0") => Reply::status(404),
            _ => Reply::status(204),
        });
        let flow = flow(shape, count);
        let begun = Instant::now();
        let flow = flow.build_with(api.clone()).unwrap_or_else(|error| panic!("{error}"));
        let run = flow.run(json!({})).expect("no schema").observer(Work::default());
        let (report, work, _) = run.drive_observed().await;
        let took = begun.elapsed();
        assert_eq!(report.outcome, RunOutcome::Completed);
        assert_eq!(report.steps.len(), count);
        let sent = if matches!(shape, Shape::Lost) { 1 } else { count };
        assert_eq!(api.log().len(), sent, "{shape:?}");
        (work, took)
    })
}

/// Five times as many endpoints ask for five times as much work, to the number of steps, and take
/// less than eight times as long.
fn grows_with_the_flow(shape: Shape) {
    let mut ratios = Vec::new();
    // Other tests take their share of the machine, so the best of some tries counts.
    for _ in 0..5 {
        let (few, short) = measure(shape, 2_000);
        let (many, long) = measure(shape, 10_000);
        for (few, many) in
            [(few.inputs, many.inputs), (few.effects, many.effects), (few.moves, many.moves)]
        {
            assert!(many <= few * 5 + 50, "{shape:?}: {few} became {many}");
        }
        let ratio = long.div_duration_f64(short);
        if ratio < 8.0 {
            return;
        }
        ratios.push(ratio);
    }
    panic!("{shape:?}: five times the endpoints took {ratios:?} times as long");
}

#[test]
fn ten_thousand_parallel_endpoints_cost_five_times_as_much_as_two_thousand() {
    grows_with_the_flow(Shape::Of(Mode::Parallel));
}

#[test]
fn a_chain_of_ten_thousand_costs_five_times_as_much_as_one_of_two_thousand() {
    grows_with_the_flow(Shape::Of(Mode::Pipeline));
}

#[test]
fn ten_thousand_endpoints_of_which_each_depends_on_the_one_before_cost_no_more_than_their_number() {
    grows_with_the_flow(Shape::Linked);
}

#[test]
fn an_endpoint_that_depends_on_ten_thousand_others_costs_no_more_than_their_number() {
    grows_with_the_flow(Shape::Gathered);
}

#[test]
fn a_failure_that_skips_ten_thousand_others_costs_no_more_than_their_number() {
    grows_with_the_flow(Shape::Lost);
}
