//! How long and how deep a text may be before any parser sees it.
//!
//! The parsers, ours and that of the JSONPath library, recurse on brackets. A flow file may come
//! from anywhere, and a stack overflow cannot be caught, so the depth is measured first, by a
//! plain loop.

use super::error::ExprError;

/// The longest expression, condition, or JSONPath, in bytes: 4 KiB. Text around embedded
/// expressions is not counted.
pub const MAX_LENGTH: usize = 4096;

/// How deep brackets of any kind, and `!` before them, may nest in one.
pub const MAX_DEPTH: usize = 64;

/// How deep the tree of a template may nest.
pub const MAX_TREE_DEPTH: usize = 256;

/// How a quote is written inside a quoted string, which decides where the string ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// `'it''s'`: expressions and conditions.
    Doubled,
    /// `'it\'s'` and `"…"`: JSONPath.
    Backslash,
}

/// Refuses a text that is too long or nested too deeply; brackets inside strings do not count.
pub(super) fn check(text: &str, quoting: Quoting) -> Result<(), ExprError> {
    check_length(text)?;
    let mut depth = 0usize;
    let mut string: Option<char> = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if let Some(quote) = string {
            if character == quote {
                string = None;
            } else if character == '\\' && quoting == Quoting::Backslash {
                characters.next();
            }
            continue;
        }
        match character {
            '\'' => string = Some('\''),
            '"' if quoting == Quoting::Backslash => string = Some('"'),
            '(' | '[' | '{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(too_deep(at));
                }
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a text that is too long.
pub(super) fn check_length(text: &str) -> Result<(), ExprError> {
    if text.len() <= MAX_LENGTH {
        return Ok(());
    }
    let message = format!("{} bytes are too long for an expression", text.len());
    Err(ExprError::new(0..text.len(), message)
        .hint(format!("at most {MAX_LENGTH} bytes; split it over several steps or conditions")))
}

/// The error for a text that is nested too deeply at byte `at`.
pub(super) fn too_deep(at: usize) -> ExprError {
    ExprError::new(at..at + 1, "the brackets are nested too deeply")
        .hint(format!("at most {MAX_DEPTH} levels"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings_only() {
        let deep = "(".repeat(MAX_DEPTH);
        assert!(check(&deep, Quoting::Doubled).is_ok());
        assert!(check(&format!("{deep}["), Quoting::Doubled).is_err());
        assert!(check(&format!("{deep}'[[['"), Quoting::Doubled).is_ok());
        assert!(check(&format!(r#"{deep}"\"[[[""#), Quoting::Backslash).is_ok());
        assert!(check(&format!(r"{deep}'\'' ["), Quoting::Backslash).is_err());
    }

    #[test]
    fn length_is_counted_in_bytes_and_the_limit_itself_is_allowed() {
        assert!(check(&"a".repeat(MAX_LENGTH), Quoting::Doubled).is_ok());
        assert!(check(&"a".repeat(MAX_LENGTH + 1), Quoting::Doubled).is_err());
        assert!(check(&"é".repeat(MAX_LENGTH / 2 + 1), Quoting::Doubled).is_err());
    }
}
