//! Making the story of a failure shorter: what chance did and the failure does not need is taken
//! out of it.
//!
//! Each attempt, arrival, and crash has random numbers of its own, so that taking one thing back
//! leaves the others as they were. Halves are tried before quarters and so on down to single things
//! (delta debugging, Zeller 1999); a shorter story counts if the same check fails in it.

use std::collections::BTreeSet;

use fsm_core::Event;

use super::course::Disturbance;
use super::run::SimulatedRun;
use super::setup::Simulator;

/// How many shorter stories are tried.
const TRIES: usize = 500;

/// The shortest run found in which the same check fails; and how many disturbances there were in the
/// one that was given, for whoever wants to know what was left out.
pub(super) fn shrink<C: Clone, E: Event + Clone>(
    simulator: &Simulator<C, E>,
    failed: SimulatedRun<C, E>,
) -> (SimulatedRun<C, E>, usize) {
    let original = failed.disturbances().len();
    let mut best = failed;
    let mut calm: BTreeSet<Disturbance> = BTreeSet::new();
    let mut tries = 0;
    let mut size = original;
    while size > 0 {
        let all: Vec<Disturbance> = best.disturbances().iter().copied().collect();
        let mut is_shorter = false;
        for part in all.chunks(size) {
            if tries == TRIES {
                return (best, original);
            }
            tries += 1;
            let mut calmer = calm.clone();
            calmer.extend(part);
            let run = simulator.simulate(best.seed, &calmer);
            if fails_alike(&run, &best) && run.disturbances().len() < best.disturbances().len() {
                (best, calm, is_shorter) = (run, calmer, true);
                break;
            }
        }
        size = if is_shorter { size.min(best.disturbances().len()) } else { size / 2 };
    }
    (best, original)
}

fn fails_alike<C, E>(run: &SimulatedRun<C, E>, other: &SimulatedRun<C, E>) -> bool {
    let check = |run: &SimulatedRun<C, E>| run.violation.as_ref().map(|it| it.check.clone());
    run.violation.is_some() && check(run) == check(other)
}
