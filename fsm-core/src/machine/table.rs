//! The frozen table: transitions by state and trigger, in declared order, as dense numbers.

use std::collections::HashMap;

use crate::event::{Event, EventKey};
use crate::graph::{EventId, Graph, Kind, StateId, TransitionId, Trigger};

/// "None" in tables of `u32`.
pub(crate) const NONE: u32 = u32::MAX;

/// A trigger as a number that sorts; the transitions of a state lie in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u32);

impl Key {
    pub(crate) const ALWAYS: Key = Key(0);
    pub(crate) const DONE: Key = Key(1);
    pub(crate) const FAILED: Key = Key(2);
    pub(crate) const TIMED_OUT: Key = Key(3);
    pub(crate) const AFTER: Key = Key(4);
    const FIRST_EVENT: u32 = 5;

    pub(crate) fn event(event: EventId) -> Key {
        Key(Self::FIRST_EVENT + event.0)
    }

    fn of(trigger: Trigger) -> Key {
        match trigger {
            Trigger::Event(event) => Key::event(event),
            Trigger::Done => Key::DONE,
            Trigger::Failed => Key::FAILED,
            Trigger::TimedOut => Key::TIMED_OUT,
            Trigger::After(_) => Key::AFTER,
            Trigger::Always => Key::ALWAYS,
        }
    }
}

/// A transition, frozen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) key: Key,
    pub(crate) from: StateId,
    pub(crate) to: StateId,
    pub(crate) guard: u32,
    pub(crate) actions: u32,
    pub(crate) transition: u32,
    pub(crate) reach: Reach,
    /// Leaves nothing and enters nothing.
    pub(crate) internal: bool,
    /// Shares the timer of the transition before it: of those that wait as long, the first whose
    /// guard holds is taken.
    pub(crate) follows: bool,
}

/// How far a transition leads: what can be told of it once and for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To a neighbour, or from a fork into one of its branches, with nothing on the way: no state
    /// that holds others is left or entered, no entry or exit action runs, no timer is set.
    Neighbour,
    /// From within a fork to the join that closes it, with nothing on the way.
    Join,
    /// What is left and entered on the way is found when it is taken.
    Far,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    first_edge: u32,
    /// The fork that a join closes, or, for a join inside a scope, its counter's index.
    pub(crate) pair: u32,
    pub(crate) counter: u32,
    /// How many counters the scope of a fork needs.
    pub(crate) counters: u32,
    /// Where a token goes for certain when its work is done, or at once from a choice or a join:
    /// the transition, if the first for that has no guard.
    pub(crate) way_on: u32,
    /// The actions on entry and on exit.
    pub(crate) entry: u32,
    pub(crate) exit: u32,
    pub(crate) hooked: bool,
    pub(crate) timed: bool,
    /// Has a timeout of its own.
    pub(crate) policed: bool,
}

/// A transition as one token takes it.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) to: StateId,
    /// Innermost first.
    pub(crate) left: Vec<StateId>,
    /// Outermost first.
    pub(crate) entered: Vec<StateId>,
}

impl Way {
    /// Whether no state on the way acts.
    pub(crate) fn is_quiet(&self, table: &Table) -> bool {
        self.left.iter().all(|state| table.row(*state).exit == 0)
            && self.entered.iter().all(|state| table.row(*state).entry == 0)
    }
}

#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    pub(crate) edges: Vec<Edge>,
    /// Variant of the event enum to event.
    variants: HashMap<u64, EventId>,
}

impl Table {
    /// # Complexity
    /// O(states + transitions * log).
    pub(crate) fn freeze(graph: &Graph, variants: HashMap<u64, EventId>) -> Self {
        let mut table = Self { rows: rows(graph), edges: edges(graph), variants };
        let mut edge = 0;
        for (index, row) in table.rows.iter_mut().enumerate() {
            row.first_edge = edge;
            while table.edges.get(edge as usize).is_some_and(|e| e.from.index() == index) {
                let Edge { key, guard, .. } = table.edges[edge as usize];
                row.timed |= key == Key::AFTER;
                let is_first = edge == row.first_edge || key != table.edges[edge as usize - 1].key;
                if matches!(key, Key::ALWAYS | Key::DONE) && is_first && guard == NONE {
                    row.way_on = edge;
                }
                edge += 1;
            }
        }
        for index in 0..table.edges.len() {
            let edge = table.edges[index];
            table.edges[index].reach = table.reach(graph, &edge);
        }
        table
    }

