//! Runs a second in a random world: of a small machine with slow, failing, hanging work and crashes,
//! and of a flow of three calls over an API in memory with its retries.
//!
//! ```text
//! cargo bench -p fsm-testkit --features flow-simulator --bench simulate
//! ```
#![expect(clippy::print_stdout, reason = "the numbers are for people")]

use std::error::Error;
use std::time::{Duration, Instant};

use fsm_core::{Bindings, Graph, Machine, Outcome, RetryPolicy};
use fsm_patterns::{Endpoint, Orchestration};
use fsm_testkit::simulator::flows::{Api, FlowSimulator, Route};
use fsm_testkit::simulator::{Behaviour, Latency, Simulator, World};

fn main() -> Result<(), Box<dyn Error>> {
    // Without `--bench`, as `cargo test --benches` starts it, it only shows that it works.
    let times = if std::env::args().any(|argument| argument == "--bench") { 1_000 } else { 1 };
    let (machine, flow) = (machine()?, flow()?);
    measure("a machine of five states", 20 * times, |runs| {
        let summary = machine.runs(runs)?;
        Ok(format!("{} steps", summary.steps()))
    })?;
    measure("a flow of three calls", 5 * times, |runs| {
        Ok(format!("the longest took {:?}", flow.runs(runs)?.longest()))
    })
}

fn measure(
    what: &str,
    runs: u64,
    run: impl FnOnce(u64) -> Result<String, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let told = run(runs)?;
    let each = runs as f64 / begun.elapsed().as_secs_f64();
    println!("{what}: {each:.0} runs a second ({runs} runs, {told})");
    Ok(())
}

/// An order that is charged, up to three times, and shipped, with a refund where that fails.
fn machine() -> Result<Simulator<(), ()>, Box<dyn Error>> {
    let mut graph = Graph::builder("order");
    graph.activity("charge").timeout(Duration::from_secs(2)).retry(RetryPolicy::new(2));
    graph.activity("ship").timeout(Duration::from_secs(5));
    graph.activity("refund").timeout(Duration::from_secs(5));
    graph.final_state("shipped");
    graph.final_state("declined");
    graph.transition("charge", "ship").done();
    graph.transition("charge", "declined").failed();
    graph.transition("ship", "shipped").done();
    graph.transition("ship", "refund").failed();
    graph.transition("refund", "declined").done();
    graph.transition("refund", "declined").failed();
    let work = ["charge", "ship", "refund"];
    let bindings = work.iter().fold(Bindings::new(), |bindings, name| {
        bindings.activity(*name, |_, _| async { Outcome::done() })
    });
    let machine = Machine::<(), ()>::bind(graph.initial("charge").build()?, bindings)?;
    let shaky = Behaviour::new()
        .latency(Latency::exponential(Duration::from_millis(300), Duration::from_secs(60)))
        .fails(0.1)
        .hangs(0.05);
    let world =
        World::new().activities(shaky).crashes(0.02, Latency::fixed(Duration::from_secs(1)));
    Ok(Simulator::new(machine, ()).world(world)?.always_ends())
}

fn flow() -> Result<FlowSimulator, Box<dyn Error>> {
    let shaky = Route::new()
        .latency(Latency::exponential(Duration::from_millis(100), Duration::from_secs(10)))
        .fails(0.1, 503)
        .resets(0.05)
        .stalls(0.02);
    let flow = FlowSimulator::new(|transport| {
        Orchestration::pipeline("checkout")
            .endpoint(Endpoint::get("cart", "http://shop.test/cart"))
            .endpoint(Endpoint::post("charge", "http://shop.test/charge").retry_count(2))
            .endpoint(Endpoint::post("ship", "http://shop.test/ship"))
            .build_with(transport)
    })?;
    Ok(flow.api(Api::new().others(shaky))?)
}
