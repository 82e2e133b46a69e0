//! The body that is expected.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::comparison::Comparison;
use super::holes;
use super::incoming::{Incoming, pairs};
use super::json::{self, Extent};
use super::request::{parameter_line, parameters};
use super::secrets::SecretNames;
use super::text::{Bound, Text};

/// One thing that is expected of a body.
#[derive(Clone)]
pub(super) enum Body {
    Json(Value),
    JsonIncluding(Value),
    JsonWithHoles(Value),
    JsonSuch { that: String, holds: Arc<dyn Fn(&Value) -> bool + Send + Sync> },
    Field(String, Text),
    Text(Text),
    Bytes(Bytes),
}

impl Body {
    /// Holds what came against what was expected.
    pub(super) fn compare(
        &self,
        came: &Incoming,
        bound: &Bound,
        secrets: &SecretNames,
        comparison: &mut Comparison,
    ) {
        match self {
            Self::Json(expected) => {
                self::json(expected, Extent::Whole, came, secrets, comparison);
            }
            Self::JsonIncluding(expected) => {
                self::json(expected, Extent::Including, came, secrets, comparison);
            }
            Self::JsonWithHoles(expected) => {
                self::json(expected, Extent::WithHoles, came, secrets, comparison);
            }
            Self::JsonSuch { that, holds } => {
                let line = format!("body: JSON such that it {that}");
                if came.json().is_some_and(|came| holds(&came)) {
                    comparison.same(line);
                } else {
                    comparison.differs(line, "body, of which this does not hold:");
                    show(came, secrets, comparison);
                }
            }
            Self::Field(name, text) => {
                let came: Vec<(String, String)> = pairs(&came.text()).collect();
                let expected = [(name.clone(), text.clone())];
                parameters("field", &expected, &came, bound, secrets, comparison);
            }
            Self::Text(text) => {
                let came = came.text();
                match text.fits(&came, bound) {
                    true => comparison.same("body: as expected"),
                    false => comparison.texts("body", &text.in_words(false, bound), &came),
                }
            }
            Self::Bytes(expected) if *expected == came.body => {
                comparison.same(format!("body: these {} bytes", expected.len()));
            }
            Self::Bytes(expected) => {
                let wanted = match expected.len() {
                    0 => "no body".to_owned(),
                    length => format!("body: {length} bytes, {}", beginning(expected)),
                };
                if came.body.is_empty() {
                    comparison.differs(wanted, "no body");
                } else {
                    comparison.differs(wanted, "body:");
                    show(came, secrets, comparison);
                }
            }
        }
    }

    /// Notes what the names of texts stand for from now on.
    pub(super) fn bind(&self, came: &Incoming, bound: &mut Bound) {
        match self {
            Self::Field(name, text) => {
                if let Some((_, value)) = pairs(&came.text()).find(|(known, _)| known == name) {
                    text.bind(&value, bound);
                }
            }
            Self::Text(text) => text.bind(&came.text(), bound),
            Self::JsonWithHoles(_) => {}
            Self::Json(_) | Self::JsonIncluding(_) | Self::JsonSuch { .. } | Self::Bytes(_) => {}
        }
    }
}

fn json(
    expected: &Value,
    extent: Extent,
    came: &Incoming,
    secrets: &SecretNames,
    comparison: &mut Comparison,
) {
    let title = match extent {
        Extent::Including => "body, without members that do not matter",
        Extent::Whole | Extent::WithHoles => "body",
    };
    let Some(value) = came.json() else {
        let none = if came.body.is_empty() { "no body" } else { "body, which is no JSON:" };
        comparison.differs("body: JSON", none);
        show(came, secrets, comparison);
        return;
    };
    let held = json::hold(expected, &value, extent, secrets);
    comparison.texts(title, &held.expected, &held.came);
    if !held.fits && held.expected == held.came {
        // What differs can't be shown; the verdict is told all the same.
        comparison.differs("  [redacted]", "  [redacted: another value]");
    }
}

/// What came, without its secrets, as lines that came.
pub(super) fn show(came: &Incoming, secrets: &SecretNames, comparison: &mut Comparison) {
    if came.body.is_empty() {
        return;
    }
    if let Some(value) = came.json() {
        for line in json::shown(&value, secrets).lines() {
            comparison.came(format!("  {line}"));
        }
        return;
    }
    let form = came.header("content-type").is_some_and(|kind| kind.contains("form-urlencoded"));
    if form {
        for (name, value) in pairs(&came.text()) {
            comparison.came(parameter_line("field", &name, &value, secrets));
        }
        return;
    }
    match std::str::from_utf8(&came.body) {
        Ok(text) => text.lines().for_each(|line| comparison.came(format!("  {line}"))),
        Err(_) => {
            let (length, beginning) = (came.body.len(), beginning(&came.body));
            comparison.came(format!("  {length} bytes, {beginning}"));
        }
    }
}

/// The first bytes, to be told apart by.
fn beginning(bytes: &[u8]) -> String {
    const SHOWN: usize = 16;
    let shown: Vec<String> = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > SHOWN { " …" } else { "" };
    format!("{}{more}", shown.join(" "))
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body may hold secrets.
        f.write_str("Body(")?;
        f.write_str(match self {
            Self::Json(_) => "json",
            Self::JsonIncluding(_) => "json including",
            Self::JsonWithHoles(_) => "json with holes",
            Self::JsonSuch { that, .. } => that,
            Self::Field(name, _) => name,
            Self::Text(_) => "text",
            Self::Bytes(_) => holes::ANY,
        })?;
        f.write_str(")")
    }
}
