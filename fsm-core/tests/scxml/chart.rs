//! From an SCXML document to a graph.
//!
//! A graph is checked more strictly than a chart: no state may be unreachable or without a way
//! on, and no transition may hide one that is declared after it. Charts that show one rule have
//! all of these, so every state gets transitions on events that no script sends, an internal one
//! and one that leads to it from the state where the run begins; and a transition that hides
//! another gets a guard, which always holds.

use std::fmt;

use fsm_core::{Graph, GraphBuilder};
use roxmltree::Node;

/// The guard that always holds.
pub(crate) const YES: &str = "yes";

/// What a chart asks for and a graph has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// States that remember where they were left.
    History,
    /// `foo` as a name for `foo.bar` too, and `*` for every event.
    Prefixes,
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lacking::History => "a graph has no history states",
            Lacking::Prefixes => "an event is told by its whole name, not by a prefix of it",
        })
    }
}

/// Reads a chart.
pub(crate) fn read(text: &str) -> Result<Graph, Lacking> {
    let document = roxmltree::Document::parse(text).expect("a chart is XML");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "scxml", "a chart is an `scxml` element");
    let initial = start(root).expect("a chart has a state");
    let mut reader = Reader { graph: Graph::builder("chart"), states: Vec::new() };
    reader.children(root, None)?;
    for state in std::mem::take(&mut reader.states) {
        reader.graph.internal(state).on(&format!("stay at {state}"));
        reader.graph.transition(initial, state).on(&format!("jump to {state}"));
    }
    Ok(reader.graph.initial(initial).build().expect("the chart is a sound graph"))
}

struct Reader<'a> {
    graph: GraphBuilder,
    states: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// Elements in document order, which is the declared order of the graph.
    fn children(&mut self, outer: Node<'a, '_>, parent: Option<&str>) -> Result<(), Lacking> {
        for child in outer.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "state" | "parallel" | "final" => self.state(child, parent)?,
                "transition" => self.transition(child, parent.expect("a state around it"))?,
                "initial" => {}
                "history" => return Err(Lacking::History),
                other => panic!("charts with `{other}` are not read"),
            }
        }
        Ok(())
    }

    fn state(&mut self, node: Node<'a, '_>, parent: Option<&str>) -> Result<(), Lacking> {
        let name = id(node);
        let state = match (node.tag_name().name(), start(node)) {
            ("parallel", _) => self.graph.parallel(name),
            ("final", _) => self.graph.final_state(name),
            (_, Some(initial)) => self.graph.composite(name, initial),
            (_, None) => self.graph.simple(name),
        };
        if let Some(parent) = parent {
            state.within(parent);
        }
        if node.tag_name().name() != "final" {
            self.states.push(name);
        }
        self.children(node, Some(name))
    }

    /// One transition for each of the events that it names; without a target it is internal.
    fn transition(&mut self, node: Node<'_, '_>, from: &str) -> Result<(), Lacking> {
        let done = format!("done.state.{from}");
        let events = node.attribute("event").expect("a transition waits for an event");
        let targets: Vec<&str> =
            node.attribute("target").unwrap_or_default().split_whitespace().collect();
        assert_eq!(node.attribute("type"), None, "internal transitions are those without target");
        for event in events.split_whitespace() {
            let edge = match targets.split_first() {
                Some((first, others)) => others
                    .iter()
                    .fold(self.graph.transition(from, *first), |edge, other| edge.also(*other)),
                None => self.graph.internal(from),
            };
            let edge = if event == done {
                edge.done()
            } else if event.contains(['.', '*']) {
                return Err(Lacking::Prefixes);
            } else {
                edge.on(event)
            };
            if hides_another(node, event) {
                edge.guard(YES);
            }
        }
        Ok(())
    }
}

/// Whether a transition that comes later in the same state waits for `event` as well.
fn hides_another(transition: Node<'_, '_>, event: &str) -> bool {
    let later = transition.next_siblings().skip(1);
    let mut events = later.filter_map(|node| node.attribute("event"));
    events.any(|events| events.split_whitespace().any(|other| other == event))
}

fn id<'a>(node: Node<'a, '_>) -> &'a str {
    node.attribute("id").expect("a state has a name")
}

/// The state within `node` that is entered with it: the one that it names, else its first.
fn start<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let elements = || node.children().filter(Node::is_element);
    let named = elements().find(|child| child.tag_name().name() == "initial");
    let written = named.map(|initial| {
        let transition = initial.first_element_child().expect("`initial` holds a transition");
        transition.attribute("target").expect("it leads somewhere")
    });
    let first = || {
        let is_state = |child: &Node<'_, '_>| {
            matches!(child.tag_name().name(), "state" | "parallel" | "final")
        };
        elements().find(is_state).map(id)
    };
    node.attribute("initial").or(written).or_else(first)
}
