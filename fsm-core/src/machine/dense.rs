//! The short way for small graphs: one cell a state and event, one call a candidate.
//!
//! Cells hold a state's own transitions and those of the composite states around it, laid down:
//! hierarchy costs nothing. Every candidate has code to call, if only code that says yes: one
//! indirect call is cheaper than a branch that is often guessed wrong. Exit and entry actions are
//! laid down with it. Where more happens on the way (a timer, a fork, an activity), the cell ends in
//! code that says no, and the long way ([`Machine::step`](super::Machine::step)) decides anew.

use std::collections::HashMap;

use super::table::{Row, Way};
use super::{ActionFn, Edge, Fuse, FusedFn, GuardFn, Key, NONE, Table};
use crate::event::{Event, EventKey};
use crate::graph::{ActionId, EventId, Graph, Kind, StateId, TransitionId};
use crate::kernel::{Cause, Scene, Token};
use crate::time::Timestamp;

/// At most so many cells are laid out.
const MOST_CELLS: usize = 1 << 16;

/// A cell holds the transitions of at most so many states within one another.
const MOST_LEVELS: usize = 64;

/// At most about so much is laid down: candidates, the states that they leave and enter, and their
/// actions. What a composite state has is laid down in each state within it, so that a small graph
/// could ask for a great deal; cells beyond end early.
const MOST_LAID_DOWN: usize = 1 << 19;

/// A transition in a cell, and where the next candidate of the same cell lies.
pub(crate) struct Candidate<C, E> {
    code: FusedFn<C, E>,
    pub(crate) to: StateId,
    pub(crate) transition: u32,
    next: u32,
    /// Taken for certain, with nothing to do: its code need not be called.
    sure: bool,
}

/// Which events have a column: the variants of the event enum, or the events of the graph. The
/// other number is 0, so that one comparison tells both whether an event has a column and which
/// kind of columns there are.
struct Columns {
    variants: u64,
    names: usize,
}

pub(crate) struct Dense<C, E> {
    columns: Columns,
    /// A row is this power of two long: a shift is quicker than a multiplication, and every step
    /// waits for it.
    row: u32,
    /// First `[(state << row) + column]`, then the further candidates of all cells: the first
    /// one lies in its cell, so that few loads stand before the call.
    candidates: Vec<Candidate<C, E>>,
}

impl<C: 'static, E: 'static> Dense<C, E> {
    pub(crate) fn lay_out(
        graph: &Graph,
        table: &Table,
        fused: &HashMap<TransitionId, Fuse<C, E>>,
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
        let width = columns.len().next_power_of_two();
        if graph.nodes.len().saturating_mul(width) > MOST_CELLS {
            let columns = Columns { variants: 0, names: 0 };
            return Self { columns, row: 0, candidates: Vec::new() };
        }
        let codes = Codes { fused, guards, actions };
        let mut room = MOST_LAID_DOWN;
        let mut candidates = Vec::new();
        let mut further = Vec::new();
        let cells = graph.nodes.len() * width;
        for state in graph.states() {
            for column in 0..width {
                let event = columns.get(column).copied().flatten();
                let cell = match event {
                    Some(event) => {
                        codes.candidates(graph, table, state, Key::event(event), &mut room)
                    }
                    None => Vec::new(),
                };
                let last = cell.len().saturating_sub(2);
                let mut cell = cell.into_iter();
                let first = cell.next().unwrap_or_else(|| codes.none());
                let next = match cell.len() {
                    0 => NONE,
                    _ => (cells + further.len()) as u32,
                };
                candidates.push(Candidate { next, ..first });
                for (index, candidate) in cell.enumerate() {
                    let here = (cells + further.len()) as u32;
                    let next = if index == last { NONE } else { here + 1 };
                    further.push(Candidate { next, ..candidate });
                }
            }
        }
        candidates.extend(further);
        let columns = match by_variant {
            true => Columns { variants: columns.len() as u64, names: 0 },
            false => Columns { variants: 0, names: columns.len() },
        };
        Self { columns, row: width.trailing_zeros(), candidates }
    }
}

/// What a state that is left or entered does.
type Hook<C, E> = (StateId, Vec<ActionFn<C, E>>);

struct Codes<'a, C, E> {
    fused: &'a HashMap<TransitionId, Fuse<C, E>>,
    guards: &'a [GuardFn<C, E>],
    actions: &'a [ActionFn<C, E>],
}

