//! Which known name a wrong one was meant to be.

/// What is longer is no name that somebody has mistyped, and takes long to compare.
const LONGEST: usize = 256;

/// The name that is so near that a slip of the pen explains it.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let known = known.filter(|other| name.len() <= LONGEST && other.len() <= LONGEST);
    known
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0).then_with(|| right.1.cmp(left.1)))
        .map(|(_, other)| other.to_owned())
}
