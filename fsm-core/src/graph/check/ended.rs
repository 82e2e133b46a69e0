//! Parallel states that are done as soon as they are entered, because nothing has to happen in any
//! of their regions.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::graph::nesting::outer_first;
use crate::graph::{Graph, Kind, StateId, Transition, TransitionId, Trigger};

/// Ways on between places. A place below the number of states is that state; the next ones say each
/// that a parallel state is done; those above stand for several regions that begin at once.
pub(super) type Way = (usize, usize);

/// The place that stands for the end of `parallel`.
fn end_of(graph: &Graph, parallel: StateId) -> usize {
    graph.nodes.len() + parallel.index()
}

/// The ways through parallel states.
#[derive(Default)]
pub(super) struct Through {
    pub(super) ways: Vec<Way>,
    /// By place above those of ends, the parallel state that it belongs to.
    shared: Vec<StateId>,
}

impl Through {
    pub(super) fn places(&self, graph: &Graph) -> usize {
        match self.ways.is_empty() {
            true => graph.nodes.len(),
            false => 2 * graph.nodes.len() + self.shared.len(),
        }
    }

    /// The state that a place belongs to.
    pub(super) fn state_at(&self, graph: &Graph, place: usize) -> StateId {
        let shared = place.checked_sub(2 * graph.nodes.len()).map(|at| self.shared[at]);
        shared.unwrap_or_else(|| StateId::at(place % graph.nodes.len()))
    }
}

