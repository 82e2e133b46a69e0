//! `total_timeout`: the run ends on time, what is done is kept, the rest is `timed_out`.

use fsm_http::Reply;
use fsm_patterns::{Endpoint, Orchestration};
use serde_json::json;
use tokio::time::Instant;

use crate::world::{Api, late, message, ms, run, run_built, step, told};

#[tokio::test(start_paused = true)]
async fn the_run_ends_on_time_and_keeps_what_is_done() {
    let api = Api::new(&[("/a", &[late(20, 1)]), ("/b", &[Reply::stalled()])]);
    let text = "
mode: parallel
total_timeout: 100ms
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
  - { name: c, url: http://api.test/c, depends_on: [b] }
";
    let begun = Instant::now();
    let report = run(&api, text, json!({})).await;
    assert_eq!(begun.elapsed(), ms(100));
    assert_eq!(told(&report), "timed_out: a ok, b timed_out, c timed_out");
    assert_eq!(report.output, json!({"a": 1, "b": null, "c": null}));
    assert_eq!(api.under_way(), 0);
    assert_eq!((step(&report, "b").attempts, step(&report, "b").elapsed_ms), (1, 100.0));
    assert_eq!((step(&report, "c").attempts, step(&report, "c").elapsed_ms), (0, 0.0));
    assert!(message(&report, "b").ends_with("passed before the call was done"));
    assert!(message(&report, "c").ends_with("passed before the call began"));
    let error = report.error.expect("a run that timed out says so");
    assert_eq!(error.kind.as_str(), "timeout");
    assert!(error.message.contains("100ms"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn every_mode_keeps_its_deadline() {
    for mode in fsm_patterns::spec::Mode::ALL {
        let api = Api::new(&[("/a", &[late(10, 1)]), ("/b", &[Reply::stalled()])]);
        let flow = Orchestration::new("late", mode)
            .total_timeout(ms(50))
            .endpoint(Endpoint::get("a", "http://api.test/a"))
            .endpoint(Endpoint::get("b", "http://api.test/b"));
        let begun = Instant::now();
        let report = run_built(&api, flow, json!({})).await;
        assert_eq!(begun.elapsed(), ms(50), "{mode}");
        assert_eq!(told(&report), "timed_out: a ok, b timed_out", "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_reaches_into_groups_and_past_a_full_house() {
    let api = Api::new(&[("/a", &[Reply::stalled()]), ("/b", &[late(0, 2)])]);
    let text = "
mode: hybrid
total_timeout: 1s
max_concurrent: 1
endpoints:
  - name: group
    mode: parallel
    endpoints:
      - { name: a, url: http://api.test/a }
      - { name: b, url: http://api.test/b }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "timed_out: a timed_out, b timed_out");
    assert_eq!(api.paths(), ["/a"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_before_its_deadline_is_not_held_up() {
    let api = Api::new(&[("/a", &[late(99, 1)])]);
    let text = "
mode: sequential
total_timeout: 100ms
endpoints:
  - { name: a, url: http://api.test/a }
";
    let begun = Instant::now();
    assert_eq!(told(&run(&api, text, json!({})).await), "completed: a ok");
    assert_eq!(begun.elapsed(), ms(99));
}

#[tokio::test(start_paused = true)]
async fn an_endpoints_own_timeout_is_a_failure_of_kind_timeout_and_its_handler_applies() {
    let api = Api::new(&[("/a", &[Reply::stalled()])]);
    let text = "
mode: sequential
total_timeout: 1m
endpoints:
  - { name: a, url: http://api.test/a, timeout: 2s, retry_count: 0 }
  - { name: b, url: http://api.test/a, timeout: 3s, retry_count: 0, error_handler: $error.kind }
";
    let begun = Instant::now();
    let report = run(&api, text, json!({})).await;
    assert_eq!(begun.elapsed(), ms(5_000));
    assert_eq!(told(&report), "failed: a failed (timeout), b recovered (timeout)");
    assert_eq!(step(&report, "b").output, json!("timeout"));
}

#[tokio::test(start_paused = true)]
async fn one_timeout_spans_from_connecting_to_the_last_byte() {
    let drip = Reply::status(200).chunk(ms(600), "1").chunk(ms(600), "2").connecting_for(ms(600));
    let api = Api::new(&[("/a", &[drip])]);
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a, timeout: 1.5s, retry_count: 0 }
";
    let begun = Instant::now();
    assert_eq!(told(&run(&api, text, json!({})).await), "failed: a failed (timeout)");
    assert_eq!(begun.elapsed(), ms(1_500));
}

/// A POST without a key, a POST with one, and a GET, all of which stall, beside `failing`.
const STALLED: &str = "
endpoints:
  - { name: plain, url: http://api.test/stall, method: POST }
  - { name: keyed, url: http://api.test/stall, method: POST, idempotency: true }
  - { name: get, url: http://api.test/stall }
  - { name: failing, url: http://api.test/fail, retry_count: 0 }
  - { name: waits, url: http://api.test/stall, method: POST, depends_on: [plain] }
";

#[tokio::test(start_paused = true)]
async fn an_unsafe_call_that_the_deadline_cuts_stays_timed_out_with_kind_unknown_outcome() {
    let api = Api::new(&[("/stall", &[Reply::stalled()]), ("/fail", &[late(0, 0)])]);
    let text = format!("mode: parallel\ntotal_timeout: 5{STALLED}");
    let report = run(&api, &text, json!({})).await;
    assert_eq!(
        told(&report),
        "timed_out: plain timed_out (unknown_outcome), keyed timed_out, get timed_out, \
         failing ok, waits timed_out"
    );
}

#[tokio::test(start_paused = true)]
async fn an_unsafe_call_that_fail_fast_cuts_stays_cancelled_with_kind_unknown_outcome() {
    let api =
        Api::new(&[("/stall", &[Reply::stalled()]), ("/fail", &[Reply::status(404).after(ms(9))])]);
    let text = format!("mode: parallel\nfail_fast: true{STALLED}");
    let report = run(&api, &text, json!({})).await;
    assert_eq!(
        told(&report),
        "failed: plain cancelled (unknown_outcome), keyed cancelled, get cancelled, \
         failing failed (status), waits cancelled"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_passes_the_deadline_ends_the_endpoint_at_once() {
    let asked = |seconds| Reply::status(429).header("retry-after", seconds);
    // What the server answers: how the endpoint ends then. The others have all their time.
    let table = [
        (asked("30"), "rate_limited"),
        (asked("10"), "rate_limited"),
        // The rules once blamed the server, where it is our own wait of 20 s or more.
        (asked("9"), "status"),
        (Reply::status(503), "status"),
        (Reply::reset_after_sending(), "reset"),
    ];
    for (reply, kind) in table {
        let api = Api::new(&[("/a", &[reply]), ("/b", &[late(3_000, 2)])]);
        let text = "
mode: parallel
total_timeout: 10s
endpoints:
  - { name: a, url: http://api.test/a, retry_delay: 40s }
  - { name: b, url: http://api.test/b }
";
        let begun = Instant::now();
        let report = run(&api, text, json!({})).await;
        assert_eq!(told(&report), format!("failed: a failed ({kind}), b ok"));
        assert_eq!(begun.elapsed(), ms(3_000));
        assert_eq!((step(&report, "a").attempts, step(&report, "a").elapsed_ms), (1, 0.0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_output_of_a_run_that_timed_out_is_made_of_what_there_is() {
    let api = Api::new(&[("/a", &[late(0, json!({"n": 1}))]), ("/b", &[Reply::stalled()])]);
    let text = "
mode: sequential
total_timeout: 1s
output: { n: $steps.a.output.n, late: $steps.b.output.n, why: $steps.b.status }
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "timed_out: a ok, b timed_out");
    assert_eq!(report.output, json!({"n": 1, "late": null, "why": "timed_out"}));
}
