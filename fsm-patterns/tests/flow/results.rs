//! What a run returns: the shape of the result, counts, times, and metrics.

use fsm_http::Reply;
use fsm_patterns::{Endpoint, Orchestration};
use serde_json::{Value, json};

use crate::world::{Api, late, ms, run, run_built, step, told};

#[tokio::test(start_paused = true)]
async fn the_result_is_one_json_object_with_the_steps_in_declared_order() {
    let api = Api::new(&[
        ("/z", &[late(2, json!({"n": 1}))]),
        ("/a", &[Reply::status(500).after(ms(4))]),
        ("/h", &[Reply::status(404).after(ms(6))]),
    ]);
    let text = "
mode: sequential
endpoints:
  - { name: z, url: http://api.test/z }
  - { name: a, url: http://api.test/a, retry_count: 0 }
  - { name: skipped, url: http://api.test/b, depends_on: [a] }
  - { name: handled, url: http://api.test/h, error_handler: here }
";
    let flow = crate::world::flow(&api, text);
    let report = flow.run(json!({})).unwrap().id("run-7").await;
    let shown = serde_json::to_string_pretty(&report).expect("a report is JSON");
    insta::assert_snapshot!(shown);
}

#[tokio::test(start_paused = true)]
async fn latency_is_the_last_attempts_and_elapsed_counts_the_waits() {
    let asks = Reply::status(503).header("retry-after", "2").after(ms(100));
    let api = Api::new(&[("/a", &[asks, late(30, 1)])]);
    let text = "
mode: sequential
endpoints: [{ name: a, url: http://api.test/a, retry_delay: 0 }]
";
    let report = run(&api, text, json!({})).await;
    let a = step(&report, "a");
    assert_eq!((a.attempts, a.http_status), (2, Some(200)));
    assert_eq!((a.latency_ms, a.elapsed_ms), (Some(30.0), 2_130.0));
}

#[tokio::test(start_paused = true)]
async fn latency_reaches_to_the_last_byte() {
    let slow = Reply::status(200).chunk(ms(20), "1").chunk(ms(30), "2").after(ms(50));
    let api = Api::new(&[("/a", &[slow])]);
    let flow = Orchestration::sequential("s").endpoint(Endpoint::get("a", "http://api.test/a"));
    assert_eq!(step(&run_built(&api, flow, json!({})).await, "a").latency_ms, Some(100.0));
}

#[tokio::test(start_paused = true)]
async fn elapsed_counts_the_time_in_the_queue() {
    let api = Api::new(&[("/a", &[late(40, 1)]), ("/b", &[late(2, 2)])]);
    let flow = Orchestration::fanout("f")
        .max_concurrent(1)
        .endpoint(Endpoint::get("a", "http://api.test/a"))
        .endpoint(Endpoint::get("b", "http://api.test/b"));
    let report = run_built(&api, flow, json!({})).await;
    let b = step(&report, "b");
    assert_eq!((b.latency_ms, b.elapsed_ms), (Some(2.0), 42.0));
}

#[tokio::test(start_paused = true)]
async fn metrics_count_attempts_and_average_the_last_latencies() {
    let api = Api::new(&[
        ("/a", &[Reply::status(503), late(10, 1)]),
        ("/b", &[late(20, 2)]),
        ("/c", &[Reply::status(404).after(ms(60))]),
    ]);
    let text = "
mode: fanout
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
  - { name: c, url: http://api.test/c }
  - { name: d, url: http://api.test/d, condition: 'false' }
";
    let metrics = run(&api, text, json!({})).await.metrics.expect("metrics are on");
    assert_eq!(metrics.total_requests, 4);
    assert_eq!((metrics.success_rate, metrics.error_rate), (Some(50.0), Some(0.5)));
    assert_eq!(metrics.avg_latency_ms, Some(30.0));
}

/// The fraction was once made by subtraction from 1.
#[tokio::test(start_paused = true)]
async fn one_failure_of_ten_is_exactly_a_tenth() {
    let api = Api::answering(|request| match request.uri().path() {
        "/0" => Reply::status(404),
        _ => Reply::status(204),
    });
    let mut flow = Orchestration::fanout("f");
    for number in 0..10 {
        let url = format!("http://api.test/{number}");
        flow = flow.endpoint(Endpoint::get(format!("e{number}"), url));
    }
    let metrics = run_built(&api, flow, json!({})).await.metrics.expect("metrics are on");
    assert_eq!((metrics.success_rate, metrics.error_rate), (Some(90.0), Some(0.1)));
}

#[tokio::test(start_paused = true)]
async fn metrics_are_null_without_any_attempt_and_absent_where_switched_off() {
    let api = Api::naming();
    let endpoints = "endpoints: [{ name: a, url: http://api.test/a, condition: 'false' }]";
    let report = run(&api, &format!("mode: sequential\n{endpoints}"), json!({})).await;
    let nulls = json!({"total_requests": 0, "success_rate": null, "error_rate": null,
        "avg_latency_ms": null});
    assert_eq!(serde_json::to_value(report.metrics).unwrap(), nulls);

    let off = format!("mode: sequential\nmetrics_enabled: false\n{endpoints}");
    let report = serde_json::to_value(run(&api, &off, json!({})).await).unwrap();
    assert_eq!(report.get("metrics"), None);
}

#[tokio::test(start_paused = true)]
async fn answers_without_content_are_null() {
    let typed = |status| Reply::status(status).header("content-type", "application/json");
    let table = [
        ("GET", typed(204)),
        ("GET", typed(205)),
        ("GET", typed(200)),
        ("HEAD", typed(200).body("{\"is\": \"never read\"}")),
        ("DELETE", Reply::status(204)),
    ];
    for (method, reply) in table {
        let api = Api::new(&[("/a", &[reply])]);
        let text = format!(
            "mode: sequential\nendpoints: [{{ name: a, url: http://api.test/a, method: {method} }}]"
        );
        let report = run(&api, &text, json!({})).await;
        assert_eq!(told(&report), "completed: a ok", "{method}");
        assert_eq!(step(&report, "a").output, Value::Null, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_are_decoded_by_their_content_type() {
    let typed = |media: &'static str, body: &'static [u8]| {
        Reply::status(200).header("content-type", media).body(body)
    };
    let table = [
        (typed("application/json", b"{\"a\": 1}"), json!({"a": 1})),
        (typed("application/problem+json; charset=utf-8", b"[1]"), json!([1])),
        (typed("text/csv", b"a,b"), json!("a,b")),
        (typed("application/octet-stream", b"\x00\x01"), json!("AAE=")),
    ];
    for (reply, expected) in table {
        let api = Api::new(&[("/a", &[reply])]);
        let flow = Orchestration::sequential("s").endpoint(Endpoint::get("a", "http://api.test/a"));
        assert_eq!(step(&run_built(&api, flow, json!({})).await, "a").output, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_that_is_not_followed_has_kind_redirect() {
    let moved = Reply::status(302).header("location", "http://api.test/b");
    let api = Api::new(&[("/a", &[moved]), ("/b", &[late(0, 1)])]);
    let text = |count| {
        format!(
            "mode: sequential\nendpoints: [{{ name: a, url: http://api.test/a, max_redirects: {count} }}]"
        )
    };
    assert_eq!(told(&run(&api, &text(1), json!({})).await), "completed: a ok");
    let api = Api::new(&[("/a", &[Reply::status(302)])]);
    assert_eq!(told(&run(&api, &text(1), json!({})).await), "failed: a failed (redirect)");
}

#[tokio::test(start_paused = true)]
async fn a_body_over_its_limit_has_kind_too_large() {
    let api = Api::new(&[("/a", &[Reply::text("12345")])]);
    for (limit, expected) in [(5, "completed: a ok"), (4, "failed: a failed (too_large)")] {
        let flow = Orchestration::sequential("s")
            .endpoint(Endpoint::get("a", "http://api.test/a").max_body(limit));
        assert_eq!(told(&run_built(&api, flow, json!({})).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_call_has_its_attempts_and_no_latency() {
    let api = Api::new(&[("/a", &[Reply::status(503), Reply::stalled()])]);
    let text = "
mode: sequential
total_timeout: 10s
endpoints: [{ name: a, url: http://api.test/a }]
";
    let report = run(&api, text, json!({})).await;
    let a = step(&report, "a");
    assert_eq!((a.attempts, a.latency_ms, a.elapsed_ms), (2, None, 10_000.0));
}