impl<C: 'static, E: 'static> Codes<'_, C, E> {
    /// The candidates of a cell up to the first that is not plain, or for which there is no room.
    fn candidates(
        &self,
        graph: &Graph,
        table: &Table,
        state: StateId,
        key: Key,
        room: &mut usize,
    ) -> Vec<Candidate<C, E>> {
        let mut candidates = Vec::new();
        // Tokens rest at these alone.
        if !matches!(graph.kind(state), Kind::Simple | Kind::Signal) {
            return candidates;
        }
        let composite = |outer: &StateId| matches!(graph.kind(*outer), Kind::Composite(_));
        let around = graph.ancestors(state).take_while(composite);
        'levels: for level in std::iter::once(state).chain(around).take(MOST_LEVELS) {
            for edge in &table.edges[table.range(level, key)] {
                if *room == 0 {
                    break 'levels;
                }
                let Some(way) = table.plain_way(graph, state, edge) else { break 'levels };
                *room = room.saturating_sub(self.size(graph, table, edge, &way));
                let code = self.of(graph, table, edge, &way);
                let (to, transition) = (way.to, edge.transition);
                let sure = edge.guard == NONE && edge.actions == 0 && way.is_quiet(table);
                candidates.push(Candidate { code, to, transition, next: NONE, sure });
                if edge.guard == NONE {
                    break 'levels;
                }
            }
        }
        candidates
    }

    /// How much is laid down for a candidate.
    fn size(&self, graph: &Graph, table: &Table, edge: &Edge, way: &Way) -> usize {
        let actions = |sequence: u32| graph.sequences[sequence as usize].len();
        let exits = way.left.iter().map(|state| 1 + actions(table.row(*state).exit));
        let entries = way.entered.iter().map(|state| 1 + actions(table.row(*state).entry));
        1 + actions(edge.actions) + exits.sum::<usize>() + entries.sum::<usize>()
    }

    /// A candidate that is never taken.
    fn none(&self) -> Candidate<C, E> {
        let code = Box::new(|_: &mut C, _: &E, _: Timestamp, _: &Token, _: u64| false);
        Candidate { code, to: StateId(0), transition: NONE, next: NONE, sure: false }
    }

    /// The code of a plain transition: joined by the typed builder, or from its names.
    fn of(&self, graph: &Graph, table: &Table, edge: &Edge, way: &Way) -> FusedFn<C, E> {
        let hooks = |states: &[StateId], sequence: fn(&Row) -> u32| -> Vec<Hook<C, E>> {
            let of = |state: &StateId| (*state, self.actions(graph, sequence(table.row(*state))));
            states.iter().map(of).filter(|(_, actions)| !actions.is_empty()).collect()
        };
        let left = hooks(&way.left, |row| row.exit);
        let entered = hooks(&way.entered, |row| row.entry);
        if !left.is_empty() || !entered.is_empty() {
            return self.join(graph, edge, left, entered);
        }
        if edge.guard == NONE && edge.actions == 0 {
            return Box::new(|_, _, _, _, _| true);
        }
        match self.fused.get(&TransitionId(edge.transition)) {
            Some(fuse) => fuse(),
            None => self.join(graph, edge, left, entered),
        }
    }

    fn join(
        &self,
        graph: &Graph,
        edge: &Edge,
        left: Vec<Hook<C, E>>,
        entered: Vec<Hook<C, E>>,
    ) -> FusedFn<C, E> {
        let guard = self.guards.get(edge.guard as usize).cloned();
        let actions = self.actions(graph, edge.actions);
        Box::new(move |context, event, now, token, next| {
            let scene = |state, visit| Scene {
                event: Some(event),
                now,
                state,
                cause: Cause::Event,
                attempts: 0,
                visit,
                cut: false,
            };
            let here = scene(token.state, token.visit);
            if guard.as_ref().is_some_and(|holds| !holds(context, &here)) {
                return false;
            }
            for (state, actions) in &left {
                let here = scene(*state, token.visit);
                actions.iter().for_each(|act| act(context, &here));
            }
            actions.iter().for_each(|act| act(context, &here));
            for (state, actions) in &entered {
                let there = scene(*state, next);
                actions.iter().for_each(|act| act(context, &there));
            }
            true
        })
    }

    fn actions(&self, graph: &Graph, sequence: u32) -> Vec<ActionFn<C, E>> {
        let code = |action: &ActionId| self.actions[action.index()].clone();
        graph.sequences[sequence as usize].iter().map(code).collect()
    }
}

impl<C, E: Event> Dense<C, E> {
    /// The first candidate for `event` that takes `token` on, after it acted. `next` will be the
    /// number of the visit that begins.
    #[inline(always)]
    pub(crate) fn take(
        &self,
        graph: &Graph,
        context: &mut C,
        event: &E,
        now: Timestamp,
        token: &Token,
        next: u64,
    ) -> Option<(StateId, TransitionId)> {
        let column = match event.key() {
            EventKey::Variant(variant) if variant < self.columns.variants => variant as usize,
            EventKey::Name(name) if self.columns.names > 0 => graph.event(name)?.index(),
            EventKey::Variant(_) | EventKey::Name(_) => return None,
        };
        let mut candidate = self.candidates.get((token.state.index() << self.row) + column)?;
        let mut taken = (candidate.code)(context, event, now, token, next);
        while !taken {
            candidate = self.candidates.get(candidate.next as usize)?;
            // What is left once guards have refused is often sure, and not worth a call.
            taken = candidate.sure || (candidate.code)(context, event, now, token, next);
        }
        Some((candidate.to, TransitionId(candidate.transition)))
    }
}