/// The ways through parallel states for which nothing has to happen: in where each region comes to
/// its end by itself, and on by `done`. `eventless` are the ways on of everything else.
///
/// # Complexity
/// O((states + transitions) * (nesting + log(states))).
pub(super) fn ways_through(graph: &Graph, eventless: &[(StateId, StateId)]) -> Through {
    let is_parallel = |state: &StateId| graph.kind(*state) == Kind::Parallel;
    if !graph.states().any(|state| is_parallel(&state)) {
        return Through::default();
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

/// A transition for which nothing has to happen and that enters a parallel state on the way to
/// states within it.
struct Inward {
    id: TransitionId,
    /// The numbers of the regions that it enters by name.
    named: Vec<usize>,
}

struct Ways<'a> {
    graph: &'a Graph,
    children: HashMap<StateId, Vec<StateId>>,
    /// States that go on by a `done` of their own.
    going_on: HashSet<StateId>,
    /// Of each region, which one of its parallel state it is.
    numbers: HashMap<StateId, usize>,
    /// By parallel state.
    inward: BTreeMap<StateId, Vec<Inward>>,
    /// By transition into parallel states: the places that it leads to at once, as far as they are
    /// known.
    entered: HashMap<TransitionId, Vec<usize>>,
    backward: HashMap<usize, Vec<usize>>,
    found: Through,
}

impl<'a> Ways<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut children: HashMap<StateId, Vec<StateId>> = HashMap::new();
        for state in graph.states() {
            if let Some(outer) = graph.parent(state) {
                children.entry(outer).or_default().push(state);
            }
        }
        let goes_on = |edge: &&Transition| edge.trigger == Trigger::Done && edge.guard.is_none();
        let going_on = graph.transitions.iter().filter(goes_on).map(|edge| edge.from).collect();
        let numbered = graph.regions.values().flat_map(|regions| regions.iter().enumerate());
        let numbers = numbered.map(|(at, region)| (*region, at)).collect();
        let inward = inward(graph, &numbers);
        let targets = |id| graph.targets(id).map(StateId::index).collect();
        let ids = inward.values().flatten().map(|it| it.id);
        let entered = ids.map(|id| (id, targets(id))).collect();
        let (backward, found) = (HashMap::new(), Through::default());
        Self { graph, children, going_on, numbers, inward, entered, backward, found }
    }

    fn add(&mut self, from: usize, to: usize) {
        self.found.ways.push((from, to));
        self.backward.entry(to).or_default().push(from);
    }

    /// A transition that enters some regions by name lets the others begin by themselves.
    ///
    /// The regions of a parallel state are the leaves of a tree, so that any run of them is a few of
    /// its nodes: many transitions into many regions don't make a way for each pair.
    fn begin_the_others(&mut self) {
        let inward = std::mem::take(&mut self.inward);
        for (parallel, transitions) in &inward {
            let regions = self.graph.regions(*parallel);
            let count = regions.len();
            let first = 2 * self.graph.nodes.len() + self.found.shared.len();
            self.found.shared.extend(std::iter::repeat_n(*parallel, count));
            let place = |node: usize| match node.checked_sub(count) {
                Some(leaf) => regions[leaf].index(),
                None => first + node,
            };
            for node in 1..count {
                self.add(place(node), place(2 * node));
                self.add(place(node), place(2 * node + 1));
            }
            for Inward { id, named } in transitions {
                let starts = std::iter::once(0).chain(named.iter().map(|at| at + 1));
                let ends = named.iter().copied().chain([count]);
                let others = starts.zip(ends).flat_map(|(start, end)| nodes(count, start, end));
                let others: Vec<usize> = others.map(place).collect();
                for from in self.sources(*id) {
                    others.iter().for_each(|to| self.add(from, *to));
                }
                self.entered.entry(*id).or_default().extend(others);
            }
        }
        self.inward = inward;
    }

    fn look_at(&mut self, parallel: StateId) {
        let regions = self.graph.regions(parallel);
        let ending: Vec<HashSet<usize>> =
            regions.iter().map(|region| self.ending(*region)).collect();
        let waiting: Vec<usize> =
            (0..regions.len()).filter(|at| !ending[*at].contains(&regions[*at].index())).collect();
        let end = end_of(self.graph, parallel);
        if waiting.is_empty() {
            self.add(parallel.index(), end);
        }
        for Inward { id, named } in self.inward.remove(&parallel).unwrap_or_default() {
            let is_named = |at: &usize| named.binary_search(at).is_ok();
            if !waiting.iter().all(is_named) {
                continue;
            }
            let entered = self.entered.get(&id).into_iter().flatten();
            let ended: HashSet<usize> = entered
                .filter_map(|place| {
                    let at = self.region_around(parallel, *place)?;
                    ending[at].contains(place).then_some(at)
                })
                .collect();
            if named.iter().all(|at| ended.contains(at)) {
                self.sources(id).into_iter().for_each(|from| self.add(from, end));
                self.entered.entry(id).or_default().push(end);
            }
        }
    }

    /// The number of the region of `parallel` that a place lies in.
    fn region_around(&self, parallel: StateId, place: usize) -> Option<usize> {
        let state = self.found.state_at(self.graph, place);
        let mut outward = std::iter::once(state).chain(self.graph.ancestors(state));
        let region = outward.find(|outer| self.graph.parent(*outer) == Some(parallel))?;
        Some(self.numbers[&region])
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
                let state = self.found.state_at(graph, *before);
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

/// By parallel state, the transitions for which nothing has to happen and that lead into it.
fn inward(graph: &Graph, numbers: &HashMap<StateId, usize>) -> BTreeMap<StateId, Vec<Inward>> {
    let mut inward: BTreeMap<StateId, Vec<Inward>> = BTreeMap::new();
    for (id, edge) in graph.transitions() {
        if !matches!(edge.trigger, Trigger::Always | Trigger::Done) {
            continue;
        }
        let domain = graph.domain(id);
        let mut seen = HashSet::new();
        for target in graph.targets(id) {
            let mut below = target;
            while let Some(outer) = graph.parent(below).filter(|outer| Some(*outer) != domain) {
                if graph.kind(outer) == Kind::Parallel {
                    let all = inward.entry(outer).or_default();
                    if all.last().is_none_or(|last| last.id != id) {
                        all.push(Inward { id, named: Vec::new() });
                    }
                    all.last_mut().expect("one was pushed").named.push(numbers[&below]);
                }
                // What lies further out was seen on the way from another target.
                if !seen.insert(outer) {
                    break;
                }
                below = outer;
            }
        }
    }
    for Inward { named, .. } in inward.values_mut().flatten() {
        named.sort_unstable();
        named.dedup();
    }
    inward
}

/// The nodes of a tree over `count` leaves that stand for those from `start` to before `end`. The
/// root has number 1, what is below a node twice its number and one more, leaves come last.
fn nodes(count: usize, start: usize, end: usize) -> Vec<usize> {
    let (mut start, mut end) = (count + start, count + end);
    let mut nodes = Vec::new();
    while start < end {
        if start % 2 == 1 {
            nodes.push(start);
            start += 1;
        }
        if end % 2 == 1 {
            end -= 1;
            nodes.push(end);
        }
        (start, end) = (start / 2, end / 2);
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_leaves_is_what_lies_below_its_nodes() {
        for count in 1..20 {
            for (start, end) in (0..=count).flat_map(|end| (0..=end).map(move |it| (it, end))) {
                let mut open = nodes(count, start, end);
                let mut leaves = Vec::new();
                while let Some(node) = open.pop() {
                    match node.checked_sub(count) {
                        Some(leaf) => leaves.push(leaf),
                        None => open.extend([2 * node, 2 * node + 1]),
                    }
                }
                leaves.sort_unstable();
                assert!(leaves.into_iter().eq(start..end), "{start}..{end} of {count}");
            }
        }
    }
}
