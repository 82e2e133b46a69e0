//! The same graph under other names.

use indexmap::IndexSet;

use super::{Fingerprint, Graph};

impl Graph {
    /// The same graph, with other names for some of its states. `Err` is a name that two states
    /// would have.
    ///
    /// # Complexity
    /// O(states + transitions).
    pub(crate) fn renamed<'a>(
        &'a self,
        name: impl Fn(&'a str) -> Option<&'a str>,
    ) -> Result<Graph, String> {
        let mut names: IndexSet<Box<str>> = IndexSet::with_capacity(self.names.len());
        for old in &self.names {
            let new = name(old).unwrap_or(old);
            if !names.insert(new.into()) {
                return Err(new.to_owned());
            }
        }
        let mut graph = Graph { names, ..self.clone() };
        graph.fingerprint = Fingerprint::of(&graph);
        Ok(graph)
    }
}
