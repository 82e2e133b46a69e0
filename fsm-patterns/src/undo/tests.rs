//! Runs that are taken up from a snapshot while their steps are undone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fsm_core::{Effect, Input, Observer, Snapshot, Status, Timestamp, Trace};
use fsm_http::{MemoryTransport, Reply};
use serde_json::json;

use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::flow::Flow;
use crate::report::RunReport;
use crate::{RunOutcome, file};

/// A snapshot after every step, as it would be stored.
#[derive(Default)]
struct Saved(Vec<String>);

impl Trace for Saved {}

impl Observer<FlowContext, FlowEvent> for Saved {
    fn before(&mut self, _: Timestamp, _: &Input<FlowEvent>, _: &Snapshot<FlowContext>) {}

    fn after(&mut self, run: &Snapshot<FlowContext>, _: &[Effect]) {
        self.0.push(serde_json::to_string(run).expect("a snapshot is JSON"));
    }
}

const FLOW: &str = "
fsm: 1
name: order
mode: hybrid
total_timeout: 1m
endpoints:
  - { name: reserve, method: POST, url: http://shop.test/reserve, undo: { url: 'http://shop.test/reserve/{$data.id}' } }
  - { name: pay, method: POST, url: http://shop.test/pay, undo: { method: POST, url: http://shop.test/refund } }
  - { name: pack, url: http://shop.test/pack, undo: { url: http://shop.test/unpack } }
  - { name: send, url: http://shop.test/send, depends_on: [reserve, pay, pack] }
";

/// What was asked for: method and path, and the key if there was one.
type Log = Arc<Mutex<Vec<(String, String)>>>;

/// A shop that can't send anything, and that refuses each refund once.
fn shop() -> (Flow, Log) {
    let log = Log::default();
    let (written, refunds) = (log.clone(), Mutex::new(0));
    let transport = MemoryTransport::replying(move |request| {
        let path = request.uri().path();
        let key = request.headers().get("idempotency-key");
        let key = key.map_or(String::new(), |key| format!("{key:?}"));
        let entry = (format!("{} {path}", request.method()), key);
        written.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        let wait = Duration::from_millis(match path {
            "/pay" => 100,
            "/reserve" => 200,
            _ => 10,
        });
        let mut refunds = refunds.lock().unwrap_or_else(PoisonError::into_inner);
        *refunds += u32::from(path == "/refund");
        match path {
            "/send" => Reply::status(404).after(wait),
            "/refund" if *refunds == 1 => Reply::status(503).after(wait),
            _ => Reply::json(&json!({"id": 7})).after(wait),
        }
    });
    let spec = file::load("order.yaml", FLOW).unwrap_or_else(|report| panic!("{report}")).spec;
    let flow = Flow::with_transport(spec, Arc::new(transport)).expect("a sound flow");
    (flow, log)
}

fn asked(log: &Log) -> Vec<(String, String)> {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn count(log: &[(String, String)], path: &str) -> usize {
    log.iter().filter(|(asked, _)| asked == path).count()
}

const UNDOS: [&str; 3] = ["DELETE /reserve/7", "POST /refund", "DELETE /unpack"];

fn without_times(mut report: RunReport) -> RunReport {
    report.metrics = None;
    for step in report.steps.values_mut() {
        (step.latency_ms, step.elapsed_ms) = (None, 0.0);
        if let Some(undo) = &mut step.undo {
            undo.latency_ms = None;
        }
    }
    report
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_taken_up_at_any_step_of_undoing_goes_on_and_undoes_nothing_twice() {
    let (flow, log) = shop();
    let run = flow.run(json!({})).expect("no schema").id("run").seed(3);
    let (whole, saved, _) = run.observer(Saved::default()).drive_observed().await;
    assert_eq!(whole.outcome, RunOutcome::Failed);
    let asked_first = asked(&log);
    let undos: Vec<&str> = asked_first.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(undos[4..], ["DELETE /reserve/7", "POST /refund", "POST /refund", "DELETE /unpack"]);
    let keys: HashMap<&str, &str> =
        asked_first.iter().map(|(path, key)| (path.as_str(), key.as_str())).collect();
    assert!(!keys["POST /refund"].is_empty());

    let mut taken_up = 0;
    for text in &saved.0 {
        let snapshot: Snapshot<FlowContext> = serde_json::from_str(text).expect("as it was saved");
        let context = snapshot.context();
        let is_undoing = context.steps.iter().all(|step| step.status.is_some());
        if !is_undoing || snapshot.status() != Status::Running {
            continue;
        }
        taken_up += 1;
        let settled: Vec<bool> =
            context.steps[..3].iter().map(|step| step.undo.is_some()).collect();
        let (flow, log) = shop();
        drop(flow.run(json!({})).expect("it opens its clients"));
        let run = flow.machine.resume(snapshot).expect("its own snapshot");
        let ended = run.drive().await;
        let asked = asked(&log);
        for (undo, was_settled) in UNDOS.iter().zip(settled) {
            let times = count(&asked, undo);
            assert_eq!(times == 0, was_settled, "{undo} in {asked:?}");
        }
        assert!(asked.iter().all(|(path, _)| UNDOS.contains(&path.as_str())), "{asked:?}");
        for (path, key) in &asked {
            assert_eq!(keys[path.as_str()], key, "the key of {path}");
        }
        let report = flow.report(&ended.snapshot);
        assert_eq!(report.outcome, RunOutcome::Failed);
        assert_eq!(report.left_undone, [""; 0]);
        let (report, whole) = (without_times(report), without_times(whole.clone()));
        let errors = |report: &RunReport| report.error.clone();
        assert_eq!(errors(&report), errors(&whole));
    }
    assert!(taken_up >= 4, "{taken_up}");
}

#[test]
fn a_run_without_undos_is_saved_as_ever() {
    let (flow, _) = shop();
    let context = FlowContext::new(&flow.rules.plan, "run".to_owned(), json!({}));
    let saved = serde_json::to_value(&context).expect("a context is JSON");
    assert!(saved.get("undoing").is_none() && saved["steps"][0].get("undo").is_none());
}
