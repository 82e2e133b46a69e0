//! Runs that die while what was completed is undone.

use std::sync::Arc;

use fsm_core::journal::MemoryJournal;
use fsm_http::Reply;
use fsm_patterns::{FlowContext, FlowEvent, RunOutcome, RunReport, UndoStatus};
use serde_json::json;

use crate::crash::Mortal;
use crate::world::{Api, flow, late, step};

const TRIP: &str = "
mode: hybrid
endpoints:
  - { name: seat, url: http://api.test/seat, undo: { url: http://api.test/seat/undo } }
  - name: pay
    method: POST
    url: http://api.test/pay
    idempotency: true
    undo: { method: POST, url: http://api.test/pay/undo, retry_delay: 10ms }
  - { name: send, url: http://api.test/send, depends_on: [seat, pay] }
";

fn api() -> Arc<Api> {
    Api::new(&[
        ("/seat", &[late(10, 1)]),
        ("/pay", &[late(20, 2)]),
        ("/send", &[Reply::status(404)]),
        ("/seat/undo", &[late(10, 3)]),
        ("/pay/undo", &[Reply::status(503), late(10, 4)]),
    ])
}

/// A run that dies after so many records, and is resumed; `None` where it ends before.
async fn dying(api: &Arc<Api>, text: &str, records: usize) -> Option<RunReport> {
    let flow = flow(api, text);
    let journal = MemoryJournal::<FlowContext, FlowEvent>::new();
    let run = flow.run(json!({})).expect("no schema").id("r").seed(1);
    let mortal = Mortal::new(&journal, records);
    if mortal.drive(|journal| run.journal(journal)).await.is_some() {
        return None;
    }
    let resumed = flow.resume(Arc::new(journal), "r").expect("it goes on");
    Some(resumed.await.expect("it comes to its end"))
}

#[tokio::test(start_paused = true)]
async fn whenever_the_process_dies_everything_is_undone_in_the_end_and_in_order() {
    let mut deaths = 0;
    for records in 1.. {
        let api = api();
        let Some(report) = dying(&api, TRIP, records).await else { break };
        deaths += 1;
        assert_eq!(report.outcome, RunOutcome::Failed, "{records}");
        assert_eq!(report.left_undone, [""; 0], "{records}");
        for name in ["seat", "pay"] {
            let undo = step(&report, name).undo.as_ref().expect("it was due");
            assert_eq!(undo.status, UndoStatus::Ok, "{records}: {name}");
        }
        let paths = api.paths();
        let undos: Vec<&String> = paths.iter().filter(|path| path.ends_with("/undo")).collect();
        let mut order = undos.clone();
        order.dedup();
        assert_eq!(order, ["/pay/undo", "/seat/undo"], "{records}");
        // The request that was under way is made again, with the same key, and no other.
        assert!(undos.len() <= 4, "{records}: {undos:?}");
        let requests = api.requests("/pay/undo");
        let keys = requests.iter().map(|request| &request.headers()["idempotency-key"]);
        let mut keys: Vec<_> = keys.collect();
        keys.dedup();
        assert_eq!(keys.len(), 1, "{records}");
    }
    assert!(deaths >= 7, "{deaths}");
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_must_not_be_made_twice_is_left_with_an_unknown_outcome() {
    let text = TRIP.replace("retry_delay: 10ms", "idempotency: false");
    let mut unknown = 0;
    for records in 1.. {
        let api = api();
        let Some(report) = dying(&api, &text, records).await else { break };
        assert!(api.sent("/pay/undo") <= 1, "{records}");
        let undo = step(&report, "pay").undo.as_ref().expect("it was due");
        assert_eq!(undo.status, UndoStatus::Failed);
        assert_eq!(report.left_undone, ["pay"], "{records}");
        let kind = undo.error.as_ref().expect("it failed").kind.as_str();
        unknown += usize::from(kind == "unknown_outcome");
        assert_eq!(
            step(&report, "seat").undo.as_ref().map(|undo| undo.status),
            Some(UndoStatus::Ok)
        );
    }
    assert!(unknown > 0);
}
