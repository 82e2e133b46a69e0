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
        check_filters(text)?;
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

/// How deep filters (`[?…]`) may lie within one another. The library reads the inside of each
/// twice, so that every level doubles the time.
const MAX_FILTERS: usize = 4;

/// Refuses filters that are nested too deeply. Outside of strings `?` begins a filter.
fn check_filters(text: &str) -> Result<(), ExprError> {
    // By open bracket, whether a filter began in it.
    let mut open: Vec<bool> = Vec::new();
    let mut string: Option<char> = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (string, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(quote), _) if character == quote => string = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => string = Some(character),
            (None, '[') => open.push(false),
            (None, ']') => drop(open.pop()),
            (None, '?') => {
                if let Some(filters) = open.last_mut() {
                    *filters = true;
                }
                if open.iter().filter(|filters| **filters).count() > MAX_FILTERS {
                    let message = "the filters are nested too deeply";
                    return Err(ExprError::new(at..at + 1, message)
                        .hint(format!("at most {MAX_FILTERS} within one another")));
                }
            }
            (None, _) => {}
        }
    }
    Ok(())
}

/// The library counts bytes, but nothing promises that it stops between two characters.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cause: every level of filters doubles the time that the library takes, so that forty of
    /// them in a file kept its loader busy for days.
    #[test]
    fn filters_within_filters_are_refused_before_they_cost_time() {
        let nested = |depth: usize| format!("$.a{}{}", "[?@.b".repeat(depth), "]".repeat(depth));
        assert!(Query::parse(&nested(MAX_FILTERS)).is_ok());
        let refused = Query::parse(&nested(60)).expect_err("it is too deep").to_string();
        assert!(refused.contains("filters are nested too deeply"), "{refused}");
        assert!(Query::parse("$.a[?@.b == '[?[?[?[?[?[?'][?@.c]").is_ok(), "strings do not count");
        assert!(Query::parse("$.a[?@.b][?@.c][?@.d][?@.e][?@.f]").is_ok(), "one after the other");
    }
}
