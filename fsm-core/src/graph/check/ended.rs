//! Parallel states that are done as soon as they are entered, because nothing has to happen in any
//! of their regions.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::graph::nesting::outer_first;
use crate::graph::{Graph, Kind, StateId, Transition, TransitionId, Trigger};

/// Ways on between places. A place below the number of states is that state; one above it says
/// that a parallel state is done.
pub(super) type Way = (usize, usize);

/// The place that stands for the end of `parallel`.
fn end_of(graph: &Graph, parallel: StateId) -> usize {
    graph.nodes.len() + parallel.index()
}

/// The state that a place belongs to.
pub(super) fn state_at(graph: &Graph, place: usize) -> StateId {
    StateId::at(place % graph.nodes.len())
}

/// The ways through parallel states for which nothing has to happen: in where each region comes to
/// its end by itself, and on by `done`. `eventless` are the ways on of everything else.
///
/// # Complexity
/// O((states + transitions) * nesting).
pub(super) fn ways_through(graph: &Graph, eventless: &[(StateId, StateId)]) -> Vec<Way> {
    let is_parallel = |state: &StateId| graph.kind(*state) == Kind::Parallel;
    if !graph.states().any(|state| is_parallel(&state)) {
        return Vec::new();
    }
    let mut ways = Ways::new(graph);
    for (from, to) in eventless {
        ways.backward.entry(to.index()).or_default().push(from.index());
    }
    for (id, edge) in graph.transitions().filter(|(_, edge)| edge.trigger == Trigger::Done) {
        if is_parallel(&edge.from) {
            graph.targets(id).for_each(|to| ways.add(end_of(graph, edge.from), to.index()));
        }
    }
    ways.begin_the_others();
    // What lies within is looked at first: its ways through are steps of the regions around it.
    for parallel in outer_first(graph).into_iter().rev().filter(is_parallel) {
        ways.look_at(parallel);
    }
    ways.found
}

struct Ways<'a> {
    graph: &'a Graph,
    children: HashMap<StateId, Vec<StateId>>,
    /// States that go on by a `done` of their own.
    going_on: HashSet<StateId>,
    /// By parallel state, the transitions for which nothing has to happen and that enter it on the
    /// way to states within it.
    inward: BTreeMap<StateId, Vec<TransitionId>>,
    backward: HashMap<usize, Vec<usize>>,
    found: Vec<Way>,
}

impl<'a> Ways<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut children: HashMap<StateId, Vec<StateId>> = HashMap::new();
        for state in graph.states() {
            if let Some(outer) = graph.parent(state) {
                children.entry(outer).or_default().push(state);
            }
        }
        let mut inward: BTreeMap<StateId, Vec<TransitionId>> = BTreeMap::new();
        for (id, edge) in graph.transitions() {
            if !matches!(edge.trigger, Trigger::Always | Trigger::Done) {
                continue;
            }
            let domain = graph.domain(id);
            for target in graph.targets(id) {
                let entered = graph.ancestors(target).take_while(|outer| Some(*outer) != domain);
                for outer in entered.filter(|outer| graph.kind(*outer) == Kind::Parallel) {
                    inward.entry(outer).or_default().push(id);
                }
            }
        }
        let goes_on = |edge: &&Transition| edge.trigger == Trigger::Done && edge.guard.is_none();
        let going_on = graph.transitions.iter().filter(goes_on).map(|edge| edge.from).collect();
        Self { graph, children, going_on, inward, backward: HashMap::new(), found: Vec::new() }
    }

    fn add(&mut self, from: usize, to: usize) {
        self.found.push((from, to));
        self.backward.entry(to).or_default().push(from);
    }

    /// A transition that enters one region by name lets the others begin by themselves.
    fn begin_the_others(&mut self) {
        let mut ways = Vec::new();
        for (parallel, ids) in &self.inward {
            for id in ids {
                let others = self
                    .graph
                    .regions(*parallel)
                    .iter()
                    .filter(|region| self.named(*id, **region).is_none());
                for region in others {
                    ways.extend(self.sources(*id).into_iter().map(|from| (from, region.index())));
                }
            }
        }
        ways.into_iter().for_each(|(from, to)| self.add(from, to));
    }

    /// The state that a transition leads to in `region`.
    fn named(&self, id: TransitionId, region: StateId) -> Option<StateId> {
        self.graph.targets(id).find(|to| *to == region || self.graph.contains(region, *to))
    }

    fn look_at(&mut self, parallel: StateId) {
        let regions = self.graph.regions(parallel);
        let ending: Vec<HashSet<usize>> =
            regions.iter().map(|region| self.ending(*region)).collect();
        let ends = |at: usize, state: StateId| ending[at].contains(&state.index());
        let end = end_of(self.graph, parallel);
        if (0..regions.len()).all(|at| ends(at, regions[at])) {
            self.add(parallel.index(), end);
        }
        for id in self.inward.remove(&parallel).unwrap_or_default() {
            let named = |region: StateId| self.named(id, region).unwrap_or(region);
            if (0..regions.len()).all(|at| ends(at, named(regions[at]))) {
                self.sources(id).into_iter().for_each(|from| self.add(from, end));
            }
        }
    }

    /// The places in `region` from which it comes to its end although nothing happens.
    fn ending(&self, region: StateId) -> HashSet<usize> {
        let graph = self.graph;
        let mut open: Vec<usize> = match graph.kind(region) {
            _ if self.going_on.contains(&region) => Vec::new(),
            Kind::Composite(_) => self.finals(region).map(StateId::index).collect(),
            Kind::Parallel => vec![end_of(graph, region)],
            _ => Vec::new(),
        };
        let mut ending: HashSet<usize> = open.iter().copied().collect();
        while let Some(place) = open.pop() {
            for before in self.backward.get(&place).into_iter().flatten() {
                let state = state_at(graph, *before);
                let is_inside = state == region || graph.contains(region, state);
                if is_inside && ending.insert(*before) {
                    open.push(*before);
                }
            }
        }
        ending
    }

    fn finals(&self, composite: StateId) -> impl Iterator<Item = StateId> {
        let children = self.children.get(&composite).into_iter().flatten().copied();
        children.filter(|child| self.graph.kind(*child) == Kind::Final)
    }

    /// Where a token is that takes a transition for which nothing has to happen.
    fn sources(&self, id: TransitionId) -> Vec<usize> {
        let edge = self.graph.transition(id);
        match (edge.trigger, self.graph.kind(edge.from)) {
            (Trigger::Done, Kind::Composite(_)) => {
                self.finals(edge.from).map(StateId::index).collect()
            }
            (Trigger::Done, Kind::Parallel) => vec![end_of(self.graph, edge.from)],
            // What activities and delays are done with takes its time.
            (Trigger::Done, _) => Vec::new(),
            (_, _) => vec![edge.from.index()],
        }
    }
}
