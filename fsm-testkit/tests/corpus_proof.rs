//! Every planted fault is found, by a way no longer than need be, and nothing sound raises an alarm.

mod corpus;

use corpus::{Broken, Planted, Source, faulty, sound};
use fsm_patterns::machine;
use fsm_testkit::prove::{Finding, Occurrence, Proof, Prover, Route, standard};

fn prove(source: &Source) -> Proof {
    match source {
        Source::Graph(graph) => Prover::of(graph).prove(),
        Source::File(text) => {
            let file =
                machine::load("machine.yaml", text).unwrap_or_else(|faults| panic!("{faults}"));
            Prover::of_file(&file).prove()
        }
    }
}

/// The name of the property that has to fail, and whether it fails as it should.
fn is_found(planted: &Planted, proof: &Proof) -> bool {
    let finding = |name| proof.claim(name);
    match planted.broken {
        Broken::Stuck(state, inputs) => match finding(standard::NEVER_STUCK) {
            Some(Finding::Refuted(route)) => {
                route.stops().len() == inputs && route.end().iter().any(|name| name == state)
            }
            _ => false,
        },
        Broken::NoEnd(inputs) => match finding(standard::CAN_END) {
            // What follows shows how a run goes on that is lost.
            Some(Finding::Refuted(route)) => route.stops().len() >= inputs,
            _ => false,
        },
        Broken::Round(inputs) => {
            let names =
                [standard::ENDS_IN_FAILURE, standard::ENDS_IF_ANSWERED, standard::TIME_GOES_ON];
            let mut routes = names.iter().filter_map(|name| finding(name)?.route());
            routes.any(|route| route.cycle().is_some() && happened(route) == inputs)
        }
        Broken::Unreachable(state) => match finding(standard::EVERY_STATE) {
            Some(Finding::Missed(names)) => names.contains(&format!("`{state}`")),
            _ => false,
        },
    }
}

/// How much happens on a route, its start included: that the world turns is no input.
fn happened(route: &Route) -> usize {
    let turns = |what: &Occurrence| {
        matches!(
            what,
            Occurrence::EverythingFails | Occurrence::EverythingAnswers | Occurrence::TimeStops
        )
    };
    route.stops().iter().filter(|stop| !turns(&stop.what)).count()
}

#[test]
fn every_planted_fault_is_found_by_a_shortest_way() {
    let mut missed = Vec::new();
    for planted in faulty() {
        let proof = prove(&planted.source);
        if !is_found(&planted, &proof) {
            missed.push(format!(
                "{} ({}): {:?}\n{proof}",
                planted.name, planted.wrong, planted.broken
            ));
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn nothing_sound_raises_an_alarm() {
    let mut alarms = Vec::new();
    for (name, source) in sound() {
        let proof = prove(&source);
        if !proof.is_proven() {
            alarms.push(format!("{name}\n{proof}"));
        }
    }
    assert!(alarms.is_empty(), "{} alarms:\n{}", alarms.len(), alarms.join("\n"));
}
