//! What the guard of a transition says in drawings: `ready && can set paid && before(b): $context.x`.

use std::collections::HashSet;

use super::deed::Deed;
use super::layout::Layout;
use super::spec::Guard;

/// At most so many validators, and so many actions, are named in a label.
const MOST_NAMED: usize = 8;

/// The parts of a guard as one line: `test`, the validators of the states that are `left` and
/// `entered`, and what may fail on the way.
pub(super) fn of(
    layout: &Layout<'_>,
    test: Option<String>,
    left: &[usize],
    fallible: &[&Deed],
    entered: &[usize],
) -> String {
    let states = &layout.states;
    let mut parts: Vec<String> = test.into_iter().collect();
    let after = left.iter().map(|index| (&*states[*index].name, states[*index].after));
    validated("after", after, &mut parts);
    if !fallible.is_empty() {
        let mut seen = HashSet::new();
        let briefs = fallible.iter().map(|deed| deed.brief());
        let briefs: Vec<String> = briefs.filter(|brief| seen.insert(brief.clone())).collect();
        let named = briefs.len().min(MOST_NAMED);
        let more = match briefs.len() - named {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        parts.push(format!("can {}{more}", briefs[..named].join(", ")));
    }
    let before = entered.iter().map(|index| (&*states[*index].name, states[*index].before));
    validated("before", before, &mut parts);
    if parts.len() > 1 {
        for part in parts.iter_mut().filter(|part| part.contains("||")) {
            *part = format!("({part})");
        }
    }
    parts.join(" && ")
}

/// `after(filling): $context.full` for each validator, of which the first few are named.
fn validated<'g>(
    when: &str,
    all: impl Iterator<Item = (&'g str, &'g [Guard])>,
    parts: &mut Vec<String>,
) {
    let mut tests = all.flat_map(|(name, guards)| guards.iter().map(move |guard| (name, guard)));
    let named = tests.by_ref().take(MOST_NAMED);
    parts.extend(named.map(|(name, guard)| format!("{when}({name}): {}", guard.text())));
    match tests.count() {
        0 => {}
        more => parts.push(format!("{more} more {when}")),
    }
}
