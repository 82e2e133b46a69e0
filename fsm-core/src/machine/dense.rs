//! The short way for small graphs: one cell a state and event, one call a candidate.
//!
//! Cells hold a state's own transitions. Every candidate has code to call, if only code that says
//! yes: one indirect call is cheaper than a branch that is often guessed wrong. What is not a
//! step between two plain states, such as a transition of a composite state around, ends in code
//! that says no, and the long way ([`Machine::step`](super::Machine::step)) decides anew.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ActionFn, Edge, FusedFn, GuardFn, Key, NONE, Resting, Table};
use crate::event::{Event, EventKey};
use crate::graph::{EventId, Graph, StateId, TransitionId};
use crate::kernel::{Cause, Scene};

/// At most so many cells are laid out.
const MOST_CELLS: usize = 1 << 16;

/// A transition in a cell, and where the next candidate of the same cell lies.
pub(crate) struct Candidate<C, E> {
    code: FusedFn<C, E>,
    pub(crate) to: StateId,
    pub(crate) transition: u32,
    next: u32,
}

pub(crate) struct Dense<C, E> {
    columns: usize,
    /// Whether a column is a variant of the event enum; else it is an event of the graph.
    by_variant: bool,
    /// First `[state * columns + column]`, then the further candidates of all cells: the first
    /// one lies in its cell, so that few loads stand before the call.
    candidates: Vec<Candidate<C, E>>,
}

impl<C: 'static, E: 'static> Dense<C, E> {
    pub(crate) fn lay_out(
        graph: &Graph,
        table: &Table,
        fused: HashMap<TransitionId, FusedFn<C, E>>,
        guards: &[GuardFn<C, E>],
        actions: &[ActionFn<C, E>],
    ) -> Self {
        let by_variant = table.variants().next().is_some();
        let columns: Vec<Option<EventId>> = if by_variant {
            let variants: HashMap<u64, EventId> = table.variants().collect();
            let end = variants.keys().max().map_or(0, |max| max.saturating_add(1));
            let end = usize::try_from(end).unwrap_or(usize::MAX).min(MOST_CELLS + 1);
            (0..end as u64).map(|variant| variants.get(&variant).copied()).collect()
        } else {
            (0..graph.events.len()).map(|event| Some(EventId::at(event))).collect()
        };
        if graph.nodes.len().saturating_mul(columns.len()) > MOST_CELLS {
            return Self { columns: 0, by_variant, candidates: Vec::new() };
        }
        let mut codes = Codes::new(fused, guards, actions);
        let mut candidates = Vec::new();
        let mut further = Vec::new();
        let cells = graph.nodes.len() * columns.len();
        for state in graph.states() {
            for event in &columns {
                let edges = event.map_or(0..0, |event| table.range(state, Key::event(event)));
                let mut cell = codes.candidates(graph, &table.edges[edges]);
                let first = cell.remove(0);
                let next = match cell.is_empty() {
                    true => NONE,
                    false => (cells + further.len()) as u32,
                };
                candidates.push(Candidate { next, ..first });
                let last = cell.len().saturating_sub(1);
                for (index, candidate) in cell.into_iter().enumerate() {
                    let here = (cells + further.len()) as u32;
                    let next = if index == last { NONE } else { here + 1 };
                    further.push(Candidate { next, ..candidate });
                }
            }
        }
        candidates.extend(further);
        Self { columns: columns.len(), by_variant, candidates }
    }
}

struct Codes<'a, C, E> {
    fused: HashMap<TransitionId, FusedFn<C, E>>,
    guards: &'a [GuardFn<C, E>],
    actions: &'a [ActionFn<C, E>],
    yes: FusedFn<C, E>,
    no: FusedFn<C, E>,
}

impl<'a, C: 'static, E: 'static> Codes<'a, C, E> {
    fn new(
        fused: HashMap<TransitionId, FusedFn<C, E>>,
        guards: &'a [GuardFn<C, E>],
        actions: &'a [ActionFn<C, E>],
    ) -> Self {
        Self {
            fused,
            guards,
            actions,
            yes: Arc::new(|_, _, _| true),
            no: Arc::new(|_, _, _| false),
        }
    }

    /// The candidates of a cell up to the first that is not plain; at least one.
    fn candidates(&mut self, graph: &Graph, edges: &[Edge]) -> Vec<Candidate<C, E>> {
        let mut candidates = Vec::new();
        for edge in edges {
            if !edge.plain {
                break;
            }
            let Edge { to, transition, .. } = *edge;
            candidates.push(Candidate { code: self.of(graph, edge), to, transition, next: NONE });
        }
        if candidates.is_empty() {
            let (to, transition) = (StateId(0), NONE);
            candidates.push(Candidate { code: self.no.clone(), to, transition, next: NONE });
        }
        candidates
    }

    /// The code of a plain transition: joined by the typed builder, or from its names.
    fn of(&mut self, graph: &Graph, edge: &Edge) -> FusedFn<C, E> {
        if edge.guard == NONE && edge.actions == 0 {
            return self.yes.clone();
        }
        if let Some(code) = self.fused.get(&TransitionId(edge.transition)) {
            return code.clone();
        }
        let code = self.join(graph, edge);
        self.fused.insert(TransitionId(edge.transition), code.clone());
        code
    }

    fn join(&self, graph: &Graph, edge: &Edge) -> FusedFn<C, E> {
        let guard = self.guards.get(edge.guard as usize).cloned();
        let actions: Vec<ActionFn<C, E>> = graph.sequences[edge.actions as usize]
            .iter()
            .map(|action| self.actions[action.index()].clone())
            .collect();
        Arc::new(move |context, event, at| {
            let scene = at.scene(event);
            if guard.as_ref().is_some_and(|holds| !holds(context, &scene)) {
                return false;
            }
            actions.iter().for_each(|act| act(context, &scene));
            true
        })
    }
}

impl Resting {
    fn scene<'a, E>(&self, event: &'a E) -> Scene<'a, E> {
        Scene {
            event: Some(event),
            now: self.now,
            state: self.state,
            cause: Cause::Event,
            attempts: 0,
            visit: self.visit,
            cut: false,
        }
    }
}

impl<C, E: Event> Dense<C, E> {
    /// The first candidate for `event` at `state` that takes it, after it acted.
    #[inline(always)]
    pub(crate) fn take(
        &self,
        graph: &Graph,
        context: &mut C,
        event: &E,
        at: &Resting,
    ) -> Option<(StateId, TransitionId)> {
        let column = match event.key() {
            EventKey::Variant(variant) if self.by_variant => variant as usize,
            EventKey::Name(name) if !self.by_variant => graph.event(name)?.index(),
            EventKey::Variant(_) | EventKey::Name(_) => return None,
        };
        if column >= self.columns {
            return None;
        }
        let mut candidate = self.candidates.get(at.state.index() * self.columns + column)?;
        loop {
            if (candidate.code)(context, event, at) {
                return Some((candidate.to, TransitionId(candidate.transition)));
            }
            candidate = self.candidates.get(candidate.next as usize)?;
        }
    }
}
