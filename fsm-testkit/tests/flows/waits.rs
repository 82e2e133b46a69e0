//! Steps that wait, proven: delays and polls come to an end, and a signal may come or not.

use fsm_testkit::prove::{Prover, standard};

use super::flow;

const APPROVAL: &str = "name: approval, signal: approved, depends_on: [order]";

fn refuted(settings: &str, endpoints: &[&str]) -> Vec<String> {
    let proof = Prover::of_flow(&flow(settings, endpoints)).prove();
    proof.refuted().map(|claim| claim.name.clone()).collect()
}

#[test]
fn a_flow_with_every_kind_of_wait_is_proven() {
    let endpoints = [
        "name: order, url: 'http://a.test/order'",
        "name: approval, signal: approved, timeout: 1h, transform_output: $data.by, depends_on: [order]",
        "name: job, url: 'http://a.test/job', depends_on: [order], poll: { until: $data.n > 9, fail_if: $data.lost == true, timeout: 1h }",
        "name: rest, delay: 5m, depends_on: [job, approval]",
    ];
    for settings in ["mode: parallel", "mode: parallel\ntotal_timeout: 2h"] {
        let flow = flow(settings, &endpoints);
        Prover::of_flow(&flow).prove().assert_proven();
    }
}

#[test]
fn a_step_that_waits_for_a_signal_however_long_it_takes_is_no_trap() {
    let endpoints = ["name: order, url: 'http://a.test/order'", APPROVAL];
    assert_eq!(refuted("mode: parallel", &endpoints), [""; 0]);
}

#[test]
fn a_poll_that_can_never_be_done_is_found() {
    // `until` can never hold, so the step can only fail, and nothing comes after it.
    let never = "name: job, url: 'http://a.test/job', poll: { until: $data.n > 2 && $data.n < 1 }";
    let found = refuted("mode: pipeline", &[never, "name: rest, delay: 1s"]);
    assert_eq!(found, [standard::EVERY_STATE, standard::EVERY_TRANSITION]);
}
