//! What becomes of calls that are given up: they end on the wire, give back what they held, and the
//! resources are torn down.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fsm_http::breaker::BreakerState;
use fsm_http::resource::{Hook, Resource};
use fsm_http::{MemoryTransport, Reply};
use fsm_patterns::{Endpoint, Flow, Orchestration, RunOutcome, Services};
use serde_json::json;

use crate::server::{Server, Wire, answer};
use crate::world::{Api, endpoints, flow, flow_over, late, message, ms, run, told, waiting};

/// What happened, in order. Locked only to push and to copy.
type Diary = Arc<Mutex<Vec<String>>>;

fn told_by(diary: &Diary) -> Vec<String> {
    diary.lock().expect("no panic").clone()
}

/// A resource that writes into the diary when it is set up and torn down.
fn hooked(diary: &Diary, name: &str) -> Resource {
    let note = |what: &str| {
        let (diary, line) = (diary.clone(), format!("{name} {what}"));
        Hook::new(line.clone(), move |_| {
            diary.lock().expect("no panic").push(line.clone());
            std::future::ready(Ok(()))
        })
    };
    Resource::new(name).set_up(note("up")).tear_down(note("down"))
}

/// A flow whose calls never end, over real sockets, with three resources.
async fn endless(
    diary: &Diary,
    more: impl FnOnce(Orchestration) -> Orchestration,
) -> (Flow, Server) {
    let server = Server::start(|request| match request.path() {
        "/bad" => answer("400 Bad Request", "text/plain", "no"),
        _ => Wire::Silence,
    })
    .await;
    let mut orchestration = Orchestration::fanout("test");
    for name in ["a", "b", "c"] {
        orchestration = orchestration
            .resource(hooked(diary, name))
            .endpoint(Endpoint::get(name, server.url(&format!("/{name}"))).resource(name));
    }
    (more(orchestration).build().expect("a flow"), server)
}

/// Waits until all three resources were torn down, the last one first.
async fn torn_down(diary: &Diary) {
    for _ in 0..1_000 {
        if told_by(diary).len() >= 6 {
            break;
        }
        tokio::time::sleep(ms(5)).await;
    }
    assert_eq!(told_by(diary), ["a up", "b up", "c up", "c down", "b down", "a down"]);
}

async fn all_heard(server: &Server) {
    for path in ["/a", "/b", "/c"] {
        server.heard(path, 1).await;
    }
}

#[tokio::test]
async fn a_run_that_is_dropped_ends_its_calls_and_tears_its_resources_down() {
    let diary = Diary::default();
    let (flow, server) = endless(&diary, |flow| flow).await;
    let run = tokio::spawn(flow.run(json!({})).expect("a run").drive());
    all_heard(&server).await;
    run.abort();
    server.deserted().await;
    torn_down(&diary).await;
}

#[tokio::test]
async fn a_run_that_is_cancelled_ends_its_calls_and_says_so() {
    let diary = Diary::default();
    let (flow, server) = endless(&diary, |flow| flow).await;
    let mut run = flow.run(json!({})).expect("a run");
    let handle = run.cancel_handle();
    let run = tokio::spawn(run.drive());
    all_heard(&server).await;
    handle.cancel();
    let report = run.await.expect("no panic");
    assert_eq!(report.outcome, RunOutcome::Cancelled);
    assert!(report.steps.values().all(|step| step.status.as_str() == "cancelled"), "{report:?}");
    server.deserted().await;
    torn_down(&diary).await;
}

#[tokio::test]
async fn the_first_failure_of_a_fail_fast_run_ends_the_calls_beside_it() {
    let diary = Diary::default();
    let server = Server::start(|request| match request.path() {
        "/bad" => answer("400 Bad Request", "text/plain", "no"),
        _ => Wire::Silence,
    })
    .await;
    // The one that fails waits for the others: it goes second, after a token of the limit.
    let flow = Orchestration::fanout("test")
        .fail_fast()
        .rate_limit_window(ms(300))
        .resource(hooked(&diary, "a"))
        .resource(hooked(&diary, "b"))
        .resource(hooked(&diary, "c"))
        .global_rate_limit(3)
        .endpoint(Endpoint::get("a", server.url("/a")).resource("a"))
        .endpoint(Endpoint::get("b", server.url("/b")).resource("b"))
        .endpoint(Endpoint::get("c", server.url("/c")).resource("c"))
        .endpoint(Endpoint::get("bad", server.url("/bad")))
        .build()
        .expect("a flow");
    let report = run(&flow).await;
    assert_eq!(
        told(&report),
        "failed: a cancelled (cancelled), b cancelled (cancelled), c cancelled (cancelled), bad failed (status)"
    );
    all_heard(&server).await;
    server.deserted().await;
    torn_down(&diary).await;
}

