//! What a drawing shows, as boxes and lines that are yet to be laid out.

use std::collections::HashMap;

use super::measure::Text;
use super::shape::{Point, Rect, Shape, Size};
use crate::draw::ends::{End, Node};
use crate::draw::label::{Label, Turn, turns};
use crate::draw::look::{self, EdgeLook, NodeLook};
use crate::draw::plan::{Place, Plan, Step};
use crate::graph::{Kind, TransitionId};

/// A drawing: everything has its text and its size; the layout adds places.
#[derive(Debug, Default)]
pub(super) struct Scene {
    pub(super) title: Text,
    pub(super) boxes: Vec<Boxed>,
    /// A frame comes before those within it.
    pub(super) frames: Vec<Frame>,
    pub(super) lines: Vec<Line>,
}

/// A state, a dot, or words.
#[derive(Debug)]
pub(super) struct Boxed {
    pub(super) id: String,
    pub(super) shape: Shape,
    pub(super) look: NodeLook,
    pub(super) text: Text,
    pub(super) size: Size,
    pub(super) frame: Option<usize>,
    pub(super) center: Point,
}

/// A frame around what a state holds.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) id: String,
    pub(super) look: EdgeLook,
    pub(super) text: Text,
    pub(super) around: Option<usize>,
    /// The bar of the fork whose scope it is.
    pub(super) fork: Option<usize>,
    /// The bar of that fork's join.
    pub(super) join: Option<usize>,
    pub(super) bounds: Rect,
}

/// An edge.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) tail: Touch,
    pub(super) head: Touch,
    pub(super) look: EdgeLook,
    pub(super) text: Text,
    pub(super) role: Role,
    /// Where the text stands.
    pub(super) at: Point,
    pub(super) points: Vec<Point>,
}

/// What an edge touches: a box, or a frame with a box in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    pub(super) node: usize,
    pub(super) clip: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// From a dot to what is entered.
    Entry,
    Transition,
    Retry,
}

impl Scene {
    pub(super) fn of(plan: &Plan<'_>) -> Self {
        let mut builder = Builder {
            plan,
            label: plan.label(),
            scene: Scene::default(),
            boxes: HashMap::new(),
            frames: HashMap::new(),
            open: Vec::new(),
            entries: Vec::new(),
        };
        builder.states();
        builder.joins();
        builder.transitions();
        builder.scene
    }
}

struct Builder<'p, 'g> {
    plan: &'p Plan<'g>,
    label: Label,
    scene: Scene,
    boxes: HashMap<Node, usize>,
    frames: HashMap<Place, usize>,
    open: Vec<usize>,
    /// The dots and what they lead to.
    entries: Vec<(Node, Place)>,
}

const TITLE: f64 = 18.0;
const STATE: f64 = 14.0;
const SMALL: f64 = 12.0;

impl Builder<'_, '_> {
    fn text(&self, font: f64) -> Text {
        Text::new(&self.label.lines, self.label.tooltip(), font)
    }

    fn states(&mut self) {
        let graph = self.plan.sheets[0].graph;
        self.label.graph(graph);
        self.label.notes(self.plan.caption().iter().map(String::as_str));
        self.scene.title = self.text(TITLE);
        self.dot(Node::Entry);
        self.entries.push((Node::Entry, Place { sheet: 0, state: graph.initial() }));
        for step in self.plan.walk() {
            match step {
                Step::Leaf(place) => self.state(place),
                Step::Open(place) => {
                    // The bar of a fork stands above its scope, not within it.
                    if matches!(self.plan.kind(place), Kind::Fork(_)) {
                        self.state(place);
                    }
                    self.frame(place);
                }
                Step::Close => {
                    self.open.pop();
                }
            }
        }
    }

    fn state(&mut self, place: Place) {
        let (kind, mark) = (self.plan.kind(place), self.plan.mark(place));
        self.label.state(self.plan.graph(place), place.state);
        self.label.mark_in_words(mark);
        self.label.notes(self.plan.note(place));
        let small = matches!(kind, Kind::Choice | Kind::Fork(_) | Kind::Join(_));
        let text = self.text(if small { SMALL } else { STATE });
        self.add(Node::State(place), Shape::of(kind), look::node(kind, mark), text);
    }

