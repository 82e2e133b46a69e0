//! "Did you mean …?": the known word that a misspelt one is closest to.

/// How many words are compared before we stop: a file with ten thousand misspelt names among ten
/// thousand known ones must not cost a hundred million comparisons.
const MOST: usize = 20_000;

/// The known word that `word` was surely meant to be, if there is one.
///
/// Case, `-`, and `_` count for nothing, and one letter in three may be wrong, so that short words
/// are not taken for each other.
///
/// # Complexity
/// Linear in the number of known words, of which at most 20,000 are looked at.
pub(crate) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = simplified(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known.into_iter().take(MOST) {
        if candidate.is_empty() || candidate.len().abs_diff(word.len()) > word.len() / 3 + 2 {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&plain, &simplified(candidate));
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.filter(|(distance, candidate)| distance * 3 <= candidate.len().max(3))
        .map(|(_, word)| word)
}

/// `a`, `b`, and `c`, each in backquotes.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

fn simplified(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_seen_and_another_word_is_not() {
        let known = ["method", "timeout", "url", "name", "retry_count", "max_body"];
        assert_eq!(closest("methud", known), Some("method"));
        assert_eq!(closest("retryCount", known), Some("retry_count"));
        assert_eq!(closest("timeuot", known), Some("timeout"));
        assert_eq!(closest("uri", known), Some("url"));
        assert_eq!(closest("cat", known), None);
        assert_eq!(closest("", known), None);
        assert_eq!(closest("body", known), None);
    }

    #[test]
    fn lists_read_like_a_sentence() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b"]), "`a` and `b`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b`, and `c`");
    }
}
