//! Making the story of a failure shorter: what chance did and the failure does not need is taken
//! out of it.
//!
//! Each attempt, arrival, and crash has random numbers of its own, so that taking one thing back
//! leaves the others as they were. All are tried at once, then halves, quarters, and so on down to
//! single things (delta debugging, Zeller 1999); a shorter story counts if the same check fails in it.

use std::collections::BTreeSet;

use super::run::Violation;

/// How many shorter stories are tried.
const TRIES: usize = 500;

/// A run that chance had a hand in.
pub(super) trait Story {
    /// What chance did.
    type Disturbance: Ord + Clone;

    fn disturbances(&self) -> &BTreeSet<Self::Disturbance>;

    fn violation(&self) -> Option<&Violation>;
}

/// The shortest run found in which the same check fails, and how many disturbances there were in the
/// one that was given. `again` runs it anew without some of them.
pub(super) fn shrink<S: Story>(
    failed: S,
    mut again: impl FnMut(&BTreeSet<S::Disturbance>) -> S,
) -> (S, usize) {
    let original = failed.disturbances().len();
    let mut best = failed;
    let mut calm = BTreeSet::new();
    let mut tries = 0;
    let mut size = original;
    while size > 0 {
        let all: Vec<S::Disturbance> = best.disturbances().iter().cloned().collect();
        let mut is_shorter = false;
        for part in all.chunks(size) {
            if tries == TRIES {
                return (best, original);
            }
            tries += 1;
            let mut calmer = calm.clone();
            calmer.extend(part.iter().cloned());
            let run = again(&calmer);
            if fails_alike(&run, &best) && run.disturbances().len() < best.disturbances().len() {
                (best, calm, is_shorter) = (run, calmer, true);
                break;
            }
        }
        size = if is_shorter { size.min(best.disturbances().len()) } else { size / 2 };
    }
    (best, original)
}

fn fails_alike<S: Story>(run: &S, other: &S) -> bool {
    match (run.violation(), other.violation()) {
        (Some(one), Some(other)) => one.check == other.check,
        (None, _) | (_, None) => false,
    }
}
