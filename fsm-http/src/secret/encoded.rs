//! The spellings of a character in a text that went through an encoding.
//!
//! A secret is looked for character by character, and each character may be spelled as it is, in
//! percent-encoding (once or more, either case of the digits, and `+` for a space), as an escape of a JSON string,
//! or as a character reference of HTML. So it does not matter which characters an encoder chose to
//! touch, nor whether it touched all of them.

/// Which characters a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Any text.
    Plain,
    /// Base64 in the standard alphabet, which `-` and `_` of the url-safe one stand for as well.
    Base64,
}

/// How much of a secret must stand before a cut for the rest to be recognised as one.
const SHORTEST_BEGINNING: usize = 4;

/// The longest spelling of one character, in bytes: `\ud83d\udd11`.
const LONGEST_SPELLING: usize = 12;

/// A text that is searched.
pub(super) struct Search<'t> {
    text: &'t [u8],
    /// Where the text was cut off, if it was. There a secret may stand with its beginning alone.
    cut: Option<usize>,
    /// Where the readings of what was looked at so far end; empty between two searches.
    ends: Vec<usize>,
    next: Vec<usize>,
}

impl<'t> Search<'t> {
    pub(super) fn new(text: &'t str, cut: Option<usize>) -> Self {
        Self { text: text.as_bytes(), cut, ends: Vec::new(), next: Vec::new() }
    }

    pub(super) fn text(&self) -> &'t [u8] {
        self.text
    }

    /// The end of the longest spelling of `wanted` that begins at `start`.
    ///
    /// # Complexity
    ///
    /// O(length of `wanted`) unless the secret itself looks like an encoding, as `%25` does: then
    /// every reading of it is followed.
    pub(super) fn end_of_match(
        &mut self,
        start: usize,
        wanted: &str,
        alphabet: Alphabet,
    ) -> Option<usize> {
        let Self { text, cut, ends, next } = self;
        ends.clear();
        ends.push(start);
        for (index, character) in wanted.chars().enumerate() {
            next.clear();
            for &end in &*ends {
                spellings(&text[end..], character, alphabet, |length| {
                    if !next.contains(&(end + length)) {
                        next.push(end + length);
                    }
                });
            }
            if next.is_empty() {
                let cut = cut.filter(|_| index >= SHORTEST_BEGINNING)?;
                return ends.iter().any(|&end| is_cut_off(text, end, cut)).then_some(cut);
            }
            std::mem::swap(ends, next);
        }
        ends.iter().copied().max()
    }
}

/// Is nothing left between `end` and `cut`, or at most the beginning of an encoded character?
fn is_cut_off(text: &[u8], end: usize, cut: usize) -> bool {
    let rest = text.get(end..cut).unwrap_or(b"-");
    let Some(&first) = rest.first() else { return true };
    // What was percent-encoded again and again (`%25252F`) is as long as it likes.
    let again = rest[1..].iter().take_while(|byte| matches!(byte, b'2' | b'5')).count();
    begins_an_encoding(first) && rest.len() - again < LONGEST_SPELLING
}

/// May an encoded character begin with this byte, whatever the character?
pub(super) fn begins_an_encoding(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

/// The bytes that a spelling of `first` may begin with, besides those that begin an encoding.
pub(super) fn first_bytes(first: char, alphabet: Alphabet) -> impl Iterator<Item = u8> {
    let itself = first.encode_utf8(&mut [0; 4]).as_bytes()[0];
    let plus = (first == ' ').then_some(b'+');
    let other = url_safe(first).filter(|_| alphabet == Alphabet::Base64);
    [Some(itself), plus, other].into_iter().flatten()
}

/// Tells the length of each spelling of a character that `text` begins with, and in base64 also of
/// the sign that stands for it in the other alphabet.
fn spellings(text: &[u8], character: char, alphabet: Alphabet, mut found: impl FnMut(usize)) {
    spellings_of(text, character, &mut found);
    if alphabet == Alphabet::Base64
        && let Some(other) = url_safe(character)
    {
        spellings_of(text, char::from(other), &mut found);
    }
}

fn spellings_of(text: &[u8], character: char, found: &mut impl FnMut(usize)) {
    let mut buffer = [0; 4];
    let bytes = character.encode_utf8(&mut buffer).as_bytes();
    if text.starts_with(bytes) {
        found(bytes.len());
    }
    match text.first() {
        Some(b'%') => percent_encodings(text, bytes, found),
        Some(b'+') if character == ' ' => found(1),
        Some(b'\\') => {
            if let Some(length) = escape(text, character) {
                found(length);
            }
        }
        Some(b'&') => {
            if let Some(length) = reference(text, character) {
                found(length);
            }
        }
        Some(_) | None => {}
    }
}

/// The sign of url-safe base64 for a sign of the standard alphabet, where the two differ.
fn url_safe(character: char) -> Option<u8> {
    match character {
        '+' => Some(b'-'),
        '/' => Some(b'_'),
        _ => None,
    }
}

/// Tells the length of a character in percent-encoding, which may have been encoded again, once or
/// more: `%2F`, `%252F`, `%25252F`, as a url within a url is.
fn percent_encodings(text: &[u8], bytes: &[u8], found: &mut impl FnMut(usize)) {
    if bytes == b"%" {
        // Each `25` may be the last of this character, or belong to the next.
        let again = text[1..].chunks_exact(2).take_while(|digits| digits == b"25").count();
        (1..=again).for_each(|count| found(1 + 2 * count));
        return;
    }
    let mut length = 0;
    for &byte in bytes {
        if text.get(length) != Some(&b'%') {
            return;
        }
        length += 1;
        while text[length..].starts_with(b"25") {
            length += 2;
        }
        let digits = text.get(length..length + 2).and_then(|digits| number(digits, 16));
        if digits != Some(u32::from(byte)) {
            return;
        }
        length += 2;
    }
    found(length);
}

/// The length of an escape as in JSON strings (RFC 8259, section 7) or Rust's `Debug`.
fn escape(text: &[u8], character: char) -> Option<usize> {
    let unescaped = match *text.get(1)? {
        sign @ (b'"' | b'\\' | b'/' | b'\'') => char::from(sign),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'0' => '\0',
        b'u' if text.get(2) == Some(&b'{') => {
            let length = text.iter().take(LONGEST_SPELLING).position(|&byte| byte == b'}')?;
            let same = number(&text[3..length], 16)? == u32::from(character);
            return same.then_some(length + 1);
        }
        b'u' => {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units);
            let same = units.iter().enumerate().all(|(index, &unit)| {
                let escape = text.get(6 * index..6 * index + 6);
                escape.is_some_and(|escape| {
                    escape.starts_with(b"\\u") && number(&escape[2..], 16) == Some(u32::from(unit))
                })
            });
            return same.then_some(6 * units.len());
        }
        _ => return None,
    };
    (unescaped == character).then_some(2)
}

