//! Flows, proven before they send a request.

use std::time::{Duration, Instant};

use fsm_patterns::Flow;
use fsm_patterns::file::load;
use fsm_testkit::flows::{FlowSize, any_flow};
use fsm_testkit::prove::{Proof, Prover};
use proptest::prelude::*;

fn flow(text: &str) -> Flow {
    let spec = load("flow.yaml", text).unwrap_or_else(|report| panic!("{report}"));
    Flow::new(spec.spec).expect("the story's flow is sound")
}

fn prove(flow: &Flow) -> Proof {
    Prover::of_flow(flow).prove()
}

fn ten_calls(mode: &str, settings: &str) -> String {
    let mut text = format!("fsm: 1\nname: ten\nmode: {mode}\n{settings}\nendpoints:\n");
    for number in 0..10 {
        let name = format!("call{number}");
        text +=
            &format!("  - {{ name: {name}, url: \"http://shop.test/{name}\", retry_count: 3 }}\n");
    }
    text
}

#[test]
fn ten_calls_side_by_side_are_proven_in_seconds() {
    for settings in ["", "fail_fast: true", "total_timeout: 30s", "error_threshold: 0.3"] {
        let began = Instant::now();
        let proof = prove(&flow(&ten_calls("parallel", settings)));
        println!("{settings}: {:?} {} {}", began.elapsed(), proof.states(), proof.steps());
        proof.assert_proven();
        assert!(began.elapsed() < Duration::from_secs(20), "{settings}: {proof}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn every_flow_is_sound(plan in any_flow(FlowSize::SMALL)) {
        let flow = plan.flow();
        let proof = Prover::of_flow(&flow).max_states(20_000).prove();
        prop_assert!(proof.refuted().next().is_none(), "{}\n{}", flow.graph().to_dot(), proof);
    }
}
