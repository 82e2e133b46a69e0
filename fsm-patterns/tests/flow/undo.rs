//! What was completed is undone when a run fails: in which order, how far, and what is left.

use std::sync::Arc;

use fsm_http::Reply;
use fsm_patterns::{Endpoint, Orchestration, RunReport, Undo, UndoStatus};
use serde_json::{Value, json};

use crate::world::{Api, flow, late, ms, run, run_built, step, told};

/// `a ok, b failed`: what became of the undos of a run.
fn undone(report: &RunReport) -> String {
    let undos = report.steps.iter().filter_map(|(name, step)| {
        let undo = step.undo.as_ref()?;
        Some(format!("{name} {}", undo.status.as_str()))
    });
    undos.collect::<Vec<_>>().join(", ")
}

/// The paths that end in `/undo`, in the order in which they were called, without that end.
fn order(api: &Api) -> Vec<String> {
    let paths = api.paths().into_iter();
    paths.filter_map(|path| Some(path.strip_suffix("/undo")?[1..].to_owned())).collect()
}

/// An API where `broken` is not found, the others answer with their path after as many
/// milliseconds as `wait` says, and whatever is undone is gone at once.
fn api(broken: &'static str, wait: impl Fn(&str) -> u64 + Send + Sync + 'static) -> Arc<Api> {
    Api::answering(move |request| {
        let path = &request.uri().path()[1..];
        match path {
            _ if path.ends_with("/undo") => Reply::status(204),
            _ if path == broken => Reply::status(404).after(ms(wait(path))),
            _ => late(wait(path), json!({"id": path})),
        }
    })
}

fn message(report: &RunReport) -> &str {
    &report.error.as_ref().expect("the run did not complete").message
}

