//! The name that was meant: two letters the wrong way round are the commonest slip.

/// The one of `names` that is at most two slips away, a third of its letters or less.
pub(crate) fn nearest<'a>(
    given: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let slips = names.into_iter().map(|name| (strsim::damerau_levenshtein(given, name), name));
    let near = slips.filter(|(slips, name)| *slips <= 2 && slips * 3 <= name.chars().count());
    near.min().map(|(_, name)| name)
}

/// ` (did you mean ‘…’?)`, where a name is near.
pub(crate) fn did_you_mean<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(given, names) {
        Some(meant) => format!(" (did you mean `{meant}`?)"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_seen_and_another_word_is_none() {
        let names = ["coin", "push", "pull", "größe"];
        let table = [
            ("cion", Some("coin")),
            ("coi", Some("coin")),
            ("grosse", None),
            ("größse", Some("größe")),
        ];
        for (given, meant) in table {
            assert_eq!(nearest(given, names), meant, "{given}");
        }
        assert_eq!(nearest("pu", ["a", "b"]), None);
    }
}
