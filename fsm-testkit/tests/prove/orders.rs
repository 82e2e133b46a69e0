//! Graphs in which it matters which of two tokens comes first.

use fsm_core::{Graph, GraphBuilder, JoinRule};
use fsm_testkit::prove::{Finding, Prover, standard};

/// A graph that begins with a fork, whose join leads to its end.
fn forked(write: impl FnOnce(&mut GraphBuilder)) -> Graph {
    let mut graph = Graph::builder("orders");
    graph.fork("fork", "join");
    graph.join("join", JoinRule::All);
    graph.final_state("end");
    graph.transition("join", "end");
    graph.initial("fork");
    write(&mut graph);
    graph.build().expect("the graph is sound")
}

fn call(graph: &mut GraphBuilder, name: &str, done: &str, failed: &str) {
    graph.activity(name).within("fork");
    graph.transition(name, done).done();
    graph.transition(name, failed).failed();
}

/// What is refuted in few orders and in all.
fn refuted(graph: &Graph) -> [Vec<String>; 2] {
    [true, false].map(|is_reduced| {
        let proof = Prover::of(graph).reduced(is_reduced).prove();
        proof.refuted().map(|claim| claim.name.clone()).collect()
    })
}

#[test]
fn a_failure_is_repeated_for_ever_only_once_another_branch_has_gone_on() {
    // As long as `b` has not ended well, its failure ends the run and with it the repetition.
    let graph = forked(|g| {
        g.transition("fork", "a");
        g.transition("fork", "b");
        call(g, "a", "join", "a");
        call(g, "b", "c", "end");
        call(g, "c", "join", "join");
    });
    let expected = vec![standard::ENDS_IN_FAILURE.to_owned()];
    assert_eq!(refuted(&graph), [expected.clone(), expected]);
    let proof = Prover::of(&graph).prove();
    let Some(Finding::Refuted(route)) = proof.claim(standard::ENDS_IN_FAILURE) else {
        panic!("{proof}")
    };
    insta::assert_snapshot!(route, @r"
    1. the run begins -> a, b
    2. `b` ends well -> a, c
    3. from here on everything fails -> a, c
    4. `a` fails for good -> a, c
       and so on, again and again from 4
    ");
}

#[test]
fn a_repetition_in_a_fork_within_a_branch_is_found_too() {
    let graph = forked(|g| {
        g.transition("fork", "inner");
        g.transition("fork", "b");
        g.fork("inner", "inner join").within("fork");
        g.join("inner join", JoinRule::All).within("fork");
        g.transition("inner", "a");
        g.transition("inner join", "join");
        g.activity("a").within("inner");
        g.transition("a", "inner join").done();
        g.transition("a", "a").failed();
        call(g, "b", "c", "end");
        call(g, "c", "join", "join");
    });
    let expected = vec![standard::ENDS_IN_FAILURE.to_owned()];
    assert_eq!(refuted(&graph), [expected.clone(), expected]);
}

#[test]
fn the_end_of_a_region_may_be_the_end_of_all() {
    let mut g = Graph::builder("regions");
    g.parallel("both");
    g.composite("left", "a").within("both");
    g.activity("a").within("left");
    g.final_state("left over").within("left");
    g.transition("a", "left over").done();
    g.transition("a", "left over").failed();
    g.transition("left", "end").done();
    g.composite("right", "b").within("both");
    g.activity("b").within("right");
    g.activity("c").within("right");
    g.final_state("right over").within("right");
    g.transition("b", "c").done();
    g.transition("b", "right over").failed();
    g.transition("c", "right over").done();
    g.transition("c", "right over").failed();
    g.final_state("end");
    g.initial("both");
    let graph = g.build().expect("the graph is sound");
    assert_eq!(refuted(&graph), [Vec::<String>::new(), Vec::new()]);
}

#[test]
fn a_round_that_leads_through_a_final_state_of_a_branch_is_a_round() {
    let mut g = Graph::builder("round");
    g.fork("fork", "join");
    g.join("join", JoinRule::All);
    g.transition("fork", "a");
    g.activity("a").within("fork");
    g.final_state("over").within("fork");
    g.transition("a", "end").done();
    g.transition("a", "over").failed();
    g.transition("join", "fork");
    g.final_state("end");
    g.initial("fork");
    let graph = g.build().expect("the graph is sound");
    let expected = vec![standard::ENDS_IN_FAILURE.to_owned()];
    assert_eq!(refuted(&graph), [expected.clone(), expected]);
}