#[tokio::test(start_paused = true)]
async fn the_completed_steps_of_a_chain_are_undone_from_the_last_to_the_first() {
    for mode in ["sequential", "pipeline", "conditional"] {
        let api = api("c", |_| 0);
        let text = format!(
            "
mode: {mode}
endpoints:
  - {{ name: a, url: http://api.test/a, undo: {{ url: http://api.test/a/undo }} }}
  - {{ name: plain, url: http://api.test/plain }}
  - {{ name: b, url: http://api.test/b, undo: {{ url: http://api.test/b/undo }} }}
  - {{ name: c, url: http://api.test/c, undo: {{ url: http://api.test/c/undo }} }}
"
        );
        let report = run(&api, &text, json!({})).await;
        assert_eq!(told(&report), "failed: a ok, plain ok, b ok, c failed (status)", "{mode}");
        assert_eq!(order(&api), ["b", "a"], "{mode}");
        assert_eq!(undone(&report), "a ok, b ok", "{mode}");
        assert_eq!(report.left_undone, [""; 0], "{mode}");
        assert!(!message(&report).contains("left undone"), "{mode}");
        let undo = step(&report, "b").undo.as_ref().expect("it was due");
        assert_eq!((undo.attempts, undo.http_status), (1, Some(204)));
        let metrics = report.metrics.expect("metrics are on");
        assert_eq!(metrics.total_requests, 6, "those that undo are requests, too");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_undone_of_a_run_that_completes() {
    let api = api("", |_| 0);
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: http://api.test/a/undo } }
  - { name: b, url: http://api.test/b }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a ok, b ok");
    assert_eq!((order(&api).len(), undone(&report).as_str()), (0, ""));
    let printed = serde_json::to_value(&report).expect("a report is JSON");
    assert!(printed.get("left_undone").is_none() && printed["steps"]["a"].get("undo").is_none());
}

#[tokio::test(start_paused = true)]
async fn failures_that_are_tolerated_undo_nothing() {
    let text = "
mode: parallel
error_threshold: 0.5
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: http://api.test/a/undo } }
  - { name: b, url: http://api.test/b }
";
    let api = api("b", |_| 0);
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a ok, b failed (status)");
    assert_eq!(order(&api), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn side_by_side_the_order_is_that_in_which_they_were_completed() {
    let text = "
mode: parallel
endpoints:
  - { name: slow, url: http://api.test/slow, undo: { url: http://api.test/slow/undo } }
  - { name: fast, url: http://api.test/fast, undo: { url: http://api.test/fast/undo } }
  - { name: between, url: http://api.test/between, undo: { url: http://api.test/between/undo } }
  - { name: broken, url: http://api.test/broken }
";
    let api = api("broken", |path| match path {
        "slow" => 300,
        "between" => 200,
        _ => 100,
    });
    let report = run(&api, text, json!({})).await;
    assert_eq!(order(&api), ["slow", "between", "fast"]);
    assert_eq!(undone(&report), "slow ok, fast ok, between ok");
}

#[tokio::test(start_paused = true)]
async fn steps_in_groups_are_undone_as_all_others() {
    let text = "
mode: hybrid
endpoints:
  - { name: first, url: http://api.test/first, undo: { url: http://api.test/first/undo } }
  - name: pair
    mode: parallel
    depends_on: [first]
    endpoints:
      - { name: left, url: http://api.test/left, undo: { url: http://api.test/left/undo } }
      - { name: right, url: http://api.test/right, undo: { url: http://api.test/right/undo } }
  - name: line
    mode: pipeline
    depends_on: [first]
    endpoints:
      - { name: one, url: http://api.test/one, undo: { url: http://api.test/one/undo } }
      - { name: two, url: http://api.test/two }
";
    let api = api("two", |path| match path {
        "left" => 300,
        "right" => 100,
        "one" => 200,
        _ => 0,
    });
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "failed: first ok, left ok, right ok, one ok, two failed (status)");
    assert_eq!(order(&api), ["left", "one", "right", "first"]);
}

#[tokio::test(start_paused = true)]
async fn fail_fast_cuts_the_rest_first_and_then_undoes() {
    let text = "
mode: parallel
fail_fast: true
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: http://api.test/a/undo } }
  - { name: b, url: http://api.test/b, method: PUT, undo: { url: http://api.test/b/undo } }
  - { name: c, url: http://api.test/c }
";
    let api = api("c", |path| match path {
        "a" => 0,
        "b" => 9_000,
        _ => 100,
    });
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "failed: a ok, b cancelled, c failed (status)");
    assert_eq!(order(&api), ["a"]);
    assert_eq!(undone(&report), "a ok");
    // Its request went out, and nobody waited for the answer.
    assert_eq!(report.left_undone, ["b"]);
    assert_eq!(
        message(&report),
        "`c` failed: 404 Not Found from GET http://api.test/c; left undone: b (in doubt: its call \
         was cut while it was under way)"
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_limits_the_way_forward_and_not_the_way_back() {
    let text = "
mode: sequential
total_timeout: 1s
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: http://api.test/a/undo } }
  - { name: b, url: http://api.test/b }
";
    let api = Api::new(&[
        ("/a", &[late(900, json!({}))]),
        ("/b", &[Reply::stalled()]),
        ("/a/undo", &[Reply::status(503), Reply::status(204).after(ms(5_000))]),
    ]);
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "timed_out: a ok, b timed_out");
    assert_eq!(undone(&report), "a ok");
    let times = api.times("/a/undo");
    assert_eq!(times.len(), 2);
    assert_eq!(times[0], 1_000);
    assert_eq!(report.left_undone, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_fails_is_tried_again_and_then_left_and_does_not_stop_the_others() {
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: http://api.test/a/undo } }
  - { name: b, url: http://api.test/b, undo: { url: http://api.test/b/undo, retry_count: 2 } }
  - { name: c, url: http://api.test/c, undo: { url: http://api.test/c/undo } }
  - { name: d, url: http://api.test/d }
";
    let api = Api::new(&[
        ("/a", &[late(0, 1)]),
        ("/b", &[late(0, 2)]),
        ("/c", &[late(0, 3)]),
        ("/d", &[Reply::status(404)]),
        ("/c/undo", &[Reply::status(503), Reply::status(200)]),
        ("/b/undo", &[Reply::status(500)]),
        ("/a/undo", &[Reply::status(200)]),
    ]);
    let report = run(&api, text, json!({})).await;
    assert_eq!(order(&api), ["c", "c", "b", "b", "b", "a"]);
    assert_eq!(undone(&report), "a ok, b failed, c ok");
    assert_eq!(report.outcome.as_str(), "failed");
    assert_eq!(report.left_undone, ["b"]);
    assert!(
        message(&report).ends_with(
            "; left undone: b (500 Internal Server Error from DELETE http://api.test/b/undo)"
        ),
        "{}",
        message(&report)
    );
    let undo = step(&report, "b").undo.as_ref().expect("it was due");
    assert_eq!((undo.status, undo.attempts, undo.http_status), (UndoStatus::Failed, 3, Some(500)));
    assert_eq!(report.metrics.expect("metrics are on").total_requests, 10);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_called_or_did_not_complete_is_not_undone() {
    let text = "
mode: sequential
cache_ttl: 1m
endpoints:
  - { name: kept, url: http://api.test/kept, undo: { url: http://api.test/kept/undo } }
  - { name: not, url: http://api.test/not, condition: 'false', undo: { url: http://api.test/not/undo } }
  - name: saved
    url: http://api.test/saved
    error_handler: {}
    undo: { url: http://api.test/saved/undo }
  - { name: unsure, url: http://api.test/unsure, method: POST, undo: { url: http://api.test/unsure/undo } }
";
    let api = Api::new(&[
        ("/kept", &[late(0, 1)]),
        ("/saved", &[Reply::status(404)]),
        ("/unsure", &[Reply::reset_after_sending()]),
        ("/kept/undo", &[Reply::status(200)]),
    ]);
    let flow = flow(&api, text);
    flow.execute(json!({})).await.expect("no schema");
    assert_eq!(order(&api), ["kept"]);
    let report = flow.execute(json!({})).await.expect("no schema");
    assert_eq!(
        told(&report),
        "failed: kept cached, not skipped, saved recovered (status), unsure failed \
         (unknown_outcome)"
    );
    assert_eq!(order(&api), ["kept"], "what came from the cache was not done by this run");
    assert_eq!((undone(&report).as_str(), &report.left_undone), ("", &vec!["unsure".to_owned()]));
    assert!(message(&report).ends_with("unsure (in doubt: nobody knows how its call ended)"));
}

#[tokio::test(start_paused = true)]
async fn an_undo_sees_what_its_step_gave_and_every_other_step() {
    let text = "
mode: parallel
endpoints:
  - name: a
    url: http://api.test/a
    transform_output: { key: $data.id }
    undo:
      method: POST
      url: 'http://api.test/{$data.key}/undo'
      params: { why: $steps.b.error.kind, who: $inputs.who }
      headers: { X-Status: $steps.a.status }
  - { name: b, url: http://api.test/b }
";
    let api = api("b", |_| 0);
    let report = run(&api, text, json!({"who": "me"})).await;
    assert_eq!(undone(&report), "a ok");
    let request = api.request("/a/undo");
    assert_eq!(request.uri().query(), Some("why=status&who=me"));
    assert_eq!(request.headers()["x-status"], "ok");
    assert_eq!(api.body("/a/undo"), json!({"key": "a"}), "the default body is what the step gave");
}

#[tokio::test(start_paused = true)]
async fn an_undo_whose_request_has_a_hole_fails_and_says_so() {
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: 'http://api.test/{$data.nowhere}/undo' } }
  - { name: b, url: http://api.test/b }
";
    let api = api("b", |_| 0);
    let report = run(&api, text, json!({})).await;
    let undo = step(&report, "a").undo.as_ref().expect("it was due");
    assert_eq!((undo.status, undo.attempts), (UndoStatus::Failed, 0));
    assert_eq!(undo.error.as_ref().map(|error| error.kind.as_str()), Some("transform"));
    assert_eq!(report.left_undone, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn the_attempts_of_an_undo_share_a_key_that_is_not_that_of_the_step() {
    let reserve = Endpoint::post("reserve", "http://api.test/reserve").idempotency();
    let flow = Orchestration::sequential("order")
        .endpoint(reserve.undo(Undo::post("http://api.test/reserve/undo").body(json!({"n": 1}))))
        .endpoint(Endpoint::get("pay", "http://api.test/pay"));
    let api = Api::new(&[
        ("/reserve", &[late(0, json!({}))]),
        ("/pay", &[Reply::status(404)]),
        ("/reserve/undo", &[Reply::reset_after_sending(), Reply::status(503), Reply::status(200)]),
    ]);
    let report = run_built(&api, flow, json!({})).await;
    assert_eq!(undone(&report), "reserve ok");
    let key = |request: &http::Request<bytes::Bytes>| request.headers()["idempotency-key"].clone();
    let keys: Vec<_> = api.requests("/reserve/undo").iter().map(key).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|other| *other == keys[0]));
    assert_ne!(keys[0], key(&api.request("/reserve")));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_undoes_nothing_and_says_what_is_left() {
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: http://api.test/a/undo } }
  - { name: b, url: http://api.test/b }
";
    let api = api("", |path| if path == "b" { 5_000 } else { 0 });
    let mut run = flow(&api, text).run(json!({})).expect("no schema");
    let handle = run.cancel_handle();
    tokio::spawn(async move {
        tokio::time::sleep(ms(100)).await;
        handle.cancel();
    });
    let report = run.await;
    assert_eq!(told(&report), "cancelled: a ok, b cancelled");
    assert_eq!(order(&api), [""; 0]);
    assert_eq!(undone(&report), "a cancelled");
    assert_eq!(report.left_undone, ["a"]);
    assert_eq!(
        message(&report),
        "the run was cancelled; left undone: a (the run was cancelled before it was undone)"
    );
}

#[tokio::test(start_paused = true)]
async fn who_cancels_while_steps_are_undone_hears_of_those_that_are_left() {
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: http://api.test/a/undo } }
  - { name: b, url: http://api.test/b, undo: { url: http://api.test/b/undo } }
  - { name: c, url: http://api.test/c, undo: { url: http://api.test/c/undo } }
  - { name: d, url: http://api.test/d }
";
    let api = Api::new(&[
        ("/a", &[late(0, 1)]),
        ("/b", &[late(0, 2)]),
        ("/c", &[late(0, 3)]),
        ("/d", &[Reply::status(404)]),
        ("/c/undo", &[Reply::status(204)]),
        ("/b/undo", &[Reply::stalled()]),
    ]);
    let mut run = flow(&api, text).run(json!({})).expect("no schema");
    let handle = run.cancel_handle();
    tokio::spawn(async move {
        tokio::time::sleep(ms(100)).await;
        handle.cancel();
    });
    let report = run.await;
    assert_eq!(told(&report), "cancelled: a ok, b ok, c ok, d failed (status)");
    assert_eq!(undone(&report), "a cancelled, b cancelled, c ok");
    assert_eq!(step(&report, "b").undo.as_ref().map(|undo| undo.attempts), Some(1));
    assert_eq!(report.left_undone, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn what_undoes_counts_as_use_of_its_resource_and_passes_its_limits() {
    let text = "
mode: sequential
resources:
  shop: { base_url: http://api.test, rate_limit: [{ limit: 1, window: 1s }] }
  bin: { base_url: http://api.test/bin }
endpoints:
  - { name: a, resource: shop, url: /a, undo: { url: /a/undo } }
  - { name: b, resource: shop, url: /b, undo: { url: /b/undo, resource: bin } }
  - { name: c, url: http://api.test/c }
";
    let api = api("c", |_| 0);
    let report = run(&api, text, json!({})).await;
    assert_eq!(api.paths(), ["/a", "/b", "/c", "/bin/b/undo", "/a/undo"]);
    assert_eq!(api.times("/a/undo"), [2_000], "each second one request of the shop");
    let used = |resource: &str| report.usage[resource].attempts;
    assert_eq!((used("shop"), used("bin")), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn what_undoes_is_neither_cached_nor_kept_back_by_an_open_circuit() {
    let text = "
mode: sequential
cache_ttl: 1h
cache_key: same
circuit_breaker_threshold: 1
endpoints:
  - { name: a, url: 'http://api.test/{$inputs.n}', undo: { url: http://api.test/a/undo, retry_count: 0 } }
  - { name: b, url: http://api.test/b, cache_key: $inputs.n }
";
    let api = Api::answering(|request| match request.uri().path() {
        "/a/undo" => Reply::status(500),
        "/b" => Reply::status(404),
        _ => late(0, 1),
    });
    let flow = flow(&api, text);
    for n in 1..=3u64 {
        flow.clear_all_cache();
        flow.execute(json!({"n": n})).await.expect("no schema");
    }
    assert_eq!(order(&api), ["a", "a", "a"]);
}

#[tokio::test]
async fn the_drawing_shows_what_is_undone() {
    let text = "
mode: parallel
total_timeout: 30s
endpoints:
  - { name: reserve, method: POST, url: http://api.test/reserve, undo: { url: 'http://api.test/{$data.id}' } }
  - { name: pay, method: POST, url: http://api.test/pay, undo: { method: POST, url: http://api.test/refunds } }
";
    insta::assert_snapshot!(flow(&Api::naming(), text).drawing().to_dot());
}

#[tokio::test]
async fn a_dry_run_tells_of_undos_too() {
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a, undo: { url: 'http://api.test/a/{$data.id}' } }
  - { name: b, url: http://api.test/b }
";
    let dry = flow(&Api::naming(), text).dry_run(&Value::Null).expect("no schema");
    insta::assert_snapshot!(dry.to_string(), @r"
    a: GET http://api.test/a
      up to 3 further attempts
    a.undo: DELETE http://api.test/a/{$data.id}
      only if the run fails after `a` was completed
      up to 3 further attempts
      not known in full: hangs on the answers of other steps
    b: GET http://api.test/b
      up to 3 further attempts
    ");
}
