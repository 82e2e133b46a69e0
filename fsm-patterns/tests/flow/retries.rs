//! Retries: how often, after what, how long apart, and never where a call could take effect twice.

use fsm_http::Reply;
use fsm_patterns::{Endpoint, Orchestration};
use serde_json::json;

use crate::world::{Api, flow, late, message, ms, run, run_built, step, told};

/// One endpoint with `lines`, called `a`.
fn one(lines: &str) -> String {
    format!("mode: sequential\nendpoints:\n  - {{ name: a, url: http://api.test/a, {lines} }}\n")
}

#[tokio::test(start_paused = true)]
async fn a_call_is_repeated_after_what_may_pass_and_never_after_anything_else() {
    let passing = [408, 425, 429, 500, 502, 503, 504].map(Reply::status);
    let more = [
        Reply::refused(),
        Reply::reset_before_sending(),
        Reply::reset_after_sending(),
        Reply::stalled(),
        Reply::status(200).chunk(ms(1), "{\"half").cut_short(),
    ];
    for reply in passing.iter().chain(&more) {
        let api = Api::new(&[("/a", &[reply.clone(), late(0, 1)])]);
        let report = run(&api, &one("timeout: 1s"), json!({})).await;
        assert_eq!(told(&report), "completed: a ok", "after {reply:?}");
        assert_eq!(step(&report, "a").attempts, 2, "after {reply:?}");
    }
    let lasting = [400, 401, 402, 403, 404, 409, 410, 412, 418, 422, 501, 505].map(Reply::status);
    let broken = Reply::status(200).header("content-type", "application/json").body("{");
    for reply in lasting.iter().chain([&broken]) {
        let api = Api::new(&[("/a", &[reply.clone(), late(0, 1)])]);
        let report = run(&api, &one("timeout: 1s"), json!({})).await;
        assert_eq!(step(&report, "a").status.as_str(), "failed", "after {reply:?}");
        assert_eq!(step(&report, "a").attempts, 1, "after {reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_count_is_the_number_of_further_attempts() {
    for (lines, attempts) in
        [("timeout: 9", 4), ("retry_count: 0", 1), ("retry_count: 1", 2), ("retry_count: 6", 7)]
    {
        let api = Api::new(&[("/a", &[Reply::status(503)])]);
        let report = run(&api, &one(lines), json!({})).await;
        assert_eq!(told(&report), "failed: a failed (status)", "{lines}");
        assert_eq!(step(&report, "a").attempts, attempts, "{lines}");
        assert_eq!(api.requests("/a").len(), attempts as usize, "{lines}");
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_waits_double_within_half_and_the_whole_up_to_their_cap() {
    let api = Api::new(&[("/a", &[Reply::status(503)])]);
    let text = one("retry_count: 5, retry_delay: 2s, retry_max_delay: 9s");
    run(&api, &text, json!({})).await;
    let times = api.times("/a");
    let waits: Vec<u128> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // The clock of tests rounds up to whole milliseconds.
    let bounds = [(1_000, 2_001), (2_000, 4_001), (4_000, 8_001), (8_000, 9_000), (9_000, 9_000)];
    for (wait, (least, most)) in waits.iter().zip(bounds) {
        assert!((least..=most).contains(wait), "{waits:?}");
    }
    assert_eq!(waits.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_kept_to_the_millisecond_and_never_shortened() {
    let asks = |wait: &str| Reply::status(429).header("retry-after", wait);
    let replies = [asks("3"), asks(" 7 "), asks("300"), asks("0"), late(0, 1)];
    let api = Api::new(&[("/a", &replies)]);
    let text = one("retry_count: 4, retry_delay: 0, retry_max_delay: 1s");
    let report = run(&api, &text, json!({})).await;
    assert_eq!(told(&report), "completed: a ok");
    assert_eq!(api.times("/a"), [0, 3_000, 10_000, 310_000, 310_000]);
    assert_eq!(step(&report, "a").elapsed_ms, 310_000.0);
}

#[tokio::test(start_paused = true)]
async fn the_longer_of_retry_after_and_our_own_wait_counts() {
    let replies = [Reply::status(503).header("retry-after", "1"), late(0, 1)];
    let api = Api::new(&[("/a", &replies)]);
    run(&api, &one("retry_delay: 10s"), json!({})).await;
    let wait = api.times("/a")[1];
    assert!((5_000..=10_001).contains(&wait), "{wait}");
}

#[tokio::test(start_paused = true)]
async fn retry_max_wait_is_inclusive_and_beyond_it_the_call_ends_as_rate_limited() {
    // The longest wait, what the server asks for, and whether that is waited for.
    let table = [
        ("5s", "5", true),
        ("5s", "6", false),
        ("0", "1", false),
        ("0", "0", true),
        ("4900ms", "5", false),
    ];
    for (longest, asked, waits) in table {
        let replies = [Reply::status(429).header("retry-after", asked), late(0, 1)];
        let api = Api::new(&[("/a", &replies)]);
        let text = one(&format!("retry_delay: 0, retry_max_wait: {longest}"));
        let report = run(&api, &text, json!({})).await;
        let place = format!("{asked} s where at most {longest}");
        if waits {
            assert_eq!(told(&report), "completed: a ok", "{place}");
        } else {
            assert_eq!(told(&report), "failed: a failed (rate_limited)", "{place}");
            let a = step(&report, "a");
            assert_eq!((a.attempts, a.elapsed_ms, a.http_status), (1, 0.0, Some(429)), "{place}");
            let message = message(&report, "a");
            assert!(message.contains("retry_max_wait"), "{message}");
        }
    }
}

/// A wait was once told as `3601.879633743s`, and an endless one in twenty digits.
#[tokio::test(start_paused = true)]
async fn a_wait_that_is_not_put_up_with_is_told_in_words() {
    let table = [
        ("6", "6 s"),
        ("90", "1 min 30 s"),
        ("3600", "1 h"),
        ("3602", "1 h 1 min"),
        ("18446744073709551615", "for ever"),
        ("99999999999999999999999", "for ever"),
    ];
    for (asked, words) in table {
        let reply = Reply::status(429).header("retry-after", asked);
        let api = Api::new(&[("/a", &[reply])]);
        let report = run(&api, &one("retry_max_wait: 5s"), json!({})).await;
        let message = message(&report, "a");
        let told = format!("the server asks to wait {words}, longer than `retry_max_wait`: 429");
        assert!(message.starts_with(&told), "{asked}: {message}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_on_replaces_the_list_of_statuses() {
    for (status, attempts) in [(404, 2), (503, 1), (500, 1)] {
        let api = Api::new(&[("/a", &[Reply::status(status), late(0, 1)])]);
        let report = run(&api, &one("retry_on: [404, 409]"), json!({})).await;
        assert_eq!(step(&report, "a").attempts, attempts, "{status}");
    }
    let api = Api::new(&[("/a", &[Reply::reset_after_sending(), late(0, 1)])]);
    assert_eq!(told(&run(&api, &one("retry_on: []"), json!({})).await), "completed: a ok");
}

#[tokio::test(start_paused = true)]
async fn a_post_without_a_key_is_never_sent_again_once_it_may_have_arrived() {
    // What becomes of the first attempt, and what the call ends with.
    let table = [
        (Reply::status(503), "status"),
        (Reply::status(429).header("retry-after", "1"), "status"),
        (Reply::reset_after_sending(), "unknown_outcome"),
        (Reply::stalled(), "unknown_outcome"),
        (Reply::status(200).chunk(ms(1), "{").cut_short(), "unknown_outcome"),
        (Reply::status(200).header("content-type", "application/json").body("{"), "decode"),
    ];
    for method in ["POST", "PATCH"] {
        for (reply, kind) in &table {
            let api = Api::new(&[("/a", &[reply.clone(), late(0, 1)])]);
            let report = run(&api, &one(&format!("method: {method}")), json!({})).await;
            assert_eq!(told(&report), format!("failed: a failed ({kind})"), "{method} {reply:?}");
            assert_eq!(api.times("/a").len(), 1, "{method} after {reply:?}");
            assert_eq!(api.request("/a").headers().get("idempotency-key"), None);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_an_edge_of_its_own_and_can_be_handled() {
    let api = Api::new(&[("/a", &[Reply::stalled()])]);
    let text = one("method: POST, error_handler: $error.kind");
    let flow = flow(&api, &text);
    assert!(flow.graph().to_dot().contains("unknown outcome"));
    let report = flow.execute(json!({})).await.unwrap();
    assert_eq!(told(&report), "completed: a recovered (unknown_outcome)");
    assert_eq!(report.output, json!({"a": "unknown_outcome"}));
}

#[tokio::test(start_paused = true)]
async fn a_post_with_a_key_is_repeated_with_the_same_key() {
    for lines in ["idempotency: true, retry_count: 3", "retry_count: 3"] {
        let replies = [Reply::status(503), Reply::stalled(), Reply::status(409), late(0, 1)];
        let api = Api::new(&[("/a", &replies)]);
        let text = one(&format!("method: POST, timeout: 1s, {lines}"));
        let report = run(&api, &text, json!({})).await;
        assert_eq!(told(&report), "completed: a ok", "{lines}");
        let requests = api.requests("/a");
        let keys: Vec<_> = requests.iter().map(|r| &r.headers()["idempotency-key"]).collect();
        assert_eq!(keys, [keys[0]; 4], "{lines}");
    }
}

#[tokio::test(start_paused = true)]
async fn idempotency_alone_sends_a_key_and_no_further_attempt() {
    let api = Api::new(&[("/a", &[Reply::status(503)])]);
    let report = run(&api, &one("method: POST, idempotency: true"), json!({})).await;
    assert_eq!(step(&report, "a").attempts, 1);
    assert!(api.request("/a").headers().contains_key("idempotency-key"));
}

#[tokio::test(start_paused = true)]
async fn keys_differ_by_endpoint_and_by_run_and_come_back_with_the_run() {
    let api = Api::naming();
    let endpoint = |name| Endpoint::post(name, "http://api.test/pay").idempotency();
    let flow = Orchestration::sequential("pay").endpoint(endpoint("a")).endpoint(endpoint("b"));
    let flow = flow.build_with(api.clone()).unwrap();
    for id in ["first", "second", "first"] {
        flow.run(json!({})).unwrap().id(id).await;
    }
    let requests = api.requests("/pay");
    let keys: Vec<_> = requests.iter().map(|r| r.headers()["idempotency-key"].clone()).collect();
    let mut different = keys[..4].to_vec();
    different.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    different.dedup();
    assert_eq!(different.len(), 4, "{keys:?}");
    assert_eq!(keys[..2], keys[4..], "the same run has the same keys");
}

/// The call once put a key of its own making in the place of the declared one.
#[tokio::test(start_paused = true)]
async fn a_key_that_the_flow_declares_is_sent_as_it_is() {
    for lines in ["retry_count: 1", "idempotency: true, retry_count: 1"] {
        let api = Api::new(&[("/a", &[Reply::status(503), late(0, 1)])]);
        let text = one(&format!(
            "method: POST, {lines}, headers: {{ Idempotency-Key: 'order-{{$inputs.id}}' }}"
        ));
        assert_eq!(told(&run(&api, &text, json!({"id": 7})).await), "completed: a ok");
        let requests = api.requests("/a");
        let keys: Vec<_> = requests.iter().map(|r| &r.headers()["idempotency-key"]).collect();
        assert_eq!(keys, ["order-7", "order-7"], "{lines}");
    }
}

/// The rules once took a call with a declared key for one whose fate nobody knows.
#[tokio::test(start_paused = true)]
async fn a_call_with_a_declared_key_that_is_cut_has_no_unknown_outcome() {
    let api = Api::new(&[("/a", &[Reply::stalled()])]);
    let text = one("method: POST, headers: { Idempotency-Key: order-7 }");
    let flow = flow(&api, &format!("total_timeout: 1s\n{text}"));
    assert!(!flow.graph().to_dot().contains("unknown outcome"));
    assert_eq!(told(&flow.execute(json!({})).await.unwrap()), "timed_out: a timed_out");
}

#[tokio::test(start_paused = true)]
async fn a_422_on_a_key_is_never_repeated() {
    let api = Api::new(&[("/a", &[Reply::status(422)])]);
    let flow = Orchestration::sequential("s")
        .endpoint(Endpoint::post("a", "http://api.test/a").retry_count(3).retry_on([422, 500]));
    assert_eq!(step(&run_built(&api, flow, json!({})).await, "a").attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_between_attempts_takes_no_slot() {
    let asks = Reply::status(429).header("retry-after", "10");
    let api = Api::new(&[("/a", &[asks, late(5, 1)]), ("/b", &[late(1_000, 2)])]);
    let text = "
mode: fanout
max_concurrent: 1
endpoints:
  - { name: a, url: http://api.test/a, retry_delay: 0 }
  - { name: b, url: http://api.test/b }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a ok, b ok");
    assert_eq!((api.times("/a"), api.times("/b")), (vec![0, 10_000], vec![0]));
    assert_eq!(api.most(), 1);
}
