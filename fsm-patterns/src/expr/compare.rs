//! How conditions compare values.
//!
//! Numbers by what they are worth, exactly: `1 == 1.0`, and `9007199254740993` differs from
//! `9007199254740992.0`, which a detour over floating point would deny. Strings without regard to
//! case, by the simple lower case of each character (Arazzo: "String comparisons MUST be case
//! insensitive"), also inside of arrays and objects; the keys of objects as they are.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Whether two values are equal. Values of different kinds are not.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => {
            numbers(left, right) == Some(Ordering::Equal)
        }
        (Value::String(left), Value::String(right)) => lower(left).eq(lower(right)),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => false,
    }
}

/// The order of two numbers or two strings; others have none.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => numbers(left, right),
        (Value::String(left), Value::String(right)) => Some(lower(left).cmp(lower(right))),
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => None,
    }
}

fn lower(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

fn numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        (Some(left), None) => integer_and_float(left, right.as_f64()?),
        (None, Some(right)) => integer_and_float(right, left.as_f64()?).map(Ordering::reverse),
        (None, None) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Compares the whole parts as integers, then what is behind the point.
fn integer_and_float(integer: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // The cast stops at the ends of i128, which are far beyond any integer of JSON here.
    let whole = float.trunc() as i128;
    Some(
        integer
            .cmp(&whole)
            .then_with(|| 0.0_f64.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_compared_by_what_they_are_worth() {
        let table = [
            (json!(1), json!(1.0), Ordering::Equal),
            (json!(0), json!(-0.0), Ordering::Equal),
            (json!(-1), json!(-1.5), Ordering::Greater),
            (json!(1), json!(1.5), Ordering::Less),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), Ordering::Greater),
            (json!(u64::MAX), json!(18_446_744_073_709_551_616.0), Ordering::Less),
            (json!(u64::MAX), json!(i64::MAX), Ordering::Greater),
            (json!(i64::MIN), json!(-9_223_372_036_854_775_808.0), Ordering::Equal),
            (json!(i64::MAX), json!(9_223_372_036_854_775_808.0), Ordering::Less),
            (json!(5), json!(1e308), Ordering::Less),
            (json!(5), json!(-1e308), Ordering::Greater),
            (json!(1.5), json!(1.25), Ordering::Greater),
        ];
        for (left, right, expected) in table {
            assert_eq!(order(&left, &right), Some(expected), "{left} {right}");
            assert_eq!(order(&right, &left), Some(expected.reverse()), "{right} {left}");
            assert_eq!(equal(&left, &right), expected == Ordering::Equal, "{left} {right}");
        }
    }

    #[test]
    fn strings_are_compared_without_case_at_any_depth_but_keys_are_not() {
        assert!(equal(&json!("ÄRGER"), &json!("ärger")));
        assert!(equal(&json!([{"a": "X"}]), &json!([{"a": "x"}])));
        assert!(!equal(&json!({"A": 1}), &json!({"a": 1})));
        assert!(equal(&json!({"a": 1, "b": 2}), &json!({"b": 2.0, "a": 1})));
        assert_eq!(order(&json!("a"), &json!("B")), Some(Ordering::Less));
        assert_eq!(order(&json!("Zebra"), &json!("apple")), Some(Ordering::Greater));
        assert_eq!(order(&json!("ab"), &json!("ABC")), Some(Ordering::Less));
    }

    #[test]
    fn values_of_different_kinds_are_unequal_and_have_no_order() {
        let values = [json!(null), json!(false), json!(0), json!("0"), json!([]), json!({})];
        for (row, left) in values.iter().enumerate() {
            for (column, right) in values.iter().enumerate() {
                assert_eq!(equal(left, right), row == column, "{left} {right}");
                if row != column {
                    assert_eq!(order(left, right), None, "{left} {right}");
                }
            }
        }
    }
}
