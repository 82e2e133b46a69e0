//! Numbers that stand for all others where they are compared with some given ones.
//!
//! JSON's numbers are the integers of 64 bits and the doubles. Between two of them lie finitely
//! many, perhaps none; the next one after each is told exactly, so that it is never overlooked.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::expr::order;

/// A number, and whether a person would think of it.
pub(super) type Pick = (Number, bool);

/// The numbers themselves, and `each` of every stretch beside and between them, as many as there
/// are: first those that a person would think of.
pub(super) fn picks(given: &[Number], each: usize) -> Vec<Pick> {
    let mut given = given.to_vec();
    given.sort_by(compare);
    given.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
    let usual = given.iter().all(is_whole);
    let mut picks: Vec<Pick> = given.iter().cloned().map(|number| (number, true)).collect();
    // What lies above, then what lies between, then what lies below.
    let mut stretches: Vec<(Option<&Number>, Option<&Number>)> = vec![(given.last(), None)];
    stretches.extend(given.windows(2).map(|pair| (Some(&pair[0]), Some(&pair[1]))));
    stretches.extend(given.first().map(|first| (None, Some(first))));
    for (low, high) in stretches {
        let mut found: Vec<Pick> = Vec::new();
        let whole = wholes(low, high, each).into_iter().map(|number| (number, true));
        let split = splits(low, high, each).into_iter().map(|number| (number, !usual));
        let exact = neighbours(low, high, each).into_iter().map(|number| (number, false));
        for pick in whole.chain(split).chain(exact) {
            if found.iter().all(|(known, _)| compare(known, &pick.0) != Ordering::Equal) {
                found.push(pick);
            }
        }
        picks.extend(found);
    }
    picks
}

pub(super) fn compare(left: &Number, right: &Number) -> Ordering {
    let value = |number: &Number| Value::Number(number.clone());
    order(&value(left), &value(right)).unwrap_or(Ordering::Equal)
}

fn is_whole(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

fn lies_within(number: &Number, low: Option<&Number>, high: Option<&Number>) -> bool {
    low.is_none_or(|low| compare(low, number).is_lt())
        && high.is_none_or(|high| compare(number, high).is_lt())
}

/// Whole numbers next to the ends.
fn wholes(low: Option<&Number>, high: Option<&Number>, each: usize) -> Vec<Number> {
    let steps = 1..=i128::try_from(each).unwrap_or(i128::MAX);
    let at: Vec<Option<Number>> = match (low, high) {
        (Some(low), _) => steps.map(|step| integer(floor(low)? + step)).collect(),
        (None, Some(high)) => steps.map(|step| integer(ceiling(high)? - step)).collect(),
        (None, None) => steps.map(integer).collect(),
    };
    at.into_iter().flatten().filter(|number| lies_within(number, low, high)).collect()
}

/// Numbers that cut a stretch between two others in pieces of one size.
fn splits(low: Option<&Number>, high: Option<&Number>, each: usize) -> Vec<Number> {
    let (Some(low_end), Some(high_end)) =
        (low.and_then(Number::as_f64), high.and_then(Number::as_f64))
    else {
        return Vec::new();
    };
    let pieces = each as f64 + 1.0;
    let at = |step: usize| low_end + (high_end - low_end) / pieces * step as f64;
    (1..=each)
        .filter_map(|step| Number::from_f64(at(step)))
        .filter(|number| lies_within(number, low, high))
        .collect()
}

/// The very next numbers, one after the other.
fn neighbours(low: Option<&Number>, high: Option<&Number>, each: usize) -> Vec<Number> {
    let (start, next): (_, fn(&Number) -> Option<Number>) = match (low, high) {
        (Some(low), _) => (low, above),
        (None, Some(high)) => (high, below),
        (None, None) => return Vec::new(),
    };
    std::iter::successors(next(start), next)
        .take(each)
        .take_while(|number| lies_within(number, low, high))
        .collect()
}

/// The least number of JSON that is greater.
fn above(number: &Number) -> Option<Number> {
    let whole = floor(number).and_then(|floor| integer(floor + 1));
    let near = number.as_f64().map(|float| {
        let is_above = Number::from_f64(float).is_some_and(|it| compare(&it, number).is_gt());
        if is_above { float } else { float.next_up() }
    });
    let float = near.and_then(Number::from_f64);
    [whole, float].into_iter().flatten().min_by(compare)
}

/// The greatest number of JSON that is less.
fn below(number: &Number) -> Option<Number> {
    let whole = ceiling(number).and_then(|ceiling| integer(ceiling - 1));
    let near = number.as_f64().map(|float| {
        let is_below = Number::from_f64(float).is_some_and(|it| compare(&it, number).is_lt());
        if is_below { float } else { float.next_down() }
    });
    let float = near.and_then(Number::from_f64);
    [whole, float].into_iter().flatten().max_by(compare)
}

fn floor(number: &Number) -> Option<i128> {
    exact(number).or_else(|| whole_part(number.as_f64()?.floor()))
}

fn ceiling(number: &Number) -> Option<i128> {
    exact(number).or_else(|| whole_part(number.as_f64()?.ceil()))
}

fn exact(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// A float without fraction as an integer; none where no integer of JSON is near.
fn whole_part(float: f64) -> Option<i128> {
    (float.abs() < 1e20).then_some(float as i128)
}

fn integer(value: i128) -> Option<Number> {
    i64::try_from(value).map(Number::from).or_else(|_| u64::try_from(value).map(Number::from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn number(value: Value) -> Number {
        value.as_number().cloned().expect("a number")
    }

    #[test]
    fn the_next_number_is_the_next_integer_or_the_next_double_whichever_is_nearer() {
        let table = [
            (json!(2), json!(2.0_f64.next_up())),
            (json!(9_007_199_254_740_992_i64), json!(9_007_199_254_740_993_i64)),
            (json!(u64::MAX), json!(18_446_744_073_709_551_616.0)),
            (json!(-0.0), json!(f64::from_bits(1))),
            (json!(1e300), json!(1e300_f64.next_up())),
        ];
        for (low, high) in table {
            let (low, high) = (number(low), number(high));
            assert_eq!(above(&low).map(|it| compare(&it, &high)), Some(Ordering::Equal), "{low}");
            assert_eq!(below(&high).map(|it| compare(&it, &low)), Some(Ordering::Equal), "{high}");
        }
        assert_eq!(above(&number(json!(f64::MAX))), None);
    }

    #[test]
    fn nothing_lies_between_neighbours_and_whole_numbers_come_first() {
        let between = |low: Value, high: Value, each| {
            let (low, high) = (number(low), number(high));
            let picked = picks(&[low.clone(), high.clone()], each);
            let inside =
                picked.into_iter().filter(|(it, _)| lies_within(it, Some(&low), Some(&high)));
            inside.map(|(it, usual)| (it.to_string(), usual)).collect::<Vec<_>>()
        };
        assert_eq!(
            between(json!(9_007_199_254_740_992_i64), json!(9_007_199_254_740_993_i64), 3),
            []
        );
        assert_eq!(between(json!(499), json!(501), 1)[0], ("500".to_owned(), true));
        assert_eq!(between(json!(1), json!(2), 1)[0], ("1.5".to_owned(), false));
        assert_eq!(between(json!(1.5), json!(2), 1)[0], ("1.75".to_owned(), true));
    }
}
