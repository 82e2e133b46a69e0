//! Drawings: the graph as [DOT](https://graphviz.org/doc/info/lang.html) for Graphviz and as a
//! [Mermaid](https://mermaid.js.org/syntax/stateDiagram.html) state diagram.
//!
//! What is drawn is what runs: the drawing is made from the very [`Graph`] that is bound and
//! executed, and shows whatever steers a run: triggers, guards, actions, retries, timeouts, the
//! rules of joins, the scopes of forks, and, where it matters, the order in which transitions are
//! tried. The same graph always gives the same bytes: states are sorted by name, transitions by
//! the name of their source and then in declared order, so that drawings can be kept under
//! version control and compared as text.
//!
//! Names are arbitrary text. They reach the drawing as labels only, escaped; the ids of the
//! drawing are of our own making. Characters that can't be seen, or that reorder the text around
//! them, are shown as escapes.
//!
//! | file | what it holds |
//! |---|---|
//! | `plan` | what lies where: order, nesting, and which machines are expanded |
//! | `id` | ids that are safe in both languages |
//! | `label` | what a state or a transition says |
//! | `text` | arbitrary text made fit for a picture: nothing hidden, wrapped to lines |
//! | `escape` | how text is quoted in each language |
//! | `marks` | what stands out |
//! | `look` | colours and lines |
//! | `ends` | where edges start and end |
//! | `dot` | the drawing for Graphviz |
//! | `mermaid` | the drawing for Mermaid |
//! | `svg` | the drawing that needs no other program (feature `svg`) |
//!
//! ```
//! use fsm_core::Graph;
//!
//! let mut door = Graph::builder("door");
//! door.simple("closed");
//! door.simple("open");
//! door.transition("closed", "open").on("push").guard("unlocked");
//! door.transition("open", "closed").on("pull");
//! let graph = door.initial("closed").build()?;
//!
//! assert!(graph.to_dot().contains(r#"s_closed -> s_open [label=" push [unlocked] "]"#));
//! # Ok::<(), fsm_core::GraphFaults>(())
//! ```

mod dot;
mod ends;
mod escape;
mod id;
mod label;
mod look;
mod marks;
mod mermaid;
mod plan;
#[cfg(feature = "svg")]
mod svg;
mod text;

use std::fmt;

use crate::graph::Graph;
pub use marks::{Mark, Marks, PathFault};
use plan::Plan;
#[cfg(feature = "svg")]
pub use svg::SvgFault;
pub(crate) use text::visible;

/// A drawing of a graph that is about to be written: from [`Graph::drawing`].
///
/// ```
/// use fsm_core::Graph;
///
/// let mut inner = Graph::builder("count");
/// inner.activity("add");
/// inner.final_state("counted");
/// inner.transition("add", "counted").done();
/// let mut outer = Graph::builder("shop");
/// outer.machine("counting", inner.initial("add").build()?);
/// outer.final_state("closed");
/// outer.transition("counting", "closed").done();
/// let graph = outer.initial("counting").build()?;
///
/// assert!(!graph.to_dot().contains("counted"));
/// assert!(graph.drawing().expanded().left_to_right().to_dot().contains("counted"));
/// # Ok::<(), fsm_core::GraphFaults>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a drawing does nothing until it is written"]
pub struct Drawing<'g> {
    graph: &'g Graph,
    machines: Machines,
    actions: Actions,
    direction: Direction,
    marks: Option<&'g Marks>,
}

/// Whether the machines within a graph are drawn as one box or with what is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machines {
    Closed,
    Expanded,
}

/// Whether the names of actions are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actions {
    Shown,
    LeftOut,
}

/// Where a drawing grows to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    TopToBottom,
    LeftToRight,
}

impl<'g> Drawing<'g> {
    /// Shows what is inside of the machines within the graph, and of those within them.
    ///
    /// A graph that is used by several states is drawn once for each of them.
    pub fn expanded(mut self) -> Self {
        self.machines = Machines::Expanded;
        self
    }

