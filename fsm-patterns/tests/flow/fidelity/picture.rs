//! The drawing of a flow, read back: who leads where, by the names in the labels. What a run does
//! must be found in it.

use std::collections::{HashMap, HashSet};

use fsm_core::{Graph, Move, StateId, Trace};

/// The edges of a drawing.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// The id of each node by the name of its state: the first line of its label.
    ids: HashMap<String, String>,
    /// The frames around each node.
    frames: HashMap<String, Vec<String>>,
    /// Tail and head.
    edges: HashSet<(String, String)>,
    /// Edges that leave from anywhere within a frame: the frame, and the head.
    from_frames: HashSet<(String, String)>,
    /// Nodes with a loop that is labelled as a retry.
    retries: HashSet<String>,
}

impl Picture {
    /// Reads what [`Graph::to_dot`] writes: one statement a line.
    pub(crate) fn read(dot: &str) -> Self {
        let mut picture = Self::default();
        let mut open: Vec<String> = Vec::new();
        for line in dot.lines().skip(1).map(str::trim) {
            if line == "}" {
                open.pop();
            } else if let Some(frame) = line.strip_prefix("subgraph ") {
                open.push(frame.trim_end_matches(" {").to_owned());
            } else if let Some((tail, rest)) = line.split_once(" -> ") {
                picture.edge(tail, rest);
            } else if let Some((id, attributes)) = line.split_once(" [") {
                if matches!(id, "graph" | "node" | "edge") {
                    continue;
                }
                picture.frames.insert(id.to_owned(), open.clone());
                let name = attribute(attributes, "label=\"").split("\\n").next().unwrap_or("");
                if !name.is_empty() {
                    let twice = picture.ids.insert(name.to_owned(), id.to_owned());
                    assert_eq!(twice, None, "two nodes are called {name}");
                }
            } else {
                panic!("a line that this reader does not know: {line}");
            }
        }
        picture
    }

    fn edge(&mut self, tail: &str, rest: &str) {
        let (head, attributes) = rest.split_once(" [").unwrap_or((rest, ""));
        let frame = attribute(attributes, "ltail=");
        if !frame.is_empty() {
            self.from_frames.insert((frame.to_owned(), head.to_owned()));
            return;
        }
        if tail == head && attribute(attributes, "label=\"").contains("retry <=") {
            self.retries.insert(tail.to_owned());
            return;
        }
        self.edges.insert((tail.to_owned(), head.to_owned()));
    }

    fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_else(|| panic!("`{name}` is not drawn"))
    }

    /// Whether an edge leads from one state to the other.
    fn leads(&self, from: &str, to: &str) -> bool {
        let (from, to) = (self.id(from), self.id(to).to_owned());
        self.edges.contains(&(from.to_owned(), to.clone()))
            || self.frames[from]
                .iter()
                .any(|frame| self.from_frames.contains(&(frame.clone(), to.clone())))
    }

    /// The state where the drawing is entered, if need be through the dots of frames.
    fn entry(&self) -> &str {
        let mut at = "start";
        loop {
            let leads = self.edges.iter().find(|(tail, _)| tail == at);
            let (_, head) = leads.unwrap_or_else(|| panic!("nothing leads on from {at}"));
            at = head;
            if let Some((name, _)) = self.ids.iter().find(|(_, id)| *id == at) {
                return name;
            }
        }
    }
}

/// The value of an attribute up to its end; empty if there is none.
fn attribute<'a>(attributes: &'a str, key: &str) -> &'a str {
    let Some((_, value)) = attributes.split_once(key) else { return "" };
    value.split(['"', ',', ']']).next().unwrap_or("")
}

/// The way that a run took.
#[derive(Debug, Default)]
pub(crate) struct Way {
    moves: Vec<Move>,
    retries: Vec<StateId>,
}

impl Trace for Way {
    fn moved(&mut self, step: Move) {
        self.moves.push(step);
    }

    fn retrying(&mut self, state: StateId, _attempts: u32, _wait: std::time::Duration) {
        self.retries.push(state);
    }
}

impl Way {
    /// Checks that every step is an edge of the drawing, that no token jumps, and that the way
    /// ends at `end`.
    pub(crate) fn check(&self, graph: &Graph, picture: &Picture, end: StateId) {
        let name = |state: StateId| graph.name_of(state);
        // Several tokens come out of a bar; the one that waits there goes on behind its join.
        let is_bar = |state: &str| state.ends_with(" forks") || state.ends_with(" splits");
        let mut places = HashMap::from([(0, picture.entry())]);
        for step in &self.moves {
            let (from, to) = (name(step.from), name(step.to));
            assert!(picture.leads(from, to), "no edge from `{from}` to `{to}`");
            match places.get(&step.token) {
                None => assert!(is_bar(from), "a token came out of `{from}`"),
                Some(place) => {
                    let follows = *place == from || is_bar(place) || is_bar(from);
                    assert!(follows, "a token went to `{place}`, and on from `{from}`");
                }
            }
            places.insert(step.token, to);
        }
        assert_eq!(self.moves.last().map(|step| name(step.to)), Some(name(end)));
        for state in &self.retries {
            let id = picture.id(name(*state));
            assert!(picture.retries.contains(id), "no loop at `{}`", name(*state));
        }
    }
}
