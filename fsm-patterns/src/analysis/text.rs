//! Strings that stand for all others where they are compared, without case, with some given ones.

use std::cmp::Ordering;

use serde_json::Value;

use crate::expr::order;

/// The strings themselves, and `each` that equal none of them; where `ordered`, so many of every
/// stretch beside and between them, as many as there are.
pub(super) fn picks(given: &[String], each: usize, ordered: bool) -> Vec<String> {
    let mut given = given.to_vec();
    given.sort_by(|a, b| compare(a, b));
    given.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
    let mut picks = given.clone();
    if !ordered || given.is_empty() {
        let names = (1..).map(|number| match number {
            1 => "other".to_owned(),
            _ => format!("other {number:04}"),
        });
        let is_new = |name: &String| given.iter().all(|it| compare(it, name) != Ordering::Equal);
        picks.extend(names.filter(is_new).take(each));
        return picks;
    }
    let mut stretches = vec![(given.last().map(String::as_str), None)];
    stretches.extend(given.windows(2).map(|pair| (Some(&*pair[0]), Some(&*pair[1]))));
    stretches.push((None, given.first().map(String::as_str)));
    for (low, high) in stretches {
        let mut found: Vec<String> = Vec::new();
        let low_end = low.unwrap_or_default();
        let plain = [" ", "a", "0", "z"].map(|end| format!("{low_end}{end}"));
        // A string that is one NUL longer comes next; nothing lies between.
        let start = match low {
            Some(low) => format!("{}\0", lower(low)),
            None => String::new(),
        };
        let next = std::iter::successors(Some(start), |text| Some(format!("{text}\0")));
        let exact = next.take(each).take_while(|text| lies_within(text, low, high));
        for text in plain.into_iter().filter(|text| lies_within(text, low, high)).chain(exact) {
            if found.iter().all(|known| compare(known, &text) != Ordering::Equal) {
                found.push(text);
            }
        }
        picks.extend(found);
    }
    picks
}

fn compare(left: &str, right: &str) -> Ordering {
    order(&Value::from(left), &Value::from(right)).unwrap_or(Ordering::Equal)
}

fn lies_within(text: &str, low: Option<&str>, high: Option<&str>) -> bool {
    low.is_none_or(|low| compare(low, text).is_lt())
        && high.is_none_or(|high| compare(text, high).is_lt())
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stretch_has_a_string_unless_there_is_none() {
        let given = ["b".to_owned(), "B\0".to_owned(), "c".to_owned()];
        let picked = picks(&given, 1, true);
        let count = |low: Option<&str>, high: Option<&str>| {
            picked.iter().filter(|text| lies_within(text, low, high)).count()
        };
        assert_eq!(count(Some("b"), Some("b\0")), 0);
        assert!(count(None, Some("b")) > 0);
        assert!(count(Some("b\0"), Some("c")) > 0);
        assert!(count(Some("c"), None) > 0);
        assert!(picks(&["".to_owned()], 2, true).iter().all(|text| !lies_within(
            text,
            None,
            Some("")
        )));
    }

    #[test]
    fn where_only_equality_is_asked_one_other_string_is_enough() {
        assert_eq!(
            picks(&["a".to_owned(), "OTHER".to_owned()], 1, false),
            ["a", "OTHER", "other 0002"]
        );
    }
}
