//! What can go wrong with a run that is kept in a journal, besides its calls.

use fsm_core::SnapshotFault;
use fsm_core::journal::{JournalError, ReplayFault};

use super::TargetFault;
use crate::flow::RunError;

/// Why a run stopped before its end. It is not over: it can be resumed when the cause is gone.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunFault {
    /// Its journal failed. What followed from its last steps was not done.
    #[error("run `{run}` stopped, because its journal failed: {source}")]
    Journal {
        /// The run's id.
        run: String,
        /// What failed.
        source: JournalError,
    },
    /// A resource can't be set up at the moment.
    #[error("run `{run}` can't go on now: {message}")]
    Resources {
        /// The run's id.
        run: String,
        /// What failed, without secrets.
        message: String,
    },
    /// It completed, and its result can't be written to its target. Resumed, it tries again.
    #[error("run `{run}` completed, but {source}")]
    Target {
        /// The run's id.
        run: String,
        /// Why not.
        source: TargetFault,
    },
    /// Where it stands is no state of its flow.
    #[error("run `{run}` can't go on: {source}")]
    Snapshot {
        /// The run's id.
        run: String,
        /// What does not fit.
        source: SnapshotFault,
    },
    /// The run was never begun: an error of this crate.
    #[error("run `{run}` has not begun (please report this)")]
    NotBegun {
        /// The run's id.
        run: String,
    },
}

/// Why a run can't be resumed. It stays as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The journal can't be used, there is no such run, somebody drives it, or it is over.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The flow is another one than when the run began.
    #[error("run `{run}` can't go on, because the flow `{flow}` has changed since:\n{difference}")]
    Changed {
        /// The run's id.
        run: String,
        /// The flow's name.
        flow: String,
        /// What differs: one line a change; and what keeps the run from being carried over.
        difference: String,
    },
    /// The run's records can't be repeated.
    #[error("run `{run}` can't be repeated from its journal: {source}")]
    Replay {
        /// The run's id.
        run: String,
        /// Why not.
        source: ReplayFault,
    },
    /// The flow can't be run here: a secret is missing, for instance.
    #[error(transparent)]
    Flow(#[from] RunError),
}
