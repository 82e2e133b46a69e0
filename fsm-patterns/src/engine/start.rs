//! A run begins, or is found by its key.

use fsm_core::journal::{JournalError, RunPhase};
use serde_json::Value;

use super::state::Job;
use super::{Engine, EngineError, RunHandle, StartOptions, stored};
use crate::flow::Flow;

impl Engine {
    /// Begins a run. It returns before the run is durable: of a process that dies at once nothing may be
    /// left, and then no call was made either. A run with a key is held against others at once.
    ///
    /// # Errors
    /// As [`start_with`](Self::start_with).
    pub fn start(&self, flow: &Flow, input: Value) -> Result<RunHandle, EngineError> {
        self.start_with(flow, input, StartOptions::new())
    }

    /// Begins a run. Where the run's target is there, or a run of the flow with the same key is
    /// completed, the result is returned without a call; where one is under way, the handle is that of this one, whoever drives it, and
    /// one that nobody drives is resumed.
    ///
    /// # Errors
    /// [`EngineError::Begin`] if the input does not fit or the flow can't send;
    /// [`EngineError::Journal`] if there is a run of this id, or, with `force`, one with this key
    /// under way.
    pub fn start_with(
        &self,
        flow: &Flow,
        input: Value,
        options: StartOptions,
    ) -> Result<RunHandle, EngineError> {
        let StartOptions { id, key, seed, force } = options;
        self.register(flow);
        let mut run = if force { flow.run_anew(input)? } else { flow.run(input)? };
        if let Some(found) = run.found() {
            return Ok(RunHandle::found(self.clone(), found.clone()));
        }
        if let Some(id) = id {
            run = run.id(id);
        }
        if let Some(seed) = seed {
            run = run.seed(seed);
        }
        let mut run = run.journal(self.shared.journal.clone());
        if let Some(key) = key {
            run = run.key(key);
        }
        if force {
            run = run.force();
        }
        let id = run.run_id().to_owned();
        self.shared.ensure_open()?;
        match run.begin() {
            Ok(()) => {}
            Err(JournalError::KeyTaken { run: other, .. }) if !force => return self.join(&other),
            Err(error) => return Err(error.into()),
        }
        self.shared.admit(id.as_str().into(), Job::Ready(Box::new(run)))?;
        Ok(RunHandle::new(self.clone(), id))
    }

    /// A run that has the key already.
    fn join(&self, run: &str) -> Result<RunHandle, EngineError> {
        if let RunPhase::Over { result, .. } = self.shared.journal.info(run)?.phase {
            return Ok(RunHandle::found(self.clone(), stored(run, &result)?));
        }
        match self.resume(run) {
            Err(EngineError::Journal(JournalError::Driven { .. } | JournalError::Over { .. })) => {
                Ok(RunHandle::new(self.clone(), run.to_owned()))
            }
            resumed => resumed,
        }
    }
}
