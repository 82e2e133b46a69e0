//! A condition over numbered subjects, told as far as their values are known.
//!
//! While a search has settled only some of the values, a condition has several outcomes left: it
//! may hold, it may not, and it may be that it can't be evaluated. [`Formula::truth`] gives them,
//! perhaps with one too many, never with one too few; with all values known there is one.

use serde_json::Value;

use crate::expr::Operator;

/// A condition, with numbers for the values that it reads.
#[derive(Clone, Debug)]
pub(super) enum Formula {
    Literal(Value),
    Subject(usize),
    Not(Box<Formula>),
    And(Vec<Formula>),
    Or(Vec<Formula>),
    Compare(Box<Formula>, Operator, Box<Formula>),
}

/// What a condition may still come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcomes(u8);

impl Outcomes {
    const NONE: Self = Self(0);
    pub(super) const HOLDS: Self = Self(1);
    const REFUSES: Self = Self(2);
    const FAILS: Self = Self(4);
    const ANY: Self = Self(7);

    pub(super) fn may_hold(self) -> bool {
        self.has(Self::HOLDS)
    }

    fn of(truth: Option<bool>) -> Self {
        match truth {
            Some(true) => Self::HOLDS,
            Some(false) => Self::REFUSES,
            None => Self::FAILS,
        }
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// A part that is compared, as far as it is known.
enum Operand<'v> {
    Known(&'v Value),
    Unknown,
    Truth(Outcomes),
}

static TRUE: Value = Value::Bool(true);
static FALSE: Value = Value::Bool(false);

impl Formula {
    /// What it may come to, where `values` holds what is known of each subject.
    pub(super) fn truth(&self, values: &[Option<&Value>]) -> Outcomes {
        match self {
            Formula::Literal(value) => of_value(Some(value)),
            Formula::Subject(subject) => of_value(values[*subject]),
            Formula::Not(operand) => {
                let inner = operand.truth(values);
                let swap = |from, to| if inner.has(from) { to } else { Outcomes::NONE };
                swap(Outcomes::HOLDS, Outcomes::REFUSES)
                    .or(swap(Outcomes::REFUSES, Outcomes::HOLDS))
                    .or(swap(Outcomes::FAILS, Outcomes::FAILS))
            }
            Formula::And(operands) => joined(operands, Outcomes::HOLDS, values),
            Formula::Or(operands) => joined(operands, Outcomes::REFUSES, values),
            Formula::Compare(left, operator, right) => {
                compared(&left.operand(values), *operator, &right.operand(values))
            }
        }
    }

    fn operand<'v>(&'v self, values: &[Option<&'v Value>]) -> Operand<'v> {
        match self {
            Formula::Literal(value) => Operand::Known(value),
            Formula::Subject(subject) => match values[*subject] {
                Some(value) => Operand::Known(value),
                None => Operand::Unknown,
            },
            Formula::Not(_) | Formula::And(_) | Formula::Or(_) | Formula::Compare(..) => {
                Operand::Truth(self.truth(values))
            }
        }
    }

    /// Calls `visit` for each subject, in the order of the text.
    pub(super) fn subjects(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Formula::Literal(_) => {}
            Formula::Subject(subject) => visit(*subject),
            Formula::Not(operand) => operand.subjects(visit),
            Formula::And(operands) | Formula::Or(operands) => {
                operands.iter().for_each(|operand| operand.subjects(visit));
            }
            Formula::Compare(left, _, right) => {
                left.subjects(visit);
                right.subjects(visit);
            }
        }
    }
}

/// The outcomes of a value where a boolean is due.
fn of_value(value: Option<&Value>) -> Outcomes {
    match value {
        None => Outcomes::ANY,
        Some(Value::Bool(truth)) => Outcomes::of(Some(*truth)),
        Some(
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
        ) => Outcomes::FAILS,
    }
}

/// Operands that are looked at one by one, for as long as each comes to `going_on`.
fn joined(operands: &[Formula], going_on: Outcomes, values: &[Option<&Value>]) -> Outcomes {
    let mut outcomes = going_on;
    for operand in operands {
        if !outcomes.has(going_on) {
            break;
        }
        outcomes = outcomes.without(going_on).or(operand.truth(values));
    }
    outcomes
}

fn compared(left: &Operand<'_>, operator: Operator, right: &Operand<'_>) -> Outcomes {
    let (lefts, left_fails) = left.possibilities();
    let (rights, right_fails) = right.possibilities();
    let mut outcomes = match left_fails || right_fails {
        true => Outcomes::FAILS,
        false => Outcomes::NONE,
    };
    let (Some(lefts), Some(rights)) = (lefts, rights) else {
        let is_total = matches!(operator, Operator::Equal | Operator::Unequal);
        let any = outcomes.or(Outcomes::HOLDS).or(Outcomes::REFUSES);
        return if is_total { any } else { Outcomes::ANY };
    };
    for left in &lefts {
        for right in &rights {
            outcomes = outcomes.or(Outcomes::of(operator.holds(left, right)));
        }
    }
    outcomes
}

impl<'v> Operand<'v> {
    /// The values that it may have, `None` for any; and whether it may have none.
    fn possibilities(&self) -> (Option<Vec<&'v Value>>, bool) {
        match self {
            Operand::Known(value) => (Some(vec![value]), false),
            Operand::Unknown => (None, false),
            Operand::Truth(outcomes) => {
                let truths = [(Outcomes::HOLDS, &TRUE), (Outcomes::REFUSES, &FALSE)];
                let may = truths.iter().filter(|(outcome, _)| outcomes.has(*outcome));
                (Some(may.map(|(_, value)| *value).collect()), outcomes.has(Outcomes::FAILS))
            }
        }
    }
}