#[tokio::test]
async fn the_deadline_of_a_run_ends_its_calls() {
    let diary = Diary::default();
    let (flow, server) = endless(&diary, |flow| flow.total_timeout(ms(300))).await;
    let report = run(&flow).await;
    assert_eq!(report.outcome, RunOutcome::TimedOut, "{}", told(&report));
    assert!(report.steps.values().all(|step| step.status.as_str() == "timed_out"), "{report:?}");
    server.deserted().await;
    torn_down(&diary).await;
}

#[tokio::test(start_paused = true)]
async fn if_a_resource_cannot_be_set_up_those_before_it_are_torn_down_and_nothing_is_sent() {
    let diary = Diary::default();
    let broken = Resource::new("c")
        .set_up(Hook::new("open shop", |_| std::future::ready(Err("the key is lost".into()))))
        .tear_down(Hook::new("never", |_| async { panic!("it was never up") }));
    let server = Arc::new(MemoryTransport::replying(|_| Reply::json(&json!(1))));
    let flow = Orchestration::sequential("test")
        .resource(hooked(&diary, "a"))
        .resource(hooked(&diary, "b"))
        .resource(broken)
        .resource(hooked(&diary, "d"))
        .endpoint(Endpoint::get("a", "http://api.test/a").resource("a"))
        .endpoint(Endpoint::get("c", "http://api.test/c").resource("c"))
        .build_with(server.clone())
        .expect("a flow");
    let report = run(&flow).await;
    assert_eq!(told(&report), "failed: a cancelled (cancelled), c cancelled (cancelled)");
    let error = report.error.expect("it failed");
    assert!(error.message.contains("`c`") && error.message.contains("the key is lost"), "{error}");
    assert_eq!(told_by(&diary), ["a up", "b up", "b down", "a down"]);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn runs_that_are_given_up_while_they_wait_give_their_places_back() {
    let api = Api::new(|_, _| late(0, 1));
    let lines = endpoints("e", 20, "url: 'http://api.test/{n}', rate_limit: 5");
    let head = "mode: fanout\nmax_concurrent: 2\nrate_limit_window: 10s\nglobal_rate_limit: 1\n";
    let flow = flow_over(&api, &format!("{head}endpoints:\n{lines}"));
    // The global limit is the last that is asked.
    let all_waiting = |flow: &Flow| flow.rate_limits("e0").last().map(|limit| limit.waiting);
    let start = || {
        let mut run = flow.run(json!({})).expect("a run");
        let handle = run.cancel_handle();
        (tokio::spawn(run.drive()), handle)
    };
    let (dropped, _handle) = start();
    let (cancelled, handle) = start();
    tokio::time::sleep(ms(1)).await;
    assert_eq!(all_waiting(&flow), Some(39), "of forty one was sent");
    dropped.abort();
    handle.cancel();
    assert_eq!(cancelled.await.expect("no panic").outcome, RunOutcome::Cancelled);
    tokio::time::sleep(ms(1)).await;
    assert_eq!(all_waiting(&flow), Some(0));
    // The next one is served as if they had never been.
    let before = api.times().len();
    let (next, _handle) = start();
    next.await.expect("no panic");
    let times = &api.times()[before..];
    assert_eq!((times[0], times[19]), (10_000, 200_000));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_and_a_failure_give_the_places_of_those_who_wait_back() {
    for (head, status) in [("total_timeout: 1s", "timed_out"), ("fail_fast: true", "cancelled")] {
        let api = Api::new(|path, _| match path {
            "/bad" => Reply::status(400).after(ms(500)),
            "/slow" => late(60_000, 1),
            _ => late(0, 1),
        });
        let text = format!(
            "mode: fanout\n{head}\nrate_limit_window: 700ms\nglobal_rate_limit: 2\nendpoints:\n  \
             - {{ name: bad, url: 'http://api.test/bad' }}\n  - {{ name: slow, url: 'http://api.test/slow' }}\n{}",
            endpoints("e", 2, "url: 'http://api.test/slow'")
        );
        let flow = flow_over(&api, &text);
        let report = run(&flow).await;
        assert_eq!(report.steps["e1"].status.as_str(), status, "{}", told(&report));
        assert_eq!(waiting(&flow, "e1"), 0, "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_gives_its_permit_back() {
    let api = Api::new(|_, count| match count {
        0 => Reply::status(500),
        1 => Reply::stalled(),
        _ => late(0, 1),
    });
    let text = "
mode: sequential
circuit_breaker_threshold: 1
circuit_breaker_timeout: 10s
endpoints:
  - { name: a, url: 'http://api.test/a', retry_count: 0 }
";
    let flow = flow_over(&api, text);
    run(&flow).await;
    tokio::time::advance(Duration::from_secs(10)).await;
    let probe = tokio::spawn(flow.run(json!({})).expect("a run").drive());
    tokio::time::sleep(ms(1)).await;
    let breaker = flow.circuit_breaker("a").expect("the flow has run");
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: true });
    let beside = run(&flow).await;
    assert_eq!(told(&beside), "failed: a failed (circuit_open)");
    assert!(message(&beside, "a").contains("500"), "{}", message(&beside, "a"));
    probe.abort();
    tokio::time::sleep(ms(1)).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: false });
    assert_eq!(told(&run(&flow).await), "completed: a ok");
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_has_to_wait_for_the_limiter_lets_another_one_probe() {
    let api = Api::new(|_, count| if count == 0 { Reply::status(500) } else { late(0, 1) });
    let text = "
mode: sequential
circuit_breaker_threshold: 1
circuit_breaker_timeout: 1s
rate_limit_window: 10s
endpoints:
  - { name: a, url: 'http://api.test/a', retry_count: 0, rate_limit: 1 }
";
    let flow = flow_over(&api, text);
    run(&flow).await;
    tokio::time::advance(Duration::from_secs(2)).await;
    let waits = tokio::spawn(flow.run(json!({})).expect("a run").drive());
    tokio::time::sleep(ms(1)).await;
    let breaker = flow.circuit_breaker("a").expect("the flow has run");
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: false });
    assert_eq!(told(&waits.await.expect("no panic")), "completed: a ok");
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
}

