//! Lists of runs.

use serde::{Deserialize, Serialize};

use crate::graph::Fingerprint;
use crate::time::Timestamp;

/// What a list shows of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// Its id.
    pub id: String,
    /// The name of its machine.
    pub machine: String,
    /// The fingerprint of the graph that it follows.
    pub fingerprint: Fingerprint,
    /// Its run key.
    pub key: Option<String>,
    /// How it stands.
    pub phase: RunPhase,
    /// When it began.
    pub began: Timestamp,
    /// When it was last written to.
    pub changed: Timestamp,
    /// How many inputs it took.
    pub records: u64,
    /// Who drives it; `None`: nobody.
    pub driver: Option<String>,
}

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// It has work under way: here, or when its driver died.
    Running,
    /// It waits, and nothing is under way.
    Waiting {
        /// The next point in time at which it goes on by itself.
        until: Option<Timestamp>,
        /// The names of the events that it would hear.
        awaits: Vec<String>,
    },
    /// It is over.
    Over {
        /// How it ended, in the words of whoever drove it.
        outcome: String,
        /// What it returned; empty where nobody said, and in lists of runs.
        result: String,
    },
}

impl RunInfo {
    /// As it stands in a list.
    pub(super) fn without_result(&self) -> Self {
        let phase = match &self.phase {
            RunPhase::Over { outcome, .. } => {
                RunPhase::Over { outcome: outcome.clone(), result: String::new() }
            }
            RunPhase::Running | RunPhase::Waiting { .. } => self.phase.clone(),
        };
        Self { phase, ..self.clone() }
    }
}

impl RunPhase {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self, RunPhase::Over { .. })
    }

    /// Whether it is over as it should be: a run that has a key keeps it then.
    pub fn is_completed(&self) -> bool {
        matches!(self, RunPhase::Over { outcome, .. } if outcome == "completed")
    }
}

/// Which runs are asked for; everything that is set must hold. The default asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFilter {
    /// Of this machine.
    pub machine: Option<String>,
    /// With this key.
    pub key: Option<String>,
    /// `running`, `waiting`, or the outcome of those that are over; one of them.
    pub status: Vec<String>,
    /// That began at this point in time or later.
    pub since: Option<Timestamp>,
    /// At most so many.
    pub limit: Option<usize>,
}

impl RunFilter {
    /// All runs.
    pub fn all() -> Self {
        Self::default()
    }

    /// Whether a run is asked for; the limit is not looked at.
    pub fn holds(&self, run: &RunInfo) -> bool {
        let status = match &run.phase {
            RunPhase::Running => "running",
            RunPhase::Waiting { .. } => "waiting",
            RunPhase::Over { outcome, .. } => outcome,
        };
        self.machine.as_ref().is_none_or(|machine| *machine == run.machine)
            && self.key.as_ref().is_none_or(|key| run.key.as_ref() == Some(key))
            && (self.status.is_empty() || self.status.iter().any(|asked| asked == status))
            && self.since.is_none_or(|since| run.began >= since)
    }
}
