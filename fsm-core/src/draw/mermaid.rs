//! The drawing for Mermaid: a state diagram of its second version.
//!
//! Composite states are states with a body, and so are the scopes of forks; an edge may start
//! and end at them. Mermaid can't draw an edge between a state with a body and what lies in it:
//! such an edge starts at the words "anywhere in NAME", or ends at the state that is entered.

use std::fmt::{self, Display, Write};

use super::id::Id;
use super::label::{Label, Turn, turns};
use super::look;
use super::marks::Mark;
use super::plan::{Place, Plan, Step};
use super::{Direction, escape};
use crate::graph::{Kind, Transition, TransitionId};

pub(super) fn write(plan: &Plan<'_>, direction: Direction, out: &mut impl Write) -> fmt::Result {
    let mut writer = Writer { plan, out, label: plan.label(), depth: 1 };
    writer.head(direction)?;
    writer.states()?;
    writer.transitions()
}

/// Fills as in the drawing for Graphviz; shapes can't be chosen.
const CLASSES: &str = "  \
classDef activity fill:#e3effa,stroke:#2f6690,color:#1f2933
  classDef delay fill:#f0ebf8,stroke:#6a5196,color:#1f2933
  classDef signal fill:#e6f4ea,stroke:#3d7a57,color:#1f2933
  classDef final fill:#f5f7fa,stroke:#52606d,color:#1f2933,stroke-width:3px
";

struct Writer<'p, 'g, W> {
    plan: &'p Plan<'g>,
    out: &'p mut W,
    label: Label,
    depth: usize,
}

/// What an edge can touch.
enum Node {
    State(Place),
    /// All of what a fork holds.
    Scope(Place),
    Anywhere(Place),
}

impl<W: Write> Writer<'_, '_, W> {
    fn head(&mut self, direction: Direction) -> fmt::Result {
        let graph = self.plan.sheets[0].graph;
        self.label.graph(graph);
        self.label.notes(self.plan.caption().iter().map(String::as_str));
        self.out.write_str("---\ntitle: ")?;
        escape::yaml(self.out, &self.label.lines.replace('\n', " · "))?;
        self.out.write_str("\n---\nstateDiagram-v2\n")?;
        match direction {
            Direction::TopToBottom => {}
            Direction::LeftToRight => self.out.write_str("  direction LR\n")?,
        }
        self.out.write_str(CLASSES)?;
        if self.plan.is_marked() {
            self.marks()?;
        }
        let initial = Place { sheet: 0, state: graph.initial() };
        writeln!(self.out, "  [*] --> {}", self.plan.id(initial))
    }

    /// The classes of marks; they come last, so that they win.
    fn marks(&mut self) -> fmt::Result {
        let failed = self.plan.has_mark(Mark::Failed).then_some(Mark::Failed);
        let marks = [Mark::Active, Mark::Path, Mark::Added, Mark::Removed, Mark::Altered];
        for mark in marks.into_iter().chain(failed) {
            let (class, fill, border) = (mark.word(), look::fill(mark), look::border(mark));
            self.line(format_args!(
                "classDef {class} fill:{fill},stroke:{border},color:#1f2933,stroke-width:4px"
            ))?;
        }
        Ok(())
    }

    fn mark(&mut self, place: Place) -> fmt::Result {
        match self.plan.mark(place) {
            Some(mark) => self.line(format_args!("class {} {}", self.plan.id(place), mark.word())),
            None => Ok(()),
        }
    }

    fn states(&mut self) -> fmt::Result {
        for step in self.plan.walk() {
            match step {
                Step::Leaf(place) => self.leaf(place)?,
                Step::Open(place) => self.open(place)?,
                Step::Close => {
                    self.depth -= 1;
                    self.line("}")?;
                }
            }
        }
        Ok(())
    }

    fn leaf(&mut self, place: Place) -> fmt::Result {
        let id = self.plan.id(place);
        self.label.state(self.plan.graph(place), place.state);
        self.label.mark(self.plan.mark(place));
        self.label.notes(self.plan.note(place));
        match self.plan.kind(place) {
            Kind::Fork(_) => self.pseudo(id, "fork"),
            Kind::Join(_) => self.pseudo(id, "join"),
            Kind::Choice => self.pseudo(id, "choice"),
            Kind::Simple | Kind::Composite(_) | Kind::Parallel => self.named(id),
            Kind::Activity(_) | Kind::Machine(_) => self.classed(id, "activity"),
            Kind::Delay(_) => self.classed(id, "delay"),
            Kind::Signal => self.classed(id, "signal"),
            Kind::Final => self.classed(id, "final"),
        }?;
        self.mark(place)
    }

    fn named(&mut self, id: impl Display) -> fmt::Result {
        self.indent()?;
        self.out.write_str("state \"")?;
        escape::mermaid(self.out, &self.label.lines)?;
        writeln!(self.out, "\" as {id}")
    }

