//! What a run uses of a resource, and what a resource does for a run.

use std::sync::Arc;

use fsm_http::Reply;
use fsm_http::resource::{Hook, Pick, Resource};
use fsm_patterns::{Endpoint, Flow, Orchestration, Services};
use serde_json::json;

use crate::world::{Api, late, ms, run, told};

/// A flow over an API whose answers tell of tokens.
fn counted(api: &Arc<Api>) -> Flow {
    let resource = Resource::new("llm")
        .base_url("http://api.test/".parse().expect("a url"))
        .usage("tokens", Pick::Body("/usage/tokens".into()));
    let endpoint = |name: &str| {
        Endpoint::get(name, format!("/{name}/{{$inputs.run}}")).resource("llm").retry_count(0)
    };
    Orchestration::fanout("test")
        .resource(resource)
        .endpoint(endpoint("a"))
        .endpoint(endpoint("b"))
        .services(Services::new().with_transport(api.clone()))
        .build()
        .expect("a flow")
}

/// One integration patches a shared client, and so counts three calls for two.
#[tokio::test(start_paused = true)]
async fn usage_is_that_of_the_run_though_runs_overlap() {
    let api = Api::new(|path, _| {
        let tokens = if path.ends_with("/1") { 10 } else { 1_000 };
        late(if path.starts_with("/a") { 10 } else { 500 }, json!({"usage": {"tokens": tokens}}))
    });
    let flow = counted(&api);
    let start = |number: u32| {
        let run = flow.run(json!({ "run": number })).expect("an input that fits");
        tokio::spawn(run.drive())
    };
    let first = start(1);
    tokio::time::sleep(ms(100)).await;
    let second = start(2);
    let (first, second) = (first.await.expect("no panic"), second.await.expect("no panic"));
    for (report, tokens) in [(&first, 20), (&second, 2_000)] {
        let usage = &report.usage["llm"];
        assert_eq!((usage.calls, usage.attempts), (2, 2), "{usage:?}");
        assert_eq!(usage.fields["tokens"], tokens.into(), "{usage:?}");
        assert!(usage.bytes_received > 0);
    }
    assert_eq!(flow.get_metrics().overall.total_requests, 4, "that of all runs");
}

/// The same integration failed the second asset of a run.
#[tokio::test(start_paused = true)]
async fn a_step_that_fails_leaves_the_client_whole_for_the_others_and_for_later_runs() {
    let api = Api::new(|path, _| match path {
        "/a/1" => Reply::status(400),
        _ => late(10, json!({"usage": {"tokens": 5}})),
    });
    let flow = counted(&api);
    let execute = async |number: u32| flow.execute(json!({ "run": number })).await.expect("a run");
    let first = execute(1).await;
    assert_eq!(told(&first), "failed: a failed (status), b ok");
    assert_eq!((first.usage["llm"].calls, &first.usage["llm"].fields["tokens"]), (2, &5.into()));
    let second = execute(2).await;
    assert_eq!(told(&second), "completed: a ok, b ok");
    assert_eq!((second.usage["llm"].calls, &second.usage["llm"].fields["tokens"]), (2, &10.into()));
}

/// Hooks are part of a resource and run once a run, not once a call.
#[tokio::test(start_paused = true)]
async fn a_resource_is_set_up_before_its_first_call_and_torn_down_after_the_last() {
    let log: Arc<std::sync::Mutex<Vec<&'static str>>> = Arc::default();
    let note = |word: &'static str| {
        let log = log.clone();
        Hook::new(word, move |_| {
            log.lock().expect("no panic").push(word);
            std::future::ready(Ok(()))
        })
    };
    let calls = log.clone();
    let api = Api::new(move |_, _| {
        calls.lock().expect("no panic").push("call");
        late(1, 1)
    });
    let resource = Resource::new("r").set_up(note("up")).tear_down(note("down"));
    let endpoint = |name: &str| Endpoint::get(name, "http://api.test/a").resource("r");
    let flow = Orchestration::sequential("test")
        .resource(resource)
        .endpoint(endpoint("a"))
        .endpoint(endpoint("b"))
        .build_with(api)
        .expect("a flow");
    for _ in 0..2 {
        run(&flow).await;
    }
    let expected = ["up", "call", "call", "down", "up", "call", "call", "down"];
    assert_eq!(*log.lock().expect("no panic"), expected);
}
