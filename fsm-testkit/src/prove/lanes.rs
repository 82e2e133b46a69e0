//! Partial-order reduction: which tokens go their own way, so that one order of their steps stands
//! for all orders.
//!
//! A token keeps to its lane if nothing that its activity or its timers may set off in one step
//! leads out of the scope that it lives in, save to the join that waits for all, and if no guard
//! on the way reads what other lanes write. What two such tokens do commutes: it is enough to look
//! at one of them first. What may end the whole scope meanwhile (a timer around it, a token beside
//! it that leads out) leads to the same place whichever lane has gone how far, so it loses nothing
//! to be looked at later. (Persistent sets: P. Godefroid, "Partial-Order Methods for the
//! Verification of Concurrent Systems", 1996.)

use std::collections::{HashMap, HashSet};

use fsm_core::{
    Event, Graph, GuardId, JoinRule, Kind, Machine, Snapshot, StateId, Timer, Trigger, Wait,
};

use super::cycles::can_go_round_in;
use super::world::Mood;

/// What can be told of a graph's states once and for all.
pub(super) struct Lanes {
    /// The states whose tokens keep to their lane.
    local: Vec<bool>,
    /// Those of them whose lanes come to an end also in the mood that the world may turn to.
    ending: Vec<bool>,
    /// The states around a fork or a parallel state, and these themselves.
    owners: Vec<bool>,
    /// The states where an event is heard, by themselves or by a state around.
    hears: Vec<bool>,
}

impl Lanes {
    pub(super) fn of(
        graph: &Graph,
        is_shared: impl Fn(GuardId) -> bool,
        turns: Option<Mood>,
    ) -> Self {
        let mut lanes = Self {
            local: vec![false; graph.states().len()],
            ending: vec![false; graph.states().len()],
            owners: vec![false; graph.states().len()],
            hears: vec![false; graph.states().len()],
        };
        let roads = Roads::of(graph, is_shared);
        let mut rounds = HashMap::new();
        for state in graph.states() {
            let works =
                matches!(graph.kind(state), Kind::Activity(_) | Kind::Machine(_) | Kind::Delay(_));
            lanes.local[state.index()] = works && roads.keep_to_lane(state);
            lanes.ending[state.index()] = match (turns, graph.scope_of(state)) {
                _ if !lanes.local[state.index()] => false,
                (Some(mood), Some(scope)) => !*rounds.entry(scope).or_insert_with(|| {
                    can_go_round_in(graph, mood, |inner| graph.contains(scope, inner))
                }),
                (None, _) | (_, None) => true,
            };
            let mut around = std::iter::once(state).chain(graph.ancestors(state));
            lanes.hears[state.index()] =
                around.any(|level| roads.from[level.index()].iter().any(|road| road.is_event));
            if matches!(graph.kind(state), Kind::Fork(Some(_)) | Kind::Parallel) {
                for level in std::iter::once(state).chain(graph.ancestors(state)) {
                    lanes.owners[level.index()] = true;
                }
            }
        }
        lanes
    }

    /// Whether a timer of `state` is one of a token that owns a scope.
    pub(super) fn is_owner(&self, state: StateId) -> bool {
        self.owners[state.index()]
    }

    /// Whether a token at `state` hears some event.
    pub(super) fn hears_at(&self, state: StateId) -> bool {
        self.hears[state.index()]
    }

    /// Whether some token hears some event.
    pub(super) fn hears<C>(&self, run: &Snapshot<C>) -> bool {
        run.tokens().any(|(state, _)| self.hears[state.index()])
    }

    /// The token whose steps stand for those of all: one that waits to be started again, which does
    /// nothing but go back to work; else one that keeps to its lane. `timers` are those that may be
    /// the next to fire: a token whose own is not among them has no step to look at. Where the world may still turn
    /// to another mood, only one whose lane has an end in that: how far it has come by then makes no
    /// difference, as it ends there from anywhere.
    pub(super) fn choose<C, E: Event>(
        &self,
        machine: &Machine<C, E>,
        run: &Snapshot<C>,
        timers: &[Timer],
        may_turn: bool,
    ) -> Option<Chosen> {
        let local = if may_turn { &self.ending } else { &self.local };
        let mut waiting = timers.iter().filter(|timer| timer.wait == Wait::Retry);
        if let Some(timer) = waiting.find(|timer| timer.ticket.slot() != 0) {
            return Some(Chosen { slot: timer.ticket.slot(), goes_back: true });
        }
        let works = machine.under_way(run).into_iter().map(|start| (start.ticket, start.state));
        let delays = timers.iter().filter(|timer| timer.wait == Wait::Delay);
        let delays = delays.map(|timer| (timer.ticket, timer.state));
        let mut own = works.chain(delays).filter(|(ticket, _)| ticket.slot() != 0);
        let (ticket, _) = own.find(|(_, state)| local[state.index()])?;
        Some(Chosen { slot: ticket.slot(), goes_back: false })
    }
}

