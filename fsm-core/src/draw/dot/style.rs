//! How a drawing for Graphviz looks: dark text on light shapes, muted colours, and never a colour
//! alone: shapes tell states apart, line styles transitions, so that the drawing holds without
//! colour too. Vermilion and blue stay apart for every common kind of colour blindness.

use crate::graph::{Kind, Trigger};

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

/// The loop of a retry policy.
pub(super) const RETRY: &str = "style=dashed, color=\"#7b8794\", arrowhead=vee";

/// The shape of a state; the defaults serve simple states.
pub(super) fn node(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Simple => Some("shape=ellipse, margin=\"0.04,0.02\""),
        Kind::Activity(_) => Some("fillcolor=\"#e3effa\", color=\"#2f6690\""),
        Kind::Choice => Some(
            "shape=diamond, style=filled, fillcolor=\"#fdf4dc\", color=\"#8d6e15\", fontsize=10, \
             margin=\"0.02,0.02\"",
        ),
        Kind::Fork(_) | Kind::Join(_) => Some(
            "style=filled, fillcolor=\"#323f4b\", color=\"#323f4b\", fontcolor=white, \
             fontsize=10, width=1.2, height=0.22, margin=\"0.14,0.03\"",
        ),
        Kind::Delay(_) => Some(
            "shape=hexagon, style=filled, margin=\"0.02,0.02\", fillcolor=\"#f0ebf8\", color=\"#6a5196\"",
        ),
        Kind::Signal => Some("shape=cds, style=filled, fillcolor=\"#e6f4ea\", color=\"#3d7a57\""),
        // A composite state without anything in it is drawn as a box with a solid frame.
        Kind::Composite(_) | Kind::Parallel => None,
        Kind::Machine(_) => {
            Some("shape=folder, style=filled, fillcolor=\"#e3effa\", color=\"#2f6690\"")
        }
        Kind::Final => {
            Some("shape=ellipse, peripheries=2, margin=\"0.03,0.02\", fillcolor=\"#f5f7fa\"")
        }
    }
}

/// The frame around what a state holds.
pub(super) fn frame(kind: Kind) -> &'static str {
    match kind {
        Kind::Fork(_) | Kind::Parallel => "style=\"rounded,dashed\", color=\"#9aa5b1\"",
        Kind::Machine(_) => "style=\"rounded,bold\", color=\"#2f6690\"",
        Kind::Composite(_)
        | Kind::Simple
        | Kind::Activity(_)
        | Kind::Choice
        | Kind::Join(_)
        | Kind::Delay(_)
        | Kind::Signal
        | Kind::Final => "style=rounded, color=\"#52606d\"",
    }
}

/// The line of a transition; the defaults serve most.
pub(super) fn edge(trigger: Trigger) -> Option<&'static str> {
    match trigger {
        Trigger::Failed => {
            Some("style=dashed, penwidth=1.3, color=\"#b5432a\", fontcolor=\"#8f2f1b\"")
        }
        Trigger::TimedOut | Trigger::After(_) => {
            Some("style=dotted, penwidth=1.6, color=\"#1f5f99\", fontcolor=\"#174a78\"")
        }
        Trigger::Event(_) | Trigger::Done | Trigger::Always => None,
    }
}
