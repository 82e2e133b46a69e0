//! What an exploration found that is worth a look: no faults, since a machine may be meant so.

use std::fmt;

/// A state that drops an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The state.
    pub state: String,
    /// The event.
    pub event: String,
    /// What is so when it is dropped; `None`: whatever is.
    pub when: Option<String>,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ignores `{}`", self.state, self.event)?;
        match &self.when {
            Some(when) => write!(f, " [{when}]"),
            None => Ok(()),
        }
    }
}

/// Something that is worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// No event leads on from a state, or does anything there.
    End {
        /// The state.
        state: String,
    },
    /// Some states lead to an end, this one to none.
    Endless {
        /// The state.
        state: String,
    },
    /// No state does anything on an event.
    Unheard {
        /// The event.
        event: String,
    },
    /// There were more configurations than the explorer was allowed.
    Unfinished {
        /// How many it was allowed.
        at_most: usize,
        /// States that were seen and not explored; they are drawn as final states.
        unexplored: Vec<String>,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End { state } => write!(f, "nothing leads on from {state}"),
            Self::Endless { state } => write!(f, "{state} never comes to an end, others do"),
            Self::Unheard { event } => write!(f, "every state ignores `{event}`"),
            Self::Unfinished { at_most, unexplored } => {
                write!(f, "stopped at {at_most} configurations")?;
                match unexplored.is_empty() {
                    true => Ok(()),
                    false => write!(f, "; not explored: {}", unexplored.join(", ")),
                }
            }
        }
    }
}
