//! What a step or a run gave: a JSON value, shared and not copied.
//!
//! Most runs return the outputs of their steps by name, and so everything would stand in a report
//! twice. It stands there once: an [`Output`] that puts others together does so when it is looked
//! into, and when it is serialised not even then.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// A JSON value. It is used as one: `report.steps["user"].output["name"]`.
#[derive(Clone)]
pub struct Output(Form);

#[derive(Clone)]
enum Form {
    One(Arc<Value>),
    ByName(Arc<ByName>),
}

struct ByName {
    parts: Vec<(Arc<str>, Arc<Value>)>,
    whole: OnceLock<Value>,
}

impl Output {
    /// An object of outputs by name.
    pub(crate) fn by_name(parts: Vec<(Arc<str>, Arc<Value>)>) -> Self {
        Self(Form::ByName(Arc::new(ByName { parts, whole: OnceLock::new() })))
    }

    /// The value by itself; copied only if it is shared.
    pub fn into_value(self) -> Value {
        match self.0 {
            Form::One(value) => Arc::unwrap_or_clone(value),
            Form::ByName(parts) => match Arc::try_unwrap(parts) {
                Ok(parts) => parts.into_whole(),
                Err(shared) => shared.whole().clone(),
            },
        }
    }
}

impl ByName {
    fn whole(&self) -> &Value {
        let copy = |(name, value): &(Arc<str>, Arc<Value>)| (name.to_string(), (**value).clone());
        self.whole.get_or_init(|| Value::Object(self.parts.iter().map(copy).collect()))
    }

    fn into_whole(self) -> Value {
        if let Some(whole) = self.whole.into_inner() {
            return whole;
        }
        let parts = self.parts.into_iter();
        let whole: Map<String, Value> =
            parts.map(|(name, value)| (name.to_string(), Arc::unwrap_or_clone(value))).collect();
        Value::Object(whole)
    }
}

impl Deref for Output {
    type Target = Value;

    fn deref(&self) -> &Value {
        match &self.0 {
            Form::One(value) => value,
            Form::ByName(parts) => parts.whole(),
        }
    }
}

impl From<Arc<Value>> for Output {
    fn from(value: Arc<Value>) -> Self {
        Self(Form::One(value))
    }
}

impl From<Value> for Output {
    fn from(value: Value) -> Self {
        Self(Form::One(Arc::new(value)))
    }
}

impl From<Output> for Value {
    fn from(output: Output) -> Self {
        output.into_value()
    }
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::One(value) => value.serialize(serializer),
            Form::ByName(by_name) => {
                serializer.collect_map(by_name.parts.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Output::from)
    }
}

impl PartialEq for Output {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl PartialEq<Value> for Output {
    fn eq(&self, other: &Value) -> bool {
        **self == *other
    }
}

impl PartialEq<str> for Output {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Output {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(*other)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Output {
    /// As compact JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outputs_by_name_are_one_object_however_they_are_looked_at() {
        let parts = || vec![("b".into(), Arc::new(json!(1))), ("a".into(), Arc::new(json!([2])))];
        let output = Output::by_name(parts());
        assert_eq!(serde_json::to_string(&output).unwrap(), r#"{"b":1,"a":[2]}"#);
        assert_eq!(output["a"][0], 2);
        assert_eq!(output, json!({"b": 1, "a": [2]}));
        assert_eq!(output.clone().into_value().to_string(), r#"{"b":1,"a":[2]}"#);
        assert_eq!(Output::by_name(parts()).into_value(), output.into_value());
    }

    #[test]
    fn one_value_is_shared() {
        let value = Arc::new(json!("text"));
        let output = Output::from(value.clone());
        assert_eq!(output, "text");
        assert!(std::ptr::eq(&*output, &*value));
        assert_eq!(output.to_string(), r#""text""#);
    }
}
