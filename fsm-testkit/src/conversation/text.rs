//! What a text of a request is expected to be: a header's value, a parameter, a whole body.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::holes;

/// A text that is expected.
///
/// A `&str` or a `String` is one, too: it stands for exactly itself.
#[derive(Clone)]
pub struct Text(Kind);

#[derive(Clone)]
enum Kind {
    Any,
    Is(String),
    StartingWith(String),
    Containing(String),
    Same(String),
    Such { that: String, holds: Arc<dyn Fn(&str) -> bool + Send + Sync> },
    WithHoles(String),
}

/// Any text at all, but there has to be one.
pub fn any() -> Text {
    Text(Kind::Any)
}

/// A text that starts like this.
pub fn starting_with(start: impl Into<String>) -> Text {
    Text(Kind::StartingWith(start.into()))
}

/// A text with this in it.
pub fn containing(part: impl Into<String>) -> Text {
    Text(Kind::Containing(part.into()))
}

/// Any text the first time, and the same text wherever this name is used again: the retry of a
/// payment carries the `Idempotency-Key` of the first attempt.
///
/// ```
/// use fsm_testkit::conversation::{Answer, Conversation, Request, same};
///
/// let charge = || Request::post("/charge").header("idempotency-key", same("the key"));
/// let retried = Conversation::new()
///     .expect(charge()).answer(Answer::status(503))
///     .expect(charge()).answer(Answer::status(201));
/// # drop(retried);
/// ```
pub fn same(name: impl Into<String>) -> Text {
    Text(Kind::Same(name.into()))
}

/// A text of which this holds; `that` says what, for the report, as in `is a date`.
pub fn such_that(
    that: impl Into<String>,
    holds: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Text {
    Text(Kind::Such { that: that.into(), holds: Arc::new(holds) })
}

/// The texts that the names of [`same`] stand for by now.
pub(super) type Bound = BTreeMap<String, String>;

impl Text {
    /// A text in which `[redacted]` and `[any]` stand for any text.
    pub(crate) fn with_holes(pattern: impl Into<String>) -> Self {
        Self(Kind::WithHoles(pattern.into()))
    }

    pub(super) fn fits(&self, text: &str, bound: &Bound) -> bool {
        match &self.0 {
            Kind::Any => true,
            Kind::Is(expected) => text == expected,
            Kind::StartingWith(start) => text.starts_with(start.as_str()),
            Kind::Containing(part) => text.contains(part.as_str()),
            Kind::Same(name) => bound.get(name).is_none_or(|first| first == text),
            Kind::Such { holds, .. } => holds(text),
            Kind::WithHoles(pattern) => holes::fits(pattern, text),
        }
    }

    /// Notes what the text's name stands for from now on, if it has one.
    pub(super) fn bind(&self, text: &str, bound: &mut Bound) {
        if let Kind::Same(name) = &self.0 {
            bound.entry(name.clone()).or_insert_with(|| text.to_owned());
        }
    }

    /// In words. A text that is secret is not told.
    pub(super) fn in_words(&self, secret: bool, bound: &Bound) -> String {
        let told = |text: &str| match secret {
            true => holes::REDACTED.to_owned(),
            false => text.to_owned(),
        };
        match &self.0 {
            Kind::Any => "any text".to_owned(),
            Kind::Is(text) | Kind::WithHoles(text) => told(text),
            Kind::StartingWith(start) => format!("a text that starts with {}", told(start)),
            Kind::Containing(part) => format!("a text that contains {}", told(part)),
            Kind::Same(name) => match bound.get(name) {
                None => format!("any text, to be known as `{name}`"),
                Some(first) => format!("{} (`{name}`, as before)", told(first)),
            },
            Kind::Such { that, .. } => format!("a text such that it {that}"),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Kind::Is(text.to_owned()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Kind::Is(text))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It is not known here whether the text is a secret.
        write!(f, "Text({})", self.in_words(true, &Bound::new()))
    }
}
