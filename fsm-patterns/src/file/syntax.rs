//! Texts that cannot be read at all: one fault each, at the place where the parser gave up.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};

use super::report::Located;
use super::yaml::{MAX_DEPTH, unmarked};
use crate::fault::{Fault, Place};

/// What the YAML parser could not read.
pub(super) fn yaml(text: &str, error: &ScanError) -> Box<Located> {
    let start = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let message = match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(),
        ErrorKind::UnknownAnchor => "an alias to an anchor that does not exist".to_owned(),
        kind => format!("not valid YAML: {kind}"),
    };
    let fault = Fault::new(Place::root(), message);
    let hint = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => Some("indent with spaces, not with tabs"),
        ErrorKind::MappingValueNotAllowed => Some("a text with `: ` inside needs quotes"),
        ErrorKind::UnexpectedCharacter { .. } => Some("a text that begins so needs quotes"),
        ErrorKind::UnknownAnchor => Some("a text that begins with `*` needs quotes"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::SimpleKeyExpected => {
            Some("is the indentation the same as that of the lines above?")
        }
        ErrorKind::UnclosedQuotedScalar => Some("a quote is not closed"),
        // The parser's enum is open, and for the rest its message is all that can be said.
        _ => None,
    };
    let fault = match hint {
        Some(hint) => fault.hint(hint),
        None => fault,
    };
    stop(one_character(text, start), fault)
}

/// A key that is longer than YAML lets a key be whose end has to be looked for.
pub(super) fn long_key(text: &str, error: &ScanError, longest: usize) -> Box<Located> {
    let start = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let message = format!("a key of more than {longest} characters ends here");
    let fault = Fault::new(Place::root(), message)
        .hint("YAML wants `? ` before a key that long, and `: ` with its value in the next line");
    stop(one_character(text, start), fault)
}

/// What the JSON parser could not read.
pub(super) fn json(text: &str, error: &serde_json::Error) -> Box<Located> {
    let at = offset(text, error.line(), error.column());
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    stop(at, Fault::new(Place::root(), format!("not valid JSON: {message}")))
}

/// The byte at a line and column (both from 1, the column in bytes) as serde_json counts them.
fn offset(text: &str, line: usize, column: usize) -> Range<usize> {
    let read = unmarked(text);
    let lines = read.split_inclusive('\n').take(line.saturating_sub(1));
    let start = text.len() - read.len() + lines.map(str::len).sum::<usize>();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    one_character(text, at)
}

/// The character at byte `at`, to have something to point at; nothing at the end of a line.
fn one_character(text: &str, at: usize) -> Range<usize> {
    let character = text.get(at..).and_then(|rest| rest.chars().next());
    at..at + character.filter(|character| !character.is_control()).map_or(0, char::len_utf8)
}

/// A fault after which nothing can be read.
pub(super) fn stop(at: Range<usize>, fault: Fault) -> Box<Located> {
    Box::new(Located::at(at, fault))
}

pub(super) fn too_deep() -> String {
    format!("more than {MAX_DEPTH} levels of nesting")
}
