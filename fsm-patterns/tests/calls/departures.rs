//! What was sent and what was not, where calls are cut, refused, or counted before they left.

use std::time::Duration;

use fsm_http::Reply;
use fsm_patterns::{Flow, RunOutcome, RunReport, Services};
use serde_json::json;
use tokio::time::Instant;

use crate::server::{Server, Wire};
use crate::world::{Api, flow, flow_over, late, message, ms, run, step, told};

/// Who needs a token, which takes three seconds.
const WITH_TOKEN: &str = "
resources:
  r:
    auth: { oauth2: { token_url: 'http://api.test/token', client_id: me, client_secret: { env: PATH } } }
endpoints:
  - { name: pay, url: 'http://api.test/pay', method: POST, resource: r }
  - { name: get, url: 'http://api.test/get', resource: r }
";

fn slow_token() -> std::sync::Arc<Api> {
    Api::new(|path, _| match path {
        "/token" => Reply::json(&json!({"access_token": "t"})).after(ms(3_000)),
        "/bad" => Reply::status(400).after(ms(500)),
        _ => late(0, 1),
    })
}

/// Runs a flow and cancels it after a while.
async fn cancelled(flow: &Flow, after: u64) -> RunReport {
    let mut run = flow.run(json!({})).expect("a run");
    let handle = run.cancel_handle();
    let run = tokio::spawn(run.drive());
    tokio::time::sleep(ms(after)).await;
    handle.cancel();
    run.await.expect("no panic")
}

