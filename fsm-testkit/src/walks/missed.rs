//! What no walk comes to, and why.

use std::collections::BTreeSet;
use std::fmt;

use fsm_core::{Graph, StateId, TransitionId, Trigger};

use super::cover::Target;
use super::map::{Map, Reasons};

/// A state, a transition, or a pair of transitions that no walk covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// What is not covered.
    pub what: Missing,
    /// Why not.
    pub reason: Reason,
}

/// What is not covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A state, by name.
    State(String),
    /// A transition.
    Edge(String),
    /// Two transitions, one right after the other.
    Pair(String, String),
}

/// Why something is not covered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The search ended at its bound: it may well be possible.
    Bound {
        /// How many configurations it looked at.
        limit: usize,
    },
    /// Nothing that was tried leads there.
    NoWay,
    /// The state where it begins was never reached.
    Unreached {
        /// The name of the state.
        state: String,
    },
    /// No exemplar of the event was given.
    NoExemplar {
        /// The name of the event.
        event: String,
    },
    /// The guard held nowhere with these exemplars.
    GuardNeverHeld {
        /// The name of the guard.
        guard: String,
    },
    /// Whenever it could have been taken, another transition was, which goes before it, or the
    /// guard did not hold.
    NeverFirst {
        /// The name of the guard, if it has one.
        guard: Option<String>,
    },
    /// Of the two transitions this one is not taken at all.
    Half {
        /// Which one.
        edge: String,
    },
    /// Both are taken, but never one right after the other.
    NeverInARow,
    /// A run that does as the search says does something else, because the search takes
    /// configurations for one that are not.
    Blurred,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Bound { limit } => {
                write!(f, "the search ended after {limit} configurations; `at_most` allows more")
            }
            Reason::NoWay => f.write_str("nothing that was tried leads there"),
            Reason::Unreached { state } => write!(f, "`{state}` was never reached"),
            Reason::NoExemplar { event } => write!(f, "no exemplar of event `{event}` was given"),
            Reason::GuardNeverHeld { guard } => {
                write!(f, "guard `{guard}` never held with these exemplars and this key")
            }
            Reason::NeverFirst { guard: Some(guard) } => {
                write!(f, "another transition always went first, or guard `{guard}` did not hold")
            }
            Reason::NeverFirst { guard: None } => {
                f.write_str("another transition always went first")
            }
            Reason::Half { edge } => write!(f, "`{edge}` is never taken"),
            Reason::Blurred => {
                f.write_str("the key does not tell apart what it depends on; tell more with `key`")
            }
            Reason::NeverInARow => f.write_str("they were never taken one right after the other"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::State(name) => write!(f, "state `{name}`"),
            Missing::Edge(edge) => write!(f, "`{edge}`"),
            Missing::Pair(first, second) => write!(f, "`{first}`, then `{second}`"),
        }
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.reason)
    }
}

/// How a transition reads: `locked -coin-> open`, with the guard, if it has one.
pub(crate) fn edge_text(graph: &Graph, id: TransitionId) -> String {
    let edge = graph.transition(id);
    let guard = edge.guard().map(|guard| format!(" [{}]", graph.guard_name(guard)));
    let others = graph.also(id).iter().map(|state| format!(", {}", graph.name_of(*state)));
    format!(
        "{} -{}{}-> {}{}",
        graph.name_of(edge.from()),
        graph.trigger_label(edge.trigger()),
        guard.unwrap_or_default(),
        graph.name_of(edge.to()),
        others.collect::<String>(),
    )
}

/// Says of a target that no arc of the map covers why that is so.
pub(super) struct Inquest<'m, D> {
    map: &'m Map<D>,
    taken: BTreeSet<TransitionId>,
    visited: BTreeSet<StateId>,
}

impl<'m, D> Inquest<'m, D> {
    pub(super) fn new(map: &'m Map<D>) -> Self {
        let arcs = map.places.iter().flat_map(|place| &place.arcs).map(|arc| &arc.leg);
        let legs: Vec<_> = std::iter::once(&map.begin).chain(arcs).collect();
        Self {
            map,
            taken: legs.iter().flat_map(|leg| &leg.takes).copied().collect(),
            visited: legs.iter().flat_map(|leg| &leg.visits).copied().collect(),
        }
    }

    pub(super) fn missed(&self, target: Target) -> Missed {
        let graph = &self.map.graph;
        let what = match target {
            Target::State(state) => Missing::State(graph.name_of(state).to_owned()),
            Target::Edge(id) => Missing::Edge(edge_text(graph, id)),
            Target::Pair(first, second) => {
                Missing::Pair(edge_text(graph, first), edge_text(graph, second))
            }
        };
        let reason = match self.map.reasons.bound {
            Some(limit) => Reason::Bound { limit },
            None => self.reason(target),
        };
        Missed { what, reason }
    }

    pub(super) fn blurred(&self, target: Target) -> Missed {
        Missed { reason: Reason::Blurred, ..self.missed(target) }
    }

    fn reason(&self, target: Target) -> Reason {
        match target {
            Target::State(_) => Reason::NoWay,
            Target::Edge(id) => self.of_edge(id),
            Target::Pair(first, second) => {
                let missing = [first, second].into_iter().find(|id| !self.taken.contains(id));
                match missing {
                    Some(id) => Reason::Half { edge: edge_text(&self.map.graph, id) },
                    None => Reason::NeverInARow,
                }
            }
        }
    }

    fn of_edge(&self, id: TransitionId) -> Reason {
        let Map { graph, reasons, .. } = self.map;
        let Reasons { heard, open, .. } = reasons;
        let edge = graph.transition(id);
        if !self.visited.contains(&edge.from()) {
            return Reason::Unreached { state: graph.name_of(edge.from()).to_owned() };
        }
        if let (Trigger::Event(event), Some(heard)) = (edge.trigger(), heard) {
            let event = graph.event_name(event);
            if !heard.contains(event) {
                return Reason::NoExemplar { event: event.to_owned() };
            }
        }
        let guard = edge.guard().map(|guard| graph.guard_name(guard).to_owned());
        match guard {
            Some(guard) if self.is_first(id) || (self.is_asked(id) && !open.contains(&id)) => {
                Reason::GuardNeverHeld { guard }
            }
            guard => Reason::NeverFirst { guard },
        }
    }

    /// Whether nothing of the same state and trigger is declared before it.
    fn is_first(&self, id: TransitionId) -> bool {
        let graph = &self.map.graph;
        let edge = graph.transition(id);
        let alike = |(_, other): &(TransitionId, &fsm_core::Transition)| {
            other.from() == edge.from() && other.trigger() == edge.trigger()
        };
        graph.transitions().find(alike).is_some_and(|(first, _)| first == id)
    }

    /// Whether the search asked its guard wherever it stood.
    fn is_asked(&self, id: TransitionId) -> bool {
        !matches!(self.map.graph.transition(id).trigger(), Trigger::Always | Trigger::Done)
    }
}
