//! Statements of DOT: a subject and its attributes.

use std::fmt::{self, Display, Write};

use crate::draw::escape;
use crate::draw::label::Label;
use crate::draw::plan::{Place, Plan};

/// A statement and its list of attributes, which is left out where there are none.
pub(super) struct Attributes<'w, W> {
    out: &'w mut W,
    open: bool,
}

impl<'w, W: Write> Attributes<'w, W> {
    pub(super) fn of(out: &'w mut W, subject: impl Display) -> Result<Self, fmt::Error> {
        write!(out, "{subject}")?;
        Ok(Self { out, open: false })
    }

    /// The lines of a label, and the whole text where they leave something out.
    pub(super) fn label(&mut self, label: &Label) -> fmt::Result {
        self.quoted("label", &label.lines)?;
        self.tooltip(label)
    }

    /// The label of an edge, if it says anything. Graphviz lays it close to its line: a space on
    /// either side keeps them apart.
    pub(super) fn edge_label(&mut self, label: &Label) -> fmt::Result {
        if label.lines.is_empty() {
            return Ok(());
        }
        self.lines(label, " ", " \\n ", " ")
    }

    /// The label of a frame, with its lines to the left.
    pub(super) fn frame_label(&mut self, label: &Label) -> fmt::Result {
        self.lines(label, "", "\\l", "\\l")
    }

    fn lines(&mut self, label: &Label, before: &str, between: &str, after: &str) -> fmt::Result {
        self.separate()?;
        self.out.write_str("label=\"")?;
        let mut parting = before;
        for line in label.lines.lines() {
            self.out.write_str(parting)?;
            escape::dot(self.out, line)?;
            parting = between;
        }
        if !label.lines.is_empty() {
            self.out.write_str(after)?;
        }
        self.out.write_char('"')?;
        self.tooltip(label)
    }

    fn tooltip(&mut self, label: &Label) -> fmt::Result {
        match label.tooltip() {
            Some(whole) => self.quoted("tooltip", whole),
            None => Ok(()),
        }
    }

    pub(super) fn clip(&mut self, key: &str, plan: &Plan<'_>, frame: Option<Place>) -> fmt::Result {
        let Some(frame) = frame else { return Ok(()) };
        self.separate()?;
        write!(self.out, "{key}=cluster_{}", plan.id(frame))
    }

    /// Attributes that are written in DOT already, or none.
    pub(super) fn style(&mut self, style: &str) -> fmt::Result {
        if style.is_empty() {
            return Ok(());
        }
        self.separate()?;
        self.out.write_str(style)
    }

    pub(super) fn end(self) -> fmt::Result {
        self.out.write_str(if self.open { "]\n" } else { "\n" })
    }

    fn quoted(&mut self, key: &str, text: &str) -> fmt::Result {
        self.separate()?;
        write!(self.out, "{key}=\"")?;
        escape::dot(self.out, text)?;
        self.out.write_char('"')
    }

    fn separate(&mut self) -> fmt::Result {
        let separator = if self.open { ", " } else { " [" };
        self.open = true;
        self.out.write_str(separator)
    }
}
