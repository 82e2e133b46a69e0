//! What ends a run early, and many calls side by side.
//!
//! Ten calls are proven here without limits of the run, and with a deadline. With `fail_fast` and a
//! threshold the number of states grows faster, so fewer calls stand for ten in a debug build. Ten
//! calls with three retries each, by `cargo run --release -p fsm-cli -- check --deep FILE`, on two
//! cores:
//!
//! | settings | states | seconds |
//! |---|---|---|
//! | none | 41 | 0.1 |
//! | `total_timeout: 30s` | 42 | 0.1 |
//! | `fail_fast: true` | 6,146 | 0.3 |
//! | `error_threshold: 0.3` | 23,937 | 1.1 |

use std::time::{Duration, Instant};

use fsm_patterns::Flow;
use fsm_testkit::flows::FAILS_FAST;
use fsm_testkit::prove::{Finding, Proof, Prover, standard};

use super::flow;

fn side_by_side(count: usize, settings: &str) -> Flow {
    let call = |number| format!("name: call{number}, url: 'http://shop.test/call', retry_count: 3");
    let calls: Vec<String> = (0..count).map(call).collect();
    let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    flow(&format!("mode: parallel\n{settings}"), &calls)
}

fn assert_proven(count: usize, settings: &str) -> Proof {
    let began = Instant::now();
    let proof = Prover::of_flow(&side_by_side(count, settings)).prove();
    proof.assert_proven();
    assert!(began.elapsed() < Duration::from_secs(60), "{settings}: {proof}");
    proof
}

#[test]
fn ten_calls_side_by_side_are_proven_in_seconds() {
    assert_proven(10, "");
    let proof = assert_proven(10, "total_timeout: 30s");
    assert_eq!(proof.claim(standard::DEADLINE_ENDS), Some(&Finding::Proven));
}

#[test]
fn the_first_failure_ends_a_run_that_fails_fast() {
    let proof = assert_proven(7, "fail_fast: true");
    assert_eq!(proof.claim(FAILS_FAST), Some(&Finding::Proven));
}

#[test]
fn a_run_is_over_when_more_has_failed_than_the_threshold_allows() {
    assert_proven(5, "error_threshold: 0.3");
    let flow = side_by_side(4, "error_threshold: 0.5");
    Prover::of_flow(&flow)
        .always("beyond the threshold it is over", |run| {
            run.context().failures() <= 2 || run.is_over()
        })
        .sometimes("two failures are tolerated", |run| {
            run.context().failures() == 2 && !run.is_over()
        })
        .prove()
        .assert_proven();
}

#[test]
fn the_deadline_ends_every_run_whatever_else_ends_it() {
    for settings in ["", "fail_fast: true", "error_threshold: 0.5"] {
        let proof = assert_proven(3, &format!("total_timeout: 5s\n{settings}"));
        assert_eq!(proof.claim(standard::DEADLINE_ENDS), Some(&Finding::Proven), "{settings}");
    }
}
