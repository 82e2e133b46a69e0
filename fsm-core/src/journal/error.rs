//! What can go wrong with a journal.

use std::sync::Arc;

use crate::graph::Fingerprint;
use crate::kernel::{SnapshotFault, StepError};
use crate::nearest::nearest;

/// Why a journal can't be used, or a run of it. Many runs may be told of one failure, so it can be
/// cloned.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Reading or writing failed: a full disk, a failed sync, a folder that is no folder.
    #[error("the journal can't {what}: {source}")]
    Storage {
        /// What was to be done, as it follows "can't".
        what: String,
        /// Why not.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// An earlier write failed, so nobody knows what is on the disk: this journal writes no more.
    #[error("the journal stopped writing after a failure: {first}")]
    Stopped {
        /// What failed first.
        first: String,
    },
    /// What was read is not what was written.
    #[error("the journal is damaged: {what}")]
    Damaged {
        /// What, and where.
        what: String,
    },
    /// Records that were durable are gone.
    #[error(
        "the journal has lost records that were durable: {acknowledged} were acknowledged, {found} are there"
    )]
    Lost {
        /// How many were written.
        acknowledged: u64,
        /// How many there are.
        found: u64,
    },
    /// The journal was written in a format that this version does not read.
    #[error("the journal has format {found}; this version reads formats up to {understood}")]
    Format {
        /// That of the journal.
        found: u32,
        /// The newest that is understood.
        understood: u32,
    },
    /// There is no such run.
    #[error("there is no run `{run}` in the journal{}", hint(nearest))]
    NoSuchRun {
        /// The id.
        run: String,
        /// The id that comes nearest.
        nearest: Option<String>,
    },
    /// There is a run of this id already.
    #[error("there is a run `{run}` in the journal already")]
    Exists {
        /// The id.
        run: String,
    },
    /// A run with this key is under way or completed.
    #[error("run `{run}` of `{machine}` has the key `{key}`")]
    KeyTaken {
        /// The machine.
        machine: String,
        /// The key.
        key: String,
        /// The run that has it.
        run: String,
    },
    /// Somebody drives the run.
    #[error("run `{run}` is driven by {by}")]
    Driven {
        /// The id.
        run: String,
        /// Who.
        by: String,
    },
    /// What the run did was removed; how it ended is still known.
    #[error("the records of run `{run}` were removed; its outcome and its result are still there")]
    Pruned {
        /// The id.
        run: String,
    },
    /// The run is over.
    #[error("run `{run}` is over ({outcome})")]
    Over {
        /// The id.
        run: String,
        /// How it ended.
        outcome: String,
    },
}

impl JournalError {
    /// A failure of the storage below.
    pub fn storage(
        what: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        JournalError::Storage { what: what.into(), source: Arc::new(source) }
    }

    /// A run that is not among those that are known.
    pub fn no_such_run<'a>(run: &str, known: impl Iterator<Item = &'a str>) -> Self {
        JournalError::NoSuchRun { run: run.to_owned(), nearest: nearest(run, known) }
    }
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"))
}

/// Why the records of a run can't be repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayFault {
    /// The run belongs to another graph.
    #[error("the run follows graph {found}, the machine runs graph {expected}")]
    OtherGraph {
        /// The machine's.
        expected: Fingerprint,
        /// The run's.
        found: Fingerprint,
    },
    /// What is kept is no state of this machine.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFault),
    /// The kernel refuses what it took then.
    #[error("record {record} is refused now: {why}")]
    Refused {
        /// Its number.
        record: u64,
        /// Why.
        why: StepError,
    },
    /// The kernel takes it, and goes another way than then.
    #[error(
        "record {record} leads elsewhere now than when the run took it; a guard of the machine is not the same, or is not pure"
    )]
    Diverged {
        /// Its number.
        record: u64,
    },
    /// There is no record of this number.
    #[error("there is no record {record}: {}", held(*first, *last))]
    NoSuchRecord {
        /// Its number.
        record: u64,
        /// That of the first that is there.
        first: u64,
        /// That of the last.
        last: u64,
    },
    /// The machine has no such state.
    #[error("there is no state `{state}`{}", hint(nearest))]
    NoSuchState {
        /// Its name.
        state: String,
        /// The name that comes nearest.
        nearest: Option<String>,
    },
}

fn held(first: u64, last: u64) -> String {
    match last < first {
        true => "the run has none".to_owned(),
        false => format!("the run has {first} to {last}"),
    }
}
