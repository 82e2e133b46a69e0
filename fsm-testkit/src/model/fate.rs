//! How paths can end that keep to some of the states: in a state without a step, or in a cycle.

use super::bits::Bits;
use super::graph::Graph;
use super::path::Ending;

/// A way and how it ends. The last state of one that goes round is the first of the cycle again.
pub(super) struct Fate {
    pub(super) way: Vec<u32>,
    pub(super) ending: Ending,
}

/// The shortest path that begins at one of `starts`, keeps to `members`, and either ends for good
/// or goes round.
///
/// A lasso has the shortest stem, and the shortest cycle of those through the end of that stem.
pub(super) fn shortest(
    graph: &Graph,
    starts: impl Iterator<Item = u32>,
    members: impl Fn(u32) -> bool,
    unknown: &Bits,
    len: usize,
) -> Option<Fate> {
    let region = Region::around(graph, starts, members, len);
    match (region.end(unknown), region.lasso()) {
        (Some(end), Some(lasso)) if lasso.way.len() < end.way.len() => Some(lasso),
        (None, lasso) => lasso,
        (end, _) => end,
    }
}

/// How a path from `start` must go on: round, if it can.
pub(super) fn of_trapped(graph: &Graph, start: u32, unknown: &Bits, len: usize) -> Option<Fate> {
    let region = Region::around(graph, std::iter::once(start), |_| true, len);
    region.lasso().or_else(|| region.end(unknown))
}

/// The states that can be reached from some others without leaving the members.
struct Region<'g> {
    graph: &'g Graph,
    /// Nearest first.
    order: Vec<u32>,
    reached: Bits,
    /// By state, where it was reached from; a start from itself.
    parents: Vec<u32>,
}

impl<'g> Region<'g> {
    fn around(
        graph: &'g Graph,
        starts: impl Iterator<Item = u32>,
        members: impl Fn(u32) -> bool,
        len: usize,
    ) -> Self {
        let (mut order, mut reached) = (Vec::new(), Bits::none(len));
        let mut parents = vec![0; len];
        for start in starts.filter(|start| members(*start)) {
            if reached.insert(start) {
                parents[start as usize] = start;
                order.push(start);
            }
        }
        let mut explored = 0;
        while let Some(&state) = order.get(explored) {
            explored += 1;
            for &next in graph.after(state) {
                if members(next) && reached.insert(next) {
                    parents[next as usize] = state;
                    order.push(next);
                }
            }
        }
        Self { graph, order, reached, parents }
    }

    fn way_to(&self, state: u32) -> Vec<u32> {
        let parent = |state: &u32| {
            let parent = self.parents[*state as usize];
            (parent != *state).then_some(parent)
        };
        let mut way: Vec<u32> = std::iter::successors(Some(state), parent).collect();
        way.reverse();
        way
    }

    /// The shortest way to a state from which no step leads on, in the region or out of it.
    fn end(&self, unknown: &Bits) -> Option<Fate> {
        let is_end = |state: &u32| self.graph.after(*state).is_empty() && !unknown.has(*state);
        let end = *self.order.iter().find(|state| is_end(state))?;
        Some(Fate { way: self.way_to(end), ending: Ending::Terminal })
    }

    fn lasso(&self) -> Option<Fate> {
        let on_cycles = self.on_cycles();
        let knot = *self.order.iter().find(|state| on_cycles.has(**state))?;
        let round = Region::around(
            self.graph,
            std::iter::once(knot),
            |state| self.reached.has(state),
            self.parents.len(),
        );
        let closes = |state: &&u32| self.graph.after(**state).contains(&knot);
        let last = *round.order.iter().find(closes)?;
        let mut way = self.way_to(knot);
        let to = way.len() - 1;
        way.extend(round.way_to(last).into_iter().skip(1));
        way.push(knot);
        Some(Fate { way, ending: Ending::Cycle { to } })
    }

    /// The states that lie on a cycle within the region: those of strongly connected components
    /// with more than one state, and those with a step to themselves. Tarjan's algorithm, with a
    /// stack of its own.
    ///
    /// # Complexity
    /// Linear in the states and steps.
    fn on_cycles(&self) -> Bits {
        /// The index of a state whose component is complete; less than no other.
        const CLOSED: u32 = u32::MAX;
        let len = self.parents.len();
        let mut found = Bits::none(len);
        // By state; 0: not seen yet.
        let (mut index, mut low) = (vec![0_u32; len], vec![0_u32; len]);
        let mut count = 0;
        let (mut component, mut calls) = (Vec::new(), Vec::new());
        for &root in &self.order {
            if index[root as usize] == 0 {
                calls.push((root, 0));
            }
            while let Some((state, at)) = calls.last_mut() {
                let (state, step) = (*state, *at);
                if step == 0 {
                    count += 1;
                    (index[state as usize], low[state as usize]) = (count, count);
                    component.push(state);
                }
                *at += 1;
                match self.graph.after(state).get(step) {
                    Some(&next) if !self.reached.has(next) => {}
                    Some(&next) if next == state => {
                        found.insert(state);
                    }
                    Some(&next) => match index[next as usize] {
                        0 => calls.push((next, 0)),
                        CLOSED => {}
                        seen => low[state as usize] = low[state as usize].min(seen),
                    },
                    None => {
                        calls.pop();
                        if let Some(&(caller, _)) = calls.last() {
                            low[caller as usize] = low[caller as usize].min(low[state as usize]);
                        }
                        if low[state as usize] != index[state as usize] {
                            continue;
                        }
                        let is_alone = component.last() == Some(&state);
                        while let Some(member) = component.pop() {
                            index[member as usize] = CLOSED;
                            if !is_alone {
                                found.insert(member);
                            }
                            if member == state {
                                break;
                            }
                        }
                    }
                }
            }
        }
        found
    }
}