    fn reach(&self, graph: &Graph, edge: &Edge) -> Reach {
        let is_bare = |state| !self.row(state).hooked && !self.row(state).timed;
        let holds_others = |state| match graph.kind(state) {
            Kind::Composite(_) | Kind::Parallel | Kind::Fork(Some(_)) => true,
            Kind::Simple
            | Kind::Activity(_)
            | Kind::Choice
            | Kind::Fork(None)
            | Kind::Join(_)
            | Kind::Delay(_)
            | Kind::Signal
            | Kind::Machine(_)
            | Kind::Final => false,
        };
        if !graph.also(TransitionId(edge.transition)).is_empty() {
            return Reach::Far;
        }
        let around = graph.parent(edge.from);
        let leaves_easily = is_bare(edge.from) && !holds_others(edge.from);
        if leaves_easily && around.is_some_and(|fork| self.row(edge.to).pair == fork.0) {
            return Reach::Join;
        }
        // What lies right within a parallel state is a region: a way from one to the next leaves
        // all of them.
        let is_region = around.is_some_and(|outer| graph.kind(outer) == Kind::Parallel);
        let is_beside = leaves_easily && !is_region && around == graph.parent(edge.to);
        // Branches begin at a fork, and it is not left.
        let is_branch = edge.key == Key::ALWAYS
            && matches!(graph.kind(edge.from), Kind::Fork(Some(_)))
            && graph.parent(edge.to) == Some(edge.from);
        let enters_easily = is_bare(edge.to) && !holds_others(edge.to);
        match enters_easily && (is_beside || is_branch) {
            true => Reach::Neighbour,
            false => Reach::Far,
        }
    }

    #[inline(always)]
    pub(crate) fn row(&self, state: StateId) -> &Row {
        &self.rows[state.index()]
    }

    /// The transitions of `state` itself.
    #[inline(always)]
    pub(crate) fn edges_of(&self, state: StateId) -> std::ops::Range<usize> {
        let start = self.rows[state.index()].first_edge as usize;
        let end = self
            .rows
            .get(state.index() + 1)
            .map_or(self.edges.len(), |row| row.first_edge as usize);
        start..end
    }

    /// The transitions that one timer stands for, by that of its first one, in declared order.
    pub(crate) fn timed_with(&self, first: usize) -> &[Edge] {
        let rest = self.edges[first + 1..].iter().take_while(|edge| edge.follows).count();
        &self.edges[first..=first + rest]
    }

    /// Whether a token is sure to leave its state once this timer fires.
    pub(crate) fn leaves_for_certain(&self, first: usize) -> bool {
        let leaves = |edge: &Edge| (edge.guard == NONE || edge.internal).then_some(!edge.internal);
        self.timed_with(first).iter().find_map(leaves).unwrap_or(false)
    }

    /// The transitions of `state` itself for `key`, in declared order.
    #[inline]
    pub(crate) fn range(&self, state: StateId, key: Key) -> std::ops::Range<usize> {
        let all = self.edges_of(state);
        let edges = &self.edges[all.clone()];
        if edges.len() > 16 {
            let start = edges.partition_point(|edge| edge.key < key);
            let len = edges[start..].partition_point(|edge| edge.key == key);
            return all.start + start..all.start + start + len;
        }
        let (mut start, mut end) = (all.start, all.start);
        for edge in edges {
            start += usize::from(edge.key < key);
            end += usize::from(edge.key <= key);
        }
        start..end
    }

