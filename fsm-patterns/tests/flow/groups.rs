//! Groups in a hybrid flow: entries that run in a mode of their own, wait for others, hang on a
//! condition, and give an output.

use fsm_http::Reply;
use fsm_patterns::spec::Mode;
use fsm_patterns::{Endpoint, Group, Orchestration};
use serde_json::{Value, json};

use crate::world::{Api, late, run, run_built, step, told};

/// `login`, then a group of `a` and `b` in `mode` fed by it, then `last`, which is sent the
/// group's output.
fn grouped(mode: &str) -> String {
    format!(
        "
mode: hybrid
endpoints:
  - {{ name: login, url: http://api.test/login }}
  - name: group
    mode: {mode}
    depends_on: [login]
    endpoints:
      - {{ name: a, url: http://api.test/a, method: PUT }}
      - {{ name: b, url: http://api.test/b, method: PUT }}
  - {{ name: last, url: http://api.test/last, method: PUT, depends_on: [group] }}
"
    )
}

#[tokio::test(start_paused = true)]
async fn a_group_runs_in_any_of_the_six_modes_between_its_neighbours() {
    for mode in Mode::ALL {
        let api = Api::new(&[
            ("/login", &[late(10, "token")]),
            ("/a", &[late(20, "A")]),
            ("/b", &[late(5, "B")]),
            ("/last", &[late(0, "end")]),
        ]);
        let report = run(&api, &grouped(mode.name()), json!("in")).await;
        assert_eq!(told(&report), "completed: login ok, a ok, b ok, last ok", "{mode}");

        let (b_begins, b_is_sent, ends, gives) = match mode {
            Mode::Sequential => (30, "token", 35, json!({"a": "A", "b": "B"})),
            Mode::Pipeline | Mode::Conditional => (30, "A", 35, json!("B")),
            Mode::Parallel | Mode::Fanout | Mode::Hybrid => {
                (10, "token", 30, json!({"a": "A", "b": "B"}))
            }
        };
        let times = ["/login", "/a", "/b", "/last"].map(|path| api.times(path));
        assert_eq!(times, [[0], [10], [b_begins], [ends]], "{mode}");
        assert_eq!((api.body("/a"), api.body("/b")), (json!("token"), json!(b_is_sent)), "{mode}");
        assert_eq!(api.body("/last"), gives, "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_without_dependencies_is_fed_with_the_runs_input() {
    for mode in Mode::ALL {
        let api = Api::naming();
        let flow = Orchestration::hybrid("h")
            .group(Group::new("group", mode).endpoint(Endpoint::put("a", "http://api.test/a")));
        let report = run_built(&api, flow, json!("in")).await;
        assert_eq!(told(&report), "completed: a ok", "{mode}");
        assert_eq!(api.body("/a"), json!("in"), "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_waits_for_groups_and_is_given_their_outputs_by_name() {
    let api = Api::naming();
    let text = "
mode: hybrid
endpoints:
  - { name: g, mode: parallel, endpoints: [{ name: a, url: http://api.test/a }] }
  - { name: h, mode: pipeline, endpoints: [{ name: b, url: http://api.test/b }] }
  - name: i
    mode: fanout
    depends_on: [g, h]
    endpoints: [{ name: c, url: http://api.test/c, method: PUT }]
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a ok, b ok, c ok");
    assert_eq!(api.body("/c"), json!({"g": {"a": "a"}, "h": "b"}));
}

#[tokio::test(start_paused = true)]
async fn groups_nest_and_the_inner_output_is_part_of_the_outer() {
    let api = Api::naming();
    let inner = Group::new("inner", Mode::Sequential)
        .endpoint(Endpoint::get("b", "http://api.test/b"))
        .endpoint(Endpoint::get("c", "http://api.test/c"));
    let outer = Group::new("outer", Mode::Hybrid)
        .endpoint(Endpoint::get("a", "http://api.test/a"))
        .group(inner.depends_on(["a"]));
    let flow = Orchestration::hybrid("h")
        .group(outer)
        .endpoint(Endpoint::put("d", "http://api.test/d").depends_on(["outer"]));
    let report = run_built(&api, flow, json!({})).await;
    assert_eq!(told(&report), "completed: a ok, b ok, c ok, d ok");
    assert_eq!(api.body("/d"), json!({"a": "a", "inner": {"b": "b", "c": "c"}}));
    assert_eq!(report.output, json!({"a": "a", "b": "b", "c": "c", "d": "d"}));
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_condition_does_not_hold_is_skipped_whole_and_satisfies_its_dependents() {
    let api = Api::naming();
    let text = "
mode: hybrid
endpoints:
  - { name: login, url: http://api.test/login }
  - name: group
    mode: parallel
    depends_on: [login]
    condition: $data == 'somebody else'
    endpoints:
      - { name: a, url: http://api.test/a }
      - { name: b, url: http://api.test/b }
  - { name: last, url: http://api.test/last, method: PUT, depends_on: [group] }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: login ok, a skipped, b skipped, last ok");
    assert_eq!(api.body("/last"), Value::Null);
    let reason = step(&report, "b").reason.as_deref().expect("a reason");
    assert!(reason.contains("$data == 'somebody else'"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_within_a_group_skips_what_depends_on_the_group() {
    for mode in Mode::ALL {
        let api = Api::new(&[
            ("/login", &[late(0, "token")]),
            ("/a", &[Reply::status(404)]),
            ("/b", &[late(5, "B")]),
        ]);
        let report = run(&api, &grouped(mode.name()), json!({})).await;
        let b = if mode == Mode::Pipeline { "skipped" } else { "ok" };
        let expected = format!("failed: login ok, a failed (status), b {b}, last skipped");
        assert_eq!(told(&report), expected, "{mode}");
        assert_eq!(step(&report, "last").reason.as_deref(), Some("`group` failed"), "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_within_a_group_keeps_the_group_whole() {
    let api = Api::new(&[("/a", &[Reply::status(404)]), ("/last", &[late(0, 1)])]);
    let text = "
mode: hybrid
endpoints:
  - name: group
    mode: pipeline
    endpoints: [{ name: a, url: http://api.test/a, error_handler: none }]
  - { name: last, url: http://api.test/last, method: PUT, depends_on: [group] }
";
    let report = run(&api, text, json!({})).await;
    assert_eq!(told(&report), "completed: a recovered (status), last ok");
    assert_eq!(api.body("/last"), json!("none"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_dependency_skips_a_group_whole_and_what_waits_for_it() {
    let api = Api::new(&[("/login", &[Reply::status(401)])]);
    let report = run(&api, &grouped("parallel"), json!({})).await;
    assert_eq!(told(&report), "failed: login failed (status), a skipped, b skipped, last skipped");
    assert_eq!(step(&report, "a").reason.as_deref(), Some("`login` failed"));
    let reason = step(&report, "last").reason.as_deref();
    assert_eq!(reason, Some("`group` was skipped, because `login` failed"));
}

/// A group whose condition is no boolean, beside a slow call.
const FAULTY: &str = "
mode: hybrid
endpoints:
  - name: group
    mode: parallel
    condition: $inputs.word
    endpoints:
      - { name: a, url: http://api.test/a }
      - { name: b, url: http://api.test/b }
  - { name: slow, url: http://api.test/slow }
  - { name: last, url: http://api.test/last, depends_on: [group] }
";

#[tokio::test(start_paused = true)]
async fn a_group_whose_condition_is_no_boolean_fails_with_every_endpoint_in_it() {
    let api = Api::new(&[("/slow", &[late(50, 1)])]);
    let report = run(&api, FAULTY, json!({"word": "yes"})).await;
    let expected = "failed: a failed (condition), b failed (condition), slow ok, last skipped";
    assert_eq!(told(&report), expected);
}

/// The compiler once led a group's faulty condition past `fail_fast` and `error_threshold`.
#[tokio::test(start_paused = true)]
async fn a_group_whose_condition_is_no_boolean_stops_the_run_as_any_failure_does() {
    let stopped =
        "failed: a failed (condition), b failed (condition), slow cancelled, last cancelled";
    let went_on = "completed: a failed (condition), b failed (condition), slow ok, last skipped";
    let table = [
        ("fail_fast: true", stopped),
        ("error_threshold: 0.4", stopped),
        // Two of four.
        ("error_threshold: 0.5", went_on),
    ];
    for (limit, expected) in table {
        let api = Api::new(&[("/slow", &[late(50, 1)])]);
        let report = run(&api, &format!("{limit}{FAULTY}"), json!({"word": "yes"})).await;
        assert_eq!(told(&report), expected, "{limit}");
    }
}
