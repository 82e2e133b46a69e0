//! What can go wrong with runs of an engine, besides their calls.

use std::sync::Arc;

use fsm_core::journal::JournalError;

use crate::durable::{ResumeError, RunFault};
use crate::flow::RunError;
use crate::signal::UnknownSignal;

/// Why an engine can't do what it was asked for. Several may wait for one run, so it can be cloned.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The journal refuses: there is no such run, its key is taken, it is over, somebody else drives
    /// it; or the journal can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The run can't begin. Nothing was sent.
    #[error(transparent)]
    Begin(Arc<RunError>),
    /// The run can't be resumed.
    #[error(transparent)]
    Resume(Arc<ResumeError>),
    /// The run stopped before its end. It can be resumed when the cause is gone.
    #[error(transparent)]
    Stopped(#[from] RunFault),
    /// No step of the flow waits for such a signal.
    #[error(transparent)]
    Signal(#[from] UnknownSignal),
    /// The journal does not say how the flow is made, and nobody registered it.
    #[error(
        "run `{run}` follows a flow `{flow}` that is not in the journal: register it with the engine first"
    )]
    UnknownFlow {
        /// The run's id.
        run: String,
        /// The flow's name.
        flow: String,
    },
    /// The run is over, and its result is none of a flow.
    #[error("run `{run}` is over, and the journal holds no result of it: {why}")]
    NoResult {
        /// The run's id.
        run: String,
        /// What is wrong with what it holds.
        why: String,
    },
    /// Code of the flow panicked. The run stands where its journal ends.
    #[error("code of the flow panicked during run `{run}`")]
    Panicked {
        /// The run's id.
        run: String,
    },
    /// The engine was shut down. The run can be resumed.
    #[error("the engine was shut down")]
    ShutDown,
}

impl From<RunError> for EngineError {
    fn from(error: RunError) -> Self {
        EngineError::Begin(Arc::new(error))
    }
}

impl From<ResumeError> for EngineError {
    fn from(error: ResumeError) -> Self {
        match error {
            ResumeError::Journal(error) => EngineError::Journal(error),
            error => EngineError::Resume(Arc::new(error)),
        }
    }
}
