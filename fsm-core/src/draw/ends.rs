//! Where the edges of a drawing start and end, where edges lead from node to node only.
//!
//! Neither Graphviz nor our own layout knows edges between frames: an edge that leaves one starts
//! at a node within it and is clipped at the frame, one that enters a frame ends at the dot where
//! it is entered. Where an edge leads from a frame to its own inside there is nothing to clip at,
//! so the words "anywhere in NAME" stand for the frame.

use std::fmt;

use super::id::Id;
use super::plan::{Place, Plan};
use crate::graph::Transition;

/// Where an edge starts or ends, and the frame at which it is clipped.
pub(super) struct End {
    pub(super) node: Node,
    pub(super) clip: Option<Place>,
}

/// What an edge can touch.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// The dot where the graph is entered.
    Entry,
    State(Place),
    /// The dot where a composite state or a machine is entered.
    Start(Place),
    Anywhere(Place),
}

impl End {
    fn at(node: Node) -> Self {
        Self { node, clip: None }
    }

    /// Both ends of a transition from `from` to `to`, one of its targets.
    pub(super) fn both(plan: &Plan<'_>, from: Place, edge: &Transition, to: Place) -> (End, End) {
        let tail = End::tail(plan, from, edge, to);
        match edge.internal {
            true => (tail, End::tail(plan, from, edge, to)),
            false => (tail, End::head(plan, to, Some(from))),
        }
    }

    /// Both ends of the loop of a retry policy.
    pub(super) fn of_retry(plan: &Plan<'_>, place: Place) -> (End, End) {
        if !plan.is_container(place) {
            return (End::at(Node::State(place)), End::at(Node::State(place)));
        }
        let head = End::head(plan, place, Some(place)).node;
        (End::at(Node::Anywhere(place)), End::at(head))
    }

    fn tail(plan: &Plan<'_>, from: Place, edge: &Transition, to: Place) -> End {
        if !plan.leaves_frame(from, edge) {
            End::at(Node::State(from))
        } else if plan.encloses(from, to) {
            End::at(Node::Anywhere(from))
        } else {
            End { node: Node::State(plan.last_leaf(from)), clip: Some(from) }
        }
    }

    /// The end at `to` of an edge that comes from the state `from`, or from a start.
    pub(super) fn head(plan: &Plan<'_>, to: Place, from: Option<Place>) -> End {
        if plan.entries(to).next().is_none() {
            return End::at(Node::State(to));
        }
        let inside = from.is_some_and(|from| plan.encloses(to, from));
        End { node: Node::Start(to), clip: (!inside).then_some(to) }
    }
}

impl Node {
    pub(super) fn id<'p>(&self, plan: &'p Plan<'_>) -> NodeId<'p> {
        match *self {
            Node::Entry => NodeId { prefix: "start", id: None },
            Node::State(place) => NodeId { prefix: "", id: Some(plan.id(place)) },
            Node::Start(place) => NodeId { prefix: "start_", id: Some(plan.id(place)) },
            Node::Anywhere(place) => NodeId { prefix: "any_", id: Some(plan.id(place)) },
        }
    }
}

/// A node's id as it is written. Ids of states start with `s` and a digit or an underscore, or
/// with `m` and a digit, so that none of the prefixes makes one look like another.
pub(super) struct NodeId<'p> {
    prefix: &'static str,
    id: Option<Id<'p>>,
}

impl fmt::Display for NodeId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        self.id.map_or(Ok(()), |id| write!(f, "{id}"))
    }
}
