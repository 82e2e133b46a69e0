//! JSONPath queries (RFC 9535), measured before the library that parses them sees them.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::error::ExprError;
use super::limits::{self, Quoting};

/// A parsed JSONPath.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    source: String,
    path: JsonPath,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, ExprError> {
        limits::check(text, Quoting::Backslash)?;
        match JsonPath::parse(text) {
            Ok(path) => Ok(Self { source: text.to_owned(), path }),
            Err(error) => {
                let at = floor_char_boundary(text, error.position());
                let message = format!("no JSONPath: {}", error.message());
                Err(ExprError::new(at..text.len(), message)
                    .hint("see RFC 9535; for example `$.items[?@.price > 1]`"))
            }
        }
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The nodes that match, cloned into an array in document order.
    pub(super) fn run(&self, value: &Value) -> Value {
        Value::Array(self.path.query(value).all().into_iter().cloned().collect())
    }

    /// Whether a text could be meant as a JSONPath: `$` alone, or `$.`, `$[`, `$ [`.
    pub(super) fn is_likely(text: &str) -> bool {
        text.strip_prefix('$').is_some_and(|rest| {
            rest.chars().next().is_none_or(|next| ".[".contains(next) || next.is_whitespace())
        })
    }
}

/// The library counts bytes, but nothing promises that it stops between two characters.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
