//! Runs with code and a clock go nowhere but where a proof has been.

use std::collections::BTreeSet;
use std::time::Duration;

use fsm_core::{Graph, Outcome, Retry, Status};
use fsm_testkit::prove::{Finding, Proof, Prover, standard};
use fsm_testkit::simulation::Simulation;
use fsm_testkit::strategies::{Size, any_blueprint};
use fsm_testkit::tally::{self, EVENTS, Tally, Word};
use proptest::prelude::*;

use crate::lanes::slip;

fn roll_on(run: &mut Simulation<Tally, Word>, roll: u64) {
    let pick = (roll >> 8) as usize;
    let under_way: Vec<String> = run.under_way().into_iter().map(str::to_owned).collect();
    let outcome = match roll % 5 {
        0 => Outcome::done(),
        1 => Outcome::failed(),
        2 => Outcome::Failed { event: None, retry: Retry::Allowed(None) },
        3 => return drop(run.event(Word(EVENTS[pick % EVENTS.len()].to_owned()))),
        _ => return drop(run.pass(Duration::from_millis(roll % 500))),
    };
    if let Some(state) = under_way.get(pick % under_way.len().max(1)) {
        run.finish(state, outcome).expect("it is under way");
    }
}

/// What a proof has never seen: states, and the ends of transitions.
fn missed(proof: &Proof, name: &str) -> BTreeSet<String> {
    match proof.claim(name) {
        Some(Finding::Missed(names)) => names.iter().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

fn goes_where_the_proof_went(
    graph: &Graph,
    proof: &Proof,
    run: &Simulation<Tally, Word>,
) -> Result<(), TestCaseError> {
    let states = missed(proof, standard::EVERY_STATE);
    let transitions = missed(proof, standard::EVERY_TRANSITION);
    for station in run.path() {
        for state in &station.at {
            let name = format!("`{}`", graph.name_of(*state));
            prop_assert!(!states.contains(&name), "{name} was entered\n{proof}");
        }
        for id in &station.by {
            let edge = graph.transition(*id);
            let ends = (edge.from(), edge.to());
            // Where several lead from one state to the other, their words tell too little.
            let alike = graph.transitions().filter(|(_, edge)| (edge.from(), edge.to()) == ends);
            let words = format!("`{}` -> `{}` ", graph.name_of(ends.0), graph.name_of(ends.1));
            let is_missed = transitions.iter().any(|missed| missed.starts_with(&words));
            prop_assert!(alike.count() > 1 || !is_missed, "{words}was taken\n{proof}");
        }
    }
    if matches!(run.snapshot().status(), Status::Stuck(_)) {
        let stuck = proof.claim(standard::NEVER_STUCK);
        prop_assert!(stuck.is_some_and(Finding::is_refuted), "it got stuck\n{proof}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_run_goes_where_its_proof_has_been(
        blueprint in any_blueprint(Size { depth: 3, parts: 8, width: 3 }),
        transition in any::<usize>(),
        target in any::<usize>(),
        die in any::<u64>(),
        runs in prop::collection::vec(prop::collection::vec(any::<u64>(), 1..40), 8),
    ) {
        let graph = slip(&blueprint.graph(), transition, target);
        let graph = graph.unwrap_or_else(|| blueprint.graph());
        let proof = Prover::of(&graph).max_states(2_000).prove();
        prop_assume!(proof.bound().is_none());
        for (number, rolls) in (0..).zip(runs) {
            let context = Tally::new(die.wrapping_add(number), 3);
            let mut run = Simulation::new(tally::machine(graph.clone()), context);
            rolls.into_iter().for_each(|roll| roll_on(&mut run, roll));
            goes_where_the_proof_went(&graph, &proof, &run)?;
        }
    }
}