    /// Leaves the names of actions out, where they are house-keeping and not the story.
    pub fn without_actions(mut self) -> Self {
        self.actions = Actions::LeftOut;
        self
    }

    /// Lets the drawing grow from left to right instead of from top to bottom.
    pub fn left_to_right(mut self) -> Self {
        self.direction = Direction::LeftToRight;
        self
    }

    /// Lets what `marks` names stand out: where the tokens are, a way that was taken, or what a
    /// change adds, removes, and alters.
    ///
    /// Mermaid can't change the lines of transitions: there, the word of a mark stands in their
    /// labels.
    pub fn marked(mut self, marks: &'g Marks) -> Self {
        self.marks = Some(marks);
        self
    }

    /// The drawing in DOT. See [`Graph::to_dot`].
    pub fn to_dot(self) -> String {
        let mut text = String::new();
        self.write_dot(&mut text).expect("writing to a String succeeds");
        text
    }

    /// Writes the drawing in DOT. See [`Graph::write_dot`].
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_dot(self, mut out: impl fmt::Write) -> fmt::Result {
        dot::write(&Plan::new(self), self.direction, &mut out)
    }

    /// The drawing as a Mermaid state diagram. See [`Graph::to_mermaid`].
    pub fn to_mermaid(self) -> String {
        let mut text = String::new();
        self.write_mermaid(&mut text).expect("writing to a String succeeds");
        text
    }

    /// Writes the drawing as a Mermaid state diagram. See [`Graph::write_mermaid`].
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_mermaid(self, mut out: impl fmt::Write) -> fmt::Result {
        mermaid::write(&Plan::new(self), self.direction, &mut out)
    }

    /// The drawing as SVG. See [`Graph::to_svg`].
    ///
    /// # Errors
    /// [`SvgFault::TooLarge`].
    #[cfg(feature = "svg")]
    pub fn to_svg(self) -> Result<String, SvgFault> {
        let mut text = String::new();
        self.write_svg(&mut text)?;
        Ok(text)
    }

    /// Writes the drawing as SVG. See [`Graph::write_svg`].
    ///
    /// # Errors
    /// [`SvgFault::TooLarge`], and those of `out`.
    #[cfg(feature = "svg")]
    pub fn write_svg(self, mut out: impl fmt::Write) -> Result<(), SvgFault> {
        svg::write(&Plan::new(self), self.direction, &mut out)
    }
}

