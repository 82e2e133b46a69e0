//! Everything that was shown in a test, and the search through all of it.

use std::error::Error;
use std::fmt::Debug;

use serde_json::Value;

use super::needles::Needles;

/// Everything that was shown, by what it is.
#[derive(Default)]
pub(crate) struct Shown(Vec<(String, String)>);

impl Shown {
    pub(crate) fn add(&mut self, what: impl Into<String>, text: impl Into<String>) {
        self.0.push((what.into(), text.into()));
    }

    pub(crate) fn debug(&mut self, what: impl Into<String>, value: &impl Debug) {
        self.add(what, format!("{value:?} {value:#?}"));
    }

    pub(crate) fn error(&mut self, what: &str, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.add(what, format!("{error} {error:?} {error:#?}"));
            next = error.source();
        }
    }

    pub(crate) fn json(&mut self, what: impl Into<String>, mut value: Value) {
        forget_outputs(&mut value);
        self.add(what, value.to_string());
    }

    /// Fails with every place at which a secret is found.
    pub(crate) fn hold_nothing_of(&self, needles: &Needles) {
        let found = self.0.iter().flat_map(|(what, text)| {
            needles.find(text).into_iter().map(move |found| format!("{what}: {found}"))
        });
        let found: Vec<String> = found.collect();
        assert!(
            found.is_empty(),
            "{} finds:\n{}",
            found.len(),
            found[..found.len().min(25)].join("\n")
        );
    }
}

/// What a server echoes into the output of a step is the user's data.
fn forget_outputs(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for own in ["output", "data", "carried"] {
                members.remove(own);
            }
            members.values_mut().for_each(forget_outputs);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_outputs),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
