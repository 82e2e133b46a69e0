//! How text is quoted in each language. Both functions take one line of text in which
//! [`label`](super::label) has left no control characters; they are total nevertheless.

use std::fmt::{self, Write};

/// Writes lines as the inside of a quoted string of DOT.
///
/// Graphviz reads two layers: the lexer's `\"`, and the escapes (`\n`, `\N`, `\\`) and HTML
/// entities (`&lt;`) of labels. So backslashes, quotes, and ampersands are written as escapes.
pub(super) fn dot(out: &mut impl Write, lines: &str) -> fmt::Result {
    escaped(out, lines, |character| match character {
        '\\' => Some("\\\\"),
        '"' => Some("\\\""),
        '&' => Some("&amp;"),
        '\n' => Some("\\n"),
        '\r' => Some("\\r"),
        // A C string would end here.
        '\0' => Some("\u{fffd}"),
        _ => None,
    })
}

fn escaped(
    out: &mut impl Write,
    text: &str,
    escape: impl Fn(char) -> Option<&'static str>,
) -> fmt::Result {
    let mut rest = text;
    while let Some((at, found)) =
        rest.char_indices().find_map(|(at, c)| escape(c).map(|found| ((at, c.len_utf8()), found)))
    {
        let (start, length) = at;
        out.write_str(&rest[..start])?;
        out.write_str(found)?;
        rest = &rest[start + length..];
    }
    out.write_str(rest)
}

/// Writes lines as a label of a Mermaid state diagram.
///
/// Mermaid reads four layers: its preprocessor (`%%`, `<tag>`), its lexer (`:`, `;`, `"`, and
/// `direction LR` anywhere in a line), Markdown (`1. `, `*`, `www.`), and HTML. Its entity codes
/// (`#58;`) pass through all of them, so whatever is not a letter, a digit, or a space inside of
/// a line becomes one; underscores and dots are kept where none of the layers sees a mark in them.
pub(super) fn mermaid(out: &mut impl Write, lines: &str) -> fmt::Result {
    let mut before = '\n';
    let mut rest = lines;
    while let Some(character) = rest.chars().next() {
        let done = &lines[..lines.len() - rest.len()];
        rest = &rest[character.len_utf8()..];
        let after = rest.chars().next().unwrap_or('\n');
        let plain = match character {
            ' ' => !matches!(before, ' ' | '\n') && !matches!(after, ' ' | '\n') && !directs(done),
            '_' => before.is_alphanumeric() && after.is_alphanumeric(),
            '.' => before.is_ascii_digit() && after.is_ascii_digit(),
            _ => character.is_alphanumeric(),
        };
        if plain {
            out.write_char(character)?;
        } else if character == '\n' {
            out.write_str("<br/>")?;
        } else {
            write!(out, "#{};", u32::from(character))?;
        }
        before = character;
    }
    Ok(())
}

/// Whether the lexer would take what follows for the side that a diagram grows to.
fn directs(done: &str) -> bool {
    const WORD: &[u8] = b"direction";
    let bytes = done.as_bytes();
    bytes.len() >= WORD.len() && bytes[bytes.len() - WORD.len()..].eq_ignore_ascii_case(WORD)
}

/// Writes text as the content of an element, or of an attribute, of XML.
#[cfg(feature = "svg")]
pub(super) fn xml(out: &mut impl Write, text: &str) -> fmt::Result {
    escaped(out, text, |character| match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        '\n' | '\t' => None,
        // XML has no way to write these.
        '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => Some("\u{fffd}"),
        _ => None,
    })
}

/// Writes text as a double-quoted scalar of YAML, for the head of a Mermaid diagram; the marks of
/// Mermaid's preprocessor are written as escapes.
pub(super) fn yaml(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' | '<' | '>' | '%' | '#' | '&' | '{' | '}' => {
                write!(out, "\\u{:04x}", u32::from(character))?;
            }
            _ if character.is_control() => write!(out, "\\u{:04x}", u32::from(character))?,
            _ => out.write_char(character)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut String, &str) -> fmt::Result, text: &str) -> String {
        let mut out = String::new();
        write(&mut out, text).expect("writing to a String succeeds");
        out
    }

    #[test]
    fn dot_keeps_plain_text_and_escapes_its_own_marks() {
        let table = [
            ("fetch user", "fetch user"),
            ("a\\", "a\\\\"),
            ("\\N", "\\\\N"),
            ("say \"hi\"", "say \\\"hi\\\""),
            ("&lt;b>", "&amp;lt;b>"),
            ("two\nlines", "two\\nlines"),
            ("שלום", "שלום"),
        ];
        for (text, expected) in table {
            assert_eq!(written(dot, text), expected);
        }
    }

    #[test]
    fn mermaid_encodes_whatever_one_of_its_layers_could_read() {
        let table = [
            ("fetch user_2 after 1.5s", "fetch user_2 after 1.5s"),
            ("a:b;c", "a#58;b#59;c"),
            ("%% no comment", "#37;#37; no comment"),
            ("Direction  TB", "Direction#32;#32;TB"),
            ("1. list", "1#46; list"),
            ("_em_", "#95;em#95;"),
            ("www.x", "www#46;x"),
            (" a ", "#32;a#32;"),
            ("<b>\n#1;", "#60;b#62;<br/>#35;1#59;"),
        ];
        for (text, expected) in table {
            assert_eq!(written(mermaid, text), expected);
        }
    }

    #[test]
    fn yaml_hides_quotes_and_the_marks_of_mermaids_preprocessor() {
        assert_eq!(
            written(yaml, "a \"b\" %%{x}"),
            r#""a \u0022b\u0022 \u0025\u0025\u007bx\u007d""#
        );
    }
}