impl Graph {
    /// A drawing of the graph that can be told how to look.
    pub fn drawing(&self) -> Drawing<'_> {
        Drawing {
            graph: self,
            machines: Machines::Closed,
            actions: Actions::Shown,
            direction: Direction::TopToBottom,
            marks: None,
        }
    }

    /// The graph in DOT, the language of Graphviz: `dot -Tsvg` makes a picture of it.
    ///
    /// Activities are rounded boxes, with their retries as a dashed loop; choices are diamonds,
    /// forks and joins dark bars, delays hexagons, waits for a signal flags, machines folders,
    /// and final states have a double border. A composite state is a solid frame, the scope of a
    /// fork a dashed one. Failures are dashed and red, timeouts dotted and blue. Long labels are
    /// wrapped and cut; the whole text is then in the tooltip.
    ///
    /// ```
    /// use fsm_core::{Graph, RetryPolicy};
    ///
    /// let mut order = Graph::builder("order");
    /// order.activity("charge").retry(RetryPolicy::new(3));
    /// order.final_state("paid");
    /// order.final_state("refused");
    /// order.transition("charge", "paid").done().action("send receipt");
    /// order.transition("charge", "refused").failed();
    /// let dot = order.initial("charge").build()?.to_dot();
    ///
    /// assert!(dot.contains(r#"s_charge -> s_charge [label=" retry <= 3 ""#));
    /// assert!(dot.contains(r#"s_charge -> s_paid [label=" done / send receipt "]"#));
    /// # Ok::<(), fsm_core::GraphFaults>(())
    /// ```
    ///
    /// # Complexity
    /// O(length of the text + states * log(states)); a graph of a million states takes about a
    /// second. Nesting costs no stack.
    pub fn to_dot(&self) -> String {
        self.drawing().to_dot()
    }

    /// Writes what [`to_dot`](Self::to_dot) returns, piece by piece.
    ///
    /// ```
    /// # let mut lamp = fsm_core::Graph::builder("lamp");
    /// # lamp.simple("off");
    /// # lamp.transition("off", "off").on("press");
    /// # let graph = lamp.initial("off").build()?;
    /// let mut text = String::new();
    /// graph.write_dot(&mut text)?;
    /// assert_eq!(text, graph.to_dot());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of `out`.
    ///
    /// # Complexity
    /// As [`to_dot`](Self::to_dot); beside what `out` keeps it takes some 50 bytes a state and 4
    /// bytes a transition.
    pub fn write_dot(&self, out: impl fmt::Write) -> fmt::Result {
        self.drawing().write_dot(out)
    }

    /// The graph as a Mermaid state diagram, which many forges and wikis draw within Markdown.
    ///
    /// Mermaid can't colour transitions and gives no room for text to forks, joins, and choices:
    /// failures and timeouts are told by their words, and what a join or a choice is called is a
    /// note beside it.
    ///
    /// ```
    /// # let mut lamp = fsm_core::Graph::builder("lamp");
    /// # lamp.simple("off");
    /// # lamp.simple("on");
    /// # lamp.transition("off", "on").on("press");
    /// # lamp.transition("on", "off").on("press");
    /// # let graph = lamp.initial("off").build()?;
    /// assert!(graph.to_mermaid().contains("  s_off --> s_on : press\n"));
    /// # Ok::<(), fsm_core::GraphFaults>(())
    /// ```
    ///
    /// # Complexity
    /// As [`to_dot`](Self::to_dot).
    pub fn to_mermaid(&self) -> String {
        self.drawing().to_mermaid()
    }

    /// Writes what [`to_mermaid`](Self::to_mermaid) returns, piece by piece.
    ///
    /// ```
    /// # let mut lamp = fsm_core::Graph::builder("lamp");
    /// # lamp.simple("off");
    /// # lamp.transition("off", "off").on("press");
    /// # let graph = lamp.initial("off").build()?;
    /// let mut text = String::new();
    /// graph.write_mermaid(&mut text)?;
    /// assert_eq!(text, graph.to_mermaid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of `out`.
    ///
    /// # Complexity
    /// As [`to_dot`](Self::to_dot).
    pub fn write_mermaid(&self, out: impl fmt::Write) -> fmt::Result {
        self.drawing().write_mermaid(out)
    }

    /// The graph as a picture in SVG, made without Graphviz or any other program. It looks as
    /// [`to_dot`](Self::to_dot) says, on a white ground, and is the same text on every machine.
    ///
    /// Needs the feature `svg`.
    ///
    /// ```
    /// # let mut lamp = fsm_core::Graph::builder("lamp");
    /// # lamp.simple("off");
    /// # lamp.simple("on");
    /// # lamp.transition("off", "on").on("press");
    /// # lamp.transition("on", "off").on("press");
    /// # let graph = lamp.initial("off").build()?;
    /// let svg = graph.to_svg()?;
    /// assert!(svg.starts_with("<svg ") && svg.contains(">press</text>"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SvgFault::TooLarge`]: the graph has more than 1,000 states or 3,000 transitions, nests
    /// deeper than 24 levels, or is so tangled that to lay it out would take more than seconds.
    /// DOT has no such limits.
    ///
    /// # Complexity
    /// About the square of the layers that all transitions together pass through: 30 states take
    /// some 10 ms, a ring of 1,000 about a second.
    #[cfg(feature = "svg")]
    pub fn to_svg(&self) -> Result<String, SvgFault> {
        self.drawing().to_svg()
    }

    /// Writes what [`to_svg`](Self::to_svg) returns.
    ///
    /// # Errors
    /// As [`to_svg`](Self::to_svg), and those of `out`.
    #[cfg(feature = "svg")]
    pub fn write_svg(&self, out: impl fmt::Write) -> Result<(), SvgFault> {
        self.drawing().write_svg(out)
    }
}
