//! Calls that were under way when the process died.

use std::sync::Arc;

use fsm_core::journal::{Journal, MemoryJournal};
use fsm_http::Reply;
use fsm_patterns::{Flow, RunOutcome};
use serde_json::json;

use crate::crash::Mortal;
use crate::world::{Api, flow, late, message, ms, step, told};

/// A run that dies while its first calls are under way, and is resumed.
async fn interrupted(api: &Arc<Api>, text: &str) -> (Flow, fsm_patterns::RunReport) {
    let (flow, journal) = (flow(api, text), MemoryJournal::new());
    let run = flow.run(json!({})).unwrap().id("r").seed(1);
    let died = Mortal::new(&journal, 1).drive(|journal| run.journal(journal)).await;
    assert!(died.is_none());
    let report = flow.resume(Arc::new(journal), "r").expect("it goes on").await.expect("it ends");
    (flow, report)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_must_not_be_made_twice_ends_with_an_unknown_outcome() {
    let api = Api::new(&[("/pay", &[late(10, 1)]), ("/mail", &[late(10, 2)])]);
    let text = "mode: pipeline\nendpoints:\n\
                - { name: pay, url: 'http://api.test/pay', method: POST }\n\
                - { name: mail, url: 'http://api.test/mail' }\n";
    let (_, report) = interrupted(&api, text).await;
    assert_eq!(told(&report), "failed: pay failed (unknown_outcome), mail skipped");
    assert_eq!(
        message(&report, "pay"),
        "the process ended while the call was under way; the server may have carried it out"
    );
    assert_eq!(step(&report, "pay").attempts, 1);
    assert_eq!(api.sent("/pay"), 1);
    assert_eq!(report.metrics.unwrap().total_requests, 1);
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_share_a_url_are_told_apart_by_their_methods_and_keys() {
    let api = Api::new(&[("/x", &[late(10, 1)])]);
    let text = "mode: parallel\nendpoints:\n\
                - { name: get, url: 'http://api.test/x' }\n\
                - { name: one, url: 'http://api.test/x', method: POST }\n\
                - { name: two, url: 'http://api.test/x', method: POST, error_handler: { stands: in } }\n\
                - { name: keyed, url: 'http://api.test/x', method: POST, idempotency: true }\n";
    let (_, report) = interrupted(&api, text).await;
    assert_eq!(
        told(&report),
        "failed: get ok, one failed (unknown_outcome), two recovered (unknown_outcome), keyed ok"
    );
    let attempts: Vec<u32> = report.steps.values().map(|step| step.attempts).collect();
    assert_eq!(attempts, [2, 1, 1, 2]);
    let keys = api.requests("/x");
    let keys = keys.iter().filter_map(|request| request.headers().get("idempotency-key"));
    let keys: Vec<_> = keys.collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "it is sent again with the key that it had");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passed_meanwhile_ends_the_run_at_once() {
    let api = Api::new(&[("/slow", &[late(10_000, 1)]), ("/pay", &[late(10_000, 2)])]);
    let text = "mode: parallel\ntotal_timeout: 5s\nendpoints:\n\
                - { name: slow, url: 'http://api.test/slow' }\n\
                - { name: pay, url: 'http://api.test/pay', method: POST }\n";
    let (flow, journal) = (flow(&api, text), MemoryJournal::new());
    let run = flow.run(json!({})).unwrap().id("r").journal(Arc::new(journal.clone()));
    let dies = tokio::time::timeout(ms(3_000), run.drive()).await;
    assert!(dies.is_err());
    let began = journal.read("r").unwrap().info.began;
    tokio::time::sleep(ms(60_000)).await;

    let resumed = flow.resume(Arc::new(journal.clone()), "r").unwrap();
    let report = resumed.not_before(began + ms(63_000)).await.unwrap();
    assert_eq!(told(&report), "timed_out: slow timed_out, pay timed_out (unknown_outcome)");
    assert_eq!(api.log().len(), 2, "nothing is sent again");
    assert_eq!(step(&report, "slow").attempts, 1);
    // Two drives read the wall clock each for itself.
    let elapsed = step(&report, "slow").elapsed_ms;
    assert!((63_000.0..64_000.0).contains(&elapsed), "{elapsed} ms");
}

#[tokio::test(start_paused = true)]
async fn who_cancels_a_run_that_nobody_drives_is_heard_before_anything_is_sent_again() {
    let api = Api::new(&[("/slow", &[late(10_000, 1)])]);
    let text = "mode: parallel\nendpoints: [{ name: slow, url: 'http://api.test/slow' }]\n";
    let (flow, journal) = (flow(&api, text), MemoryJournal::new());
    let run = flow.run(json!({})).unwrap().id("r").journal(Arc::new(journal.clone()));
    assert!(tokio::time::timeout(ms(3_000), run.drive()).await.is_err());

    journal.post("r", &fsm_core::Input::Cancel).unwrap();
    let report = flow.resume(Arc::new(journal), "r").unwrap().await.unwrap();
    assert_eq!(report.outcome, RunOutcome::Cancelled);
    assert_eq!(api.log().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_another_attempt_goes_on_and_its_attempts_are_counted() {
    let api = Api::new(&[("/shaky", &[Reply::status(503), Reply::status(503), late(10, 1)])]);
    let text = "mode: parallel\nendpoints:\n\
                - { name: shaky, url: 'http://api.test/shaky', retry_delay: 8s }\n";
    let (flow, journal) = (flow(&api, text), MemoryJournal::new());
    let run = flow.run(json!({})).unwrap().id("r").seed(1).journal(Arc::new(journal.clone()));
    let report = run.until_waiting(ms(1_000)).await.unwrap();
    assert_eq!(report.outcome, RunOutcome::Waiting);
    assert_eq!(told(&report), "waiting: shaky waiting");
    assert_eq!(step(&report, "shaky").attempts, 1);

    let resumed = flow.resume(Arc::new(journal), "r").unwrap();
    let report = resumed.await.unwrap();
    assert_eq!(told(&report), "completed: shaky ok");
    assert_eq!(step(&report, "shaky").attempts, 3);
    assert_eq!(api.log().len(), 3);
}
