//! What one call that waits takes of memory. Alone in its process, whose size is what is measured.
#![cfg(target_os = "linux")]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use fsm_http::caller::Caller;
use fsm_http::limit::{Bucket, Rate};
use fsm_http::{Call, MemoryTransport, Reply};
use fsm_patterns::{Endpoint, Orchestration};
use http::Method;
use serde_json::json;

/// The memory of this process, in bytes.
fn size() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the size");
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024
}

/// Ten runs of a thousand endpoints, and then twenty thousand calls without a flow: they wait for a
/// limit that lets nobody through. The smaller crowd comes first, since its memory is used again.
#[tokio::test(start_paused = true)]
async fn a_call_that_waits_takes_a_few_kilobytes() {
    let server = Arc::new(MemoryTransport::replying(|_| Reply::json(&json!(1))));
    let hour = Duration::from_secs(3_600);
    let endpoint = |number: usize| Endpoint::get(format!("e{number}"), "http://api.test/a");
    let flow = Orchestration::fanout("test").rate_limit_window(hour).global_rate_limit(1);
    let flow = (0..1_000).fold(flow, |flow, number| flow.endpoint(endpoint(number)));
    let flow = flow.build_with(server.clone()).expect("a flow");
    let start = || tokio::spawn(flow.run(json!({})).expect("a run").drive());
    let mut runs = vec![start()];
    tokio::time::sleep(Duration::from_millis(1)).await;
    let before = size();
    runs.extend((0..10).map(|_| start()));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(flow.rate_limits("e0")[1].waiting, 10_999);
    let each = (size().saturating_sub(before)) / 10_000;
    assert!(each < 8 * 1024, "{each} bytes for each endpoint that waits");
    for run in &runs {
        run.abort();
    }
    drop(runs);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(flow.rate_limits("e0")[1].waiting, 0);

    let bucket = Bucket::new([Rate::new(NonZeroU32::MIN, hour)]);
    bucket.acquire(NonZeroU32::MIN).await.expect("it is the first");
    let caller = Caller::new("a", server).bucket(bucket.clone());
    let call = Call::new(Method::GET, "http://api.test/a".parse().expect("a url"));
    let wait = |count: usize| {
        let wait = |_| {
            let (caller, call) = (caller.clone(), call.clone());
            tokio::spawn(async move { caller.call(&call).await.map(drop) })
        };
        (0..count).map(wait).collect::<Vec<_>>()
    };
    let mut crowd = wait(1_000);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let before = size();
    crowd.extend(wait(20_000));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(bucket.status().waiting, 21_000);
    let each = (size() - before) / 20_000;
    assert!(each < 8 * 1024, "{each} bytes for each call that waits");
    for one in &crowd {
        one.abort();
    }
    drop(crowd);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(bucket.status().waiting, 0);
}
