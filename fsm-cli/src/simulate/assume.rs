//! Guards that are Rust code, which a file alone does not have: what they answer is assumed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fsm_core::Outcome;
use fsm_patterns::machine::{MachineFile, Registry};

/// What the guards answer that the file does not have. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assumptions {
    /// Read by guards within a step, written between steps; either holds it for one look.
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    answers: BTreeMap<String, bool>,
    /// Guards that were asked and had no answer.
    wanted: BTreeSet<String>,
}

impl Assumptions {
    /// Lets the guard called `name` answer so from now on.
    pub(crate) fn assume(&self, name: &str, holds: bool) {
        self.lock().answers.insert(name.to_owned(), holds);
    }

    /// What the guard called `name` answers.
    pub(crate) fn answer(&self, name: &str) -> Option<bool> {
        self.lock().answers.get(name).copied()
    }

    /// The guards that were asked since this was last called, and had no answer. Each has answered
    /// no meanwhile, so whatever came of it is to be taken back.
    pub(crate) fn take_wanted(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().wanted).into_iter().collect()
    }

    /// Code for every name of `file` that has none: guards answer as assumed, actions do nothing,
    /// and activities wait until they are told how they ended.
    pub(crate) fn registry(&self, file: &MachineFile) -> Registry {
        let unbound = file.unbound();
        let mut registry = Registry::new();
        for name in unbound.guards {
            let known = self.clone();
            registry = registry.guard(name.clone(), move |_, _| known.ask(&name));
        }
        for name in unbound.actions {
            registry = registry.action(name, |_, _| {});
        }
        for name in unbound.activities {
            // Nobody starts it: the kernel only wants to hear how it ended.
            registry = registry.activity(name, |_, _| async { Outcome::done() });
        }
        registry
    }

    fn ask(&self, name: &str) -> bool {
        let mut known = self.lock();
        match known.answers.get(name) {
            Some(holds) => *holds,
            None => {
                known.wanted.insert(name.to_owned());
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads `NAME=true` or `NAME=false`.
pub(crate) fn assumption(text: &str) -> Option<(String, bool)> {
    let (name, holds) = text.rsplit_once('=')?;
    Some((name.trim().to_owned(), holds.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::assumption;

    #[test]
    fn an_assumption_is_a_name_and_whether_it_holds() {
        assert_eq!(assumption("has stock = true"), Some(("has stock".into(), true)));
        assert_eq!(assumption("a=b=false"), Some(("a=b".into(), false)));
        for text in ["a", "a=", "a=maybe"] {
            assert_eq!(assumption(text), None, "{text}");
        }
    }
}
