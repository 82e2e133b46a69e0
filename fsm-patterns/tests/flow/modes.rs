//! The six modes: in which order endpoints run, what flows into each, and what a failure or a
//! condition that does not hold means for the others.

use fsm_http::Reply;
use fsm_patterns::{Endpoint, Orchestration};
use serde_json::json;

use crate::world::{Api, late, ms, run, run_built, step, told};

#[tokio::test(start_paused = true)]
async fn sequential_calls_one_after_the_other_in_declared_order_with_the_runs_input() {
    let api = Api::new(&[("/a", &[late(20, 1)]), ("/b", &[late(10, 2)]), ("/c", &[late(0, 3)])]);
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a, method: PUT }
  - { name: b, url: http://api.test/b, method: PUT }
  - { name: c, url: http://api.test/c, method: PUT }
";
    let report = run(&api, text, json!({"in": 1})).await;
    assert_eq!(told(&report), "completed: a ok, b ok, c ok");
    assert_eq!(report.output, json!({"a": 1, "b": 2, "c": 3}));
    assert_eq!([api.times("/a"), api.times("/b"), api.times("/c")], [[0], [20], [30]]);
    for path in ["/a", "/b", "/c"] {
        assert_eq!(api.body(path), json!({"in": 1}), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn sequential_goes_on_after_a_failure_and_the_run_is_failed() {
    let api = Api::new(&[("/a", &[Reply::status(404)]), ("/b", &[late(0, 2)])]);
    let flow = Orchestration::sequential("s")
        .endpoint(Endpoint::get("a", "http://api.test/a"))
        .endpoint(Endpoint::get("b", "http://api.test/b"));
    let report = run_built(&api, flow, json!({})).await;
    assert_eq!(told(&report), "failed: a failed (status), b ok");
    let error = report.error.expect("a failed run says why");
    assert_eq!((error.kind.as_str(), error.http_status), ("status", Some(404)));
    assert!(error.message.contains("`a`"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn sequential_skips_what_depends_on_a_failure_and_theirs_with_the_reason() {
    let api = Api::new(&[("/a", &[Reply::status(404)]), ("/d", &[late(0, 4)])]);
    let text = "
mode: sequential
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b, depends_on: [a] }
  - { name: c, url: http://api.test/c, depends_on: [b] }
  - { name: d, url: http://api.test/d }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "failed: a failed (status), b skipped, c skipped, d ok");
    assert_eq!(step(&report, "b").reason.as_deref(), Some("`a` failed"));
    let reason = step(&report, "c").reason.as_deref();
    assert_eq!(reason, Some("`b` was skipped, because `a` failed"));
}

#[tokio::test(start_paused = true)]
async fn pipeline_feeds_each_with_the_output_of_the_one_before() {
    let api = Api::new(&[("/a", &[late(5, json!({"n": 1}))]), ("/b", &[late(5, json!([2]))])]);
    let text = "
mode: pipeline
endpoints:
  - { name: a, url: http://api.test/a, method: PUT }
  - { name: b, url: http://api.test/b, method: PUT }
";
    let report = run(&api, text, json!("first")).await;
    assert_eq!(told(&report), "completed: a ok, b ok");
    assert_eq!(api.body("/a"), json!("first"));
    assert_eq!(api.body("/b"), json!({"n": 1}));
}

#[tokio::test(start_paused = true)]
async fn pipeline_skips_the_rest_after_an_unhandled_failure_and_names_it() {
    let api = Api::new(&[("/a", &[late(0, 1)]), ("/b", &[Reply::status(410)])]);
    let text = "
mode: pipeline
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
  - { name: c, url: http://api.test/c }
  - { name: d, url: http://api.test/d }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "failed: a ok, b failed (status), c skipped, d skipped");
    for name in ["c", "d"] {
        assert_eq!(step(&report, name).reason.as_deref(), Some("`b` failed"));
        assert_eq!(step(&report, name).attempts, 0);
    }
    assert_eq!(api.paths(), ["/a", "/b"]);
}

#[tokio::test(start_paused = true)]
async fn pipeline_passes_the_data_of_a_step_that_its_condition_skipped_on() {
    let api = Api::new(&[("/a", &[late(0, json!({"n": 1}))]), ("/c", &[late(0, 3)])]);
    let text = "
mode: pipeline
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b, condition: $data.n > 1 }
  - { name: c, url: http://api.test/c, method: PUT, depends_on: [b] }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a ok, b skipped, c ok");
    assert_eq!(api.body("/c"), json!({"n": 1}));
    let reason = step(&report, "b").reason.as_deref().expect("a skipped step has a reason");
    assert!(reason.contains("$data.n > 1"), "{reason}");
    assert_eq!(report.output, json!({"a": {"n": 1}, "b": null, "c": 3}));
}

#[tokio::test(start_paused = true)]
async fn pipeline_goes_on_with_what_a_handler_gave() {
    let api = Api::new(&[("/a", &[Reply::status(404)]), ("/b", &[late(0, 2)])]);
    let text = "
mode: pipeline
endpoints:
  - { name: a, url: http://api.test/a, error_handler: { instead: $error.http_status } }
  - { name: b, url: http://api.test/b, method: PUT }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a recovered (status), b ok");
    assert_eq!(api.body("/b"), json!({"instead": 404}));
}

#[tokio::test(start_paused = true)]
async fn conditional_carries_the_output_of_the_last_ok_or_recovered_one() {
    let api = Api::new(&[
        ("/a", &[late(0, "A")]),
        ("/failing", &[Reply::status(404)]),
        ("/c", &[late(0, "C")]),
        ("/handled", &[Reply::status(404)]),
        ("/e", &[late(0, "E")]),
    ]);
    let text = "
mode: conditional
endpoints:
  - { name: first, url: http://api.test/e, method: PUT, condition: $data == 'input' }
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/failing, condition: $data == 'a' }
  - { name: skipped, url: http://api.test/none, condition: $data == 'b' }
  - { name: c, url: http://api.test/c, method: PUT, condition: $data == 'a' }
  - { name: d, url: http://api.test/handled, error_handler: 'D after {$data}' }
  - { name: e, url: http://api.test/e, method: PUT }
";
    let report = run(&api, text, json!("input")).await;
    assert_eq!(
        told(&report),
        "failed: first ok, a ok, b failed (status), skipped skipped, c ok, d recovered (status), e ok"
    );
    assert_eq!(api.body("/c"), json!("A"));
    let sent = api.requests("/e");
    assert_eq!(sent[0].body(), "\"input\"");
    assert_eq!(sent[1].body(), "\"D after C\"");
}

#[tokio::test(start_paused = true)]
async fn conditional_passes_a_failure_over_but_not_for_those_that_depend_on_it() {
    let api = Api::new(&[("/a", &[Reply::status(404)]), ("/c", &[late(0, 3)])]);
    let text = "
mode: conditional
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b, depends_on: [a], condition: 'true' }
  - { name: c, url: http://api.test/c }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "failed: a failed (status), b skipped, c ok");
    assert_eq!(step(&report, "b").reason.as_deref(), Some("`a` failed"));
}

#[tokio::test(start_paused = true)]
async fn parallel_calls_all_at_once_but_for_those_that_depend_on_others() {
    let api = Api::new(&[
        ("/a", &[late(30, 1)]),
        ("/b", &[late(10, 2)]),
        ("/c", &[late(0, 3)]),
        ("/d", &[late(0, 4)]),
    ]);
    let text = "
mode: parallel
endpoints:
  - { name: d, url: http://api.test/d, method: PUT, depends_on: [b, a] }
  - { name: c, url: http://api.test/c, method: PUT, depends_on: [b] }
  - { name: a, url: http://api.test/a, method: PUT }
  - { name: b, url: http://api.test/b, method: PUT }
";
    let report = run(&api, text, json!("in")).await;
    assert_eq!(told(&report), "completed: d ok, c ok, a ok, b ok");
    let times = ["/a", "/b", "/c", "/d"].map(|path| api.times(path));
    assert_eq!(times, [[0], [0], [10], [30]]);
    assert_eq!(api.body("/a"), json!("in"));
    assert_eq!(api.body("/c"), json!(2));
    // Several by name, in the order in which they are named.
    assert_eq!(api.body("/d").to_string(), r#"{"b":2,"a":1}"#);
}

#[tokio::test(start_paused = true)]
async fn parallel_runs_the_others_after_a_failure_and_skips_those_that_wait_for_it() {
    let api = Api::new(&[
        ("/a", &[Reply::status(404).after(ms(5))]),
        ("/b", &[late(50, 2)]),
        ("/e", &[late(0, 5)]),
    ]);
    let text = "
mode: parallel
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
  - { name: c, url: http://api.test/c, depends_on: [a, b] }
  - { name: d, url: http://api.test/d, depends_on: [c] }
  - { name: e, url: http://api.test/e, depends_on: [b] }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "failed: a failed (status), b ok, c skipped, d skipped, e ok");
    assert_eq!(step(&report, "c").reason.as_deref(), Some("`a` failed"));
    let reason = step(&report, "d").reason.as_deref();
    assert_eq!(reason, Some("`c` was skipped, because `a` failed"));
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_its_own_condition_skipped_is_satisfied_and_null() {
    let api = Api::new(&[("/b", &[late(0, 2)]), ("/c", &[late(0, 3)]), ("/d", &[late(0, 4)])]);
    let text = "
mode: parallel
endpoints:
  - { name: a, url: http://api.test/a, condition: 'false' }
  - { name: b, url: http://api.test/b, method: PUT, depends_on: [a] }
  - { name: c, url: http://api.test/c, method: PUT, depends_on: [a, b] }
  - { name: d, url: http://api.test/d, depends_on: [a], condition: $data == null }
";
    let report = run(&api, text, json!("in")).await;
    assert_eq!(told(&report), "completed: a skipped, b ok, c ok, d ok");
    assert_eq!(api.body("/b"), json!(null));
    assert_eq!(api.body("/c"), json!({"a": null, "b": 2}));
}

#[tokio::test(start_paused = true)]
async fn fanout_gives_one_input_to_all_at_once() {
    let api = Api::new(&[
        ("/a", &[late(30, 1)]),
        ("/b", &[Reply::status(404).after(ms(10))]),
        ("/c", &[late(0, 3)]),
    ]);
    let text = "
mode: fanout
endpoints:
  - { name: a, url: http://api.test/a, method: PUT }
  - { name: b, url: http://api.test/b, method: PUT }
  - { name: c, url: http://api.test/c, method: PUT }
";
    let report = run(&api, text, json!([1, 2])).await;
    assert_eq!(told(&report), "failed: a ok, b failed (status), c ok");
    for path in ["/a", "/b", "/c"] {
        assert_eq!((api.times(path), api.body(path)), (vec![0], json!([1, 2])), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn hybrid_follows_the_dependencies_and_the_conditions() {
    let api = Api::naming();
    let flow = Orchestration::hybrid("h")
        .endpoint(Endpoint::get("login", "http://api.test/login"))
        .endpoint(
            Endpoint::get("premium", "http://api.test/premium")
                .depends_on(["login"])
                .condition_with("is premium", |data| data == "premium"),
        )
        .endpoint(
            Endpoint::put("standard", "http://api.test/standard")
                .depends_on(["login"])
                .condition("$data == 'login'"),
        )
        .endpoint(
            Endpoint::put("show", "http://api.test/show").depends_on(["premium", "standard"]),
        );
    let report = run_built(&api, flow, json!({})).await;
    assert_eq!(told(&report), "completed: login ok, premium skipped, standard ok, show ok");
    assert_eq!(api.body("/show"), json!({"premium": null, "standard": "standard"}));
    let reason = step(&report, "premium").reason.as_deref().expect("a reason");
    assert!(reason.contains("is premium"), "{reason}");
}