    /// How `edge` takes a token that rests at `from`, if nothing happens on the way but actions: no
    /// timer, no fork, and an end at a state that waits for events.
    pub(crate) fn plain_way(&self, graph: &Graph, from: StateId, edge: &Edge) -> Option<Way> {
        let rests = |state| matches!(graph.kind(state), Kind::Simple | Kind::Signal);
        if !rests(from) {
            return None;
        }
        if edge.internal {
            return Some(Way { to: from, left: Vec::new(), entered: Vec::new() });
        }
        let is_plain = |state: &StateId| {
            let splits = matches!(graph.kind(*state), Kind::Parallel | Kind::Fork(_));
            !self.row(*state).timed && !splits
        };
        let domain = graph.domain(TransitionId(edge.transition));
        let inside = |state| {
            let around = std::iter::once(state).chain(graph.ancestors(state));
            around.take_while(|state| Some(*state) != domain).collect::<Vec<StateId>>()
        };
        let left = inside(from);
        let mut entered = inside(edge.to);
        entered.reverse();
        let mut to = edge.to;
        while let Kind::Composite(initial) = graph.kind(to) {
            to = initial;
            entered.push(to);
        }
        let is_whole = rests(to) && left.iter().chain(&entered).all(is_plain);
        is_whole.then_some(Way { to, left, entered })
    }

    pub(crate) fn event_of<E: Event>(&self, graph: &Graph, event: &E) -> Option<EventId> {
        match event.key() {
            EventKey::Variant(variant) => self.variants.get(&variant).copied(),
            EventKey::Name(name) => graph.event(name),
        }
    }

    /// The variants of the event enum that are events of the graph.
    pub(crate) fn variants(&self) -> impl Iterator<Item = (u64, EventId)> {
        self.variants.iter().map(|(variant, event)| (*variant, *event))
    }
}

fn rows(graph: &Graph) -> Vec<Row> {
    let row = Row {
        first_edge: 0,
        pair: NONE,
        counter: NONE,
        counters: 0,
        way_on: NONE,
        entry: 0,
        exit: 0,
        hooked: false,
        timed: false,
        policed: false,
    };
    let mut rows = vec![row; graph.nodes.len()];
    for state in graph.states() {
        if let Kind::Fork(Some(join)) = graph.kind(state) {
            rows[join.index()].pair = state.0;
        }
    }
    for state in graph.states() {
        if matches!(graph.kind(state), Kind::Join(_))
            && rows[state.index()].pair == NONE
            && let Some(fork) = graph.scope_of(state)
            && matches!(graph.kind(fork), Kind::Fork(_))
        {
            rows[state.index()].counter = rows[fork.index()].counters;
            rows[fork.index()].counters += 1;
        }
    }
    for (state, extras) in &graph.extras {
        let row = &mut rows[state.index()];
        (row.entry, row.exit) = (extras.entry.0, extras.exit.0);
        row.hooked = row.entry != 0 || row.exit != 0;
        row.policed = extras.timeout.is_some();
    }
    rows
}

fn edges(graph: &Graph) -> Vec<Edge> {
    let mut edges: Vec<Edge> = graph
        .transitions()
        .map(|(id, edge)| Edge {
            key: Key::of(edge.trigger()),
            from: edge.from(),
            to: edge.to(),
            guard: edge.guard().map_or(NONE, |guard| guard.0),
            actions: edge.actions.0,
            transition: id.0,
            reach: Reach::Far,
            internal: edge.internal,
            follows: false,
        })
        .collect();
    // Stable: transitions of one state and trigger stay in declared order.
    let wait = |edge: &Edge| match graph.transition(TransitionId(edge.transition)).trigger() {
        Trigger::After(wait) => Some(wait),
        Trigger::Event(_)
        | Trigger::Done
        | Trigger::Failed
        | Trigger::TimedOut
        | Trigger::Always => None,
    };
    edges.sort_by_key(|edge| (edge.from, edge.key, wait(edge)));
    for index in 1..edges.len() {
        let (before, edge) = (edges[index - 1], edges[index]);
        edges[index].follows =
            edge.key == Key::AFTER && edge.from == before.from && wait(&edge) == wait(&before);
    }
    edges
}