/// A token whose steps are looked at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    pub(super) slot: usize,
    /// It goes back to a state that was looked at before.
    pub(super) goes_back: bool,
}

/// The transitions of a graph, by the state where they begin.
struct Roads<'g> {
    graph: &'g Graph,
    from: Vec<Vec<Road>>,
}

#[derive(Clone, Debug)]
struct Road {
    to: Vec<StateId>,
    trigger: Trigger,
    is_event: bool,
    is_internal: bool,
    is_shared: bool,
}

impl<'g> Roads<'g> {
    fn of(graph: &'g Graph, is_shared: impl Fn(GuardId) -> bool) -> Self {
        let mut from = vec![Vec::new(); graph.states().len()];
        for (id, edge) in graph.transitions() {
            let to = std::iter::once(edge.to()).chain(graph.also(id).iter().copied()).collect();
            from[edge.from().index()].push(Road {
                to,
                trigger: edge.trigger(),
                is_event: matches!(edge.trigger(), Trigger::Event(_)),
                is_internal: edge.is_internal(),
                is_shared: edge.guard().is_some_and(&is_shared),
            });
        }
        Self { graph, from }
    }

    /// # Complexity
    /// O(transitions that one step may take).
    fn keep_to_lane(&self, state: StateId) -> bool {
        let Some(scope) = self.graph.scope_of(state) else { return false };
        let mut known = HashSet::new();
        let mut open: Vec<(StateId, Option<StateId>)> = Vec::new();
        let levels = std::iter::once(state).chain(self.graph.ancestors(state));
        for level in levels.take_while(|level| *level != scope) {
            for road in self.from[level.index()].iter().filter(|road| !road.is_event) {
                if road.is_shared {
                    return false;
                }
                if !road.is_internal {
                    open.extend(road.to.iter().map(|to| (*to, Some(scope))));
                }
            }
        }
        while let Some((state, scope)) = open.pop() {
            if !known.insert((state, scope)) {
                continue;
            }
            // Nothing goes on beside a token that lives in no scope.
            let Some(scope) = scope else { continue };
            match self.goes_on(state, scope) {
                Some(next) => open.extend(next),
                None => return false,
            }
        }
        true
    }

    /// Where a token that comes to `state` from within `scope` goes on in the same step; `None`
    /// where that may leave the scope, or depends on what others do.
    fn goes_on(&self, state: StateId, scope: StateId) -> Option<Vec<(StateId, Option<StateId>)>> {
        let graph = self.graph;
        if graph.kind(scope) == Kind::Fork(Some(state)) {
            return self.closes(state, scope);
        }
        if !graph.contains(scope, state) {
            return None;
        }
        let here = Some(scope);
        match graph.kind(state) {
            Kind::Simple | Kind::Signal | Kind::Activity(_) | Kind::Machine(_) | Kind::Delay(_) => {
                Some(Vec::new())
            }
            Kind::Choice | Kind::Fork(_) | Kind::Join(_) => {
                self.onwards(state, Trigger::Always, here)
            }
            Kind::Composite(initial) => Some(vec![(initial, here)]),
            Kind::Parallel => {
                let regions = graph.states().filter(|inner| graph.parent(*inner) == Some(state));
                Some(regions.map(|region| (region, here)).collect())
            }
            Kind::Final => {
                let outer = graph.parent(state)?;
                match graph.kind(outer) {
                    Kind::Fork(Some(join)) if outer == scope => self.closes(join, scope),
                    // It is a region's end, and perhaps that of the whole parallel state.
                    _ if graph.parent(outer) == Some(scope)
                        && graph.kind(scope) == Kind::Parallel =>
                    {
                        self.onwards(scope, Trigger::Done, graph.scope_of(scope))
                    }
                    _ => self.onwards(outer, Trigger::Done, here),
                }
            }
        }
    }

    /// The last token of a scope comes to its join.
    fn closes(&self, join: StateId, scope: StateId) -> Option<Vec<(StateId, Option<StateId>)>> {
        match self.graph.kind(join) {
            Kind::Join(JoinRule::All) => {
                self.onwards(join, Trigger::Always, self.graph.scope_of(scope))
            }
            _ => None,
        }
    }

    fn onwards(
        &self,
        state: StateId,
        trigger: Trigger,
        scope: Option<StateId>,
    ) -> Option<Vec<(StateId, Option<StateId>)>> {
        let roads = || self.from[state.index()].iter().filter(|road| road.trigger == trigger);
        if roads().any(|road| road.is_shared && scope.is_some()) {
            return None;
        }
        Some(roads().flat_map(|road| road.to.iter().map(move |to| (*to, scope))).collect())
    }
}
