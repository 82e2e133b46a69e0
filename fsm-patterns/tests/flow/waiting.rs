//! Steps that wait for the world: delays, signals, and calls that ask until something is done.

use std::time::Duration;

use fsm_http::Reply;
use fsm_patterns::{
    AwaitSignal, Awaited, Delay, Endpoint, Flow, Orchestration, Poll, RunOutcome, SignalError,
    StepStatus,
};
use serde_json::{Value, json};

use crate::standing::{Album, reports, stand};
use crate::world::{Api, flow, late, message, ms, run, run_built, step, told};

/// An answer that says how a job stands.
fn state(state: &str) -> Reply {
    Reply::json(&json!({"state": state})).after(ms(10))
}

#[tokio::test(start_paused = true)]
async fn a_delay_hands_on_what_flowed_in() {
    let api = Api::echoing();
    let text = "
mode: pipeline
endpoints:
  - { name: first, url: http://api.test/first, method: POST, body: { n: 1 } }
  - { name: rest, delay: 5m }
  - { name: last, url: http://api.test/last, method: POST }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: first ok, rest ok, last ok");
    assert_eq!(api.times("/last"), [300_000]);
    assert_eq!(report.steps["last"].output, json!({"n": 1}));
    let rest = step(&report, "rest");
    assert_eq!((rest.attempts, rest.elapsed_ms, rest.http_status), (0, 300_000.0, None));
    let metrics = report.metrics.expect("metrics are on");
    assert_eq!((metrics.total_requests, metrics.success_rate), (2, Some(100.0)));
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_no_place_among_the_calls() {
    let api = Api::new(&[("/a", &[late(1_000, 1)]), ("/b", &[late(1_000, 2)])]);
    let text = "
mode: fanout
max_concurrent: 1
endpoints:
  - { name: rest, delay: 10s }
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
";
    let report = run(&api, text, json!({"n": 1})).await;
    assert_eq!(told(&report), "completed: rest ok, a ok, b ok");
    assert_eq!((api.times("/a"), api.times("/b")), (vec![0], vec![1_000]));
    assert_eq!(report.steps["rest"].output, json!({"n": 1}));
}

#[tokio::test(start_paused = true)]
async fn a_wait_has_a_condition_and_dependencies_like_any_step() {
    let api = Api::new(&[("/a", &[Reply::status(404)])]);
    let text = "
mode: parallel
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: after, delay: 5m, depends_on: [a] }
  - { name: unwanted, delay: 5m, condition: $inputs.wanted == true }
  - { name: odd, signal: go, condition: $inputs.word }
";
    let report = run(&api, text, json!({"word": "perhaps"})).await;
    let expected = "failed: a failed (status), after skipped, unwanted skipped, \
                    odd failed (condition)";
    assert_eq!(told(&report), expected);
    assert_eq!(step(&report, "after").reason.as_deref(), Some("`a` failed"));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_run_ends_a_wait() {
    let text = "
mode: sequential
total_timeout: 1m
endpoints: [{ name: rest, delay: 5m }, { name: later, delay: 1s }]
";
    let report = run(&Api::naming(), text, json!({})).await;
    assert_eq!(told(&report), "timed_out: rest timed_out, later timed_out");
    assert_eq!(step(&report, "rest").elapsed_ms, 60_000.0);
    let over = "the run's `total_timeout` passed before the wait was over";
    assert_eq!(message(&report, "rest"), over);
    let begun = "the run's `total_timeout` passed before the wait began";
    assert_eq!(message(&report, "later"), begun);
}

const APPROVAL: &str = "
mode: pipeline
endpoints:
  - { name: order, url: http://api.test/order }
  - name: approval
    signal: approved
    timeout: 24h
    transform_output: { by: $data.user, of: $steps.order.output }
  - { name: ship, url: http://api.test/ship, method: POST }
";

#[tokio::test(start_paused = true)]
async fn a_signal_from_outside_lets_a_run_go_on_with_its_payload() {
    let api = Api::naming();
    let mut run = flow(&api, APPROVAL).run(json!({})).unwrap();
    let signals = run.signal_handle();
    let driven = tokio::spawn(run.drive());
    tokio::time::sleep(ms(3_600_000)).await;
    signals.send("approved", json!({"user": "Ada"})).await.expect("it is awaited");
    let report = driven.await.expect("no panic");
    assert_eq!(told(&report), "completed: order ok, approval ok, ship ok");
    assert_eq!(report.steps["approval"].output, json!({"by": "Ada", "of": "order"}));
    assert_eq!(api.body("/ship"), json!({"by": "Ada", "of": "order"}));
    assert_eq!(step(&report, "approval").elapsed_ms, 3_600_000.0);
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_does_not_come_in_time_is_a_failure_that_a_handler_may_take() {
    let api = Api::naming();
    let report = run(&api, APPROVAL, json!({})).await;
    assert_eq!(told(&report), "failed: order ok, approval failed (timeout), ship skipped");
    let expected = "the signal `approved` did not come within 24h";
    assert_eq!(message(&report, "approval"), expected);

    let handled = Orchestration::pipeline("p")
        .await_signal(
            AwaitSignal::new("approval", "approved")
                .timeout(ms(500))
                .error_handler(json!({"why": "$error.kind", "of": "$data"})),
        )
        .endpoint(Endpoint::get("ship", "http://api.test/ship"));
    let report = run_built(&api, handled, json!(7)).await;
    assert_eq!(told(&report), "completed: approval recovered (timeout), ship ok");
    assert_eq!(report.steps["approval"].output, json!({"why": "timeout", "of": 7}));
}

#[tokio::test(start_paused = true)]
async fn a_signal_whose_output_cannot_be_made_fails_its_step() {
    let mut run = flow(&Api::naming(), APPROVAL).run(json!({})).unwrap();
    let signals = run.signal_handle();
    let (report, sent) = tokio::join!(run.drive(), async {
        tokio::time::sleep(ms(1)).await;
        signals.send("approved", json!({})).await
    });
    sent.expect("it is awaited");
    assert_eq!(told(&report), "failed: order ok, approval failed (transform), ship skipped");
    let said = message(&report, "approval");
    assert!(said.starts_with("transform_output: "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn signals_that_nobody_waits_for_are_refused_and_change_nothing() {
    let api = Api::new(&[("/order", &[late(5, "order")]), ("/ship", &[late(1, "ship")])]);
    let mut run = flow(&api, APPROVAL).run(json!({})).unwrap();
    let signals = run.signal_handle();
    let driven = tokio::spawn(run.drive());
    let early = signals.send("approved", json!({"user": "Ada"}));
    assert!(matches!(early.await, Err(SignalError::NotAwaited { .. })));
    tokio::time::sleep(ms(10)).await;
    let unknown = signals.send("aproved", Value::Null).await.expect_err("it is misspelt");
    let expected =
        "no step of `test` waits for a signal `aproved` (did you mean `approved`?)".to_owned();
    assert_eq!(unknown.to_string(), expected);
    signals.send("approved", json!({"user": "Ada"})).await.expect("now it is awaited");
    assert_eq!(driven.await.expect("no panic").outcome, RunOutcome::Completed);
    let over = signals.send("approved", Value::Null).await;
    assert!(matches!(over, Err(SignalError::Over)), "{over:?}");
}

#[tokio::test(start_paused = true)]
async fn every_step_that_waits_for_a_signal_at_that_moment_hears_it() {
    let text = "
mode: fanout
endpoints:
  - { name: one, signal: go }
  - { name: two, signal: go }
  - { name: other, signal: stop }
";
    let mut run = flow(&Api::naming(), text).run(json!({})).unwrap();
    let signals = run.signal_handle();
    let (report, ()) = tokio::join!(run.drive(), async move {
        tokio::time::sleep(ms(1)).await;
        signals.send("go", json!(1)).await.expect("two steps wait for it");
        signals.send("go", json!(2)).await.expect_err("both have heard it");
        signals.send("stop", json!(3)).await.expect("the third step waits for it");
    });
    assert_eq!(told(&report), "completed: one ok, two ok, other ok");
    assert_eq!(report.output, json!({"one": 1, "two": 1, "other": 3}));
}

#[tokio::test(start_paused = true)]
async fn signals_may_be_called_like_what_calls_tell() {
    let text = "
mode: fanout
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: wait, signal: answered }
  - { name: other, signal: refused }
";
    let mut run = flow(&Api::naming(), text).run(json!({})).unwrap();
    let signals = run.signal_handle();
    let (report, ()) = tokio::join!(run.drive(), async move {
        tokio::time::sleep(ms(1)).await;
        signals.send("answered", json!(1)).await.expect("it is awaited");
        signals.send("refused", json!(2)).await.expect("it is awaited");
    });
    assert_eq!(report.output, json!({"a": "a", "wait": 1, "other": 2}));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_can_signal_any_more_is_told_as_waiting() {
    let flow = flow(&Api::naming(), APPROVAL.replace("timeout: 24h", "").as_str());
    let run = flow.run(json!({})).unwrap();
    let (report, _, snapshot) = run.drive_observed().await;
    assert_eq!(told(&report), "waiting: order ok, approval waiting, ship pending");
    let shown = serde_json::to_value(&report.steps["approval"]).expect("JSON");
    assert_eq!(shown["waits_for"], json!({"signal": "approved"}));
    let awaited = Awaited { step: "approval", signal: "approved" };
    assert_eq!(flow.awaited(&snapshot), [awaited]);
    assert_eq!(flow.signals(), ["approved"]);
}

#[tokio::test(start_paused = true)]
async fn a_report_says_until_when_a_step_waits() {
    let api = Api::new(&[("/job", &[state("running"), state("done")])]);
    let text = "
mode: fanout
endpoints:
  - { name: rest, delay: 1h }
  - { name: approval, signal: approved, timeout: 2h }
  - { name: job, url: http://api.test/job, poll: { until: $data.state == 'done', every: 3h } }
";
    let reports = reports(&flow(&api, text), json!({})).await;
    let told: Vec<String> = reports.iter().map(stand).collect();
    assert_eq!(
        told,
        [
            "rest waiting, approval waiting, job running",
            "rest waiting, approval waiting, job waiting",
            "rest ok, approval waiting, job waiting",
            "rest ok, approval failed, job waiting",
            "rest ok, approval failed, job running",
            "rest ok, approval failed, job ok",
        ]
    );
    let waits: Vec<_> = reports[1].steps.values().map(|step| step.waits_for.clone()).collect();
    let [Some(rest), Some(approval), Some(job)] = waits.as_slice() else { panic!("{waits:?}") };
    assert_eq!([&rest.signal, &job.signal], [&None, &None]);
    assert_eq!(approval.signal.as_deref(), Some("approved"));
    let (rest, approval, job) = (rest.until, approval.until, job.until);
    let hour = Duration::from_secs(3_600);
    assert_eq!(approval, rest.map(|at| at + hour));
    assert_eq!(job, rest.map(|at| at + 2 * hour + ms(10)));
    assert_eq!(reports[1].steps["job"].attempts, 1);
    assert_eq!(reports[4].steps["job"].attempts, 2);
}

const JOB: &str = "
mode: pipeline
endpoints:
  - { name: submit, url: http://api.test/jobs, method: POST, body: {} }
  - name: job
    url: http://api.test/jobs/{$data.id}
    retry_delay: 1s
    poll:
      until: $data.state == 'done'
      fail_if: $data.state == 'broken'
      every: 30s
      timeout: 2m
  - { name: fetch, url: 'http://api.test/results/{$steps.submit.output.id}' }
";

fn jobs(answers: &[Reply]) -> std::sync::Arc<Api> {
    let submitted = Reply::json(&json!({"id": 7}));
    Api::new(&[
        ("/jobs", &[submitted]),
        ("/jobs/7", answers),
        ("/results/7", &[Reply::json(&json!("the result"))]),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_job_is_submitted_polled_and_fetched() {
    let api = jobs(&[state("queued"), state("running"), state("done")]);
    let report = run(&api, JOB, json!({})).await;
    assert_eq!(told(&report), "completed: submit ok, job ok, fetch ok");
    assert_eq!(api.times("/jobs/7"), [0, 30_010, 60_020]);
    let job = step(&report, "job");
    assert_eq!((job.attempts, job.elapsed_ms, job.latency_ms), (3, 60_030.0, Some(10.0)));
    assert_eq!(job.output, json!({"state": "done"}));
    assert_eq!(report.steps["fetch"].output, json!("the result"));
    let metrics = report.metrics.expect("metrics are on");
    assert_eq!((metrics.total_requests, metrics.success_rate), (5, Some(100.0)));
}

#[tokio::test(start_paused = true)]
async fn each_request_of_a_poll_is_retried_by_itself() {
    let gone = || Reply::status(503);
    let answers = [gone(), gone(), gone(), state("running"), gone(), state("done")];
    let api = jobs(&answers);
    let report = run(&api, JOB, json!({})).await;
    assert_eq!(told(&report), "completed: submit ok, job ok, fetch ok");
    assert_eq!(step(&report, "job").attempts, 6);

    // The attempts of one request are used up, and that fails the step.
    let report = run(&jobs(&[state("running"), gone()]), JOB, json!({})).await;
    assert_eq!(told(&report), "failed: submit ok, job failed (status), fetch skipped");
    assert_eq!(step(&report, "job").attempts, 5);
}

#[tokio::test(start_paused = true)]
async fn a_poll_fails_as_soon_as_the_answer_says_so() {
    let report = run(&jobs(&[state("running"), state("broken")]), JOB, json!({})).await;
    assert_eq!(told(&report), "failed: submit ok, job failed (contract), fetch skipped");
    let expected = "the answer says that it failed: $data.state == 'broken'";
    assert_eq!(message(&report, "job"), expected);
    let job = step(&report, "job");
    assert_eq!((job.attempts, job.http_status), (2, Some(200)));
    assert_eq!(job.output, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_poll_begins_no_wait_that_would_pass_its_time() {
    let api = jobs(&[state("running")]);
    let report = run(&api, JOB, json!({})).await;
    assert_eq!(told(&report), "failed: submit ok, job failed (timeout), fetch skipped");
    // The wait after the fourth would end at 120,040.
    assert_eq!(api.times("/jobs/7"), [0, 30_010, 60_020, 90_030]);
    assert_eq!(step(&report, "job").elapsed_ms, 90_040.0);
    let expected = "within 2m it did not come to $data.state == 'done'";
    assert_eq!(message(&report, "job"), expected);
}

#[tokio::test(start_paused = true)]
async fn a_poll_whose_condition_cannot_be_told_fails_with_a_handler_in_its_place() {
    let flow = Orchestration::sequential("s").endpoint(
        Endpoint::get("job", "http://api.test/job")
            .poll(Poll::until("$data.progress > 99"))
            .error_handler("$error.message"),
    );
    let api = Api::new(&[("/job", &[Reply::json(&json!({"progress": "half"}))])]);
    let report = run_built(&api, flow, json!({})).await;
    assert_eq!(told(&report), "completed: job recovered (condition)");
    let said = report.steps["job"].output.as_str().unwrap_or_default().to_owned();
    assert!(said.starts_with("`until` can't be told: "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_poll_written_in_rust_sees_the_output_of_the_step() {
    let flow = Orchestration::sequential("s").endpoint(
        Endpoint::get("job", "http://api.test/job").transform_output("$data.state").poll(
            Poll::until_with("is done", |state| state == "done")
                .fail_if_with("is broken", |state| state == "broken")
                .every(ms(5)),
        ),
    );
    let api = Api::new(&[("/job", &[state("running"), state("done")])]);
    let report = run_built(&api, flow, json!({})).await;
    assert_eq!(told(&report), "completed: job ok");
    assert_eq!(report.output, json!({"job": "done"}));
    assert_eq!(api.times("/job"), [0, 15]);
}

#[tokio::test(start_paused = true)]
async fn polled_answers_are_never_kept_and_every_post_has_a_key_of_its_own() {
    let api = Api::new(&[
        ("/a", &[state("running"), state("done")]),
        ("/b", &[state("running"), state("done")]),
    ]);
    let text = "
mode: sequential
cache_ttl: 1h
endpoints:
  - { name: a, url: http://api.test/a, poll: { until: $data.state == 'done' } }
  - { name: b, url: http://api.test/b, method: POST, idempotency: true, poll: { until: $data.state == 'done' } }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a ok, b ok");
    assert_eq!(step(&report, "a").attempts, 2);
    let keys: Vec<_> = api
        .requests("/b")
        .iter()
        .map(|request| request.headers()["idempotency-key"].clone())
        .collect();
    assert_ne!(keys[0], keys[1], "the second call is not the first one again");
}

#[tokio::test(start_paused = true)]
async fn a_wait_between_polls_takes_no_place_and_leaves_no_output_behind() {
    let api = Api::new(&[("/job", &[state("running")]), ("/a", &[late(1, 1)])]);
    let text = "
mode: fanout
max_concurrent: 1
total_timeout: 10s
endpoints:
  - { name: job, url: http://api.test/job, poll: { until: $data.state == 'done' } }
  - { name: a, url: http://api.test/a }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "timed_out: job timed_out, a ok");
    assert_eq!(api.times("/a"), [10]);
    assert_eq!(report.steps["job"].output, Value::Null);
    assert_eq!(step(&report, "job").attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_is_saved_after_every_step_and_replayed_from_its_inputs() {
    let answers = [state("queued"), Reply::status(503), state("running"), state("done")];
    let flow = flow(&jobs(&answers), JOB);
    let run = flow.run(json!({})).unwrap().id("r").seed(7).observer(Album::default());
    let (report, album, last) = run.drive_observed().await;
    assert_eq!(report.outcome, RunOutcome::Completed);
    for before in &album.snapshots {
        // What a journal keeps is text.
        let text = serde_json::to_string(before).expect("a snapshot is JSON");
        let again: fsm_core::Snapshot<_> = serde_json::from_str(&text).expect("a snapshot");
        assert_eq!(&again, before);
    }
    let again = flow.replay("r", json!({}), 7, &album.inputs).expect("the same inputs");
    assert_eq!(again, last);
}

#[tokio::test]
async fn a_flow_that_waits_is_drawn_with_its_waits() {
    let text = include_str!("../fixtures/flows/waiting.yaml");
    let loaded = fsm_patterns::file::load("waiting.yaml", text).expect("it has no faults");
    let flow = Flow::new(loaded.spec).expect("it has no faults");
    insta::assert_snapshot!(flow.drawing().to_dot());
}

#[tokio::test(start_paused = true)]
async fn a_delay_written_in_rust_is_one_of_a_file() {
    let flow = Orchestration::hybrid("h")
        .delay(Delay::new("rest", ms(50)).condition("$inputs.wanted == true"))
        .group(
            fsm_patterns::Group::new("both", fsm_patterns::spec::Mode::Sequential)
                .delay(Delay::new("more", ms(30)))
                .await_signal(AwaitSignal::new("never", "never").timeout(ms(20)))
                .depends_on(["rest"]),
        );
    let report = run_built(&Api::naming(), flow, json!({"wanted": true})).await;
    assert_eq!(told(&report), "failed: rest ok, more ok, never failed (timeout)");
    assert_eq!(report.steps["rest"].status, StepStatus::Ok);
}
