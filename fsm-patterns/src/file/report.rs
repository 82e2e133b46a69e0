//! Faults with their places in the file, for people to read.
//!
//! A [`Report`] prints one fault a line, `FILE:LINE:COLUMN: MESSAGE (HINT)`, and is at the same
//! time a [`miette::Diagnostic`], so that a terminal can show the lines with carets. A warning has
//! `warning: ` before its message, and a note has `note: `.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::tree::{Kind, Node};
use crate::fault::{Fault, Place};

/// A fault and the bytes of the file that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) fault: Fault,
    pub(crate) span: Range<usize>,
    /// A second place that belongs to it, and what it is.
    pub(crate) note: Option<(Range<usize>, &'static str)>,
    /// Bytes that may be a secret and are not shown.
    pub(crate) hidden: Option<Range<usize>>,
    pub(crate) severity: Severity,
}

/// How much it matters what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It may be meant so, and is worth knowing.
    Note,
    /// It is probably not meant so; the file can be used.
    Warning,
    /// It is wrong, and the file can't be used.
    #[default]
    Fault,
}

impl Severity {
    /// What stands before the message.
    fn prefix(self) -> &'static str {
        match self {
            Severity::Note => "note: ",
            Severity::Warning => "warning: ",
            Severity::Fault => "",
        }
    }
}

impl Located {
    pub(crate) fn at(span: Range<usize>, fault: Fault) -> Self {
        Self { fault, span, note: None, hidden: None, severity: Severity::Fault }
    }

    pub(crate) fn note(mut self, span: Range<usize>, text: &'static str) -> Self {
        self.note = Some((span, text));
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Finds the place of a fault in the tree.
    pub(crate) fn find(text: &str, tree: &Node, fault: Fault) -> Self {
        let nearest = tree.nearest(&fault.place);
        let span = match (&nearest.node.kind, &fault.part) {
            _ if !nearest.exact => heading(tree, &fault.place),
            (Kind::Text(value), Some(part)) => within(text, &nearest.node.span, value, part),
            (Kind::List(_) | Kind::Map(_), _) => nearest.key.unwrap_or_else(|| first(nearest.node)),
            (
                Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Broken,
                Some(_) | None,
            ) => nearest.node.span.clone(),
        };
        Self::at(span, fault)
    }
}

/// Where something is missing: the key that it is missing under, or the first key beside it.
fn heading(tree: &Node, place: &Place) -> Range<usize> {
    let nearest = tree.nearest(place);
    nearest.key.unwrap_or_else(|| first(nearest.node))
}

/// The first key of a map, the first item of a list, else the node itself: one line to show.
fn first(node: &Node) -> Range<usize> {
    match &node.kind {
        Kind::Map(members) => {
            members.first().map_or_else(|| node.span.clone(), |member| member.key_span.clone())
        }
        Kind::List(items) => {
            items.first().map_or_else(|| node.span.clone(), |item| item.span.clone())
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Broken => {
            node.span.clone()
        }
    }
}

/// The bytes of the file for a part of a string that is written at `span`.
///
/// Quotes, escapes, and folded lines move the bytes; where the part cannot be found again beyond
/// doubt, the whole string is shown.
fn within(text: &str, span: &Range<usize>, value: &str, part: &Range<usize>) -> Range<usize> {
    let (Some(source), Some(wanted)) = (text.get(span.clone()), value.get(part.clone())) else {
        return span.clone();
    };
    if let Some(shift) = source.find(value) {
        let start = span.start + shift + part.start;
        return start..start + wanted.len();
    }
    let mut found = source.match_indices(wanted);
    match (wanted.is_empty(), found.next(), found.next()) {
        (false, Some((at, _)), None) => span.start + at..span.start + at + wanted.len(),
        _ => span.clone(),
    }
}

/// The text as it is shown around a fault: logs of builds are read by many, so user and password
/// of a url are blotted out, byte for byte, so that every place stays where it is.
fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(scheme) = rest.find("://") {
        let (before, after) = rest.split_at(scheme + "://".len());
        shown.push_str(before);
        let ends = |character: char| character.is_whitespace() || "/?#\"'".contains(character);
        let authority = &after[..after.find(ends).unwrap_or(after.len())];
        let credentials = authority.rfind('@').unwrap_or(0);
        shown.extend(std::iter::repeat_n('*', credentials));
        rest = &after[credentials..];
    }
    shown + rest
}

/// The text with these bytes blotted out; lines stay lines, and every place stays where it is.
fn without(text: &str, hidden: &[Range<usize>]) -> String {
    let mut hidden = hidden.to_vec();
    hidden.sort_by_key(|range| range.start);
    let mut next = hidden.iter().peekable();
    let mut end = 0;
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        while let Some(range) = next.next_if(|range| range.start <= at) {
            end = end.max(range.end);
        }
        match at < end && !"\r\n".contains(character) {
            true => shown.extend(std::iter::repeat_n('*', character.len_utf8())),
            false => shown.push(character),
        }
    }
    shown
}

