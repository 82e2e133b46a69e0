//! What follows the root: `.member`, `[0]`, `['odd key']`, and at the end `#/a/b` (RFC 6901).
//!
//! All spellings become the same [`Segment`]s, so `$data.a[0]` and `$data#/a/0` mean the same.
//! A key that is written in digits also reaches into an array, as RFC 6901 has it.

use std::ops::Range;

use serde_json::Value;

use super::error::{ExprError, Missing, kind};

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// A member of an object; digits also reach into an array.
    Key(String),
    /// An item of an array, from 0.
    Index(usize),
}

impl Segment {
    /// The value one step further inside.
    pub(crate) fn get<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match (self, value) {
            (Segment::Key(key), Value::Object(members)) => members.get(key),
            (Segment::Key(key), Value::Array(items)) => items.get(array_index(key)?),
            (Segment::Index(index), Value::Array(items)) => items.get(*index),
            (Segment::Index(_), Value::Object(_)) => None,
            (
                Segment::Key(_) | Segment::Index(_),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_),
            ) => None,
        }
    }

    /// Why [`Segment::get`] found nothing in `value`, which lies at `within`.
    pub(super) fn missing_in(&self, value: &Value, within: &str) -> Missing {
        let within = within.to_owned();
        let (name, is_position) = match self {
            Segment::Key(key) => (key.clone(), array_index(key).is_some()),
            Segment::Index(index) => (format!("[{index}]"), true),
        };
        match value {
            Value::Array(items) if is_position => {
                Missing::Item { within, index: name, length: items.len() }
            }
            Value::Object(_) => Missing::Member { within, name },
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Missing::Inside { within, name, found: kind(value) },
        }
    }
}

/// An array index as RFC 6901 writes it: digits without leading zeros.
fn array_index(key: &str) -> Option<usize> {
    let canonical = key == "0" || !key.starts_with('0');
    let digits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { key.parse().ok() } else { None }
}

/// Where an expression ends, which depends on what it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the end of the string.
    Text,
    /// At the `}` of `{$…}`.
    Brace,
    /// Before white space, `)`, or an operator of a condition.
    Operand,
}

/// A segment and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) segment: Segment,
    pub(super) span: Range<usize>,
}

/// Reads the segments of `text` from byte `at` on; gives them and the byte after the last.
pub(super) fn parse(
    text: &str,
    mut at: usize,
    end: End,
) -> Result<(Vec<Written>, usize), ExprError> {
    let mut segments = Vec::new();
    loop {
        let rest = &text[at..];
        let (segment, length) = match rest.chars().next() {
            Some('.') => member(rest).map_err(|error| error.shifted(at))?,
            Some('[') => bracket(rest).map_err(|error| error.shifted(at))?,
            Some('#') => {
                let at = at + 1;
                let length = pointer_length(&text[at..], end);
                let pointer = &text[at..at + length];
                pointer_segments(pointer, at, &mut segments)?;
                return Ok((segments, at + length));
            }
            Some(_) | None => return Ok((segments, at)),
        };
        segments.push(Written { segment, span: at..at + length });
        at += length;
    }
}

/// Whether a character may stand in a member that is written with a dot.
pub(super) fn is_name(character: char) -> bool {
    !character.is_whitespace()
        && !character.is_control()
        && !".[]{}#'\"=!<>&|(),`".contains(character)
}

/// `.name`
fn member(rest: &str) -> Result<(Segment, usize), ExprError> {
    let name: String = rest[1..].chars().take_while(|character| is_name(*character)).collect();
    if name.is_empty() {
        return Err(ExprError::new(0..1, "a member's name must follow the dot")
            .hint("names with other characters go into brackets: `['odd key']`"));
    }
    let length = 1 + name.len();
    Ok((Segment::Key(name), length))
}

/// `[0]` or `['odd key']`
fn bracket(rest: &str) -> Result<(Segment, usize), ExprError> {
    if rest[1..].starts_with('\'') {
        let (key, length) = quoted(&rest[1..]).map_err(|error| error.shifted(1))?;
        let close = 1 + length;
        if !rest[close..].starts_with(']') {
            return Err(ExprError::new(0..close, "the bracket is not closed")
                .hint("`]` must follow the quoted key"));
        }
        return Ok((Segment::Key(key), close + 1));
    }
    let Some(close) = rest.find(']') else {
        return Err(ExprError::new(0..1, "the bracket is not closed"));
    };
    let inside = &rest[1..close];
    match array_index(inside) {
        Some(index) => Ok((Segment::Index(index), close + 1)),
        None => Err(ExprError::new(0..close + 1, format!("`[{inside}]` is no index")).hint(
            "an index counts from 0, as in `[0]`; a key stands in quotes, as in `['odd key']`; \
             anything else is a query: `{ jsonpath: …, from: … }`",
        )),
    }
}

