//! What is kept of answers, for how long, and who shares it.

use std::time::Duration;

use fsm_http::Reply;
use serde_json::json;

use crate::world::{Api, count, endpoints, flow_over, late, ms, run, step, told};

#[tokio::test(start_paused = true)]
async fn parser_and_transforms_run_on_every_hit_so_that_each_endpoint_gets_its_own() {
    let api = Api::new(|_, _| late(0, json!({"name": "Ada", "age": 36})));
    let text = "
mode: sequential
cache_ttl: 1h
endpoints:
  - { name: name, url: 'http://api.test/a', transform_output: $data.name }
  - { name: age, url: 'http://api.test/a', transform_output: $data.age }
  - { name: status, url: 'http://api.test/a', response_parser: { s: $statusCode, n: $response.body#/name } }
  - { name: text, url: 'http://api.test/a', response_parser: text }
";
    let flow = flow_over(&api, text);
    let report = run(&flow).await;
    assert_eq!(told(&report), "completed: name ok, age cached, status cached, text ok");
    assert_eq!(
        report.output,
        json!({"name": "Ada", "age": 36, "status": {"s": 200, "n": "Ada"},
               "text": r#"{"name":"Ada","age":36}"#}),
        "one that wants the text asks for something else"
    );
    assert_eq!(api.times().len(), 2);
    assert_eq!(count(&run(&flow).await, "cached"), 4);
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(told(&run(&flow).await), "completed: name ok, age cached, status cached, text ok");
}

#[tokio::test(start_paused = true)]
async fn a_post_is_kept_only_under_a_key_that_somebody_declared() {
    let api = Api::new(|_, count| late(0, count));
    let text = "
mode: sequential
cache_ttl: 1h
endpoints:
  - { name: plain, url: 'http://api.test/plain', method: POST, body: {} }
  - { name: keyed, url: 'http://api.test/keyed', method: POST, body: {}, cache_key: $inputs.id }
";
    let flow = flow_over(&api, text);
    let execute = async |id: u32| flow.execute(json!({ "id": id })).await.expect("a run");
    assert_eq!(told(&execute(1).await), "completed: plain ok, keyed ok");
    assert_eq!(told(&execute(1).await), "completed: plain ok, keyed cached");
    assert_eq!(told(&execute(2).await), "completed: plain ok, keyed ok");
    assert_eq!(execute(1).await.output, json!({"plain": 3, "keyed": 0}));
}

#[tokio::test(start_paused = true)]
async fn the_answers_of_one_endpoint_can_be_forgotten_or_all() {
    let api = Api::new(|_, _| late(0, 1));
    let text = "
mode: sequential
cache_ttl: 1h
endpoints:
  - { name: a, url: 'http://api.test/a' }
  - { name: b, url: 'http://api.test/b' }
";
    let flow = flow_over(&api, text);
    run(&flow).await;
    flow.clear_cache("a");
    assert_eq!(told(&run(&flow).await), "completed: a ok, b cached");
    flow.clear_all_cache();
    assert_eq!(told(&run(&flow).await), "completed: a ok, b ok");
}

#[tokio::test(start_paused = true)]
async fn what_the_server_forbids_to_keep_and_what_is_no_success_is_not_kept() {
    let api = Api::new(|path, _| match path {
        "/private" => late(0, 1).header("cache-control", "max-age=60, no-store"),
        "/bad" => Reply::status(404),
        _ => late(0, 1),
    });
    let text = "
mode: sequential
cache_ttl: 1h
endpoints:
  - { name: kept, url: 'http://api.test/kept' }
  - { name: private, url: 'http://api.test/private' }
  - { name: bad, url: 'http://api.test/bad' }
";
    let flow = flow_over(&api, text);
    run(&flow).await;
    let second = run(&flow).await;
    assert_eq!(told(&second), "failed: kept cached, private ok, bad failed (status)");
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_that_is_still_good_by_its_etag_is_cached() {
    let api = Api::new(|_, count| match count {
        1 | 2 => Reply::status(304),
        _ => late(0, count).header("etag", "\"v1\""),
    });
    let text = "
mode: sequential
cache_ttl: 1m
resources: { r: { base_url: 'http://api.test', revalidate: true } }
endpoints:
  - { name: a, url: /a, resource: r }
";
    let flow = flow_over(&api, text);
    let minute = Duration::from_secs(60);
    assert_eq!(told(&run(&flow).await), "completed: a ok");
    for _ in 0..2 {
        tokio::time::advance(minute).await;
        let report = run(&flow).await;
        assert_eq!(told(&report), "completed: a cached");
        let a = step(&report, "a");
        assert_eq!((a.attempts, a.http_status), (1, Some(200)));
        assert_eq!(a.output, json!(0));
        let metrics = report.metrics.expect("on");
        assert_eq!((metrics.total_requests, metrics.success_rate), (1, Some(100.0)));
        assert_eq!(told(&run(&flow).await), "completed: a cached");
    }
    let requests = api.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].headers().get("if-none-match"), None);
    assert!(requests[1..].iter().all(|request| request.headers()["if-none-match"] == "\"v1\""));
    tokio::time::advance(minute).await;
    let report = run(&flow).await;
    assert_eq!(told(&report), "completed: a ok");
    assert_eq!(report.output, json!({"a": 3}));
}

#[tokio::test(start_paused = true)]
async fn fifty_who_want_the_same_send_one_request_and_the_others_are_cached() {
    let api = Api::new(|_, _| late(20, 7));
    let lines = endpoints("e", 50, "url: 'http://api.test/a', transform_output: '{$data}-{n}'");
    let text = format!("mode: fanout\nmax_concurrent: 50\ncache_ttl: 1h\nendpoints:\n{lines}");
    let report = run(&flow_over(&api, &text)).await;
    assert_eq!((count(&report, "ok"), count(&report, "cached")), (1, 49), "{}", told(&report));
    assert_eq!(api.times(), [0]);
    assert_eq!(report.output["e49"], "7-49");
    assert_eq!(report.metrics.expect("on").total_requests, 1);
}

#[tokio::test(start_paused = true)]
async fn who_fails_by_its_own_limits_fails_alone() {
    for strict in ["max_body: 10", "timeout: 100ms"] {
        let api = Api::new(|_, _| late(200, "more than ten bytes"));
        let text = format!(
            "
mode: parallel
cache_ttl: 1h
endpoints:
  - {{ name: a, url: 'http://api.test/a', retry_count: 0, {strict} }}
  - {{ name: b, url: 'http://api.test/a' }}
  - {{ name: c, url: 'http://api.test/a' }}
"
        );
        let report = run(&flow_over(&api, &text)).await;
        let kind = if strict.starts_with("max_body") { "too_large" } else { "timeout" };
        assert_eq!(told(&report), format!("failed: a failed ({kind}), b ok, c cached"));
        assert_eq!(api.times(), [0, 0], "{strict}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_must_not_be_kept_is_no_ones_but_who_asked_for_it() {
    let api = Api::new(|_, count| late(20, count).header("cache-control", "no-store"));
    let lines = endpoints("e", 4, "url: 'http://api.test/a'");
    let text = format!("mode: parallel\ncache_ttl: 1h\nendpoints:\n{lines}");
    let report = run(&flow_over(&api, &text)).await;
    assert_eq!(count(&report, "ok"), 4, "{}", told(&report));
    // The others waited for the first, and then for nobody.
    assert_eq!(api.times(), [0, 20, 20, 20]);
}

/// Those who join a flight that has to wait for a limit once took each other's place for ever.
#[tokio::test(start_paused = true)]
async fn fifty_who_want_the_same_and_wait_for_a_limit_all_come_to_an_end() {
    let api = Api::new(|_, _| late(0, 7));
    let lines = endpoints("e", 50, "url: 'http://api.test/a'");
    let text = format!(
        "mode: fanout\nmax_concurrent: 50\ncache_ttl: 1h\nrate_limit_window: 1s\nglobal_rate_limit: 1\n\
         endpoints:\n  - {{ name: first, url: 'http://api.test/first' }}\n{lines}"
    );
    let report = run(&flow_over(&api, &text)).await;
    assert_eq!((count(&report, "ok"), count(&report, "cached")), (2, 49), "{}", told(&report));
    assert_eq!(api.times(), [0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn after_an_error_each_who_waited_for_the_same_follows_its_own_policy() {
    let api = Api::new(|_, count| match count {
        0 => Reply::status(503).after(ms(50)),
        _ => late(0, 7),
    });
    let text = "
mode: fanout
cache_ttl: 1h
endpoints:
  - { name: leads, url: 'http://api.test/a', retry_on: [] }
  - { name: gives-up, url: 'http://api.test/a', retry_count: 0 }
  - { name: tries-again, url: 'http://api.test/a', retry_delay: 0 }
";
    let report = run(&flow_over(&api, text)).await;
    assert_eq!(
        told(&report),
        "failed: leads failed (status), gives-up failed (status), tries-again ok"
    );
    assert_eq!(api.times(), [0, 50]);
    assert_eq!(step(&report, "gives-up").attempts, 0, "it sent nothing itself");
}

#[tokio::test(start_paused = true)]
async fn whoever_fetches_for_others_and_is_cancelled_leaves_the_fetch_to_them() {
    let api = Api::new(|_, count| late(if count == 0 { 60_000 } else { 10 }, 7));
    let text = "
mode: sequential
cache_ttl: 1h
endpoints:
  - { name: a, url: 'http://api.test/a', timeout: 90s }
";
    let flow = flow_over(&api, text);
    let first = {
        let flow = flow.clone();
        tokio::spawn(async move { run(&flow).await })
    };
    tokio::time::sleep(ms(5)).await;
    let second = {
        let flow = flow.clone();
        tokio::spawn(async move { run(&flow).await })
    };
    tokio::time::sleep(ms(5)).await;
    first.abort();
    assert_eq!(told(&second.await.expect("no panic")), "completed: a ok");
    assert_eq!(api.times(), [0, 10]);
}