    fn dot(&mut self, node: Node) {
        let look = NodeLook { fill: look::INK, border: look::INK, ..NodeLook::PLAIN };
        self.add(node, Shape::Dot, look, Text::default());
    }

    fn add(&mut self, node: Node, shape: Shape, look: NodeLook, text: Text) {
        let number = self.scene.boxes.len();
        self.boxes.insert(node, number);
        let id = node.id(self.plan).to_string();
        let size = shape.around(text.size);
        let (frame, center) = (self.open.last().copied(), Point::default());
        self.scene.boxes.push(Boxed { id, shape, look, text, size, frame, center });
    }

    fn frame(&mut self, place: Place) {
        let (kind, graph) = (self.plan.kind(place), self.plan.graph(place));
        if matches!(kind, Kind::Fork(_)) {
            // Its name stands on the bar.
            self.label.clear();
        } else {
            self.label.state(graph, place.state);
            self.label.at_once(graph.inner(place.state).and_then(|inner| inner.max_concurrent()));
            self.label.mark_in_words(self.plan.mark(place));
            self.label.notes(self.plan.note(place));
        }
        let number = self.scene.frames.len();
        self.frames.insert(place, number);
        self.scene.frames.push(Frame {
            id: self.plan.id(place).to_string(),
            look: look::frame(kind, self.plan.mark(place)),
            text: self.text(STATE),
            around: self.open.last().copied(),
            fork: self.boxes.get(&Node::State(place)).copied(),
            join: None,
            bounds: Rect::default(),
        });
        self.open.push(number);
        let entries: Vec<Place> = self.plan.entries(place).collect();
        if !entries.is_empty() {
            self.dot(Node::Start(place));
            self.entries.extend(entries.into_iter().map(|entry| (Node::Start(place), entry)));
        }
        if self.plan.turns_inward(place) {
            self.label.anywhere(graph, place.state);
            let text = self.text(SMALL);
            self.add(Node::Anywhere(place), Shape::Words, NodeLook::PLAIN, text);
        }
    }

    fn joins(&mut self) {
        for (place, frame) in &self.frames {
            if let Kind::Fork(Some(join)) = self.plan.kind(*place) {
                let join = Node::State(Place { state: join, ..*place });
                self.scene.frames[*frame].join = self.boxes.get(&join).copied();
            }
        }
    }

    fn transitions(&mut self) {
        for (dot, entry) in std::mem::take(&mut self.entries) {
            let (tail, head) = (End { node: dot, clip: None }, End::head(self.plan, entry, None));
            self.label.clear();
            self.line((tail, head), EdgeLook::PLAIN, Role::Entry);
        }
        let mut order = Vec::new();
        for place in self.plan.sources() {
            turns(self.plan, place, &mut order);
            for ((id, edge), turn) in self.plan.edges_of(place).zip(&order) {
                let also = self.plan.graph(place).also(id);
                for state in std::iter::once(edge.to).chain(also.iter().copied()) {
                    self.transition(place, id, *turn, Place { state, ..place });
                }
            }
            if let Some(retry) = self.plan.retry(place) {
                self.label.retry(&retry);
                self.line(End::of_retry(self.plan, place), EdgeLook::RETRY, Role::Retry);
            }
        }
    }

    fn transition(&mut self, from: Place, id: TransitionId, turn: Turn, to: Place) {
        let graph = self.plan.graph(from);
        let (edge, mark) = (graph.transition(id), self.plan.mark_of_edge(from, id));
        self.label.transition(graph, id, turn);
        self.label.mark_in_words(mark);
        self.label.notes(self.plan.note_of_edge(from, id));
        let ends = End::both(self.plan, from, edge, to);
        self.line(ends, look::edge(edge.trigger, mark), Role::Transition);
    }

    fn line(&mut self, (tail, head): (End, End), look: EdgeLook, role: Role) {
        let touch = |end: End| Touch {
            node: self.boxes[&end.node],
            clip: end.clip.map(|frame| self.frames[&frame]),
        };
        let (tail, head) = (touch(tail), touch(head));
        let (text, at) = (self.text(SMALL), Point::default());
        self.scene.lines.push(Line { tail, head, look, text, role, at, points: Vec::new() });
    }
}
