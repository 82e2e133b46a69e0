//! Watching a run: an observer prints the path that it takes through the graph.
//!
//! The flow is the payment of `examples/flows/payment.yaml`, loaded from its text. The API loses
//! the first answer to the charge, so the path shows a retry.
//!
//! ```sh
//! cargo run -p fsm-examples --example watch
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::time::Duration;

use fsm_core::{Move, Observer, Phase, StateId, Trace};
use fsm_patterns::{Flow, FlowContext, FlowEvent, RunReport, file};
use fsm_testkit::server::{MockApi, demo};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = MockApi::builder().lose_charge_answers(1).start().await?;
    let (report, _) = watch_payment(&api.url()).await?;
    println!("{}: {}", report.name, report.outcome.as_str());
    api.stop().await;
    Ok(())
}

/// Runs the demo payment against the API at `api`: the report, and the path that was taken.
pub(crate) async fn watch_payment(api: &str) -> Result<(RunReport, Vec<String>), Box<dyn Error>> {
    let loaded = file::load(demo::PAYMENT.file, &demo::PAYMENT.text_for(api))?;
    let flow = Flow::new(loaded.spec)?;
    let input: Value = serde_json::from_str(demo::PAYMENT.input)?;
    let watcher = Watcher { flow: flow.clone(), path: Vec::new() };
    let (report, watcher, _) = flow.run(input)?.observer(watcher).drive_observed().await;
    Ok((report, watcher.path))
}

/// Prints what it sees, and keeps it.
struct Watcher {
    flow: Flow,
    path: Vec<String>,
}

impl Watcher {
    fn name(&self, state: StateId) -> &str {
        self.flow.graph().name_of(state)
    }

    fn note(&mut self, line: String) {
        println!("  {line}");
        self.path.push(line);
    }
}

/// The kernel tells of each step as it takes it. Methods that are left out do nothing.
impl Trace for Watcher {
    fn moved(&mut self, step: Move) {
        let graph = self.flow.graph();
        let transition = graph.transition(step.transition);
        let mut why = graph.trigger_label(transition.trigger());
        if let Some(guard) = transition.guard() {
            why = format!("{why} [{}]", graph.guard_name(guard));
        }
        self.note(format!("{} --{why}--> {}", self.name(step.from), self.name(step.to)));
    }

    fn retrying(&mut self, state: StateId, attempts: u32, _wait: Duration) {
        self.note(format!("{} failed, attempt {attempts}; trying again", self.name(state)));
    }

    fn cancelled(&mut self, _token: u32, state: StateId, _phase: Phase) {
        self.note(format!("{} was cancelled", self.name(state)));
    }
}

/// Inputs, effects, and snapshots could be seen here; the path needs none of them.
impl Observer<FlowContext, FlowEvent> for Watcher {}
