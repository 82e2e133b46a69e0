//! A run in a list: what the journal says of it, and what that means.

use fsm_core::Timestamp;
use fsm_core::journal::{RunInfo, RunPhase};
use serde::Serialize;

/// What a run is called whose process died while something was under way.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// The statuses that a list can be asked for.
pub(crate) const STATUSES: [&str; 7] =
    ["running", "waiting", INTERRUPTED, "completed", "failed", "timed_out", "cancelled"];

/// A run as one line of a list, or as one object.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) run: String,
    pub(crate) flow: String,
    pub(crate) status: String,
    pub(crate) key: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    pub(crate) began: Timestamp,
    /// When it was last written to; of a run that is over, when it ended.
    #[serde(serialize_with = "rfc3339")]
    pub(crate) changed: Timestamp,
    pub(crate) is_over: bool,
    #[serde(skip_serializing_if = "Waits::is_none")]
    pub(crate) waits_for: Waits,
    pub(crate) driver: Option<String>,
    pub(crate) records: u64,
}

/// What a run waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Waits {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) signals: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_rfc3339")]
    pub(crate) until: Option<Timestamp>,
}

impl Waits {
    fn is_none(&self) -> bool {
        *self == Waits::default()
    }
}

fn rfc3339<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

fn maybe_rfc3339<S: serde::Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::to_rfc3339).serialize(serializer)
}

impl From<&RunInfo> for Line {
    fn from(info: &RunInfo) -> Self {
        let waits_for = match &info.phase {
            RunPhase::Waiting { until, awaits } => Waits { signals: awaits.clone(), until: *until },
            RunPhase::Running | RunPhase::Over { .. } => Waits::default(),
        };
        Self {
            run: info.id.clone(),
            flow: info.machine.clone(),
            status: status(info).to_owned(),
            key: info.key.clone(),
            began: info.began,
            changed: info.changed,
            is_over: info.phase.is_over(),
            waits_for,
            driver: info.driver.clone(),
            records: info.records,
        }
    }
}

/// How a run stands.
pub(crate) fn status(info: &RunInfo) -> &str {
    match &info.phase {
        RunPhase::Running if info.driver.is_none() => INTERRUPTED,
        RunPhase::Running => "running",
        RunPhase::Waiting { .. } => "waiting",
        RunPhase::Over { outcome, .. } => outcome,
    }
}
