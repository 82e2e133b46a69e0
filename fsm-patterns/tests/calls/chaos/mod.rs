//! Ten thousand calls to a server that misbehaves: each comes to one well-formed end, and nothing is
//! left of them.
//!
//! What the server does is decided by a seed, which a failure prints; `FSM_CHAOS_SEED` sets it.

mod bomb;
mod dice;
mod flows;
mod hostile;
mod shape;

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use fsm_http::breaker::BreakerState;
use fsm_patterns::Flow;
use serde_json::json;

use self::flows::{KINDS, SIZE};
use self::hostile::Hostile;
use crate::world::{ms, waiting};

/// Fresh flows of each kind, one after the other.
const ROUNDS: usize = 8;
/// Runs of a flow at once.
const RUNS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);
/// How often all kinds of flows run at most, until each end was seen.
const MOST_PASSES: usize = 3;

/// How calls must end now and then, or the server was not hostile enough.
const ENDS: [&str; 13] = [
    "ok ",
    "cached ",
    "recovered status",
    "skipped ",
    "failed timeout",
    "failed reset",
    "failed decode",
    "failed rate_limited",
    "failed too_large",
    "failed redirect",
    "failed unknown_outcome",
    "failed auth",
    "cancelled cancelled",
];

fn seed() -> u64 {
    match std::env::var("FSM_CHAOS_SEED") {
        Ok(text) => text.parse().expect("FSM_CHAOS_SEED is a number"),
        Err(_) => RandomState::new().build_hasher().finish(),
    }
}

/// The memory of this process, in bytes; nothing where the system does not tell.
fn memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<usize>().ok()? * 1024)
}

/// Nobody waits, nobody probes.
fn assert_nothing_is_held(flow: &Flow, kind: &str) {
    for endpoint in flow.endpoints() {
        assert_eq!(waiting(flow, endpoint), 0, "{kind}: a place in the queue of {endpoint}");
        if let Some(breaker) = flow.circuit_breaker(endpoint) {
            let state = breaker.state();
            assert_ne!(state, BreakerState::HalfOpen { probing: true }, "{kind}: {endpoint}");
        }
    }
}

/// How calls ended, and how many.
type Ends = BTreeMap<String, usize>;

fn happened(all: &Ends, end: &str) -> bool {
    all.keys().any(|key| key.starts_with(end))
}

/// Runs flows of one kind; the last of them comes back.
async fn suffer(kind: &'static str, base: String, secret: String) -> (Ends, Flow) {
    let mut ends = Ends::new();
    let mut last = None;
    for _ in 0..ROUNDS {
        let flow = flows::build(kind, &base, &secret);
        let runs: Vec<_> =
            (0..RUNS).map(|_| tokio::spawn(flow.run(json!({})).expect("a run").drive())).collect();
        for run in runs {
            let report = run.await.expect("no panic");
            shape::hold(&report);
            for step in report.steps.values() {
                let kind = step.error.as_ref().map_or("", |error| error.kind.as_str());
                *ends.entry(format!("{} {kind}", step.status.as_str())).or_default() += 1;
            }
        }
        assert_nothing_is_held(&flow, kind);
        last = Some(flow);
    }
    (ends, last.expect("there were some"))
}

#[expect(clippy::print_stdout, reason = "a failure shows the seed, and how far it came")]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ten_thousand_calls_to_a_hostile_server_each_end_well_formed_and_leave_nothing_behind() {
    let seed = seed();
    println!("FSM_CHAOS_SEED={seed}");
    let began = Instant::now();
    let tasks = tokio::runtime::Handle::current().metrics();
    let before = tasks.num_alive_tasks();
    let server = Hostile::start(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hush").expect("a file");
    let secret = secret.display().to_string();

    let mut first_memory = None;
    let (mut all, mut left) = (Ends::new(), Vec::new());
    // On a busy machine time-outs crowd the rarer ends out: then everybody suffers once more.
    for _ in 0..MOST_PASSES {
        let kinds: Vec<_> = KINDS
            .iter()
            .map(|kind| (*kind, tokio::spawn(suffer(kind, server.url(), secret.clone()))))
            .collect();
        for (kind, suffering) in kinds {
            let (ends, flow) = suffering.await.unwrap_or_else(|why| panic!("{kind}: {why}"));
            println!("{kind}: {ends:?}");
            ends.into_iter().for_each(|(end, count)| *all.entry(end).or_default() += count);
            left.push((kind, flow));
            first_memory = first_memory.or_else(memory);
        }
        if ENDS.iter().all(|end| happened(&all, end)) {
            break;
        }
    }
    let (calls, requests) = (all.values().sum::<usize>(), server.requests());
    println!("{calls} calls, {requests} requests, {:?}: {all:?}", began.elapsed());
    assert!(calls >= KINDS.len() * ROUNDS * RUNS * SIZE && calls >= 10_000, "{calls}");
    // Fewer than calls, since many are cancelled, cached, or refused; a busy machine times more out.
    assert!(requests >= 2_000, "{requests}");
    for end in ENDS {
        assert!(happened(&all, end), "no call ended as {end}: {all:?}");
    }
    if let (Some(first), Some(last)) = (first_memory, memory()) {
        let grown = last.saturating_sub(first) / (1024 * 1024);
        assert!(grown < 100, "{grown} MiB more than when the first kind was done");
    }

    // What held a place, a permit, a probe, or a flight would now wait for ever.
    server.calm_down();
    tokio::time::sleep(ms(1_200)).await;
    for (kind, flow) in &left {
        let run = tokio::time::timeout(Duration::from_secs(10), flow.execute(json!({}))).await;
        let report = run.unwrap_or_else(|_| panic!("{kind} waits for ever")).expect("a run");
        shape::hold(&report);
        for (name, step) in &report.steps {
            // Some were told to stay away for a century.
            let is_held = step.error.as_ref().is_some_and(|error| {
                error.kind == fsm_http::ErrorKind::RateLimited
                    || error.kind == fsm_http::ErrorKind::Cancelled
            });
            let is_well = matches!(step.status.as_str(), "ok" | "cached" | "skipped");
            assert!(is_well || is_held, "{kind}: {name} is {step:?}");
        }
        assert_nothing_is_held(flow, kind);
    }
    left.clear();
    for _ in 0..1_000 {
        if server.connections() == 0 && tasks.num_alive_tasks() <= before {
            break;
        }
        tokio::time::sleep(ms(5)).await;
    }
    assert_eq!(server.connections(), 0, "sockets are open");
    assert!(tasks.num_alive_tasks() <= before, "{} tasks are left", tasks.num_alive_tasks());
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}
