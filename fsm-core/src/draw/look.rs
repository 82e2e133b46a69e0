//! How a drawing looks: dark text on light shapes, muted colours, and never a colour alone: shapes
//! tell states apart, line styles transitions, and marks add their words, so that the drawing holds
//! without colour too. Vermilion and blue stay apart for every common kind of colour blindness.

use super::marks::Mark;
use crate::graph::{Kind, Trigger};

/// Text, and whatever is as dark.
pub(super) const INK: &str = "#1f2933";

/// The lines of states and transitions.
pub(super) const LINE: &str = "#52606d";

/// The line of a retry policy.
pub(super) const RETRY: &str = "#7b8794";

/// The colours of a state and the width of its border.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NodeLook {
    pub(super) fill: &'static str,
    pub(super) border: &'static str,
    pub(super) ink: &'static str,
    pub(super) width: f64,
}

impl NodeLook {
    /// The look of a simple state.
    pub(super) const PLAIN: NodeLook =
        NodeLook { fill: "white", border: LINE, ink: INK, width: 1.0 };
}

/// A line's colour, style, and width, and the colour of what is written on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EdgeLook {
    pub(super) line: Line,
    pub(super) colour: &'static str,
    pub(super) ink: &'static str,
    pub(super) width: f64,
}

impl EdgeLook {
    /// The look of a transition on an event.
    pub(super) const PLAIN: EdgeLook =
        EdgeLook { line: Line::Solid, colour: LINE, ink: INK, width: 1.0 };

    /// The look of a retry policy's loop.
    pub(super) const RETRY: EdgeLook =
        EdgeLook { line: Line::Dashed, colour: RETRY, ..Self::PLAIN };

    /// What is removed is dashed, whatever it was.
    fn marked(self, mark: Mark) -> Self {
        let line = if mark == Mark::Removed { Line::Dashed } else { self.line };
        Self { line, colour: border(mark), ink: border(mark), width: MARKED }
    }
}

/// The style of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Solid,
    Dashed,
    Dotted,
}

/// The look of a state.
pub(super) fn node(kind: Kind, mark: Option<Mark>) -> NodeLook {
    let plain = NodeLook::PLAIN;
    let look = match kind {
        // A composite state without anything in it is drawn as a box with a solid frame.
        Kind::Simple | Kind::Composite(_) | Kind::Parallel => plain,
        Kind::Activity(_) | Kind::Machine(_) => {
            NodeLook { fill: "#e3effa", border: "#2f6690", ..plain }
        }
        Kind::Choice => NodeLook { fill: "#fdf4dc", border: "#8d6e15", ..plain },
        Kind::Fork(_) | Kind::Join(_) => {
            NodeLook { fill: "#323f4b", border: "#323f4b", ink: "white", ..plain }
        }
        Kind::Delay(_) => NodeLook { fill: "#f0ebf8", border: "#6a5196", ..plain },
        Kind::Signal => NodeLook { fill: "#e6f4ea", border: "#3d7a57", ..plain },
        Kind::Final => NodeLook { fill: "#f5f7fa", ..plain },
    };
    match mark {
        None => look,
        // What a way leads through keeps its own colour.
        Some(Mark::Path) => NodeLook { border: border(Mark::Path), width: MARKED, ..look },
        Some(mark) => NodeLook { fill: fill(mark), border: border(mark), ink: INK, width: MARKED },
    }
}

/// The look of a transition.
pub(super) fn edge(trigger: Trigger, mark: Option<Mark>) -> EdgeLook {
    let plain = EdgeLook::PLAIN;
    let look = match trigger {
        Trigger::Failed => {
            EdgeLook { line: Line::Dashed, width: 1.3, colour: "#b5432a", ink: "#8f2f1b" }
        }
        Trigger::TimedOut | Trigger::After(_) => {
            EdgeLook { line: Line::Dotted, width: 1.6, colour: "#1f5f99", ink: "#174a78" }
        }
        Trigger::Event(_) | Trigger::Done | Trigger::Always => plain,
    };
    match mark {
        None => look,
        Some(mark) => look.marked(mark),
    }
}

/// The border of a frame: its line, its colour, and its width.
pub(super) fn frame(kind: Kind, mark: Option<Mark>) -> EdgeLook {
    let plain = EdgeLook::PLAIN;
    let look = match kind {
        Kind::Fork(_) | Kind::Parallel => {
            EdgeLook { line: Line::Dashed, colour: "#9aa5b1", ..plain }
        }
        Kind::Machine(_) => EdgeLook { colour: "#2f6690", width: 2.0, ..plain },
        Kind::Composite(_)
        | Kind::Simple
        | Kind::Activity(_)
        | Kind::Choice
        | Kind::Join(_)
        | Kind::Delay(_)
        | Kind::Signal
        | Kind::Final => plain,
    };
    match mark {
        None => look,
        Some(mark) => look.marked(mark),
    }
}

/// The width of whatever is marked.
const MARKED: f64 = 3.0;

/// The colour of a mark's lines and words.
pub(super) fn border(mark: Mark) -> &'static str {
    match mark {
        Mark::Active => INK,
        Mark::Path => "#7a1fa2",
        Mark::Failed => "#b3261e",
        Mark::Added => "#00695c",
        Mark::Removed => "#b3261e",
        Mark::Altered => "#8a5a00",
    }
}

/// The colour that a mark fills a state with.
pub(super) fn fill(mark: Mark) -> &'static str {
    match mark {
        Mark::Active => "#ffd966",
        Mark::Path => "#f3e5f5",
        Mark::Failed => "#fadbd8",
        Mark::Added => "#cdeee4",
        Mark::Removed => "#fadbd8",
        Mark::Altered => "#fde6bf",
    }
}
