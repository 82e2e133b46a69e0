//! How far a proof looks at contexts: what has too many values becomes unknown.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use fsm_patterns::machine::unknown;
use serde_json::Value;

/// How many values one member may have.
const MOST_VALUES: usize = 32;

/// How many, where there are more different contexts than [`MOST_CONTEXTS`].
const FEW_VALUES: usize = 2;

const MOST_CONTEXTS: usize = 4_096;

/// How many members, items, or characters a value may have.
const MOST_ITEMS: usize = 64;

const MOST_LEVELS: usize = 8;

/// What was seen of contexts so far. From where a member has had too many values it is unknown in
/// every context that is new, so there is an end of contexts. What became of a context that was seen
/// before stays what it is: a checker may ask twice.
#[derive(Default)]
pub(super) struct Horizon {
    /// By path, the values that were seen there.
    seen: HashMap<String, HashSet<u64>>,
    /// By context, what became of it; `None`: it stayed what it is.
    settled: HashMap<String, Option<Value>>,
    hasher: BuildHasherDefault<DefaultHasher>,
}

impl Horizon {
    /// The context with what lies beyond made unknown.
    ///
    /// # Complexity
    /// Linear in the size of the context.
    pub(super) fn look(&mut self, context: Value) -> Value {
        let name = canonical(&context);
        if let Some(settled) = self.settled.get(&name) {
            return settled.clone().unwrap_or(context);
        }
        let most = match self.settled.len() > MOST_CONTEXTS {
            true => FEW_VALUES,
            false => MOST_VALUES,
        };
        let mut seen = context.clone();
        self.inside(&mut seen, &mut String::new(), 0, most);
        self.settled.insert(name, (seen != context).then(|| seen.clone()));
        seen
    }

    fn inside(&mut self, value: &mut Value, path: &mut String, level: usize, most: usize) {
        let length = match value {
            Value::Object(members) => members.len(),
            Value::Array(items) => items.len(),
            Value::String(text) => text.len(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        };
        // The context itself is an object in any case.
        if level > 0 && (length > MOST_ITEMS || level > MOST_LEVELS) {
            *value = unknown();
            return;
        }
        let end = path.len();
        match value {
            Value::Object(members) => {
                for (name, inner) in members.iter_mut().filter(|(name, _)| *name != UNKNOWN) {
                    path.push('/');
                    path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                    self.inside(inner, path, level + 1, most);
                    path.truncate(end);
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter_mut().enumerate() {
                    let _ = write!(path, "/{index}");
                    self.inside(inner, path, level + 1, most);
                    path.truncate(end);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let hash = self.hasher.hash_one(value.to_string());
                let seen = self.seen.entry(path.clone()).or_default();
                if seen.len() <= most {
                    seen.insert(hash);
                }
                if seen.len() > most {
                    *value = unknown();
                }
            }
        }
    }
}

/// The name that says of an object that not all of it is known.
const UNKNOWN: &str = "$unknown";

/// A value as text, the members of objects in the order of their names.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, inner) in sorted {
                let _ = write!(text, "{name:?}:");
                write(inner, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for inner in items {
                write(inner, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_that_has_had_too_many_values_is_unknown_from_then_on_and_no_other_is() {
        let mut horizon = Horizon::default();
        let seen: Vec<Value> =
            (0..40).map(|n| horizon.look(json!({"n": n, "even": n % 2 == 0}))).collect();
        assert_eq!(seen[31], json!({"n": 31, "even": false}));
        assert_eq!(seen[32], json!({"n": unknown(), "even": true}));
        assert_eq!(horizon.look(json!({"n": 1, "even": true}))["n"], unknown());
        // What was seen before is what it was.
        assert_eq!(horizon.look(json!({"n": 1, "even": false}))["n"], 1);
    }

    #[test]
    fn many_contexts_bring_the_horizon_nearer() {
        let mut horizon = Horizon::default();
        for n in 0..5_000 {
            horizon.look(json!({"a": n % 20, "b": n / 20 % 20, "c": n / 400, "on": n % 2 == 0}));
        }
        let after = horizon.look(json!({"a": 1, "b": 1, "c": 1, "on": true}));
        assert_eq!(after, json!({"a": unknown(), "b": unknown(), "c": unknown(), "on": true}));
    }

    #[test]
    fn what_is_long_or_deep_is_unknown() {
        let mut horizon = Horizon::default();
        let long = json!({"text": "x".repeat(65), "list": vec![1; 65], "short": [1]});
        let seen = horizon.look(long);
        assert_eq!(seen, json!({"text": unknown(), "list": unknown(), "short": [1]}));
        let deep = (0..20).fold(json!(1), |inner, _| json!({ "in": inner }));
        assert!(canonical(&horizon.look(deep)).contains("$unknown"));
    }

    #[test]
    fn the_order_of_members_does_not_tell_contexts_apart() {
        assert_eq!(
            canonical(&json!({"a": 1, "b": [true]})),
            canonical(&json!({"b": [true], "a": 1}))
        );
        assert_ne!(canonical(&json!({"a": 1})), canonical(&json!({"a": "1"})));
    }
}
