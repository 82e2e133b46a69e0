//! Whole flows in conversation with a scripted API, and with one that is only a recording.

use std::fs;
use std::time::Duration;

use fsm_patterns::{Flow, RunOutcome, StepStatus, file};
use fsm_testkit::cassette::{Cassette, Mode};
use fsm_testkit::conversation::{Answer, Conversation, Request, ScriptedApi, any, same};
use fsm_testkit::server::MockApi;
use fsm_testkit::server::demo::{self, Demo};
use serde_json::{Value, json};

fn flow(demo: Demo, url: &str) -> Flow {
    let loaded = file::load(demo.file, &demo.text_for(url)).expect("a flow without faults");
    Flow::new(loaded.spec).expect("a sound flow")
}

fn input(demo: Demo) -> Value {
    serde_json::from_str(demo.input).expect("JSON")
}

async fn start(conversation: Conversation) -> ScriptedApi {
    conversation.start().await.expect("a port")
}

/// A payment up to its charge.
fn checked() -> Conversation {
    let payment = json!({ "amount": 250, "currency": "EUR", "card_token": "tok", "valid": true });
    Conversation::new()
        .expect(Request::post("/validate").json(input(demo::PAYMENT)))
        .answer(Answer::json(200, payment))
        .expect(Request::post("/fraud/check").json(json!({ "amount": 250, "card_hash": "tok" })))
        .answer(Answer::json(200, json!({ "ok": true })))
}

fn charge() -> Request {
    Request::post("/charge").header("idempotency-key", same("the key"))
}

#[tokio::test]
async fn a_charge_that_is_lost_on_the_wire_is_repeated_with_the_same_key() {
    let body = Answer::json(201, json!({ "charge_id": "ch_1" }));
    let losses: [fn(fsm_testkit::conversation::Expectation) -> Conversation; 4] = [
        |lost| lost.reset(),
        |lost| lost.close(),
        |lost| lost.answer(Answer::status(503).header("retry-after", "0")),
        |lost| lost.answer(Answer::json(201, json!({ "charge_id": "ch_1" })).cut_body(7)),
    ];
    for lose in losses {
        let api = start(
            lose(checked().expect(charge()))
                .expect(charge())
                .answer(body.clone())
                .expect(Request::post("/notify").json(json!({ "charge_id": "ch_1" })))
                .answer(Answer::json(200, json!({ "sent": true }))),
        );
        let api = api.await;
        let report = flow(demo::PAYMENT, &api.url()).execute(input(demo::PAYMENT)).await;
        let report = report.expect("a run");
        assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
        assert_eq!(report.steps["process"].attempts, 2);
        api.finish().await.expect("the flow said what it should");
    }
}

#[tokio::test]
async fn a_charge_that_is_refused_ends_the_payment_and_tells_nobody() {
    let refused = Answer::json(402, json!({ "error": "declined" }));
    let api = start(checked().expect(charge()).answer(refused)).await;
    let report = flow(demo::PAYMENT, &api.url()).execute(input(demo::PAYMENT)).await;
    let report = report.expect("a run");
    assert_eq!(report.outcome, RunOutcome::Failed);
    assert_eq!(report.steps["notify"].status, StepStatus::Cancelled);
    api.finish().await.expect("nothing was said after the refusal");
}

#[tokio::test]
async fn calls_side_by_side_may_come_in_any_order() {
    let slow = Duration::from_millis(20);
    let api = start(Conversation::new().in_any_order(|group| {
        group
            .expect(Request::get("/analytics/users/{id}"))
            .answer_with(|request| Answer::json(200, json!({ "of": request.segment("id") })))
            .expect(Request::get("/users/123/posts").header("accept", any()))
            .answer(Answer::json(200, json!({ "posts": [1, 2] })).drip(4, Duration::from_millis(1)))
            .in_order(|user| {
                user.expect(Request::get("/users/123"))
                    .answer(Answer::status(503).header("retry-after", "0"))
                    .expect(Request::get("/users/123"))
                    .answer(Answer::json(200, json!({ "name": "Ada" })).after(slow))
            })
    }))
    .await;
    let report =
        flow(demo::USER_ENRICHMENT, &api.url()).execute(input(demo::USER_ENRICHMENT)).await;
    let output =
        json!({ "user": { "name": "Ada" }, "posts": [1, 2], "analytics": { "of": "123" } });
    assert_eq!(*report.expect("a run").output, output);
    api.finish().await.expect("all came");
}

#[tokio::test]
async fn a_flow_that_was_recorded_runs_without_its_api() {
    let folder = tempfile::tempdir().expect("a folder");
    for demo in [demo::USER_ENRICHMENT, demo::PAYMENT] {
        let path = folder.path().join(demo.name).with_extension("json");
        let mock = MockApi::builder().latency(Duration::from_millis(20)).start().await;
        let mock = mock.expect("a free port");
        let mut outputs = Vec::new();
        for mode in [Mode::Record, Mode::Replay] {
            let deck = Cassette::open(&path, mock.url()).mode(mode).start().await.expect("a deck");
            let report = flow(demo, &deck.url()).execute(input(demo)).await.expect("a run");
            assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
            outputs.push((*report.output).clone());
            deck.finish().await.expect("it was recorded, and then played as it was");
        }
        let (sent, text) = (mock.requests().len(), fs::read_to_string(&path).expect("a file"));
        assert_eq!(sent, text.matches("\"request\"").count(), "only the recording reached the API");
        assert!(!text.contains("tok_visa_4242"), "{text}");
        if demo.name == demo::USER_ENRICHMENT.name {
            assert_eq!(outputs[0], outputs[1]);
            assert!(text.contains("\"in_any_order\""), "{text}");
        }
    }
}
