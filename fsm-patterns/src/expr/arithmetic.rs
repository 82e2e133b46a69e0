//! What two numbers of JSON give: whole numbers stay whole and exact as long as they can.

use serde_json::Number;

/// What stands between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

impl Sign {
    /// The result. Whole numbers give a whole number where that is exact and fits 64 bits, else
    /// a double; `%` has the sign of the left side.
    ///
    /// # Errors
    /// Says in words why there is none: a division by zero, or a result beyond a double.
    pub(super) fn apply(self, left: &Number, right: &Number) -> Result<Number, &'static str> {
        if let (Some(left), Some(right)) = (whole(left), whole(right)) {
            if right == 0 && matches!(self, Sign::Over | Sign::Modulo) {
                return Err("divides by zero");
            }
            let exact = match self {
                // Two numbers of 64 bits never leave 128.
                Sign::Plus => Some(left + right),
                Sign::Minus => Some(left - right),
                Sign::Times => left.checked_mul(right),
                Sign::Over if left % right == 0 => Some(left / right),
                Sign::Over => None,
                Sign::Modulo => Some(left % right),
            };
            if let Some(number) = exact.and_then(narrow) {
                return Ok(number);
            }
        }
        let (left, right) = (double(left), double(right));
        if right == 0.0 && matches!(self, Sign::Over | Sign::Modulo) {
            return Err("divides by zero");
        }
        let result = match self {
            Sign::Plus => left + right,
            Sign::Minus => left - right,
            Sign::Times => left * right,
            Sign::Over => left / right,
            Sign::Modulo => left % right,
        };
        Number::from_f64(result).ok_or("is too large for a number")
    }
}

/// The number with the other sign.
///
/// # Errors
/// Never in practice: every number of JSON has one.
pub(super) fn negative(number: &Number) -> Result<Number, &'static str> {
    Sign::Minus.apply(&Number::from(0), number)
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn narrow(number: i128) -> Option<Number> {
    let signed = i64::try_from(number).ok().map(Number::from);
    signed.or_else(|| u64::try_from(number).ok().map(Number::from))
}

fn double(number: &Number) -> f64 {
    // Every number of JSON has a double near it, as `arbitrary_precision` is not switched on.
    number.as_f64().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn number(value: &Value) -> Number {
        value.as_number().expect("a number").clone()
    }

    #[test]
    fn whole_numbers_stay_whole_while_that_is_exact() {
        let table = [
            (json!(2), Sign::Plus, json!(3), json!(5)),
            (json!(2), Sign::Minus, json!(3), json!(-1)),
            (json!(6), Sign::Over, json!(3), json!(2)),
            (json!(7), Sign::Over, json!(2), json!(3.5)),
            (json!(-7), Sign::Modulo, json!(3), json!(-1)),
            (json!(7.5), Sign::Modulo, json!(2), json!(1.5)),
            (json!(1), Sign::Plus, json!(0.5), json!(1.5)),
            (json!(i64::MAX), Sign::Plus, json!(1), json!(9_223_372_036_854_775_808_u64)),
            (json!(u64::MAX), Sign::Plus, json!(1), json!(18_446_744_073_709_551_616.0)),
            (json!(u64::MAX), Sign::Times, json!(2), json!(36_893_488_147_419_103_232.0)),
            (json!(i64::MIN), Sign::Over, json!(-1), json!(9_223_372_036_854_775_808_u64)),
            (json!(i64::MIN), Sign::Modulo, json!(-1), json!(0)),
        ];
        for (left, sign, right, expected) in table {
            let result = sign.apply(&number(&left), &number(&right));
            assert_eq!(result.map(Value::Number), Ok(expected), "{left} {sign:?} {right}");
        }
        assert_eq!(negative(&number(&json!(u64::MAX))).unwrap().as_f64(), Some(-(u64::MAX as f64)));
    }

    #[test]
    fn what_gives_no_number_is_said() {
        let table = [
            (json!(1), Sign::Over, json!(0), "divides by zero"),
            (json!(1), Sign::Modulo, json!(0.0), "divides by zero"),
            (json!(1e308), Sign::Times, json!(10), "is too large for a number"),
        ];
        for (left, sign, right, expected) in table {
            assert_eq!(sign.apply(&number(&left), &number(&right)), Err(expected));
        }
    }
}
