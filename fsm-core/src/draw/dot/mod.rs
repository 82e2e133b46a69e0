//! The drawing for Graphviz.
//!
//! States come first, nested as they lie; then all transitions. Edges are clipped at frames with
//! `ltail` and `lhead`.

mod statement;
mod style;

use std::fmt::{self, Write};

use super::Direction;
use super::ends::{End, Node};
use super::label::{Label, Turn, turns};
use super::look::{self, EdgeLook};
use super::plan::{Place, Plan, Step};
use crate::graph::{Kind, Transition, TransitionId};
use statement::Attributes;

pub(super) fn write(plan: &Plan<'_>, direction: Direction, out: &mut impl Write) -> fmt::Result {
    let mut writer = Writer { plan, out, label: plan.label(), depth: 1 };
    writer.head(direction)?;
    writer.states()?;
    writer.transitions()?;
    writer.out.write_str("}\n")
}

struct Writer<'p, 'g, W> {
    plan: &'p Plan<'g>,
    out: &'p mut W,
    label: Label,
    depth: usize,
}

impl<W: Write> Writer<'_, '_, W> {
    fn head(&mut self, direction: Direction) -> fmt::Result {
        let graph = self.plan.sheets[0].graph;
        self.out.write_str("digraph {\n")?;
        self.out.write_str(style::DEFAULTS)?;
        let rankdir = match direction {
            Direction::TopToBottom => "TB",
            Direction::LeftToRight => "LR",
        };
        self.label.graph(graph);
        self.label.notes(self.plan.caption().iter().map(String::as_str));
        let mut attributes = Attributes::of(self.out, "  graph")?;
        attributes.style(&format!("rankdir={rankdir}"))?;
        attributes.label(&self.label)?;
        attributes.end()?;
        let initial = Place { sheet: 0, state: graph.initial() };
        self.start(None, &[initial])
    }

    fn states(&mut self) -> fmt::Result {
        for step in self.plan.walk() {
            match step {
                Step::Leaf(place) => self.node(place)?,
                Step::Open(place) => {
                    // The bar of a fork stands above its scope, not within it.
                    if matches!(self.plan.kind(place), Kind::Fork(_)) {
                        self.node(place)?;
                    }
                    self.open(place)?;
                }
                Step::Close => {
                    self.depth -= 1;
                    self.indent()?;
                    self.out.write_str("}\n")?;
                }
            }
        }
        Ok(())
    }

    fn node(&mut self, place: Place) -> fmt::Result {
        self.indent()?;
        let (kind, mark) = (self.plan.kind(place), self.plan.mark(place));
        self.label.state(self.plan.graph(place), place.state);
        self.label.mark_in_words(mark);
        self.label.notes(self.plan.note(place));
        let mut attributes = Attributes::of(self.out, self.plan.id(place))?;
        attributes.label(&self.label)?;
        attributes.style(&style::node(kind, look::node(kind, mark)))?;
        attributes.end()
    }

    /// Opens the frame around what a state holds.
    fn open(&mut self, place: Place) -> fmt::Result {
        let kind = self.plan.kind(place);
        let graph = self.plan.graph(place);
        self.indent()?;
        writeln!(self.out, "subgraph cluster_{} {{", self.plan.id(place))?;
        self.depth += 1;
        self.indent()?;
        if matches!(kind, Kind::Fork(_)) {
            // Its name stands on the bar; without a label of its own it would inherit one.
            self.label.clear();
        } else {
            self.label.state(graph, place.state);
            self.label.at_once(graph.inner(place.state).and_then(|inner| inner.max_concurrent()));
            self.label.mark_in_words(self.plan.mark(place));
            self.label.notes(self.plan.note(place));
        }
        let mut attributes = Attributes::of(self.out, "graph")?;
        attributes.frame_label(&self.label)?;
        attributes.style("labeljust=l, fontsize=12")?;
        attributes.style(&style::frame(
            kind,
            look::frame(kind, self.plan.mark(place)),
            self.plan.is_marked(),
        ))?;
        attributes.end()?;
        let initial: Vec<Place> = self.plan.entries(place).collect();
        if !initial.is_empty() {
            self.start(Some(place), &initial)?;
        }
        if self.plan.turns_inward(place) {
            self.indent()?;
            self.label.anywhere(graph, place.state);
            let mut attributes = Attributes::of(self.out, Node::Anywhere(place).id(self.plan))?;
            attributes.label(&self.label)?;
            attributes.style(style::ANYWHERE)?;
            attributes.end()?;
        }
        Ok(())
    }