#[tokio::test]
async fn after_a_run_nothing_of_it_is_left_on_the_runtime() {
    let diary = Diary::default();
    let (flow, server) = endless(&diary, |flow| flow.total_timeout(ms(100))).await;
    drop(flow);
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let (flow, others) = endless(&diary, |flow| flow.total_timeout(ms(100))).await;
    for _ in 0..5 {
        run(&flow).await;
    }
    others.deserted().await;
    drop((flow, others));
    for _ in 0..1_000 {
        if metrics.num_alive_tasks() <= before {
            break;
        }
        tokio::time::sleep(ms(5)).await;
    }
    assert!(metrics.num_alive_tasks() <= before, "{} > {before}", metrics.num_alive_tasks());
    drop(server);
}

/// A flow with its own client beside: closing down one flow leaves the other alone.
#[tokio::test]
async fn a_run_that_is_dropped_leaves_another_run_of_the_same_flow_alone() {
    let server = Server::start(|request| {
        if request.target.ends_with("first") { Wire::Silence } else { crate::server::json("1") }
    })
    .await;
    let url = server.url("/a?{$inputs.run}");
    let text = format!("mode: sequential\nendpoints:\n  - {{ name: a, url: '{url}' }}\n");
    let flow = flow(Services::new(), &text);
    let first = tokio::spawn(flow.run(json!({"run": "first"})).expect("a run").drive());
    server.heard("/a", 1).await;
    let second = flow.run(json!({"run": "second"})).expect("a run");
    first.abort();
    assert_eq!(told(&second.await), "completed: a ok");
    server.deserted().await;
}

/// A POST that never left has an outcome that everybody knows.
#[tokio::test(start_paused = true)]
async fn an_unsafe_call_that_is_cut_while_it_waits_for_its_turn_was_never_sent() {
    let api = Api::new(|path, _| match path {
        "/bad" => Reply::status(400).after(ms(500)),
        _ => late(60_000, 1),
    });
    let text = "
mode: fanout
fail_fast: true
resources: { r: { rate_limit: 1, rate_limit_window: 700ms } }
endpoints:
  - { name: sent, url: 'http://api.test/a', method: POST, resource: r }
  - { name: waits, url: 'http://api.test/b', method: POST, resource: r }
  - { name: bad, url: 'http://api.test/bad' }
";
    let report = run(&flow_over(&api, text)).await;
    assert_eq!(
        told(&report),
        "failed: sent cancelled (unknown_outcome), waits cancelled (cancelled), bad failed (status)"
    );
    assert_eq!((report.steps["sent"].attempts, report.steps["waits"].attempts), (1, 0));
    assert_eq!(api.times(), [0, 0]);
}

#[tokio::test]
async fn a_request_that_is_cut_is_counted_wherever_requests_are() {
    let diary = Diary::default();
    let (flow, _server) = endless(&diary, |flow| flow.total_timeout(ms(150))).await;
    let report = run(&flow).await;
    assert_eq!(report.outcome, RunOutcome::TimedOut);
    assert_eq!(report.metrics.expect("they are on").total_requests, 3);
    let used: Vec<u64> = report.usage.values().map(|usage| usage.attempts).collect();
    assert_eq!(used, [1, 1, 1]);
    let figures = flow.get_metrics().overall;
    assert_eq!((figures.total_requests, figures.errors["cancelled"]), (3, 3));
    assert_eq!((figures.error_rate, figures.avg_latency_ms), (Some(1.0), None));
}
