//! What a failure leads to: `fail_fast`, `error_threshold`, handlers, and conditions that can't be
//! told.

use fsm_http::{ErrorKind, Reply};
use fsm_patterns::{Endpoint, Orchestration, RunOutcome};
use serde_json::json;
use tokio::time::Instant;

use crate::world::{Api, late, message, ms, run, run_built, step, told};

#[tokio::test(start_paused = true)]
async fn fail_fast_cancels_those_in_flight_at_once() {
    let api = Api::new(&[
        ("/a", &[Reply::status(404).after(ms(10))]),
        ("/b", &[Reply::stalled()]),
        ("/c", &[late(5, 3)]),
        ("/d", &[late(0, 4)]),
    ]);
    let text = "
mode: parallel
fail_fast: true
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
  - { name: c, url: http://api.test/c }
  - { name: d, url: http://api.test/d, depends_on: [b] }
";
    let begun = Instant::now();
    let report = run(&api, text, json!({})).await;
    assert_eq!(begun.elapsed(), ms(10));
    assert_eq!(told(&report), "failed: a failed (status), b cancelled, c ok, d cancelled");
    assert_eq!(api.under_way(), 0, "the call in flight was dropped");
    assert_eq!((step(&report, "b").attempts, step(&report, "d").attempts), (1, 0));
    assert_eq!(step(&report, "b").elapsed_ms, 10.0);
}

#[tokio::test(start_paused = true)]
async fn fail_fast_stops_a_chain_where_the_failure_was() {
    for mode in ["sequential", "pipeline", "conditional"] {
        let api = Api::new(&[("/a", &[Reply::status(404)])]);
        let text = format!(
            "
mode: {mode}
fail_fast: true
endpoints:
  - {{ name: a, url: http://api.test/a }}
  - {{ name: b, url: http://api.test/b }}
"
        );
        let report = run(&api, &text, json!({})).await;
        assert_eq!(told(&report), "failed: a failed (status), b cancelled", "{mode}");
        assert_eq!(api.paths(), ["/a"], "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn fail_fast_waits_until_every_attempt_failed() {
    let api = Api::new(&[("/a", &[Reply::status(503), late(0, 1)]), ("/b", &[late(5, 2)])]);
    let text = "
mode: parallel
fail_fast: true
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a ok, b ok");
}

/// Ten endpoints, the first `failing` of them fail one after the other, the rest is slow.
async fn with_failures(limit: &str, failing: usize) -> (RunOutcome, usize, usize) {
    let api = Api::answering(move |request| {
        let number: usize = request.uri().path()[1..].parse().expect("a number");
        let wait = ms(10 * (number as u64 + 1));
        let reply = if number < failing { Reply::status(404) } else { Reply::status(204) };
        reply.after(wait)
    });
    let mut text = format!("mode: fanout\n{limit}\nendpoints:\n");
    for number in 0..10 {
        text.push_str(&format!("  - {{ name: e{number}, url: http://api.test/{number} }}\n"));
    }
    let report = run(&api, &text, json!({})).await;
    let count =
        |status: &str| report.steps.values().filter(|step| step.status.as_str() == status).count();
    (report.outcome, count("failed"), count("cancelled"))
}

#[tokio::test(start_paused = true)]
async fn the_error_threshold_tolerates_failures_up_to_its_share_and_stops_the_run_beyond() {
    use RunOutcome::{Completed, Failed};
    // What is set, how many of ten fail: the outcome, how many failed and were cancelled then.
    let table = [
        ("error_threshold: 0.3", 0, (Completed, 0, 0)),
        ("error_threshold: 0.3", 2, (Completed, 2, 0)),
        ("error_threshold: 0.3", 3, (Completed, 3, 0)),
        ("error_threshold: 0.3", 4, (Failed, 4, 6)),
        ("error_threshold: 0.3", 9, (Failed, 4, 6)),
        ("error_threshold: 0", 0, (Completed, 0, 0)),
        ("error_threshold: 0", 1, (Failed, 1, 9)),
        ("error_threshold: 1", 10, (Completed, 10, 0)),
        // Not set: no failure is tolerated, and none stops the run early.
        ("error_threshold: null", 1, (Failed, 1, 0)),
        ("error_threshold: null", 10, (Failed, 10, 0)),
        // `fail_fast` wins.
        ("{ error_threshold: 1, fail_fast: true }", 2, (Failed, 1, 9)),
    ];
    for (limit, failing, expected) in table {
        let limit = limit.trim_matches(['{', '}', ' ']).replace(", ", "\n");
        let came = with_failures(&limit, failing).await;
        assert_eq!(came, expected, "{limit} with {failing} of 10 failing");
    }
}

#[tokio::test(start_paused = true)]
async fn skipped_and_recovered_steps_are_no_failures() {
    let api = Api::new(&[
        ("/a", &[Reply::status(404)]),
        ("/b", &[Reply::status(404)]),
        ("/e", &[late(0, 5)]),
    ]);
    let text = "
mode: sequential
error_threshold: 0.2
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b, error_handler: 0 }
  - { name: c, url: http://api.test/c, depends_on: [a] }
  - { name: d, url: http://api.test/d, condition: 'false' }
  - { name: e, url: http://api.test/e }
";
    let report = run(&api, text, json!({})).await;
    let expected = "completed: a failed (status), b recovered (status), c skipped, d skipped, e ok";
    assert_eq!(told(&report), expected);
    assert_eq!(report.error, None);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_within_its_threshold_skips_the_rest_and_completes() {
    let api = Api::new(&[("/a", &[Reply::status(404)])]);
    let text = "
mode: pipeline
error_threshold: 0.5
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a failed (status), b skipped");
    assert_eq!(step(&report, "b").reason.as_deref(), Some("`a` failed"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_stands_in_for_a_failure_in_every_mode() {
    for mode in fsm_patterns::spec::Mode::ALL {
        let api = Api::new(&[("/a", &[Reply::status(500)]), ("/b", &[late(0, 2)])]);
        let flow = Orchestration::new("handled", mode)
            .fail_fast()
            .endpoint(
                Endpoint::get("a", "http://api.test/a")
                    .retry_count(0)
                    .error_handler_with("to number", |error| Ok(json!(error.http_status))),
            )
            .endpoint(Endpoint::get("b", "http://api.test/b"));
        let report = run_built(&api, flow, json!({})).await;
        assert_eq!(told(&report), "completed: a recovered (status), b ok", "{mode}");
        assert_eq!(step(&report, "a").output, json!(500), "{mode}");
        assert_eq!(report.error, None, "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_sees_the_error_and_the_transformed_data() {
    let api = Api::new(&[("/a", &[Reply::status(410)])]);
    let text = "
mode: sequential
endpoints:
  - name: a
    url: http://api.test/a
    transform_input: { id: $inputs.id }
    error_handler: { kind: $error.kind, code: $error.http_status, text: $error.message, data: $data }
";
    let report = run(&api, text, json!({"id": 7, "more": 8})).await;
    assert_eq!(told(&report), "completed: a recovered (status)");
    let message = message(&report, "a");
    let expected = json!({"kind": "status", "code": 410, "text": message, "data": {"id": 7}});
    assert_eq!(step(&report, "a").output, expected);
    assert_eq!(step(&report, "a").http_status, Some(410));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_leaves_a_failure_that_tells_of_both() {
    for limit in ["", "fail_fast: true", "error_threshold: 0"] {
        let api = Api::new(&[("/a", &[Reply::status(404)]), ("/b", &[late(0, 2)])]);
        let text = format!(
            "
mode: sequential
{limit}
endpoints:
  - {{ name: a, url: http://api.test/a, error_handler: $data.nowhere }}
  - {{ name: b, url: http://api.test/b }}
"
        );
        let report = run(&api, &text, json!({})).await;
        let b = if limit.is_empty() { "ok" } else { "cancelled" };
        assert_eq!(told(&report), format!("failed: a failed (transform), b {b}"), "{limit}");
        let message = message(&report, "a");
        assert!(message.contains("nowhere") && message.contains("404"), "{message}");
        assert_eq!(step(&report, "a").error.as_ref().unwrap().http_status, Some(404));
    }
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_is_no_boolean_is_a_failure_of_kind_condition_and_has_its_handler() {
    let api = Api::naming();
    let text = "
mode: sequential
endpoints:
  - { name: word, url: http://api.test/a, condition: $inputs.word }
  - { name: order, url: http://api.test/b, condition: $inputs.word > 1 }
  - { name: absent, url: http://api.test/c, condition: $inputs.nowhere }
  - { name: handled, url: http://api.test/d, condition: $inputs.word, error_handler: $error.kind }
  - { name: fine, url: http://api.test/e, condition: $inputs.nowhere != 1 }
";
    let report = run(&api, text, json!({"word": "yes"})).await;
    assert_eq!(
        told(&report),
        "failed: word failed (condition), order failed (condition), absent failed (condition), \
         handled recovered (condition), fine ok"
    );
    assert_eq!(step(&report, "handled").output, json!("condition"));
    assert_eq!(step(&report, "word").attempts, 0);
    assert_eq!(api.paths(), ["/e"]);
}

/// The rules once took the refusal that the whole step is about for the error of a condition that
/// was checked later in the same step.
#[tokio::test(start_paused = true)]
async fn a_condition_checked_right_after_a_refusal_has_an_error_of_its_own() {
    let api = Api::new(&[("/a", &[Reply::status(404)])]);
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b, condition: $inputs.word }
";
    let report = run(&api, text, json!({"word": "yes"})).await;
    assert_eq!(told(&report), "failed: a failed (status), b failed (condition)");
    let b = step(&report, "b");
    assert_eq!((b.attempts, b.http_status, b.latency_ms), (0, None, None));
}

#[tokio::test(start_paused = true)]
async fn the_run_tells_the_error_of_the_first_endpoint_that_failed() {
    let api = Api::new(&[("/a", &[late(0, 1)]), ("/b", &[Reply::reset_after_sending()])]);
    let flow = Orchestration::fanout("f")
        .endpoint(Endpoint::get("a", "http://api.test/a"))
        .endpoint(Endpoint::get("b", "http://api.test/b").retry_count(0));
    let error = run_built(&api, flow, json!({})).await.error.expect("an error");
    assert_eq!(error.kind, ErrorKind::Reset);
    assert!(error.message.starts_with("`b` failed: "), "{}", error.message);
}
