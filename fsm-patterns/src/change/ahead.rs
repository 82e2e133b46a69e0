//! Which states a run may still come to.

use std::collections::{HashMap, HashSet};

use fsm_core::{Graph, Kind, StateId};

use super::obstacle::FlowObstacle;

/// The ways on of a graph, by state.
struct Onward<'a> {
    graph: &'a Graph,
    /// Where transitions lead, by the state that they begin in.
    targets: HashMap<StateId, Vec<StateId>>,
}

impl<'a> Onward<'a> {
    fn of(graph: &'a Graph) -> Self {
        let mut targets: HashMap<StateId, Vec<StateId>> = HashMap::new();
        for (id, edge) in graph.transitions().filter(|(_, edge)| !edge.is_internal()) {
            let all = std::iter::once(edge.to()).chain(graph.also(id).iter().copied());
            targets.entry(edge.from()).or_default().extend(all);
        }
        Self { graph, targets }
    }

    /// Where a token comes next that has entered `state`.
    fn next(&self, state: StateId) -> Vec<StateId> {
        let mut next = self.after_scope(state);
        next.extend(self.targets.get(&state).into_iter().flatten());
        if let Kind::Composite(initial) = self.graph.kind(state) {
            next.push(initial);
        }
        next
    }

    /// Where a token comes next that stands at `state`, but for what the tokens in a scope of its
    /// own do.
    fn after_scope(&self, state: StateId) -> Vec<StateId> {
        let around = self.graph.ancestors(state);
        let around =
            around.take_while(|outer| matches!(self.graph.kind(*outer), Kind::Composite(_)));
        let mut next: Vec<StateId> = around
            .flat_map(|outer| self.targets.get(&outer).into_iter().flatten())
            .copied()
            .collect();
        if let Kind::Fork(Some(join)) = self.graph.kind(state) {
            next.push(join);
        }
        next
    }

    fn reach(&self, first: Vec<StateId>) -> HashSet<StateId> {
        let mut seen: HashSet<StateId> = first.iter().copied().collect();
        let mut open = first;
        while let Some(state) = open.pop() {
            open.extend(self.next(state).into_iter().filter(|next| seen.insert(*next)));
        }
        seen
    }
}

/// What a run that has not begun may come to.
pub(super) fn from_start(graph: &Graph) -> HashSet<StateId> {
    Onward::of(graph).reach(vec![graph.initial()])
}

/// What a run may come to whose tokens stand at `stands`.
pub(super) fn from(graph: &Graph, stands: &[StateId]) -> HashSet<StateId> {
    let onward = Onward::of(graph);
    let next = stands.iter().flat_map(|state| match graph.kind(*state) {
        Kind::Fork(Some(_)) => onward.after_scope(*state),
        _ => onward.next(*state),
    });
    let first: HashSet<StateId> = next.collect();
    onward.reach(first.into_iter().collect())
}

/// Steps that come after others as they did not, or no longer do; one each at most. `steps` are
/// the names of those of both graphs.
///
/// # Complexity
/// O((states + transitions) * steps / 64), and as often as ways lead back.
pub(super) fn reordered(old: &Graph, new: &Graph, steps: &[(&str, &str)]) -> Vec<FlowObstacle> {
    let before = followers(old, steps.iter().map(|(name, _)| *name));
    let after = followers(new, steps.iter().map(|(_, name)| *name));
    let mut obstacles = Vec::new();
    for (at, (was, is)) in before.iter().zip(&after).enumerate() {
        let differs = |word: usize| {
            let bits = was[word] ^ is[word];
            // Whether a step leads back to itself is its own affair.
            if word == at / 64 { bits & !(1 << (at % 64)) } else { bits }
        };
        let found = (0..was.len()).find_map(|word| {
            let bits = differs(word);
            (bits != 0).then(|| word * 64 + bits.trailing_zeros() as usize)
        });
        if let Some(other) = found {
            let follows = is[other / 64] >> (other % 64) & 1 == 1;
            let (step, other) = (steps[other].1.to_owned(), steps[at].1.to_owned());
            obstacles.push(FlowObstacle::Order { step, other, follows });
        }
    }
    obstacles
}

/// By step, the steps that can be reached from it, as bits.
fn followers<'a>(graph: &Graph, steps: impl Iterator<Item = &'a str>) -> Vec<Vec<u64>> {
    let onward = Onward::of(graph);
    let states: Vec<Option<StateId>> = steps.map(|name| graph.state(name)).collect();
    let words = states.len().div_ceil(64);
    let numbers: HashMap<StateId, usize> =
        states.iter().enumerate().filter_map(|(at, state)| Some(((*state)?, at))).collect();
    // By state, what can be reached from it; ways lead mostly forwards, so the last comes first.
    let mut reached: Vec<Vec<u64>> = vec![vec![0; words]; graph.states().len()];
    let mut changed = true;
    while changed {
        changed = false;
        for state in graph.states().collect::<Vec<StateId>>().into_iter().rev() {
            let mut row = std::mem::take(&mut reached[state.index()]);
            for next in onward.next(state) {
                if next == state {
                    continue;
                }
                for (word, bits) in row.iter_mut().enumerate() {
                    let mut more = reached[next.index()][word];
                    if let Some(at) = numbers.get(&next).filter(|at| **at / 64 == word) {
                        more |= 1 << (at % 64);
                    }
                    changed |= more & !*bits != 0;
                    *bits |= more;
                }
            }
            reached[state.index()] = row;
        }
    }
    let row = |state: &Option<StateId>| {
        state.map_or_else(|| vec![0; words], |state| reached[state.index()].clone())
    };
    states.iter().map(row).collect()
}