/// Nothing was sent for a step, and everybody says so.
#[track_caller]
fn assert_unsent(report: &RunReport, name: &str) {
    assert_eq!(step(report, name).attempts, 0, "{name}");
    assert!(message(report, name).ends_with("before the call began"), "{}", message(report, name));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_token_when_it_is_cut_has_sent_nothing() {
    let cut = ["mode: fanout\ntotal_timeout: 1s", "mode: fanout\nfail_fast: true", "mode: fanout"];
    for (how, head) in cut.into_iter().enumerate() {
        let api = slow_token();
        let bad = "  - { name: bad, url: 'http://api.test/bad', retry_count: 0 }\n";
        let more = if how == 1 { bad } else { "" };
        let flow = flow_over(&api, &format!("{head}{WITH_TOKEN}{more}"));
        let report = if how == 2 { cancelled(&flow, 1_000).await } else { run(&flow).await };
        let expected = [
            "timed_out: pay timed_out (timeout), get timed_out (timeout)",
            "failed: pay cancelled (cancelled), get cancelled (cancelled), bad failed (status)",
            "cancelled: pay cancelled (cancelled), get cancelled (cancelled)",
        ];
        assert_eq!(told(&report), expected[how]);
        assert_unsent(&report, "pay");
        assert_unsent(&report, "get");
        let sent = u64::from(how == 1);
        assert_eq!(report.metrics.expect("on").total_requests, sent);
        assert_eq!(flow.get_metrics().overall.total_requests, sent);
        assert_eq!((report.usage["r"].calls, report.usage["r"].attempts), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_unsafe_call_that_is_cut_while_it_connects_has_sent_nothing_and_a_sent_one_may_have_worked()
 {
    let text = "
mode: fanout
total_timeout: 2s
resources: { r: {} }
endpoints:
  - { name: connects, url: 'http://api.test/slow', method: POST, resource: r }
  - { name: sent, url: 'http://api.test/a', method: POST, resource: r }
  - { name: counted, url: 'http://api.test/slow', resource: r, rate_limit: 9 }
  - { name: again, url: 'http://api.test/again', method: PUT, resource: r, rate_limit: 9, retry_delay: 0 }
";
    let api = Api::new(|path, count| match (path, count) {
        ("/slow", _) => late(0, 1).connecting_for(ms(3_000)),
        ("/again", 0) => Reply::status(503).after(ms(100)),
        ("/again", _) => late(0, 1).connecting_for(ms(3_000)),
        _ => Reply::stalled(),
    });
    let report = run(&flow_over(&api, text)).await;
    assert_eq!(
        told(&report),
        "timed_out: connects timed_out (timeout), sent timed_out (unknown_outcome), \
         counted timed_out (timeout), again timed_out (timeout)"
    );
    assert_unsent(&report, "connects");
    assert_unsent(&report, "counted");
    assert_eq!((step(&report, "sent").attempts, step(&report, "again").attempts), (1, 1));
    assert!(message(&report, "again").ends_with("before the call was done"));
    assert_eq!(report.metrics.expect("on").total_requests, 2);
    assert_eq!((report.usage["r"].calls, report.usage["r"].attempts), (2, 2));
    assert_eq!(api.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_next_attempt_when_it_is_cut_has_sent_those_before() {
    let text = "
mode: fanout
resources: { r: {} }
endpoints:
  - { name: a, url: 'http://api.test/a', resource: r, retry_delay: 60s }
";
    let api = Api::new(|_, _| Reply::status(503).header("content-type", "text/plain").body("busy"));
    let report = cancelled(&flow_over(&api, text), 2_000).await;
    assert_eq!(told(&report), "cancelled: a cancelled (cancelled)");
    assert!(message(&report, "a").ends_with("before the call was done"));
    assert_eq!((step(&report, "a").attempts, api.requests().len()), (1, 1));
    let usage = &report.usage["r"];
    assert_eq!((usage.calls, usage.attempts, usage.bytes_received), (1, 1, 4));
}

#[tokio::test(start_paused = true)]
async fn those_who_joined_a_flight_that_is_cut_have_sent_nothing() {
    let api = Api::new(|_, _| Reply::stalled());
    let text = "
mode: fanout
total_timeout: 1s
cache_ttl: 1h
endpoints:
  - { name: a, url: 'http://api.test/a' }
  - { name: b, url: 'http://api.test/a' }
  - { name: c, url: 'http://api.test/a' }
";
    let flow = flow_over(&api, text);
    let report = run(&flow).await;
    assert_eq!(
        told(&report),
        "timed_out: a timed_out (timeout), b timed_out (timeout), c timed_out (timeout)"
    );
    assert_eq!(api.requests().len(), 1);
    assert_eq!(report.metrics.expect("on").total_requests, 1);
    assert_eq!(step(&report, "a").attempts, 1);
    assert_unsent(&report, "b");
    assert_eq!(flow.get_metrics().overall.total_requests, 1);
}

#[tokio::test(start_paused = true)]
async fn the_output_of_a_run_that_was_cut_says_what_its_steps_say() {
    let head = "mode: fanout\ntotal_timeout: 1s\noutput: $steps.pay.error.kind";
    let report = run(&flow_over(&slow_token(), &format!("{head}{WITH_TOKEN}"))).await;
    assert_eq!(report.output, json!("timeout"));
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_of_a_run_that_was_cut_stays_as_the_kernel_made_it() {
    let flow = flow_over(&slow_token(), &format!("mode: fanout\ntotal_timeout: 1s{WITH_TOKEN}"));
    let (report, (), snapshot) = flow.run(json!({})).expect("a run").drive_observed().await;
    assert_unsent(&report, "pay");
    let known = flow.report(&snapshot);
    assert_eq!(told(&known), "timed_out: pay timed_out (unknown_outcome), get timed_out (timeout)");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_does_not_come_is_waited_for_no_longer_than_for_an_answer() {
    let api = Api::new(|path, count| match (path, count) {
        ("/token", 0) => Reply::stalled(),
        _ => Reply::json(&json!({"access_token": "t"})),
    });
    let text = WITH_TOKEN
        .replace("resource: r }", "resource: r, timeout: 2s, retry_delay: 0, retry_count: 1 }");
    let text = text.replace(
        "method: POST, resource: r, timeout: 2s, retry_delay: 0, retry_count: 1",
        "method: POST, resource: r, timeout: 1s",
    );
    let flow = flow_over(&api, &format!("mode: fanout{text}"));
    let begun = Instant::now();
    let report = run(&flow).await;
    assert_eq!(told(&report), "failed: pay failed (timeout), get failed (timeout)");
    assert_eq!(begun.elapsed(), ms(4_000), "two attempts of two seconds");
    assert_eq!((step(&report, "pay").attempts, step(&report, "get").attempts), (0, 0));
    assert!(
        message(&report, "pay").contains("POST http://api.test/pay is not sent: no credentials"),
        "{}",
        message(&report, "pay")
    );
    assert_eq!(step(&report, "pay").elapsed_ms, 1_000.0);
    // The fetch ends in its own time, and then there is another one.
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(told(&run(&flow).await), "completed: pay ok, get ok");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_before_it_is_sent_leaves_the_limit_to_the_next() {
    for broken in [
        "method: POST, headers: { Content-Type: multipart/form-data }, body: { f: { file: /nowhere/at/all } }",
        "save_to: /nowhere/at/all",
    ] {
        let api = Api::new(|_, _| late(0, 1));
        let text = format!(
            "mode: sequential\nglobal_rate_limit: 1\nrate_limit_window: 60s\nendpoints:\n  \
             - {{ name: broken, url: 'http://api.test/a', {broken} }}\n  \
             - {{ name: next, url: 'http://api.test/b' }}\n"
        );
        let begun = Instant::now();
        let flow = flow_over(&api, &text);
        let report = run(&flow).await;
        assert_eq!(told(&report), "failed: broken failed (transform), next ok");
        assert_eq!(begun.elapsed(), ms(0), "{broken}");
        assert_eq!(flow.rate_limits("next")[1].remaining, Some(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_refused_uses_nothing_of_the_limit_up() {
    let api = Api::new(|_, count| if count < 3 { Reply::refused() } else { late(0, 1) });
    let text = "
mode: sequential
rate_limit_window: 60s
endpoints:
  - { name: a, url: 'http://api.test/a', rate_limit: 1, retry_delay: 0 }
";
    assert_eq!(told(&run(&flow_over(&api, text)).await), "completed: a ok");
    assert_eq!(api.times(), [0; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_call_misses_the_cache_once_however_often_it_has_to_ask() {
    let api = Api::new(|_, _| late(0, 1));
    let text = "
mode: fanout
cache_ttl: 1h
rate_limit_window: 1s
global_rate_limit: 1
endpoints:
  - { name: a, url: 'http://api.test/a' }
  - { name: b, url: 'http://api.test/b' }
  - { name: c, url: 'http://api.test/c' }
";
    let flow = flow_over(&api, text);
    run(&flow).await;
    assert_eq!((flow.get_metrics().overall.cache_misses, api.times().len()), (3, 3));
    run(&flow).await;
    assert_eq!(flow.get_metrics().overall.cache_misses, 3);
}

/// As a server's clock sees it: the tenth call of a limit of nine comes a window after the first.
#[tokio::test]
async fn on_the_wire_no_window_holds_more_than_its_limit() {
    let (begun, seen) = (std::time::Instant::now(), std::sync::Arc::default());
    let times: std::sync::Arc<std::sync::Mutex<Vec<Duration>>> = std::sync::Arc::clone(&seen);
    let server = Server::start(move |_| {
        times.lock().expect("no panic").push(begun.elapsed());
        crate::server::json("1")
    })
    .await;
    let url = server.url("/{n}");
    let lines = crate::world::endpoints("e", 30, &format!("url: '{url}'"));
    let text = format!(
        "mode: fanout\nmax_concurrent: 30\nrate_limit_window: 300ms\nglobal_rate_limit: 9\nendpoints:\n{lines}"
    );
    let report = run(&flow(Services::new(), &text)).await;
    assert_eq!(report.outcome, RunOutcome::Completed, "{}", told(&report));
    let mut seen = seen.lock().expect("no panic").clone();
    seen.sort_unstable();
    assert_eq!(seen.len(), 30);
    for window in seen.windows(10) {
        // Two requests may take a little longer or shorter to be looked at.
        assert!(window[9] - window[0] >= ms(290), "{seen:?}");
    }
}

/// A server that says nothing while the connection is set up hears nothing, either.
#[tokio::test]
async fn over_tls_a_post_that_is_cut_in_the_handshake_has_sent_nothing() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = silent.local_addr().expect("its address").port();
    let text = format!(
        "mode: fanout\ntotal_timeout: 300ms\nendpoints:\n  \
         - {{ name: pay, url: 'https://127.0.0.1:{port}/pay', method: POST }}\n  \
         - {{ name: get, url: 'https://127.0.0.1:{port}/get', rate_limit: 1 }}\n"
    );
    let flow = flow(Services::new(), &text);
    let report = run(&flow).await;
    assert_eq!(told(&report), "timed_out: pay timed_out (timeout), get timed_out (timeout)");
    assert_unsent(&report, "pay");
    assert_unsent(&report, "get");
    assert_eq!(flow.get_metrics().overall.total_requests, 0);
    assert_eq!(flow.rate_limits("get")[0].remaining, Some(1), "its place is free again");
}

/// A POST that a real server has read may have worked, whatever becomes of its answer.
#[tokio::test]
async fn a_post_that_a_server_has_heard_may_have_worked() {
    let server = Server::start(|_| Wire::Silence).await;
    let url = server.url("/pay");
    let text = format!(
        "mode: fanout\ntotal_timeout: 300ms\nglobal_rate_limit: 5\nendpoints:\n  \
         - {{ name: pay, url: '{url}', method: POST }}\n"
    );
    let report = run(&flow(Services::new(), &text)).await;
    assert_eq!(told(&report), "timed_out: pay timed_out (unknown_outcome)");
    assert_eq!(step(&report, "pay").attempts, 1);
    server.heard("/pay", 1).await;
}