    /// The dot where the drawing, or what `owner` holds, is entered.
    fn start(&mut self, owner: Option<Place>, initial: &[Place]) -> fmt::Result {
        let dot = owner.map_or(Node::Entry, Node::Start);
        self.indent()?;
        let mut attributes = Attributes::of(self.out, dot.id(self.plan))?;
        attributes.style(style::START)?;
        attributes.end()?;
        for initial in initial {
            self.indent()?;
            let head = End::head(self.plan, *initial, None);
            write!(self.out, "{} -> ", dot.id(self.plan))?;
            let mut attributes = Attributes::of(self.out, head.node.id(self.plan))?;
            attributes.clip("lhead", self.plan, head.clip)?;
            attributes.end()?;
        }
        Ok(())
    }

    fn transitions(&mut self) -> fmt::Result {
        let mut order = Vec::new();
        for place in self.plan.sources() {
            turns(self.plan, place, &mut order);
            for ((id, edge), turn) in self.plan.edges_of(place).zip(&order) {
                self.transition(place, id, edge, *turn)?;
            }
            self.retry(place)?;
        }
        Ok(())
    }

    fn transition(
        &mut self,
        from: Place,
        id: TransitionId,
        edge: &Transition,
        turn: Turn,
    ) -> fmt::Result {
        let also = self.plan.graph(from).also(id);
        for state in std::iter::once(edge.to).chain(also.iter().copied()) {
            self.transition_to(from, id, turn, Place { state, ..from })?;
        }
        Ok(())
    }

    fn transition_to(
        &mut self,
        from: Place,
        id: TransitionId,
        turn: Turn,
        to: Place,
    ) -> fmt::Result {
        let edge = self.plan.graph(from).transition(id);
        let mark = self.plan.mark_of_edge(from, id);
        let (tail, head) = End::both(self.plan, from, edge, to);
        self.label.transition(self.plan.graph(from), id, turn);
        self.label.mark_in_words(mark);
        self.label.notes(self.plan.note_of_edge(from, id));
        write!(self.out, "  {} -> ", tail.node.id(self.plan))?;
        let mut attributes = Attributes::of(self.out, head.node.id(self.plan))?;
        attributes.edge_label(&self.label)?;
        attributes.style(&style::edge(look::edge(edge.trigger, mark)))?;
        if let (Node::Anywhere(_), Node::Start(_)) = (&tail.node, &head.node) {
            attributes.style(style::INWARD)?;
        }
        attributes.clip("ltail", self.plan, tail.clip)?;
        attributes.clip("lhead", self.plan, head.clip)?;
        attributes.end()
    }

    /// A retry policy is a loop, as it runs.
    fn retry(&mut self, place: Place) -> fmt::Result {
        let Some(retry) = self.plan.retry(place) else { return Ok(()) };
        let (tail, head) = End::of_retry(self.plan, place);
        self.label.retry(&retry);
        write!(self.out, "  {} -> ", tail.node.id(self.plan))?;
        let mut attributes = Attributes::of(self.out, head.node.id(self.plan))?;
        attributes.edge_label(&self.label)?;
        attributes.style(&style::edge(EdgeLook::RETRY))?;
        attributes.style(style::RETRY)?;
        attributes.end()
    }

    fn indent(&mut self) -> fmt::Result {
        // Deeper frames are not indented further: a million of them would take a terabyte.
        write!(self.out, "{:1$}", "", 2 * self.depth.min(DEEPEST))
    }
}

/// The deepest level that is told by indentation.
const DEEPEST: usize = 16;
