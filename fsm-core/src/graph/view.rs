//! The graph as petgraph sees it, so that petgraph's algorithms can be used on it.

use petgraph::graph::{DiGraph, NodeIndex};

use super::{Graph, StateId, TransitionId};

impl Graph {
    /// The states and transitions as a petgraph graph; node and edge indices equal
    /// [`StateId::index`] and [`TransitionId::index`].
    ///
    /// petgraph's `tarjan_scc`, `is_cyclic_directed`, and `depth_first_search` recurse and can
    /// exhaust the stack on long chains; `kosaraju_scc` and `toposort` do not.
    ///
    /// # Complexity
    /// O(states + transitions), time and memory.
    pub fn to_petgraph(&self) -> DiGraph<StateId, TransitionId> {
        let mut view = DiGraph::with_capacity(self.nodes.len(), self.transitions.len());
        for state in self.states() {
            view.add_node(state);
        }
        for (id, edge) in self.transitions() {
            view.add_edge(NodeIndex::new(edge.from.index()), NodeIndex::new(edge.to.index()), id);
        }
        view
    }
}
