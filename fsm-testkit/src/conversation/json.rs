//! JSON that is expected, and how what came is held against it.

use serde_json::{Map, Value};

use super::holes;
use super::secrets::SecretNames;

/// How much of a JSON value is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// These members; objects may have others.
    Including,
    /// All of it, save where a text has holes.
    WithHoles,
}

/// Both values as they are shown, and whether what came is what was expected.
pub(super) struct Held {
    pub(super) fits: bool,
    pub(super) expected: String,
    pub(super) came: String,
}

/// Holds what came against what was expected.
pub(super) fn hold(expected: &Value, came: &Value, extent: Extent, secrets: &SecretNames) -> Held {
    let came = likened(expected, came, extent);
    let fits = came == *expected;
    let (mut shown, mut shown_came) = (expected.clone(), came);
    hide(&mut shown, &mut shown_came, secrets);
    Held { fits, expected: pretty(&shown), came: pretty(&shown_came) }
}

/// What came without secrets, to be shown alone.
pub(super) fn shown(came: &Value, secrets: &SecretNames) -> String {
    let (mut one, mut other) = (came.clone(), came.clone());
    hide(&mut one, &mut other, secrets);
    pretty(&one)
}

fn pretty(value: &Value) -> String {
    // Values have no keys that are no text, and a `String` takes whatever is written.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What came, made as like to what was expected as may be without telling a lie: its members are in
/// the same order, numbers that are equal are written alike, and what does not matter is left out.
/// It equals the expected value exactly if it fits.
fn likened(expected: &Value, came: &Value, extent: Extent) -> Value {
    match (expected, came) {
        (Value::Object(expected), Value::Object(came)) => {
            let mut members = Map::new();
            for (name, value) in expected {
                if let Some(came) = came.get(name) {
                    members.insert(name.clone(), likened(value, came, extent));
                }
            }
            if extent != Extent::Including {
                let others = came.iter().filter(|(name, _)| !expected.contains_key(*name));
                members.extend(others.map(|(name, value)| (name.clone(), value.clone())));
            }
            Value::Object(members)
        }
        (Value::Array(expected), Value::Array(came)) => {
            let pairs = came.iter().enumerate().map(|(index, value)| match expected.get(index) {
                Some(expected) => likened(expected, value, extent),
                None => value.clone(),
            });
            pairs.collect()
        }
        (Value::Number(number), Value::Number(other)) if number.is_f64() != other.is_f64() => {
            // 1 and 1.0 are one number in JSON.
            if number.as_f64() == other.as_f64() { expected.clone() } else { came.clone() }
        }
        (Value::String(pattern), came) if extent == Extent::WithHoles => match came {
            Value::String(text) if holes::fits(pattern, text) => expected.clone(),
            // A hole that is the whole text may have been anything.
            _ if pattern == holes::REDACTED || pattern == holes::ANY => expected.clone(),
            came => came.clone(),
        },
        _ => came.clone(),
    }
}

/// Takes the secrets out of both. Where they differ, that stays visible.
fn hide(expected: &mut Value, came: &mut Value, secrets: &SecretNames) {
    match (expected, came) {
        (Value::Object(expected), Value::Object(came)) => {
            for (name, value) in expected.iter_mut() {
                let mut none = Value::Null;
                let there = came.contains_key(name);
                let other = came.get_mut(name).unwrap_or(&mut none);
                if !secrets.contain(name) {
                    hide(value, other, secrets);
                    continue;
                }
                let differs = there && value != other;
                *value = holes::REDACTED.into();
                *other = match differs {
                    true => "[redacted: another value]".into(),
                    false => holes::REDACTED.into(),
                };
            }
            for (name, value) in came.iter_mut() {
                if !expected.contains_key(name) {
                    if secrets.contain(name) {
                        *value = holes::REDACTED.into();
                    } else {
                        hide(&mut Value::Null, value, secrets);
                    }
                }
            }
        }
        (Value::Array(expected), Value::Array(came)) => {
            let longest = expected.len().max(came.len());
            for index in 0..longest {
                let (mut none, mut nothing) = (Value::Null, Value::Null);
                let expected = expected.get_mut(index).unwrap_or(&mut none);
                hide(expected, came.get_mut(index).unwrap_or(&mut nothing), secrets);
            }
        }
        (expected, came) => {
            hide_alone(expected, secrets);
            hide_alone(came, secrets);
        }
    }
}

fn hide_alone(value: &mut Value, secrets: &SecretNames) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                if secrets.contain(name) {
                    *value = holes::REDACTED.into();
                } else {
                    hide_alone(value, secrets);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_alone(item, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(expected: Value, came: Value, extent: Extent) -> bool {
        hold(&expected, &came, extent, &SecretNames::default()).fits
    }

    #[test]
    fn a_whole_value_has_no_other_members_and_any_order() {
        let expected = json!({ "a": 1, "b": [1, { "c": 2.0 }] });
        assert!(fits(expected.clone(), json!({ "b": [1.0, { "c": 2 }], "a": 1 }), Extent::Whole));
        for came in
            [json!({ "a": 1 }), json!({ "a": 1, "b": [1, { "c": 2, "d": 3 }] }), json!(null)]
        {
            assert!(!fits(expected.clone(), came, Extent::Whole));
        }
    }

    #[test]
    fn objects_may_have_more_members_and_lists_no_more_items() {
        let expected = json!({ "a": [{ "b": 1 }] });
        assert!(fits(
            expected.clone(),
            json!({ "x": 0, "a": [{ "b": 1, "y": 0 }] }),
            Extent::Including
        ));
        for came in
            [json!({ "a": [] }), json!({ "a": [{ "b": 1 }, 2] }), json!({ "a": [{ "b": 2 }] })]
        {
            assert!(!fits(expected.clone(), came, Extent::Including));
        }
    }

    #[test]
    fn a_hole_that_is_a_whole_text_may_have_been_anything() {
        let expected = json!({ "token": "[redacted]", "at": "[any]", "url": "[api]/x" });
        let came = json!({ "token": [1], "at": 5, "url": "http://127.0.0.1:5/x" });
        assert!(fits(expected.clone(), came, Extent::WithHoles));
        assert!(!fits(expected, json!({ "token": 1, "at": 5, "url": 6 }), Extent::WithHoles));
        assert!(!fits(json!({ "at": "[any]" }), json!({}), Extent::WithHoles));
    }

    #[test]
    fn secrets_are_not_shown_and_that_they_differ_is() {
        let expected = json!({ "card": { "token": "hunter2" }, "secret": "same" });
        let came = json!({ "card": { "token": "hunter3" }, "secret": "same", "password": "new" });
        let held = hold(&expected, &came, Extent::Whole, &SecretNames::default());
        let all = format!("{}\n{}", held.expected, held.came);
        assert!(!held.fits && held.expected != held.came);
        for word in ["hunter", "same", "new"] {
            assert!(!all.contains(word), "{all}");
        }
    }
}
