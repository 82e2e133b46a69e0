//! Conditions as data: can they hold together, and with which values?
//!
//! [`can_be`] is asked whether some conditions can hold while others do not, and answers with a
//! [`Witness`], or that there is none, or that it can't tell:
//!
//! ```
//! # use fsm_patterns::analysis::{Answer, can_be};
//! # use fsm_patterns::expr::Condition;
//! let low = Condition::parse("$data.total < 100")?;
//! let high = Condition::parse("$data.total > 100")?;
//! let low_and_high = can_be(&[(&low, true), (&high, true)]);
//! assert_eq!(low_and_high, Answer::Impossible);
//! let Answer::Possible(witness) = can_be(&[(&low, false), (&high, false)]) else { panic!() };
//! assert_eq!(witness.to_string(), "$data.total = 100");
//! # Ok::<(), fsm_patterns::expr::ExprError>(())
//! ```
//!
//! # How
//! A condition compares paths with literals, and with one another. All that it can tell of a
//! value is its kind and where it lies among the literals. So finitely many values stand for
//! all: for each path the literals, the next values beside and between them, and one of every other
//! kind. These are tried, with what is known of a condition halfway cutting the search short.
//! Every witness is evaluated by the conditions themselves before it is shown.
//!
//! A condition that can't be evaluated (`$data.total < 100` where the total is a string) does not
//! hold. Numbers are JSON's, so something lies between 2 and 3.
//!
//! # What it does not tell
//! The answer is [`Answer::Unknown`] where the values that are tried might not stand for all: a path
//! is compared with another one while a third reaches inside of it; a place is spoken of both as a
//! list and as an object; an index lies beyond 64; or the search needs more than 200,000
//! evaluations. What a JSON Schema says of `$inputs` is not taken into account.
//!
//! # Where to look
//! | file | |
//! |---|---|
//! | `claim` | what is asked |
//! | `subject` | the paths that are read, which lie inside which, which are compared |
//! | `domain`, `number`, `text` | the values that stand for all others |
//! | `formula` | a condition, told as far as values are known |
//! | `search` | the search |
//! | `witness` | what was found, and its proof |
//! | `guards` | the same for the guards of a machine file |

mod claim;
mod domain;
mod formula;
mod guards;
mod number;
mod search;
mod subject;
mod text;
mod witness;

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) use claim::{Claim, Part};
pub use guards::Guards;
pub(crate) use search::{Breadth, Budget};
pub use witness::Witness;

use crate::expr::Condition;
use search::{Choice, End, Problem};
use subject::{Owner, Subjects};

/// How many conditions are evaluated for one answer.
pub(crate) const MOST_EVALUATIONS: usize = 200_000;

/// Whether something can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It can: with these values.
    Possible(Witness),
    /// It can't, whatever the values are.
    Impossible,
    /// It can't be told.
    Unknown,
}

impl Answer {
    /// Whether it is certain that it can't be.
    pub fn is_impossible(&self) -> bool {
        *self == Answer::Impossible
    }

    /// The values with which it can be.
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Answer::Possible(witness) => Some(witness),
            Answer::Impossible | Answer::Unknown => None,
        }
    }
}

/// Whether all of these conditions can be as is said of them, at once: that one holds, or that it
/// does not, because it is false or can't be evaluated.
///
/// # Complexity
/// Exponential in the number of paths in the worst case, and therefore bounded, see
/// [the module](self).
pub fn can_be(conditions: &[(&Condition, bool)]) -> Answer {
    let claims = conditions
        .iter()
        .map(|(condition, holds)| Claim::new(vec![Part::condition(condition, &[])], *holds));
    decide(claims.collect(), None, Breadth::Every, &mut Budget::new(MOST_EVALUATIONS))
}

/// Whether all claims can be true at once. Among the usual values of [`Breadth::Usual`], "not
/// found" is no "can't be".
pub(crate) fn decide(
    claims: Vec<Claim>,
    declared: Option<&Value>,
    breadth: Breadth,
    budget: &mut Budget,
) -> Answer {
    let claims = claims.iter().flat_map(Claim::split).collect();
    let problem = Problem::of(claims, declared);
    let mut whole: Choice = vec![None; problem.subjects.list.len()];
    let mut is_unknown = false;
    for set in problem.sets() {
        let mut doubtful = false;
        let end = problem.solve(&set, breadth, budget, &mut |choice| {
            let witness = Witness::of(&problem, choice);
            let is_proven = set.iter().all(|claim| witness.proves(&problem.claims[*claim]));
            doubtful |= !is_proven;
            if is_proven {
                let found = choice.iter().enumerate().filter(|(_, at)| at.is_some());
                found.for_each(|(subject, at)| whole[subject] = *at);
            }
            is_proven
        });
        match end {
            End::Stopped => {}
            End::Exhausted if problem.subjects.is_exact && !doubtful => return Answer::Impossible,
            End::Exhausted | End::OutOfBudget => is_unknown = true,
        }
    }
    if is_unknown {
        return Answer::Unknown;
    }
    let witness = Witness::of(&problem, &whole);
    // Each set was proven by itself; nothing of one lies inside of another.
    match problem.claims.iter().all(|claim| witness.proves(claim)) {
        true => Answer::Possible(witness),
        false => Answer::Unknown,
    }
}

/// What the conditions among some parts read.
pub(crate) fn paths(parts: &[Part]) -> BTreeSet<String> {
    let claim = Claim::new(parts, true);
    let subjects = Subjects::of(&[claim]).list.into_iter();
    let read = subjects.filter(|subject| matches!(subject.owner, Owner::Root(_)));
    read.map(|subject| subject.label).collect()
}

/// Values with which no claim's parts all hold, though some would if one number were less, and
/// some if it were more: a hole between what is handled.
pub(crate) fn hole(
    claims: Vec<Claim>,
    declared: Option<&Value>,
    budget: &mut Budget,
) -> Option<Witness> {
    let problem = Problem::of(claims, declared);
    let all: Vec<usize> = (0..problem.claims.len()).collect();
    let mut found = None;
    let mut spent = 0;
    problem.solve(&all, Breadth::Usual, budget, &mut |choice| {
        let is_hole =
            (0..choice.len()).any(|subject| is_hole(&problem, choice, subject, &mut spent));
        if is_hole {
            let witness = Witness::of(&problem, choice);
            found = problem.claims.iter().all(|claim| witness.proves(claim)).then_some(witness);
        }
        found.is_some() || spent > MOST_EVALUATIONS
    });
    found
}

fn is_hole(problem: &Problem, choice: &Choice, subject: usize, spent: &mut usize) -> bool {
    let candidates = problem.candidates(subject);
    let here = choice[subject].map(|at| &candidates[at].value);
    let Some(Value::Number(here)) = here else { return false };
    let (mut below, mut above) = (false, false);
    for (at, other) in candidates.iter().enumerate() {
        let Value::Number(value) = &other.value else { continue };
        let order = number::compare(value, here);
        if order.is_eq() || !other.is_usual || (order.is_lt() && below) || (order.is_gt() && above)
        {
            continue;
        }
        let mut moved = choice.clone();
        moved[subject] = Some(at);
        *spent += problem.claims.len();
        let is_handled = (0..problem.claims.len())
            .any(|claim| problem.truth(claim, &moved) == formula::Outcomes::HOLDS);
        below |= is_handled && order.is_lt();
        above |= is_handled && order.is_gt();
    }
    below && above
}
