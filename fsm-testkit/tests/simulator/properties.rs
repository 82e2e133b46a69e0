//! Random machines in random worlds.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use fsm_core::{Effects, Graph, Input, Machine, Snapshot, StateId};
use fsm_testkit::simulator::{
    Arrivals, Behaviour, Ending, Happening, Latency, SimulatedRun, Simulator, World,
};
use fsm_testkit::strategies::{Size, any_blueprint};
use fsm_testkit::tally::{self, EVENTS, Tally, Word};
use proptest::prelude::*;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A world in which everything happens that may, and every event that `graph` knows comes sooner or
/// later.
fn hostile(graph: &Graph) -> World<Tally, Word> {
    let shaky = Behaviour::new()
        .latency(Latency::exponential(ms(20), ms(500)))
        .fails(0.15)
        .fails_for_good(0.05)
        .postponed(0.1, Latency::uniform(ms(0), ms(50)));
    let world = World::new().crashes(0.1, Latency::exponential(ms(30), ms(1_000)));
    let known = EVENTS.iter().filter(|event| graph.event(event).is_some());
    known.fold(world.activities(shaky), |world, event| {
        world.arrivals(Arrivals::every(ms(100)).event(1, Word((*event).to_owned())))
    })
}

fn saved(run: &Snapshot<Tally>) -> Result<Snapshot<Tally>, String> {
    let text = serde_json::to_string(run).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// No answer is taken twice, and nothing that is done is started again before it is visited again.
fn nothing_is_repeated(run: &SimulatedRun<Tally, Word>) -> Result<(), String> {
    let mut answered = HashSet::new();
    for (_, input) in run.inputs() {
        if let Input::Outcome { ticket, .. } = input
            && !answered.insert(*ticket)
        {
            return Err(format!("{ticket:?} was answered twice"));
        }
    }
    let mut visits: BTreeMap<StateId, i64> = BTreeMap::new();
    for entry in run.timeline() {
        match &entry.what {
            Happening::Done(state, _) => *visits.entry(*state).or_default() -= 1,
            Happening::Restored(states) => {
                for state in states {
                    if visits.get(state).copied().unwrap_or(0) <= 0 {
                        return Err(format!("{state:?} was done and is started again"));
                    }
                }
            }
            _ => {}
        }
        entry.to.iter().for_each(|state| *visits.entry(*state).or_default() += 1);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn whatever_happens_every_run_ends_and_is_what_its_inputs_make_of_it(
        blueprint in any_blueprint(Size::SMALL),
        seed in any::<u64>(),
    ) {
        let machine = tally::machine(blueprint.graph());
        let restorable = machine.clone();
        let simulator = Simulator::new(machine.clone(), Tally::new(seed, 3))
            .world(hostile(machine.graph()))
            .expect("the world fits")
            .stored(saved)
            .invariant("a run can be saved at any step", move |run| {
                let fault = restorable.restore(run, &mut Effects::new());
                fault.map_err(|fault| fault.to_string())
            })
            .check("nothing is repeated", nothing_is_repeated)
            .always_ends();
        let run = simulator.run_with(seed);
        prop_assert!(run.violation().is_none(), "{}\n{run}", run.violation().unwrap());
        prop_assert!(matches!(run.ending(), Ending::Finished(_)));
        prop_assert!(simulator.run_with(seed).to_string() == run.to_string());

        let replayed = machine.replay(Tally::new(seed, 3), seed, run.inputs()).expect("as before");
        let bytes = |run: &Snapshot<Tally>| serde_json::to_vec(run).expect("a snapshot is data");
        prop_assert_eq!(bytes(&replayed), bytes(run.snapshot()));
        figures_fit(&machine, &run)?;
    }
}

/// What is counted is what the context counted.
fn figures_fit(
    machine: &Machine<Tally, Word>,
    run: &SimulatedRun<Tally, Word>,
) -> Result<(), TestCaseError> {
    let total: Duration = run.path().first().map_or(Duration::ZERO, |_| run.took());
    for state in machine.graph().states() {
        let figures = run.figures(machine.graph().name_of(state)).expect("a state");
        prop_assert!(figures.failures <= figures.attempts);
        prop_assert!(figures.visits > 0 || figures.spent.is_zero());
        prop_assert!(figures.spent <= total * u32::try_from(figures.visits).unwrap_or(u32::MAX));
    }
    Ok(())
}
