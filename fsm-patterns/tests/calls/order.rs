//! What stands around a call, in which order it is asked, and what a wait costs.

use std::time::Duration;

use fsm_http::Reply;
use fsm_patterns::{RunOutcome, Services};
use serde_json::json;

use crate::world::{
    Api, count, endpoints, flow, flow_over, late, message, ms, run, step, told, waiting,
};

#[tokio::test(start_paused = true)]
async fn a_cache_hit_costs_no_token_and_every_attempt_costs_one() {
    let api = Api::new(|_, count| if count == 0 { Reply::status(503) } else { late(0, 1) });
    let text = "
mode: sequential
cache_ttl: 1h
rate_limit_window: 60s
endpoints:
  - { name: a, url: 'http://api.test/a', rate_limit: 3, retry_delay: 0 }
";
    let flow = flow_over(&api, text);
    assert_eq!(told(&run(&flow).await), "completed: a ok");
    assert_eq!(flow.rate_limits("a")[0].remaining, Some(1), "two attempts cost two of three");
    for _ in 0..5 {
        let report = run(&flow).await;
        assert_eq!(told(&report), "completed: a cached");
        let a = step(&report, "a");
        assert_eq!((a.attempts, a.elapsed_ms, a.latency_ms), (0, 0.0, None));
    }
    assert_eq!(flow.rate_limits("a")[0].remaining, Some(1));
    assert_eq!(api.times(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_answers_at_once_and_names_the_last_real_error_and_when_it_reopens() {
    let api = Api::new(|_, _| {
        Reply::status(503).header("content-type", "text/plain").body("the shop burns")
    });
    let text = "
mode: sequential
circuit_breaker_threshold: 2
circuit_breaker_timeout: 45s
endpoints:
  - { name: a, url: 'http://api.test/a', retry_count: 5, retry_delay: 0 }
";
    let flow = flow_over(&api, text);
    for _ in 0..3 {
        let report = run(&flow).await;
        assert_eq!(told(&report), "failed: a failed (circuit_open)");
        let message = message(&report, "a");
        for part in ["the shop burns", "503", "45"] {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert_eq!(step(&report, "a").elapsed_ms, 0.0, "nobody sleeps behind it");
    }
    assert_eq!(api.times().len(), 2, "every attempt counts, and none is sent after the second");
    assert_eq!(flow.get_metrics().overall.breaker_openings, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_for_the_limiter_asks_the_breaker_again() {
    let api = Api::new(|_, _| Reply::status(500).after(ms(500)));
    let text = "
mode: sequential
circuit_breaker_threshold: 1
circuit_breaker_timeout: 60s
rate_limit_window: 1s
endpoints:
  - { name: a, url: 'http://api.test/a', rate_limit: 1, retry_count: 0 }
";
    let flow = flow_over(&api, text);
    let first = {
        let flow = flow.clone();
        tokio::spawn(async move { run(&flow).await })
    };
    tokio::time::sleep(ms(100)).await;
    let second = run(&flow).await;
    assert_eq!(told(&first.await.expect("no panic")), "failed: a failed (status)");
    assert_eq!(told(&second), "failed: a failed (circuit_open)");
    assert_eq!((step(&second, "a").attempts, step(&second, "a").elapsed_ms), (0, 900.0));
    assert_eq!(api.times(), [0]);
    assert_eq!(waiting(&flow, "a"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_for_the_limiter_asks_the_cache_again() {
    let api = Api::new(|_, _| late(0, 1));
    let text = "
mode: fanout
cache_ttl: 1h
rate_limit_window: 10s
global_rate_limit: 1
endpoints:
  - { name: other, url: 'http://api.test/other' }
  - { name: a, url: 'http://api.test/a' }
  - { name: b, url: 'http://api.test/a' }
  - { name: c, url: 'http://api.test/a' }
";
    let flow = flow_over(&api, text);
    let report = run(&flow).await;
    assert_eq!((count(&report, "ok"), count(&report, "cached")), (2, 2), "{}", told(&report));
    assert_eq!(api.times(), [0, 10_000], "one token for all who want the same");
    assert_eq!(waiting(&flow, "a"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_limiter_takes_no_slot_and_is_no_attempt() {
    let api = Api::new(|path, _| late(if path == "/slow" { 700 } else { 1 }, 1));
    let text = "
mode: fanout
max_concurrent: 1
rate_limit_window: 10s
resources: { r: { rate_limit: 1 } }
endpoints:
  - { name: a, url: 'http://api.test/a', resource: r, retry_count: 0 }
  - { name: b, url: 'http://api.test/b', resource: r, retry_count: 0 }
  - { name: c, url: 'http://api.test/c', resource: r, retry_count: 0 }
  - { name: slow, url: 'http://api.test/slow' }
";
    let report = run(&flow_over(&api, text)).await;
    assert_eq!(told(&report), "completed: a ok, b ok, c ok, slow ok");
    assert_eq!(
        api.log(),
        [(0, "/a"), (1, "/slow"), (10_000, "/b"), (20_000, "/c")].map(|(at, p)| (at, p.to_owned()))
    );
    for name in ["a", "b", "c"] {
        assert_eq!(step(&report, name).attempts, 1, "{name}");
    }
    assert_eq!(step(&report, "c").latency_ms, Some(1.0), "the wait is not the service's");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_passes_the_end_of_the_run_ends_the_call_at_once_as_rate_limited() {
    let api = Api::new(|_, _| late(0, 1));
    let text = "
mode: fanout
total_timeout: 5s
rate_limit_window: 60s
global_rate_limit: 1
endpoints:
  - { name: a, url: 'http://api.test/a' }
  - { name: b, url: 'http://api.test/b' }
";
    let flow = flow_over(&api, text);
    let began = tokio::time::Instant::now();
    let report = run(&flow).await;
    assert_eq!(told(&report), "failed: a ok, b failed (rate_limited)");
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits for what can't come");
    assert_eq!(step(&report, "b").attempts, 0);
    assert!(message(&report, "b").contains("total_timeout"), "{}", message(&report, "b"));
    assert_eq!(waiting(&flow, "b"), 0);
}

#[tokio::test(start_paused = true)]
async fn who_a_server_asks_to_wait_too_long_is_not_sent_to_it_by_a_later_call_either() {
    let api = Api::new(|_, count| match count {
        0 => Reply::status(429).header("retry-after", "100"),
        _ => late(0, 1),
    });
    let text = "
mode: sequential
endpoints:
  - { name: a, url: 'http://api.test/a', retry_max_wait: 5s }
";
    let flow = flow_over(&api, text);
    let first = run(&flow).await;
    assert_eq!(told(&first), "failed: a failed (rate_limited)");
    assert_eq!((step(&first, "a").attempts, step(&first, "a").http_status), (1, Some(429)));
    let second = run(&flow).await;
    assert_eq!(told(&second), "failed: a failed (rate_limited)");
    assert_eq!((step(&second, "a").attempts, step(&second, "a").elapsed_ms), (0, 0.0));
    assert_eq!(api.times(), [0]);
    assert_eq!(waiting(&flow, "a"), 0);
    // 96 s later four are left, which is not too long.
    tokio::time::advance(Duration::from_secs(96)).await;
    let third = run(&flow).await;
    assert_eq!(told(&third), "completed: a ok");
    assert_eq!(api.times(), [0, 100_000]);
}

#[tokio::test(start_paused = true)]
async fn our_own_limit_is_waited_for_however_short_the_longest_wait_for_a_server_is() {
    let api = Api::new(|_, _| late(0, 1));
    let text = "
mode: sequential
rate_limit_window: 60s
global_rate_limit: 1
endpoints:
  - { name: a, url: 'http://api.test/a', retry_max_wait: 0 }
  - { name: b, url: 'http://api.test/b', retry_max_wait: 0 }
";
    assert_eq!(told(&run(&flow_over(&api, text)).await), "completed: a ok, b ok");
    assert_eq!(api.times(), [0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn the_figures_of_a_run_are_those_of_its_attempts() {
    let api = Api::new(|path, count| match (path, count) {
        ("/a", 0) => Reply::status(503).after(ms(10)),
        ("/bad", _) => Reply::status(404).after(ms(20)),
        _ => late(30, 1),
    });
    let text = "
mode: sequential
rate_limit_window: 10s
endpoints:
  - { name: a, url: 'http://api.test/a', retry_delay: 0 }
  - { name: bad, url: 'http://api.test/bad' }
  - { name: skipped, url: 'http://api.test/c', condition: 1 == 2 }
  - { name: d, url: 'http://api.test/d', rate_limit: 1 }
";
    let services = Services::new().with_transport(api.clone());
    let flow = flow(services, text);
    let report = run(&flow).await;
    assert_eq!(told(&report), "failed: a ok, bad failed (status), skipped skipped, d ok");
    let metrics = report.metrics.expect("they are on");
    assert_eq!((metrics.total_requests, metrics.success_rate), (4, Some(50.0)));
    assert_eq!(metrics.error_rate, Some(0.5));
    assert_eq!(metrics.avg_latency_ms, Some((30.0 + 20.0 + 30.0) / 3.0));
    run(&flow).await;
    let all = flow.get_metrics();
    assert_eq!(all.overall.total_requests, 7);
    assert_eq!(all.overall.retries, 1);
    assert_eq!(all.overall.limiter_waits, 1);
    assert!((all.overall.limiter_wait_ms - 9_940.0).abs() < 60.0, "{all:?}");
    assert_eq!(all.endpoints["bad"].error_rate, Some(1.0));
    assert_eq!(all.overall.errors["status"], 3, "{:?}", all.overall.errors);
    assert_eq!(all.endpoints["a"].errors["status"], 1);
}

#[tokio::test(start_paused = true)]
async fn ten_runs_share_one_limit_and_each_call_is_served_once_in_order() {
    let api = Api::new(|_, _| late(0, 1));
    let text = format!(
        "mode: fanout\nmax_concurrent: 3\nrate_limit_window: 1s\nglobal_rate_limit: 7\nendpoints:\n{}",
        endpoints("e", 14, "url: 'http://api.test/{n}', rate_limit: 4")
    );
    let flow = flow_over(&api, &text);
    let runs: Vec<_> = (0..10)
        .map(|_| {
            let flow = flow.clone();
            tokio::spawn(async move { run(&flow).await })
        })
        .collect();
    for one in runs {
        let report = one.await.expect("no panic");
        assert_eq!(report.outcome, RunOutcome::Completed, "{}", told(&report));
        assert_eq!(report.metrics.expect("on").total_requests, 14);
    }
    let times = api.times();
    assert_eq!(times.len(), 140);
    for window in times.windows(8) {
        assert!(window[7] - window[0] >= 1_000, "8 within a second: {window:?}");
    }
    assert_eq!(*times.last().expect("there are some"), 19_000, "no second is lost: {times:?}");
    for n in 0..14 {
        assert_eq!(waiting(&flow, &format!("e{n}")), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn usage_counts_what_was_sent_and_not_what_came_from_the_cache() {
    let api = Api::new(|_, count| match count {
        0 => Reply::status(503).header("content-type", "text/plain").body("12345"),
        _ => Reply::text("1234567890"),
    });
    let text = "
mode: sequential
cache_ttl: 1h
resources: { r: {} }
endpoints:
  - { name: a, url: 'http://api.test/a', resource: r, retry_delay: 0 }
  - { name: b, url: 'http://api.test/a', resource: r }
";
    let flow = flow_over(&api, text);
    let report = run(&flow).await;
    assert_eq!(told(&report), "completed: a ok, b cached");
    let usage = serde_json::to_value(&report.usage).expect("plain data");
    let expected = json!({"r": {"calls": 1, "attempts": 2, "bytes_sent": 0, "bytes_received": 15}});
    assert_eq!(usage, expected);
    let second = serde_json::to_value(run(&flow).await.usage).expect("plain data");
    assert_eq!(second["r"]["calls"], 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_sleeps_behind_a_circuit_that_is_open_longer_than_the_wait() {
    let api = Api::new(|_, _| Reply::status(503));
    let text = |timeout: &str| {
        format!(
            "
mode: sequential
circuit_breaker_threshold: 1
circuit_breaker_timeout: {timeout}
endpoints: [{{ name: a, url: 'http://api.test/a', retry_delay: 6s, retry_count: 1 }}]
"
        )
    };
    let report = run(&flow_over(&api, &text("60s"))).await;
    let a = step(&report, "a");
    assert_eq!(told(&report), "failed: a failed (circuit_open)");
    assert_eq!((a.attempts, a.elapsed_ms, a.http_status), (1, 0.0, Some(503)));
    assert!(message(&report, "a").contains("503 Service Unavailable"), "{}", message(&report, "a"));

    // Where the wait outlasts the circuit, the next attempt is the probe.
    let report = run(&flow_over(&api, &text("1s"))).await;
    assert_eq!(told(&report), "failed: a failed (status)");
    assert_eq!(step(&report, "a").attempts, 2);
}
