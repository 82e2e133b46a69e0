//! How an engine runs, and how a run begins.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::services::Services;

/// How an engine runs.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    pub(super) patience: Duration,
    pub(super) max_driven: NonZeroUsize,
    pub(super) services: Services,
}

impl Default for EngineOptions {
    fn default() -> Self {
        let max_driven = NonZeroUsize::new(1_000).unwrap_or(NonZeroUsize::MIN);
        Self { patience: Duration::from_secs(1), max_driven, services: Services::new() }
    }
}

impl EngineOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run that would wait longer than this, with nothing under way, gives its task up. Default: 1 s.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// At most so many runs are driven at once; others wait for their turn, first come, first served.
    /// Default: 1,000.
    #[must_use]
    pub fn max_driven(self, max_driven: NonZeroUsize) -> Self {
        Self { max_driven, ..self }
    }

    /// What flows share that are made from texts in the journal: transport, circuit breakers, cache,
    /// metrics. Default: fresh ones.
    #[must_use]
    pub fn services(self, services: Services) -> Self {
        Self { services, ..self }
    }
}

/// How a run begins.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    pub(super) id: Option<String>,
    pub(super) key: Option<String>,
    pub(super) seed: Option<u64>,
    pub(super) force: bool,
}

impl StartOptions {
    /// The defaults: a random id, no key but what the flow says.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the run; idempotency keys are derived from its id.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Gives the run a key. Where a run of the same flow with this key is completed, its result is
    /// returned without a call; where one is under way, it is joined.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Sets what the jitter of retries is derived from. Default: random.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Runs anew what is completed. A run that is under way keeps its key, and this one is refused.
    #[must_use]
    pub fn force(self) -> Self {
        Self { force: true, ..self }
    }
}
