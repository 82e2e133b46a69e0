//! What differed, where a state answers one event in several ways.
//!
//! Every answer came with a case: what the explorer observed, the key, the number of the sample,
//! and the state below the superstate that answered. The fewest of these that tell the answers
//! apart become the guards.

use indexmap::IndexSet;

use super::search::{Case, Trial};

/// What one level, a state or a superstate, did with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Left to the superstate, or to nobody.
    Passed,
    /// Taken into account without a move.
    Stayed,
    /// Moved to this state.
    Went(usize),
}

/// Everything that one level did with one event.
#[derive(Default)]
pub(super) struct Answers<'t>(Vec<(Answer, &'t Trial)>);

/// How many cases a guard names before it only counts.
const NAMED: usize = 3;
const OBSERVED: usize = 1;
const KEY: usize = 2;
const SAMPLE: usize = 4;
const STATE: usize = 8;

impl<'t> Answers<'t> {
    pub(super) fn push(&mut self, answer: Answer, trial: &'t Trial) {
        self.0.push((answer, trial));
    }

    /// Each different answer once, in the order in which they were seen, with the guard that tells
    /// it from the others. A single answer needs none.
    pub(super) fn guarded(&self, state_name: impl Fn(usize) -> String) -> Vec<(Answer, Guard)> {
        let mut kinds: Vec<&Answer> = Vec::new();
        for (answer, _) in &self.0 {
            if !kinds.contains(&answer) {
                kinds.push(answer);
            }
        }
        if let [only] = kinds[..] {
            return vec![(only.clone(), None)];
        }
        let word = |subset: usize, trial: &Trial| {
            let Case { observed, key, sample } = &trial.case;
            let facets = [
                (OBSERVED, observed.clone()),
                (KEY, key.clone()),
                (SAMPLE, format!("sample {sample}")),
                (STATE, format!("in {}", state_name(trial.state))),
            ];
            let said =
                facets.into_iter().filter(|(facet, text)| subset & facet != 0 && !text.is_empty());
            said.map(|(_, text)| text).collect::<Vec<_>>().join(", ")
        };
        let words = |subset: usize, wanted: &Answer| {
            let trials = self.0.iter().filter(|(answer, _)| answer == wanted);
            trials.map(|(_, trial)| word(subset, trial)).collect::<IndexSet<String>>()
        };
        // All four together tell every trial from every other.
        let mut subsets: Vec<usize> = (1..=OBSERVED | KEY | SAMPLE | STATE).collect();
        subsets.sort_by_key(|subset| subset.count_ones());
        let apart = |subset: &usize| {
            let mut seen = IndexSet::new();
            kinds.iter().flat_map(|kind| words(*subset, kind)).all(|word| seen.insert(word))
        };
        let subset = subsets.into_iter().find(apart).unwrap_or(OBSERVED | KEY | SAMPLE | STATE);
        kinds.iter().map(|kind| ((*kind).clone(), Some(phrase(&words(subset, kind))))).collect()
    }
}

/// What is so when an answer is given; `None`: whatever is.
pub(super) type Guard = Option<String>;

fn phrase(words: &IndexSet<String>) -> String {
    // Where a case says nothing, all cases that say something belong to the other answers or here.
    if words.contains("") {
        return "else".to_owned();
    }
    let named: Vec<&str> = words.iter().map(String::as_str).take(NAMED).collect();
    match words.len().saturating_sub(NAMED) {
        0 => named.join(" or "),
        more => format!("{} or {more} more", named.join(" or ")),
    }
}
