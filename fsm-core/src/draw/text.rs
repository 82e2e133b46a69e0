//! Arbitrary text made fit for a picture: nothing hidden in it, in lines of some forty columns.

/// The columns of a line.
pub(super) const COLUMNS: usize = 40;

/// The lines that one part of a label may take.
const LINES: usize = 4;

/// Appends text with everything that can't be seen, or that reorders what stands around it, as
/// an escape; text that is blank, or has blanks at its ends, is put in quotes.
pub(crate) fn visible(out: &mut String, text: &str) {
    let quoted = text.is_empty() || text.starts_with(' ') || text.ends_with(' ');
    if quoted {
        out.push('"');
    }
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        out.push_str(text);
    } else {
        for character in text.chars() {
            if is_hidden(character) {
                out.extend(character.escape_default());
            } else {
                out.push(character);
            }
        }
    }
    if quoted {
        out.push('"');
    }
}

/// Control characters, blanks other than the space, what steers the direction of text, and what
/// XML does not allow. Joiners are no part of it: scripts and emoji need them.
fn is_hidden(character: char) -> bool {
    let blank = character.is_whitespace() && character != ' ';
    let steers = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let empty = matches!(character,
        '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    let no_text = u32::from(character) & 0xfffe == 0xfffe;
    character.is_control() || blank || steers || empty || no_text
}

/// Appends `text` in lines of at most [`COLUMNS`] characters, broken at spaces where there are
/// any, else behind slashes; returns whether something was left out.
pub(super) fn wrap(out: &mut String, text: &str) -> bool {
    if text.len() <= COLUMNS {
        out.push_str(text);
        return false;
    }
    let mut rest = text;
    for _ in 1..LINES {
        let Some((end, next)) = rest.char_indices().nth(COLUMNS) else {
            out.push_str(rest);
            return false;
        };
        // A break that would leave most of the line empty is worse than one inside of a word.
        let line = &rest[..end];
        let space = line.rfind(' ').filter(|at| *at > COLUMNS / 4);
        let slash = line.rfind('/').map(|at| at + 1).filter(|at| *at > COLUMNS / 4);
        let break_at = if next == ' ' { end } else { space.or(slash).unwrap_or(end) };
        let (here, behind) = rest.split_at(break_at);
        out.push_str(here);
        out.push('\n');
        rest = behind.strip_prefix(' ').unwrap_or(behind);
    }
    if rest.chars().nth(COLUMNS).is_none() {
        out.push_str(rest);
        return false;
    }
    out.extend(rest.chars().take(COLUMNS - 1));
    out.push('…');
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str) -> (String, bool) {
        let mut out = String::new();
        let cut = wrap(&mut out, text);
        (out, cut)
    }

    #[test]
    fn a_long_text_breaks_at_spaces_and_loses_nothing() {
        let text = "$steps.quote.output.total > 100 && $inputs.user.type == 'premium'";
        let (lines, cut) = wrapped(text);
        assert_eq!(lines, "$steps.quote.output.total > 100 &&\n$inputs.user.type == 'premium'");
        assert!(!cut);
    }

    #[test]
    fn a_long_url_breaks_behind_a_slash() {
        let (lines, cut) = wrapped("POST https://payment.example.com/validate");
        assert_eq!(lines, "POST https://payment.example.com/\nvalidate");
        assert!(!cut);
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis_and_says_so() {
        for word in ["x", "ü", "🦀", "x y", "long word "] {
            let (lines, cut) = wrapped(&word.repeat(1_000));
            assert!(cut && lines.ends_with('…'), "{lines}");
            assert_eq!(lines.lines().count(), LINES);
            assert!(lines.lines().all(|line| line.chars().count() <= COLUMNS), "{lines}");
        }
    }

    #[test]
    fn a_text_of_exactly_all_columns_is_not_cut() {
        for character in ["x", "ü"] {
            let text = character.repeat(COLUMNS * LINES);
            let (lines, cut) = wrapped(&text);
            assert!(!cut);
            assert_eq!(lines.replace('\n', ""), text);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        let table = [
            ("größe שלום 👩‍🚀", "größe שלום 👩‍🚀"),
            ("a\nb\0", "a\\nb\\u{0}"),
            ("\u{202e}evil\u{feff}", "\\u{202e}evil\\u{feff}"),
            ("a\u{a0}b\u{ffff}", "a\\u{a0}b\\u{ffff}"),
            ("  ", "\"  \""),
            ("end ", "\"end \""),
            ("", "\"\""),
        ];
        for (text, expected) in table {
            let mut out = String::new();
            visible(&mut out, text);
            assert_eq!(out, expected);
        }
    }
}