    fn classed(&mut self, id: Id<'_>, class: &str) -> fmt::Result {
        self.named(id)?;
        self.line(format_args!("class {id} {class}"))
    }

    /// A state without room for text: a note stands beside it.
    fn pseudo(&mut self, id: Id<'_>, kind: &str) -> fmt::Result {
        self.line(format_args!("state {id} <<{kind}>>"))?;
        self.indent()?;
        write!(self.out, "note right of {id} : ")?;
        escape::mermaid(self.out, &self.label.lines)?;
        self.out.write_str("\n")
    }

    /// Opens the body of a state that holds others.
    fn open(&mut self, place: Place) -> fmt::Result {
        let graph = self.plan.graph(place);
        self.label.state(graph, place.state);
        let node = match self.plan.kind(place) {
            Kind::Fork(_) => {
                // The bar stands above the scope, and the scope bears its name.
                self.line(format_args!("state {} <<fork>>", self.plan.id(place)))?;
                Node::Scope(place)
            }
            Kind::Simple
            | Kind::Activity(_)
            | Kind::Choice
            | Kind::Join(_)
            | Kind::Delay(_)
            | Kind::Signal
            | Kind::Composite(_)
            | Kind::Parallel
            | Kind::Machine(_)
            | Kind::Final => Node::State(place),
        };
        self.label.at_once(graph.inner(place.state).and_then(|inner| inner.max_concurrent()));
        self.label.mark(self.plan.mark(place));
        self.label.notes(self.plan.note(place));
        self.named(node.id(self.plan))?;
        self.mark(place)?;
        self.line(format_args!("state {} {{", node.id(self.plan)))?;
        self.depth += 1;
        for initial in self.plan.entries(place) {
            self.line(format_args!("[*] --> {}", self.plan.id(initial)))?;
        }
        if self.plan.turns_inward(place) {
            self.label.anywhere(graph, place.state);
            self.named(Node::Anywhere(place).id(self.plan))?;
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
            let to = Place { state, ..from };
            let tail = self.tail_of(from, edge, to);
            let head = match edge.internal {
                true => self.tail_of(from, edge, to),
                false => Node::State(self.head_of(to, from)),
            };
            self.label.transition(self.plan.graph(from), id, turn, self.plan.guard(from, id));
            self.label.mark(self.plan.mark_of_edge(from, id));
            self.label.notes(self.plan.note_of_edge(from, id));
            self.edge(&tail, &head)?;
        }
        Ok(())
    }

    fn retry(&mut self, place: Place) -> fmt::Result {
        let Some(retry) = self.plan.retry(place) else { return Ok(()) };
        self.label.retry(&retry);
        let tail =
            if self.plan.is_container(place) { Node::Anywhere(place) } else { Node::State(place) };
        self.edge(&tail, &Node::State(self.head_of(place, place)))
    }

    fn edge(&mut self, tail: &Node, head: &Node) -> fmt::Result {
        write!(self.out, "  {} --> {}", tail.id(self.plan), head.id(self.plan))?;
        if !self.label.lines.is_empty() {
            self.out.write_str(" : ")?;
            escape::mermaid(self.out, &self.label.lines)?;
        }
        self.out.write_str("\n")
    }

    fn tail_of(&self, from: Place, edge: &Transition, to: Place) -> Node {
        if !self.plan.leaves_frame(from, edge) {
            Node::State(from)
        } else if self.plan.encloses(from, to) {
            Node::Anywhere(from)
        } else if matches!(self.plan.kind(from), Kind::Fork(_)) {
            Node::Scope(from)
        } else {
            Node::State(from)
        }
    }

    /// Where an edge from `from` to `to` ends: from inside, at what is entered with `to`.
    fn head_of(&self, to: Place, from: Place) -> Place {
        let mut head = to;
        while self.plan.encloses(head, from)
            && let Some(initial) = self.plan.entries(head).next()
        {
            head = initial;
        }
        head
    }

    fn line(&mut self, text: impl Display) -> fmt::Result {
        self.indent()?;
        writeln!(self.out, "{text}")
    }

    fn indent(&mut self) -> fmt::Result {
        write!(self.out, "{:1$}", "", 2 * self.depth.min(DEEPEST))
    }
}

/// The deepest level that is told by indentation.
const DEEPEST: usize = 16;

impl Node {
    fn id<'p>(&self, plan: &'p Plan<'_>) -> NodeId<'p> {
        match *self {
            Node::State(place) => NodeId { prefix: "", id: plan.id(place) },
            Node::Scope(place) => NodeId { prefix: "scope_", id: plan.id(place) },
            Node::Anywhere(place) => NodeId { prefix: "any_", id: plan.id(place) },
        }
    }
}

/// A node's id as it is written; see [`Id`] for why no prefix makes one look like another.
struct NodeId<'p> {
    prefix: &'static str,
    id: Id<'p>,
}

impl Display for NodeId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        self.id.fmt(f)
    }
}
