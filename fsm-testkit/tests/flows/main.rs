//! Flows, proven before they send a request.
//!
//! `modes` proves each of the six modes, with what it promises; `limits` proves ten calls side by
//! side, and what ends a run early; `life` proves calls under `max_concurrent`, with time, waits, and
//! a crash; `waits` proves steps that wait; `undoing` proves that what was completed is undone;
//! `mutations` changes one rule of a graph, and the proof finds it.

mod life;
mod limits;
mod modes;
mod mutations;
mod undoing;
mod waits;

use fsm_patterns::Flow;
use fsm_patterns::file::load;
use fsm_testkit::flows::{FlowPlan, FlowSize, Waits, any_flow};
use fsm_testkit::prove::{Prover, standard};
use proptest::prelude::*;

/// A flow file: mode and settings, then one endpoint a line.
fn flow(settings: &str, endpoints: &[&str]) -> Flow {
    let mut text = format!("fsm: 1\nname: story\n{settings}\nendpoints:\n");
    for endpoint in endpoints {
        text += &format!("  - {{ {endpoint} }}\n");
    }
    let spec = load("flow.yaml", &text).unwrap_or_else(|report| panic!("{report}\n{text}"));
    Flow::new(spec.spec).expect("the story's flow is sound")
}

fn is_sound(plan: &FlowPlan) {
    let flow = plan.flow();
    let proof = Prover::of_flow(&flow).max_states(20_000).prove();
    // A random condition may be one that never fails, such as `true`: then there are ways that
    // no run takes.
    let reach = [standard::EVERY_TRANSITION, standard::EVERY_STATE];
    let mut refuted = proof.refuted().filter(|claim| !reach.contains(&claim.name.as_str()));
    assert!(refuted.next().is_none(), "{}\n{}", flow.graph().to_dot(), proof);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn every_flow_is_sound(plan in any_flow(FlowSize::SMALL)) {
        is_sound(&plan);
    }

    #[test]
    fn every_flow_that_waits_is_sound(plan in any_flow(FlowSize::SMALL.waiting(Waits::Any))) {
        is_sound(&plan);
    }
}
