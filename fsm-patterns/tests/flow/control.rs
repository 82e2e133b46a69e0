//! A run in the hands of its caller: inputs that are refused, `max_concurrent`, cancelling, and
//! dropping.

use fsm_http::Reply;
use fsm_patterns::{Endpoint, Orchestration, RunError};
use serde_json::json;

use crate::world::{Api, flow, late, ms, run_built, step, told};

#[tokio::test(start_paused = true)]
async fn inputs_are_checked_before_any_request() {
    let api = Api::naming();
    let text = "
mode: sequential
inputs:
  type: object
  required: [id, kind]
  properties: { id: { type: integer }, kind: { type: string } }
endpoints: [{ name: a, url: http://api.test/a }]
";
    let flow = flow(&api, text);
    let refused = flow.execute(json!({"id": "seven"})).await.expect_err("two faults");
    let RunError::Input(unfit) = &refused else { panic!("{refused}") };
    assert_eq!(unfit.faults().len(), 2, "{refused}");
    assert!(refused.to_string().contains("kind"), "{refused}");
    assert!(flow.run(json!(null)).is_err());
    assert_eq!(api.paths().len(), 0);
    let report = flow.execute(json!({"id": 7, "kind": "x"})).await.expect("a fitting input");
    assert_eq!(told(&report), "completed: a ok");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_max_concurrent_calls_are_under_way() {
    for (limit, seconds) in [(1, 12), (2, 6), (3, 4), (5, 3), (12, 1)] {
        let api = Api::answering(|_| Reply::status(204).after(ms(1_000)));
        let mut built = Orchestration::fanout("f").max_concurrent(limit);
        for number in 0..12 {
            let name = format!("e{number}");
            built = built.endpoint(Endpoint::get(name, format!("http://api.test/{number}")));
        }
        let begun = tokio::time::Instant::now();
        let report = run_built(&api, built, json!({})).await;
        assert_eq!(api.most(), limit as usize);
        assert_eq!(begun.elapsed(), ms(1_000 * seconds), "{limit} at once");
        assert_eq!(report.outcome.as_str(), "completed");
        let numbers: Vec<String> = (0..12).map(|number| format!("/{number}")).collect();
        assert_eq!(api.paths(), numbers, "first come, first served");
    }
}

#[tokio::test(start_paused = true)]
async fn max_concurrent_is_one_limit_for_all_groups() {
    let api = Api::answering(|_| Reply::status(204).after(ms(10)));
    let group = |name: &str| {
        let endpoint = |n: u32| Endpoint::get(format!("{name}{n}"), "http://api.test/x");
        fsm_patterns::Group::new(name, fsm_patterns::spec::Mode::Parallel)
            .endpoint(endpoint(1))
            .endpoint(endpoint(2))
            .endpoint(endpoint(3))
    };
    let built = Orchestration::hybrid("h").max_concurrent(2).group(group("g")).group(group("h"));
    assert_eq!(run_built(&api, built, json!({})).await.outcome.as_str(), "completed");
    assert_eq!(api.most(), 2);
}

#[tokio::test(start_paused = true)]
async fn ten_calls_are_under_way_where_nothing_else_is_said() {
    let api = Api::answering(|_| Reply::status(204).after(ms(10)));
    let mut built = Orchestration::parallel("p");
    for number in 0..25 {
        built = built.endpoint(Endpoint::get(format!("e{number}"), "http://api.test/x"));
    }
    run_built(&api, built, json!({})).await;
    assert_eq!(api.most(), 10);
}

const THREE: &str = "
mode: parallel
output: { a: $steps.a.output, b: $steps.b.status }
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
  - { name: c, url: http://api.test/b, method: POST }
  - { name: d, url: http://api.test/d, depends_on: [b] }
";

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_at_once_and_keeps_what_is_done() {
    let api = Api::new(&[("/a", &[late(10, 1)]), ("/b", &[Reply::stalled()])]);
    let mut run = flow(&api, THREE).run(json!({})).unwrap();
    let handle = run.cancel_handle();
    let canceller = async {
        tokio::time::sleep(ms(25)).await;
        handle.cancel();
    };
    let (report, ()) = tokio::join!(run.drive(), canceller);
    let expected = "cancelled: a ok, b cancelled, c cancelled (unknown_outcome), d cancelled";
    assert_eq!(told(&report), expected);
    assert_eq!(report.output, json!({"a": 1, "b": "cancelled"}));
    assert_eq!(report.error.as_ref().unwrap().kind.as_str(), "cancelled");
    assert_eq!((step(&report, "b").attempts, step(&report, "b").elapsed_ms), (1, 25.0));
    assert_eq!(api.under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn cancelling_before_the_first_wait_or_after_the_end_does_no_harm() {
    let api = Api::new(&[("/a", &[late(10, 1)]), ("/b", &[late(0, 2)]), ("/d", &[late(0, 4)])]);
    let flow = flow(&api, THREE);
    let mut early = flow.run(json!({})).unwrap();
    early.cancel_handle().cancel();
    assert_eq!(early.await.outcome.as_str(), "cancelled");
    let mut run = flow.run(json!({})).unwrap();
    let handle = run.cancel_handle();
    assert_eq!(run.await.outcome.as_str(), "completed");
    handle.cancel();
}

#[tokio::test(start_paused = true)]
async fn dropping_a_run_drops_its_calls() {
    let api = Api::new(&[("/a", &[late(10, 1)]), ("/b", &[Reply::stalled()])]);
    let flow = flow(&api, THREE);
    let run = tokio::time::timeout(ms(50), flow.execute(json!({}))).await;
    assert!(run.is_err(), "b never answers");
    assert_eq!((api.under_way(), api.finished()), (0, 1));
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!(api.paths(), ["/a", "/b", "/b"], "nothing more is sent");
}

#[tokio::test(start_paused = true)]
async fn runs_of_one_flow_do_not_know_of_each_other() {
    let api = Api::echoing();
    let flow =
        flow(&api, "mode: pipeline\nendpoints: [{ name: a, url: http://api.test/a, method: PUT }]");
    let mut runs = tokio::task::JoinSet::new();
    for number in 0..20 {
        let run = flow.run(json!(number)).unwrap();
        runs.spawn(async move { (number, run.await) });
    }
    let mut ids = std::collections::HashSet::new();
    for (number, report) in runs.join_all().await {
        assert_eq!(report.output, json!({"a": number}));
        assert!(ids.insert(report.run), "every run has an id of its own");
    }
}
