//! The operators that compare two values, in conditions and in computations.

use std::cmp::Ordering;

use serde_json::Value;

use super::compare;

/// How equality is written.
pub(super) const EQUALITY: [(&str, Operator); 2] =
    [("==", Operator::Equal), ("!=", Operator::Unequal)];

/// How order is written; the longer symbols first, since `<` also begins `<=`.
pub(super) const ORDER: [(&str, Operator); 4] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// What stands between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
        }
    }

    /// The answer, or `None` if the operands have no order and one is needed.
    pub(crate) fn holds(self, left: &Value, right: &Value) -> Option<bool> {
        match self {
            Operator::Equal => Some(compare::equal(left, right)),
            Operator::Unequal => Some(!compare::equal(left, right)),
            Operator::Less => compare::order(left, right).map(Ordering::is_lt),
            Operator::LessOrEqual => compare::order(left, right).map(Ordering::is_le),
            Operator::Greater => compare::order(left, right).map(Ordering::is_gt),
            Operator::GreaterOrEqual => compare::order(left, right).map(Ordering::is_ge),
        }
    }
}
