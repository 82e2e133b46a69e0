//! A run of an engine, seen from outside.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde_json::Value;

use super::{Engine, EngineError};
use crate::report::RunReport;

/// A run of an [`Engine`]: await it for its report. Dropping the handle changes nothing for the run,
/// as long as the engine lives.
pub struct RunHandle {
    engine: Engine,
    id: String,
    /// Where nothing had to be run.
    found: Option<Box<RunReport>>,
}

impl RunHandle {
    pub(super) fn new(engine: Engine, id: String) -> Self {
        Self { engine, id, found: None }
    }

    pub(super) fn found(engine: Engine, report: RunReport) -> Self {
        Self { engine, id: report.run.clone(), found: Some(Box::new(report)) }
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the result was there already, and nothing is run.
    pub fn is_found(&self) -> bool {
        self.found.is_some()
    }

    /// As [`Engine::cancel`].
    ///
    /// # Errors
    /// As [`Engine::cancel`].
    pub fn cancel(&self) -> Result<(), EngineError> {
        self.engine.cancel(&self.id)
    }

    /// As [`Engine::signal`].
    ///
    /// # Errors
    /// As [`Engine::signal`].
    pub fn signal(&self, name: &str, payload: Value) -> Result<(), EngineError> {
        self.engine.signal(&self.id, name, payload)
    }

    /// Waits for the end of the run.
    ///
    /// # Errors
    /// [`EngineError`] if it stops before.
    ///
    /// # Cancel safety
    /// The run goes on without who waits.
    pub async fn report(self) -> Result<RunReport, EngineError> {
        match self.found {
            Some(report) => Ok(*report),
            None => self.engine.outcome(&self.id).await,
        }
    }
}

impl IntoFuture for RunHandle {
    type Output = Result<RunReport, EngineError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.report())
    }
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle").field("id", &self.id).finish_non_exhaustive()
    }
}
