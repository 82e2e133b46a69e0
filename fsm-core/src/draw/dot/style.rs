//! The look of a drawing in the words of Graphviz: only what differs from the defaults is said.

use std::fmt::{self, Write};

use crate::draw::look::{EdgeLook, Line, NodeLook};
use crate::graph::Kind;

/// Attributes of the drawing, of all states, and of all transitions.
pub(super) const DEFAULTS: &str = "  \
graph [compound=true, bgcolor=white, fontname=Helvetica, fontsize=14, fontcolor=\"#1f2933\", \
labelloc=t, newrank=true, nodesep=0.35, ranksep=0.4, pad=0.2]
  node [shape=box, style=\"rounded,filled\", fillcolor=white, color=\"#52606d\", \
fontname=Helvetica, fontsize=12, fontcolor=\"#1f2933\", margin=\"0.16,0.08\", height=0.4]
  edge [color=\"#52606d\", fontname=Helvetica, fontsize=10, fontcolor=\"#1f2933\", arrowsize=0.7]
";

/// The dot where a graph, or a composite state, is entered.
pub(super) const START: &str = "label=\"\", shape=circle, style=filled, fillcolor=\"#1f2933\", width=0.14, height=0.14, fixedsize=true";

/// The words that stand for a whole frame where a transition leads from it to its own inside.
pub(super) const ANYWHERE: &str = "shape=plaintext, style=\"\", fontsize=10, height=0.2";

/// An edge back to the dot where a frame is entered: the dot stays at the top of the frame.
pub(super) const INWARD: &str = "constraint=false";

/// The arrow of a retry policy.
pub(super) const RETRY: &str = "arrowhead=vee";

/// The attributes of a state, parted by commas; empty where the defaults serve.
pub(super) fn node(kind: Kind, look: NodeLook) -> String {
    let (shape, size) = shape(kind);
    let plain = NodeLook::PLAIN;
    let mut list = List::default();
    list.push(shape);
    list.colour("fillcolor", look.fill, plain.fill);
    list.colour("color", look.border, plain.border);
    list.colour("fontcolor", look.ink, plain.ink);
    list.width(look.width, plain.width);
    list.push(size);
    list.0
}

/// The attributes of an edge, parted by commas; empty where the defaults serve.
pub(super) fn edge(look: EdgeLook) -> String {
    let plain = EdgeLook::PLAIN;
    let mut list = List::default();
    match look.line {
        Line::Solid => {}
        Line::Dashed => list.push("style=dashed"),
        Line::Dotted => list.push("style=dotted"),
    }
    list.width(look.width, plain.width);
    list.colour("color", look.colour, plain.colour);
    list.colour("fontcolor", look.ink, plain.ink);
    list.0
}

/// The attributes of the frame around what a state holds.
///
/// Frames inherit what a frame around them says, so in a drawing with marks each says everything.
pub(super) fn frame(kind: Kind, look: EdgeLook, all_said: bool) -> String {
    let plain = EdgeLook::PLAIN;
    let mut list = List::default();
    list.push(match (kind, look.line) {
        (Kind::Machine(_), _) => "style=\"rounded,bold\"",
        (_, Line::Dashed | Line::Dotted) => "style=\"rounded,dashed\"",
        (_, Line::Solid) => "style=rounded",
    });
    list.colour("color", look.colour, "");
    if all_said {
        list.colour("fontcolor", look.ink, "");
        list.width(look.width, 0.0);
    } else {
        list.colour("fontcolor", look.ink, plain.ink);
        // `bold` is a width of two.
        list.width(look.width, if matches!(kind, Kind::Machine(_)) { 2.0 } else { plain.width });
    }
    list.0
}

/// The shape of a state, and what else there is to say of its size.
fn shape(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Simple => ("shape=ellipse", "margin=\"0.04,0.02\""),
        Kind::Activity(_) | Kind::Composite(_) | Kind::Parallel => ("", ""),
        Kind::Choice => ("shape=diamond, style=filled", "fontsize=10, margin=\"0.02,0.02\""),
        Kind::Fork(_) | Kind::Join(_) => {
            ("style=filled", "fontsize=10, width=1.2, height=0.22, margin=\"0.14,0.03\"")
        }
        Kind::Delay(_) => ("shape=hexagon, style=filled, margin=\"0.02,0.02\"", ""),
        Kind::Signal => ("shape=cds, style=filled", ""),
        Kind::Machine(_) => ("shape=folder, style=filled", ""),
        Kind::Final => ("shape=ellipse, peripheries=2, margin=\"0.03,0.02\"", ""),
    }
}

/// Attributes that are written in DOT already, parted by commas.
#[derive(Default)]
struct List(String);

impl List {
    fn push(&mut self, attributes: &str) {
        if !self.0.is_empty() && !attributes.is_empty() {
            self.0.push_str(", ");
        }
        self.0.push_str(attributes);
    }

    fn colour(&mut self, key: &str, value: &str, default: &str) {
        if value == default {
            return;
        }
        self.push(key);
        let quote = if value.starts_with('#') { "\"" } else { "" };
        self.add(format_args!("={quote}{value}{quote}"));
    }

    fn width(&mut self, value: f64, default: f64) {
        if value != default {
            self.push("penwidth");
            self.add(format_args!("={value}"));
        }
    }

    fn add(&mut self, text: fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("writing to a String succeeds");
    }
}
