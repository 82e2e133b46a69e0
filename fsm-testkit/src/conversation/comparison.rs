//! What was expected and what came, side by side: a list of lines.
//!
//! The same lines decide whether a request fits and show where it does not, so that a report can't
//! tell another story than the verdict.

use std::fmt;
use std::time::Duration;

use similar::{Algorithm, ChangeTag, TextDiff};

/// So many lines that are the same are shown around one that is not.
const CONTEXT: usize = 3;

/// The longest line that is shown, in characters.
const WIDEST: usize = 200;

/// So long the shortest difference of two large texts is looked for; then some difference will do.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Same,
    Expected,
    Came,
}

/// What was expected and what came, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    lines: Vec<(Mark, String)>,
}

impl Comparison {
    /// True if nothing differs.
    pub(super) fn fits(&self) -> bool {
        self.differences() == 0
    }

    /// How many lines differ.
    pub(super) fn differences(&self) -> usize {
        self.lines.iter().filter(|(mark, _)| *mark != Mark::Same).count()
    }

    /// Something came as it was expected.
    pub(super) fn same(&mut self, line: impl Into<String>) {
        self.lines.push((Mark::Same, line.into()));
    }

    /// Something else came.
    pub(super) fn differs(&mut self, expected: impl Into<String>, came: impl Into<String>) {
        self.lines.push((Mark::Expected, expected.into()));
        self.came(came);
    }

    /// Something came that nothing was expected to compare it with.
    pub(super) fn came(&mut self, line: impl Into<String>) {
        self.lines.push((Mark::Came, line.into()));
    }

    /// Two texts of several lines under one title.
    pub(super) fn texts(&mut self, title: &str, expected: &str, came: &str) {
        self.same(title);
        let diff = TextDiff::configure()
            .algorithm(Algorithm::Myers)
            .timeout(PATIENCE)
            .diff_lines(expected, came);
        for change in diff.iter_all_changes() {
            let mark = match change.tag() {
                ChangeTag::Equal => Mark::Same,
                ChangeTag::Delete => Mark::Expected,
                ChangeTag::Insert => Mark::Came,
            };
            let line = change.value().trim_end_matches(['\r', '\n']);
            self.lines.push((mark, format!("  {line}")));
        }
    }

    /// Is this line shown, being near one that differs, or not in the midst of many?
    fn shown(&self, index: usize) -> bool {
        let (from, to) = (index.saturating_sub(CONTEXT), (index + CONTEXT + 1));
        let near = &self.lines[from..to.min(self.lines.len())];
        // The first line says which request it is.
        index == 0 || near.iter().any(|(mark, _)| *mark != Mark::Same)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut skipped = 0;
        for (index, (mark, line)) in self.lines.iter().enumerate() {
            if !self.shown(index) {
                skipped += 1;
                continue;
            }
            skip(f, &mut skipped)?;
            let sign = match mark {
                Mark::Same => ' ',
                Mark::Expected => '-',
                Mark::Came => '+',
            };
            write!(f, "\n  {sign} {}", plain(line))?;
        }
        skip(f, &mut skipped)
    }
}

fn skip(f: &mut fmt::Formatter<'_>, skipped: &mut usize) -> fmt::Result {
    match std::mem::take(skipped) {
        0 => Ok(()),
        1 => write!(f, "\n    … 1 line as expected"),
        count => write!(f, "\n    … {count} lines as expected"),
    }
}

/// The line as a terminal can show it: foreign text must not steer it.
fn plain(line: &str) -> String {
    let mut shown: String = line
        .chars()
        .take(WIDEST)
        .map(|sign| if sign.is_control() { '\u{FFFD}' } else { sign })
        .collect();
    if line.chars().nth(WIDEST).is_some() {
        shown.push('…');
    }
    shown
}