/// The length of a character reference as in HTML: `&amp;`, `&#39;`, `&#x27;`.
fn reference(text: &[u8], character: char) -> Option<usize> {
    let end = text.iter().take(LONGEST_SPELLING).position(|&byte| byte == b';')?;
    let same = match &text[1..end] {
        b"amp" => character == '&',
        b"lt" => character == '<',
        b"gt" => character == '>',
        b"quot" => character == '"',
        b"apos" => character == '\'',
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16) == Some(u32::from(character)),
        [b'#', digits @ ..] => number(digits, 10) == Some(u32::from(character)),
        _ => false,
    };
    same.then_some(end + 1)
}

/// A number without a sign; `None` where there is no digit, or something else.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let mut number = 0_u32;
    for &digit in digits {
        let value = char::from(digit).to_digit(radix)?;
        number = number.checked_mul(radix)?.checked_add(value)?;
    }
    (!digits.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str, start: usize, wanted: &str, alphabet: Alphabet) -> Option<usize> {
        Search::new(text, None).end_of_match(start, wanted, alphabet)
    }

    #[test]
    fn a_beginning_counts_only_where_the_text_was_cut_off() {
        let table = [
            ("abcd", 4, Some(4)),
            ("abcde", 5, Some(5)),
            ("abcd%65%2", 9, Some(9)),
            ("abc", 3, None),
            ("abcdx", 5, None),
            ("abcd", 9, None),
        ];
        for (text, cut, expected) in table {
            let mut search = Search::new(text, Some(cut));
            assert_eq!(search.end_of_match(0, "abcdef", Alphabet::Plain), expected, "{text}");
            assert_eq!(end(text, 0, "abcdef", Alphabet::Plain), None, "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_secret_is_recognised_whole() {
        let table: [(&str, &[&str]); 7] = [
            ("a/é", &["a%2fé", "a%252Fé", "a%25252f%2525c3%25A9", "%2561/%25C3%a9"]),
            ("a b/c", &["a b/c", "a%20b%2fc", "a+b%2Fc", "%61%20%62/c", "a b\\/c", "a b&#47;c"]),
            ("é\"\n", &["é\"\n", "%C3%A9%22%0A", "%c3%a9\\\"\\n", "\\u00e9&quot;\\u000a"]),
            ("🔑", &["🔑", "%F0%9F%94%91", "\\ud83d\\uDD11", "&#128273;", "\\u{1f511}"]),
            ("%25", &["%25", "%2525", "%25%32%35", "%252525", "%2525%2532%2535"]),
            ("a+b", &["a+b", "a%2Bb", "a\\u002bb"]),
            ("<&'>", &["<&'>", "&lt;&amp;&#x27;&gt;", "<&\\'>", "&lt;&#38;&apos;>"]),
        ];
        for (secret, spellings) in table {
            for spelling in spellings {
                let text = format!("x{spelling}x");
                let end = end(&text, 1, secret, Alphabet::Plain);
                assert_eq!(end, Some(1 + spelling.len()), "{secret} as {spelling}");
                let first = secret.chars().next().expect("not empty");
                let byte = text.as_bytes()[1];
                let begins = first_bytes(first, Alphabet::Plain).any(|first| first == byte);
                assert!(begins || begins_an_encoding(byte), "{spelling}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_spelling_is_none() {
        for text in ["a b/d", "a%20b%2", "a%2gb/c", "a-b/c", "a\\", "a\\u00", "a&", "a&;", "a&#;"] {
            assert_eq!(end(text, 0, "a b/c", Alphabet::Plain), None, "{text}");
        }
        assert_eq!(end("a-b", 0, "a+b", Alphabet::Plain), None);
        assert_eq!(end("a-b_", 0, "a+b/", Alphabet::Base64), Some(4));
        assert_eq!(end("a%2Db\\/", 0, "a+b/", Alphabet::Base64), Some(7));
    }
}
