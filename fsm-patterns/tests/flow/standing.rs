//! How a run stands that is not over: what its snapshot tells of each step.

use fsm_core::{Effect, Input, Observer, Snapshot, Timestamp, Trace};
use fsm_http::Reply;
use fsm_patterns::{Flow, FlowContext, FlowEvent, RunOutcome, RunReport};
use serde_json::{Value, json};

use crate::world::{Api, flow, late};

/// Keeps every input, and the snapshot after it.
#[derive(Debug, Default)]
pub(crate) struct Album {
    pub(crate) inputs: Vec<(Timestamp, Input<FlowEvent>)>,
    pub(crate) snapshots: Vec<Snapshot<FlowContext>>,
}

impl Trace for Album {}

impl Observer<FlowContext, FlowEvent> for Album {
    fn before(&mut self, now: Timestamp, input: &Input<FlowEvent>, _: &Snapshot<FlowContext>) {
        self.inputs.push((now, input.clone()));
    }

    fn after(&mut self, run: &Snapshot<FlowContext>, _: &[Effect]) {
        self.snapshots.push(run.clone());
    }
}

/// What the report would have been after each step of a run.
pub(crate) async fn reports(flow: &Flow, input: Value) -> Vec<RunReport> {
    let run = flow.run(input).unwrap().id("run-7").observer(Album::default());
    let (last, album, _) = run.drive_observed().await;
    let reports: Vec<RunReport> = album.snapshots.iter().map(|run| flow.report(run)).collect();
    assert_eq!(reports.last(), Some(&last));
    reports
}

/// `a ok, b waiting`: the statuses of a report's steps.
pub(crate) fn stand(report: &RunReport) -> String {
    let steps = report.steps.iter().map(|(name, step)| format!("{name} {}", step.status.as_str()));
    steps.collect::<Vec<_>>().join(", ")
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_tells_how_each_step_stands() {
    let refused = Reply::status(503);
    let api = Api::new(&[("/a", &[late(1, 1)]), ("/b", &[refused, late(1, 2)])]);
    let flow = flow(
        &api,
        "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
  - { name: c, url: http://api.test/a }
output: $steps.b.output
",
    );
    let reports = reports(&flow, json!({})).await;
    let told: Vec<String> = reports.iter().map(stand).collect();
    assert_eq!(
        told,
        [
            "a running, b pending, c pending",
            "a ok, b running, c pending",
            "a ok, b waiting, c pending",
            "a ok, b running, c pending",
            "a ok, b ok, c running",
            "a ok, b ok, c ok",
        ]
    );

    let waiting = &reports[2];
    assert_eq!((waiting.outcome, &waiting.error), (RunOutcome::Waiting, &None));
    assert_eq!(waiting.output, Value::Null);
    let shown = serde_json::to_value(waiting).expect("a report is JSON");
    assert_eq!(shown["outcome"], "waiting");
    assert_eq!(shown["steps"]["a"]["output"], 1);
    assert_eq!(shown["steps"]["a"].get("waits_for"), None);
    assert_eq!(shown["steps"]["b"]["attempts"], 1);
    let until = shown["steps"]["b"]["waits_for"]["until"].as_str().expect("a point in time");
    assert!(until.ends_with('Z') && until.contains('T'), "{until}");
    assert_eq!(reports[3].steps["b"].attempts, 2);
    assert_eq!(reports[3].steps["b"].waits_for, None);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_no_room_yet_is_pending() {
    let api = Api::naming();
    let flow = flow(
        &api,
        "
mode: fanout
max_concurrent: 1
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
",
    );
    let reports = reports(&flow, json!({})).await;
    let told: Vec<String> = reports.iter().map(stand).collect();
    assert_eq!(told, ["a running, b pending", "a ok, b running", "a ok, b ok"]);
}