/// Everything that is wrong with a file, in the order of the file; or, of a file that can be used,
/// what is worth a second look.
#[derive(Clone)]
pub struct Report {
    name: Arc<str>,
    findings: Vec<Finding>,
}

/// One fault with its place in the file.
#[derive(Clone)]
pub struct Finding {
    source: Arc<NamedSource<String>>,
    fault: Fault,
    span: Range<usize>,
    note: Option<(Range<usize>, &'static str)>,
    severity: Severity,
    line: usize,
    column: usize,
}

impl Report {
    pub(crate) fn new(name: &str, text: &str, mut located: Vec<Located>) -> Self {
        located.sort_by_key(|located| (located.span.start, located.span.end));
        located.dedup_by(|a, b| a.span == b.span && a.fault.message == b.fault.message);
        let hidden: Vec<Range<usize>> =
            located.iter().filter_map(|located| located.hidden.clone()).collect();
        let shown = without_credentials(&without(text, &hidden));
        let source = Arc::new(NamedSource::new(name, shown));
        let lines: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let findings = located
            .into_iter()
            .map(|Located { mut fault, span, note, hidden: _, severity }| {
                let line_of = |at: usize| lines.partition_point(|start| *start <= at);
                if let Some((other, text)) = &note {
                    let other = format!("{text} is in line {}", line_of(other.start));
                    fault.hint = Some(match fault.hint {
                        Some(hint) => format!("{hint}; {other}"),
                        None => other,
                    });
                }
                let line = line_of(span.start);
                let start = lines[line.saturating_sub(1)];
                let column = text.get(start..span.start).map_or(0, |before| before.chars().count());
                let source = source.clone();
                Finding { source, fault, span, note, severity, line, column: column + 1 }
            })
            .collect();
        Self { name: name.into(), findings }
    }

    /// The name of the file, as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was found, in the order of the file: faults of a file that can't be used, never none;
    /// warnings and notes of one that can, perhaps none.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The same without what matters less than `least`.
    #[must_use]
    pub fn at_least(mut self, least: Severity) -> Self {
        self.findings.retain(|finding| finding.severity >= least);
        self
    }
}

impl Finding {
    /// The fault.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The bytes of the file that it is about.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault.message)
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {self}", self.line, self.column)
    }
}

impl std::error::Error for Finding {}

impl Diagnostic for Finding {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Note => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Fault => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.fault.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let here = LabeledSpan::new_primary_with_span(Some("here".to_owned()), self.span.clone());
        let note = self
            .note
            .as_ref()
            .map(|(span, text)| LabeledSpan::new_with_span(Some((*text).to_owned()), span.clone()));
        Some(Box::new(std::iter::once(here).chain(note)))
    }
}

impl fmt::Display for Report {
    /// One finding a line: `FILE:LINE:COLUMN: MESSAGE (HINT)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, finding) in self.findings.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            let Finding { fault, line, column, severity, .. } = finding;
            let prefix = severity.prefix();
            write!(f, "{}:{line}:{column}: {prefix}{}", self.name, fault.message)?;
            if let Some(hint) = &fault.hint {
                write!(f, " ({hint})")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.findings.iter().map(|finding| finding as &dyn Diagnostic)))
    }
}

#[cfg(test)]
mod tests {
    use super::{without, without_credentials};

    #[test]
    fn what_may_be_a_secret_is_blotted_out_and_nothing_moves() {
        assert_eq!(without("a: hé\n b c", &[10..11, 3..8]), "a: ***\n*b *");
        assert_eq!(without("a", &[]), "a");
    }

    #[test]
    fn user_and_password_of_a_url_are_not_shown_and_nothing_moves() {
        let table = [
            ("url: http://me:hunter2@a.test/b", "url: http://**********@a.test/b"),
            ("url: \"https://é@a.test\"", "url: \"https://**@a.test\""),
            ("http://a.test/b@c http://x@y", "http://a.test/b@c http://*@y"),
            ("http://a.test?mail=me@b", "http://a.test?mail=me@b"),
            ("http://a@b@c", "http://***@c"),
            ("no url, me@a.test", "no url, me@a.test"),
            ("://", "://"),
        ];
        for (text, expected) in table {
            assert_eq!(without_credentials(text), expected);
            assert_eq!(expected.len(), text.len(), "{text}");
        }
    }
}
