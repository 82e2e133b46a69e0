//! What a run has to be told to go on along a changed flow.

use std::collections::{BTreeMap, BTreeSet};

use fsm_core::Graph;

use super::obstacle::CarryOverError;
use crate::plan::Plan;

/// The new names of steps and groups, and the steps whose results are given up.
///
/// ```
/// use fsm_patterns::Migration;
///
/// let migration = Migration::new().rename("pay", "charge").drop("gift");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    renames: BTreeMap<String, String>,
    drops: BTreeSet<String>,
}

impl Migration {
    /// Every step has the name that it had, and no result is given up.
    pub fn new() -> Self {
        Self::default()
    }

    /// The step or group called `old` is called `new` now; all of its states follow. Of several new
    /// names for one step the last counts.
    #[must_use]
    pub fn rename(mut self, old: impl Into<String>, new: impl Into<String>) -> Self {
        self.renames.insert(old.into(), new.into());
        self
    }

    /// The step called `name` is gone, and so is what a run that has done it knows of it.
    #[must_use]
    pub fn drop(mut self, name: impl Into<String>) -> Self {
        self.drops.insert(name.into());
        self
    }

    /// Nothing is said about steps that are not there.
    pub(super) fn check(&self, old: &Plan, new: &Plan) -> Result<(), CarryOverError> {
        let fault =
            |step: &str, why: String| Err(CarryOverError::Migration { step: step.to_owned(), why });
        let mut targets = BTreeSet::new();
        for (from, to) in &self.renames {
            if !is_named(old, from) {
                return fault(from, "the old flow has no such step or group".to_owned());
            }
            if !is_named(new, to) {
                return fault(from, format!("the new flow has no step or group `{to}`"));
            }
            if !targets.insert(to) {
                return fault(from, format!("another one is called `{to}` already"));
            }
            if is_named(old, to) && !self.renames.contains_key(to) {
                return fault(from, format!("the old flow has a `{to}` of its own"));
            }
        }
        for step in &self.drops {
            if !old.by_name.contains_key(step) {
                return fault(step, "the old flow has no such step".to_owned());
            }
            if self.renames.contains_key(step) || new.by_name.contains_key(step) {
                return fault(step, "it is dropped, and goes on".to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn is_dropped(&self, step: &str) -> bool {
        self.drops.contains(step)
    }

    /// What a step or group of the old flow is called in the new one.
    pub(super) fn new_name<'a>(&'a self, old: &'a str) -> &'a str {
        self.renames.get(old).map_or(old, String::as_str)
    }

    /// The same for states: those of a unit carry its name, alone or before a dot or a space.
    pub(super) fn states(&self, old: &Graph, new: &Graph) -> fsm_core::Migration {
        let mut states = fsm_core::Migration::new();
        if self.renames.is_empty() {
            return states;
        }
        for state in old.states() {
            let name = old.name_of(state);
            let end = name.find(['.', ' ']).unwrap_or(name.len());
            let (unit, rest) = name.split_at(end);
            let Some(renamed) = self.renames.get(unit) else { continue };
            let renamed = format!("{renamed}{rest}");
            if new.state(&renamed).is_some() {
                states = states.rename(name, renamed);
            }
        }
        states
    }
}

fn is_named(plan: &Plan, name: &str) -> bool {
    plan.by_name.contains_key(name) || plan.containers[1..].iter().any(|group| group.name == name)
}
