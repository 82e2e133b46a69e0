//! Texts with holes, as cassettes hold them: `[redacted]` and `[any]` stand for any text.

/// What stands where a secret stood.
pub(crate) const REDACTED: &str = "[redacted]";

/// What stands where the text may be another one each time.
pub(crate) const ANY: &str = "[any]";

/// What stands where the url of the API stood.
pub(crate) const API: &str = "[api]";

const HOLES: [&str; 3] = [REDACTED, ANY, API];

/// Does the text have holes at all?
pub(crate) fn has_holes(text: &str) -> bool {
    HOLES.iter().any(|hole| text.contains(hole))
}

/// Does `text` read as `pattern` does, whatever stands where the pattern has holes?
///
/// # Complexity
/// O(length of the text · number of holes).
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let pieces = pieces(pattern);
    let [first, middle @ .., last] = pieces.as_slice() else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for piece in middle {
        // The earliest place leaves the most for those that follow.
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// What stands between the holes; a single piece if there are none.
fn pieces(pattern: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some((at, hole)) =
        HOLES.iter().filter_map(|hole| rest.find(hole).map(|at| (at, hole))).min()
    {
        pieces.push(&rest[..at]);
        rest = &rest[at + hole.len()..];
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_hole_stands_for_any_text_and_the_rest_for_itself() {
        let table = [
            ("plain", "plain", true),
            ("plain", "plainer", false),
            ("[redacted]", "", true),
            ("Bearer [redacted]", "Bearer abc", true),
            ("Bearer [redacted]", "Basic abc", false),
            ("a[any]b[any]c", "a-b-b-c", true),
            ("a[any]b[any]c", "a-c", false),
            ("a[any]a", "a", false),
            ("[api]/orders?p=[any]", "http://127.0.0.1:1/orders?p=2", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(fits(pattern, text), expected, "{pattern} and {text}");
        }
    }
}
