//! The examples that call APIs with credentials, usage, and files, over real HTTP. Their flow files
//! need secrets in the environment, and so are run with the command, by its own tests.

use std::time::Duration;

use fsm_patterns::{RunOutcome, StepStatus};
use fsm_testkit::server::{CLIENT_SECRET, MockApi, TOKEN};
use serde_json::json;

#[path = "../examples/chat.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod chat;
#[path = "../examples/files.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod files;
#[path = "../examples/orders.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod orders;

async fn fast() -> MockApi {
    MockApi::builder().latency(Duration::from_millis(1)).start().await.expect("a free port")
}

fn count(api: &MockApi, path: &str) -> usize {
    api.requests().iter().filter(|request| request.path == path).count()
}

#[tokio::test]
async fn one_token_serves_all_runs_until_it_is_refused() {
    let api = fast().await;
    let flow = orders::orders(&api.url(), CLIENT_SECRET).expect("a sound flow");
    for _ in 0..3 {
        let report = flow.execute(json!({ "customer": 7 })).await.expect("a fitting input");
        assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
        assert_eq!(report.output["customer"], "Ada Lovelace");
        assert_eq!(report.usage["shop"].calls, 1);
        assert_eq!(report.usage["shop"].fields["first_order"], 25.into());
        assert!(!report.usage["people"].fields.contains_key("first_order"));
    }
    assert_eq!((count(&api, "/oauth/token"), count(&api, "/private/orders")), (1, 3));

    api.revoke_tokens();
    let report = flow.execute(json!({ "customer": 7 })).await.expect("a fitting input");
    assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
    assert_eq!(report.steps["orders"].attempts, 2, "refused, and then sent with a new token");
    assert_eq!(count(&api, "/oauth/token"), 2);
    assert_eq!(flow.get_metrics().endpoints["orders"].total_requests, 5);
    api.stop().await;
}

#[tokio::test]
async fn a_client_that_is_not_known_gets_no_token_and_asks_for_nothing() {
    let api = fast().await;
    let flow = orders::orders(&api.url(), "another secret").expect("a sound flow");
    let report = flow.execute(json!({ "customer": 7 })).await.expect("a fitting input");
    let error = report.steps["orders"].error.as_ref().expect("it failed");
    assert_eq!(error.kind.as_str(), "auth");
    assert!(!format!("{report:?}").contains("another secret"));
    assert_eq!(report.steps["customer"].status, StepStatus::Skipped);
    assert_eq!((count(&api, "/oauth/token"), count(&api, "/private/orders")), (1, 0));
    api.stop().await;
}

#[tokio::test]
async fn the_tokens_of_a_chat_are_those_of_its_own_run() {
    let api = fast().await;
    let flow = chat::reviewed(&api.url(), TOKEN).expect("a sound flow");
    let ask = |question: &str| flow.execute(json!({ "question": question }));
    let (short, long) = tokio::join!(ask("Why?"), ask("What is a state machine good for?"));
    let (short, long) = (short.expect("an input"), long.expect("an input"));
    // 1 word and 5; then 5 of the system, 3 of ours, and the draft's 5, and again 5.
    assert_eq!(short.usage["openai"].fields["total_tokens"], 24.into());
    assert_eq!(long.usage["openai"].fields["total_tokens"], 30.into());
    assert_eq!(short.output["draft"], "I was told 1 words.");
    assert_eq!(short.usage["openai"].fields["completion_tokens"], 10.into());
    assert!(api.requests().iter().all(|request| request.idempotency_key.is_some()));
    api.stop().await;
}

#[tokio::test]
async fn a_wrong_key_is_told_and_not_shown() {
    let api = fast().await;
    let flow = chat::reviewed(&api.url(), "sk-wrong").expect("a sound flow");
    let report = flow.execute(json!({ "question": "Why?" })).await.expect("a fitting input");
    assert_eq!(report.outcome, RunOutcome::Failed);
    assert_eq!(report.steps["draft"].http_status, Some(401));
    assert!(!format!("{report:?}").contains("sk-wrong"));
    api.stop().await;
}

#[tokio::test]
async fn a_report_is_saved_and_sent_as_it_came() {
    let api = fast().await;
    let path = std::env::temp_dir().join(format!("fsm-examples-{}.csv", std::process::id()));
    let flow = files::files(&api.url(), &path).expect("a sound flow");
    let report = flow.execute(json!({ "rows": 1000 })).await.expect("a fitting input");
    let saved = std::fs::read_to_string(&path).expect("it was saved");
    std::fs::remove_file(&path).expect("it is there");
    assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
    assert!(saved.starts_with("id,total\n1,25\n") && saved.ends_with("1000,25000\n"));
    assert_eq!(report.output[0]["bytes"], "1000 orders".len());
    assert_eq!(report.output[1]["bytes"], saved.len());
    assert_eq!(report.output[1]["media_type"], "text/csv");
    api.stop().await;
}
