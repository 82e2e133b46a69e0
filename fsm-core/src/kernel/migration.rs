//! Which states go under another name in a changed graph.

use std::collections::BTreeMap;

use super::error::CarryOverFault;
use crate::graph::Graph;

/// What a run has to be told to go on along a changed graph: the new names of states.
///
/// ```
/// use fsm_core::Migration;
///
/// let migration = Migration::new().rename("pay", "charge").rename("ship", "send");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    renames: BTreeMap<String, String>,
}

impl Migration {
    /// Every state has the name that it had.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state called `old` in the old graph is called `new` in the new one. Of several new
    /// names for one state the last counts.
    #[must_use]
    pub fn rename(mut self, old: impl Into<String>, new: impl Into<String>) -> Self {
        self.renames.insert(old.into(), new.into());
        self
    }

    /// The old graph under the new names.
    pub(super) fn apply(&self, from: &Graph, to: &Graph) -> Result<Graph, CarryOverFault> {
        for (old, new) in &self.renames {
            let why = match (from.state(old), to.state(new)) {
                (None, _) => format!("the old graph has no state `{old}`"),
                (_, None) => format!("the new graph has no state `{new}`"),
                (Some(_), Some(_)) => continue,
            };
            return Err(CarryOverFault::Rename { old: old.clone(), new: new.clone(), why });
        }
        let renamed = from.renamed(|name| self.renames.get(name).map(String::as_str));
        renamed.map_err(|twice| {
            let why = format!("two states of the old graph would be called `{twice}`");
            let named = |(_, new): &(&String, &String)| **new == twice;
            let old = self.renames.iter().find(named).map(|(old, _)| old.clone());
            CarryOverFault::Rename { old: old.unwrap_or_else(|| twice.clone()), new: twice, why }
        })
    }
}