/// `'text'` with `''` for a quote; gives the text and the length as written.
pub(super) fn quoted(rest: &str) -> Result<(String, usize), ExprError> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != '\'' {
            text.push(character);
            continue;
        }
        if characters.next_if(|(_, next)| *next == '\'').is_none() {
            return Ok((text, at + 1));
        }
        text.push('\'');
    }
    Err(ExprError::new(0..rest.len(), "the string is not closed")
        .hint("a quote inside is written twice: 'it''s'"))
}

/// How far the pointer after `#` goes.
fn pointer_length(rest: &str, end: End) -> usize {
    match end {
        End::Text => rest.len(),
        End::Brace => rest.find('}').unwrap_or(rest.len()),
        End::Operand => rest
            .char_indices()
            .find(|(at, character)| {
                let operators = ["==", "!=", "<", ">", "&&", "||"];
                character.is_whitespace()
                    || *character == ')'
                    || operators.iter().any(|operator| rest[*at..].starts_with(operator))
            })
            .map_or(rest.len(), |(at, _)| at),
    }
}

/// `/a~1b/0`; `at` is where it begins in the whole text.
fn pointer_segments(
    pointer: &str,
    at: usize,
    segments: &mut Vec<Written>,
) -> Result<(), ExprError> {
    if pointer.is_empty() {
        return Ok(());
    }
    let whole = at..at + pointer.len();
    if !pointer.starts_with('/') {
        return Err(ExprError::new(whole, "a JSON Pointer begins with `/`")
            .hint(format!("`#/{pointer}`, see RFC 6901")));
    }
    if pointer.contains(|character: char| character.is_control()) {
        return Err(ExprError::new(whole, "a line break or control character in a JSON Pointer")
            .hint("the pointer runs to the end of the string; write the string on one line"));
    }
    let mut start = at;
    for token in pointer[1..].split('/') {
        let span = start..start + 1 + token.len();
        start = span.end;
        segments.push(Written { segment: Segment::Key(unescape(token, &span)?), span });
    }
    Ok(())
}

/// `~1` is `/` and `~0` is `~`; any other `~` is an error (RFC 6901, section 3).
fn unescape(token: &str, span: &Range<usize>) -> Result<String, ExprError> {
    let mut key = String::with_capacity(token.len());
    let mut characters = token.chars();
    while let Some(character) = characters.next() {
        if character != '~' {
            key.push(character);
            continue;
        }
        match characters.next() {
            Some('0') => key.push('~'),
            Some('1') => key.push('/'),
            Some(_) | None => {
                return Err(ExprError::new(span.clone(), "a lone `~` in a JSON Pointer")
                    .hint("write `~0` for `~` and `~1` for `/`"));
            }
        }
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str, end: End) -> (Vec<Segment>, usize) {
        let (segments, at) = parse(text, 0, end).expect("the path should parse");
        (segments.into_iter().map(|written| written.segment).collect(), at)
    }

    #[test]
    fn all_spellings_become_the_same_segments() {
        let key = |key: &str| Segment::Key(key.to_owned());
        assert_eq!(
            keys(".a-b[2]['it''s']", End::Text).0,
            [key("a-b"), Segment::Index(2), key("it's")]
        );
        assert_eq!(
            keys(".x#/a~1b/m~0n//0", End::Text).0,
            [key("x"), key("a/b"), key("m~n"), key(""), key("0")]
        );
    }

    #[test]
    fn a_pointer_ends_where_its_surroundings_say() {
        assert_eq!(keys("#/a b}", End::Text).1, 6);
        assert_eq!(keys("#/a b}", End::Brace).1, 5);
        for text in ["#/ab ==1", "#/ab==1", "#/ab)", "#/ab<1", "#/ab&&true"] {
            assert_eq!(keys(text, End::Operand).1, 4, "{text}");
        }
    }

    #[test]
    fn an_index_has_no_leading_zero_and_no_sign() {
        for text in
            ["[01]", "[-1]", "[+1]", "[]", "[1", "[a]", "['a'", "['a", "[99999999999999999999]"]
        {
            assert!(parse(text, 0, End::Text).is_err(), "{text}");
        }
        assert_eq!(array_index("0"), Some(0));
        assert_eq!(array_index("00"), None);
        assert_eq!(array_index("-"), None);
    }
}
