//! A string of a template: text, one expression, or text with `{$…}` inside.

use std::fmt::Write as _;

use serde_json::Value;

use super::error::{EvalError, ExprError};
use super::expression::Expression;
use super::path::End;
use super::root::{Dialect, Reference};
use super::scope::Scope;

/// What a string turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scanned {
    /// Text, with `$$` already turned into `$`.
    Plain(String),
    /// One expression, and nothing else.
    Whole(Expression),
    /// Text with expressions inside.
    Mixed(Vec<Part>),
}

/// A part of a string with expressions inside.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// Text, unescaped.
    Text(String),
    /// `{$…}`; `at` is where the `$` stands in the string.
    Embedded {
        /// What is written between the braces.
        expression: Expression,
        /// Where the `$` stands in the string.
        at: usize,
    },
}

impl Part {
    pub(super) fn reference(&self, pointer: &str) -> Option<Reference> {
        match self {
            Part::Text(_) => None,
            Part::Embedded { expression, at } => Some(expression.reference(*at, pointer)),
        }
    }
}

/// Takes a string apart; reports every faulty expression in it.
pub(super) fn scan(dialect: Dialect, text: &str) -> Result<Scanned, Vec<ExprError>> {
    if dialect.begins(text) {
        return match Expression::parse_in(dialect, text) {
            Ok(expression) => Ok(Scanned::Whole(expression)),
            Err(error) => Err(vec![error]),
        };
    }
    let mut parts = Vec::new();
    let mut errors = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            plain.push('$');
            at = text.len() - after.len();
        } else if rest.starts_with('{') && dialect.begins(&rest[1..]) {
            match embedded(dialect, &rest[1..]) {
                Ok((expression, length)) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Embedded { expression, at: at + 1 });
                    at += length + 2;
                }
                Err(error) => {
                    errors.push(error.shifted(at + 1));
                    at += 2;
                }
            }
        } else {
            // All the text up to the next character that could mean something.
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let next = rest[first..].find(['$', '{']).map_or(rest.len(), |found| found + first);
            plain.push_str(&rest[..next]);
            at += next;
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if parts.is_empty() {
        return Ok(Scanned::Plain(plain));
    }
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(Scanned::Mixed(parts))
}

/// The expression at the beginning of `rest`, which must end at a `}`.
fn embedded(dialect: Dialect, rest: &str) -> Result<(Expression, usize), ExprError> {
    let (expression, end) = Expression::parse_prefix(dialect, rest, End::Brace)?;
    if rest[end..].starts_with('}') {
        return Ok((expression, end));
    }
    let message = match rest[end..].chars().next() {
        None => format!("`{{{expression}` is not closed"),
        Some(next) => format!("`{}` is unexpected after `{expression}`", next.escape_debug()),
    };
    let hint = format!(
        "close it: `{{{expression}}}`; for the text itself write `{{$${}`",
        &expression.source()[1..]
    );
    Err(ExprError::new(0..end, message).hint(hint))
}

/// Puts the parts together; values become text: strings as they are, others as JSON.
pub(super) fn join(parts: &[Part], scope: &Scope<'_>) -> Result<String, EvalError> {
    let mut joined = String::new();
    for part in parts {
        match part {
            Part::Text(text) => joined.push_str(text),
            Part::Embedded { expression, .. } => push(&mut joined, &*expression.require(scope)?),
        }
    }
    Ok(joined)
}

/// A value as text inside a longer one.
pub(super) fn push(text: &mut String, value: &Value) {
    match value {
        Value::String(string) => text.push_str(string),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            // Writing into a `String` does not fail.
            let _ = write!(text, "{value}");
        }
    }
}

/// The string that [`scan`] reads as the text `plain`.
pub(super) fn escape(dialect: Dialect, plain: &str) -> String {
    match scan(dialect, plain) {
        Ok(Scanned::Plain(read)) if read == plain => plain.to_owned(),
        Ok(Scanned::Plain(_) | Scanned::Whole(_) | Scanned::Mixed(_)) | Err(_) => {
            plain.replace('$', "$$")
        }
    }
}
