//! Looking at fewer orders of steps must not change what is found.

use std::time::{Duration, Instant};

use fsm_core::{Graph, GraphDocument, JoinRule, RetryPolicy};
use fsm_testkit::prove::{Finding, Prover, Sketch};
use fsm_testkit::strategies::{Size, any_blueprint};
use proptest::prelude::*;

fn fan(width: usize, retries: u32) -> Graph {
    let mut graph = Graph::builder("fan");
    let fork = graph.fork("fork", "join").id();
    graph.join("join", JoinRule::All);
    for number in 0..width {
        let name = format!("call {number}");
        graph
            .activity(&name)
            .retry(RetryPolicy::new(retries))
            .timeout(Duration::from_secs(1))
            .within(fork);
        graph.transition("fork", &name);
        graph.transition(&name, "join").done();
        graph.transition(&name, "join").failed();
    }
    graph.final_state("end");
    graph.transition("join", "end");
    graph.initial("fork").build().expect("a fan is sound")
}

#[test]
fn a_fan_of_ten_with_retries_is_proven_in_few_states() {
    let began = Instant::now();
    let proof = Prover::of(&fan(10, 3)).prove();
    proof.assert_proven();
    assert!(proof.states() < 200, "{proof}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// The proof of all orders and that of few come to the same.
fn same_in_all_orders(graph: &Graph) -> Result<(), TestCaseError> {
    let all = Prover::of(graph).reduced(false).max_states(2_000).prove();
    if all.bound().is_some() {
        return Ok(());
    }
    let few = Prover::of(graph).max_states(2_000).prove();
    prop_assert!(few.states() <= all.states(), "{} {}", few.states(), all.states());
    for (claim, other) in all.claims().iter().zip(few.claims()) {
        prop_assert_eq!(&claim.name, &other.name);
        let is_same = match (&claim.finding, &other.finding) {
            (Finding::Missed(names), Finding::Missed(others)) => names == others,
            (finding, other) => finding.is_refuted() == other.is_refuted(),
        };
        prop_assert!(is_same, "all:\n{all}\nfew:\n{few}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn what_is_found_is_the_same_in_all_orders(blueprint in any_blueprint(Size { depth: 3, parts: 8, width: 3 })) {
        same_in_all_orders(&blueprint.graph())?;
    }
}

/// The graph with the target of one transition changed, if that is still one.
pub(crate) fn slip(graph: &Graph, transition: usize, target: usize) -> Option<Graph> {
    let mut document = serde_json::to_value(GraphDocument::from(graph)).ok()?;
    let states = document["states"].as_array()?;
    let name = states[target % states.len()]["name"].clone();
    let transitions = document["transitions"].as_array_mut()?;
    let at = transition % transitions.len();
    transitions[at]["to"] = name;
    Graph::try_from(serde_json::from_value::<GraphDocument>(document).ok()?).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_slip_is_found_in_few_orders_if_it_is_found_in_all(
        blueprint in any_blueprint(Size { depth: 3, parts: 8, width: 3 }),
        transition in any::<usize>(),
        target in any::<usize>(),
    ) {
        if let Some(graph) = slip(&blueprint.graph(), transition, target) {
            same_in_all_orders(&graph)?;
        }
    }
}

#[test]
fn properties_of_ones_own_are_told_of_all_orders() {
    let graph = fan(3, 0);
    let first_is_last = |prover: Prover<Sketch<()>>| {
        prover.always("the first is not the last", |view| {
            view.configuration() != ["call 0"] || view.is_finished()
        })
    };
    let proof = first_is_last(Prover::of(&graph)).prove();
    assert_eq!(proof.refuted().count(), 1, "{proof}");
    // Looked at in one order only, the first call is the first to end.
    first_is_last(Prover::of(&graph)).reduced(true).prove().assert_proven();
}

#[test]
fn a_branch_whose_pause_can_not_end_yet_is_not_looked_at_alone() {
    let mut graph = Graph::builder("blocked");
    graph.composite("run", "fork");
    let fork = graph.fork("fork", "join").within("run").id();
    graph.join("join", JoinRule::All).within("run");
    graph.delay("pause", Duration::from_secs(9)).within(fork);
    graph.activity("work").within(fork);
    graph.transition("fork", "pause");
    graph.transition("fork", "work");
    graph.transition("pause", "join").done();
    graph.transition("work", "join").done();
    graph.transition("work", "join").failed();
    graph.final_state("end");
    graph.transition("join", "end");
    graph.transition("run", "end").after(Duration::from_secs(1));
    let graph = graph.initial("run").build().expect("it is sound");
    same_in_all_orders(&graph).expect("the work may end before the deadline");
}
