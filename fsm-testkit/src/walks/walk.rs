//! A walk: a way through a machine, step by step, that can be done again.

use std::fmt;

use fsm_core::{Event, TransitionId};

use crate::deed::{Deed, Refusal};
use crate::simulation::Simulation;

/// A way through a machine or a graph. Its name is all of it: `idle -coin-> ready -push-> locked`.
#[derive(Clone, PartialEq)]
pub struct Walk<D> {
    pub(crate) begins: Vec<String>,
    pub(crate) steps: Vec<Step<D>>,
}

/// One step of a walk: what is done, and what is to be expected then.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<D> {
    pub(crate) does: D,
    pub(crate) label: String,
    pub(crate) at: Vec<String>,
    pub(crate) by: Vec<TransitionId>,
    pub(crate) refusal: Option<Refusal>,
}

/// Why a walk could not be done again: the machine is not the one that it was found in, or does not
/// begin with the same context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Astray {
    /// It does not begin where the walk does.
    #[error("`{walk}` can't begin at {}", found.join(", "))]
    Elsewhere {
        /// The walk's name.
        walk: String,
        /// Where the simulation stands.
        found: Vec<String>,
    },
    /// A step was taken or refused, and the other was expected.
    #[error("`{walk}` went astray at step {step}, {}", verdict(refusal))]
    Verdict {
        /// The walk's name.
        walk: String,
        /// Which step, from 1.
        step: usize,
        /// Why it was refused, if it was.
        refusal: Option<Refusal>,
    },
    /// A step led elsewhere.
    #[error("`{walk}` went astray at step {step}: it led to {}", found.join(", "))]
    Path {
        /// The walk's name.
        walk: String,
        /// Which step, from 1.
        step: usize,
        /// Where to.
        found: Vec<String>,
    },
}

fn verdict(refusal: &Option<Refusal>) -> String {
    match refusal {
        Some(refusal) => format!("which was refused: {refusal}"),
        None => "which was not refused".to_owned(),
    }
}

impl<D> Walk<D> {
    /// The names of the states where it begins, in declared order.
    pub fn begins(&self) -> &[String] {
        &self.begins
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step<D>] {
        &self.steps
    }

    /// Where it ends.
    pub fn ends(&self) -> &[String] {
        self.steps.last().map_or(&self.begins, |step| &step.at)
    }

    /// What it is called: every state and every step, in order.
    pub fn name(&self) -> String {
        self.to_string()
    }

    /// Where it stands at first, and after each step.
    pub fn path(&self) -> Vec<String> {
        let after = self.steps.iter().map(|step| step.at.join(", "));
        std::iter::once(self.begins.join(", ")).chain(after).collect()
    }
}

impl<D> Step<D> {
    /// What is done.
    pub fn deed(&self) -> &D {
        &self.does
    }

    /// What it is called in the walk's name.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The names of the states where tokens stand afterwards, in declared order.
    pub fn configuration(&self) -> &[String] {
        &self.at
    }

    /// The transitions that are taken, in order.
    pub fn transitions(&self) -> &[TransitionId] {
        &self.by
    }

    /// Why the machine refuses it. The steps of [`Walks`](super::Walks) are accepted; those of
    /// [`Sequences`](crate::sequences::Sequences) are refused now and then.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }
}

impl<E: Event + Clone> Walk<Deed<E>> {
    /// Does every step again and looks whether each leads where it did.
    ///
    /// # Errors
    /// [`Astray`], with the simulation as the steps before left it.
    ///
    /// # Panics
    /// Only if a guard or an action does.
    pub fn replay<C: Clone>(&self, simulation: &mut Simulation<C, E>) -> Result<(), Astray> {
        if simulation.configuration() != self.begins {
            return Err(Astray::Elsewhere { walk: self.name(), found: names(simulation) });
        }
        for (index, step) in self.steps.iter().enumerate() {
            let refusal = step.does.perform(simulation).err();
            if refusal.is_some() != step.refusal.is_some() {
                return Err(Astray::Verdict { walk: self.name(), step: index + 1, refusal });
            }
            if simulation.configuration() != step.at {
                let found = names(simulation);
                return Err(Astray::Path { walk: self.name(), step: index + 1, found });
            }
        }
        Ok(())
    }
}

fn names<C: Clone, E: Event>(simulation: &Simulation<C, E>) -> Vec<String> {
    simulation.configuration().into_iter().map(str::to_owned).collect()
}

impl<D> fmt::Display for Walk<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.begins.join(", "))?;
        for Step { label, at, refusal, .. } in &self.steps {
            let refused = if refusal.is_some() { " (refused)" } else { "" };
            write!(f, " -{label}{refused}-> {}", at.join(", "))?;
        }
        Ok(())
    }
}

impl<D: fmt::Debug> fmt::Debug for Walk<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        for (index, step) in self.steps.iter().enumerate() {
            write!(f, "\n  {}. {}: {:?}", index + 1, step.label, step.does)?;
        }
        Ok(())
    }
}
