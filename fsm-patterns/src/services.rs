//! What the runs of a flow share: everything that remembers one call for the sake of the next.

use std::fmt;
use std::sync::Arc;

use fsm_http::Transport;
use fsm_http::breaker::Breakers;
use fsm_http::cache::ResponseCache;
use fsm_http::limit::Bucket;
use fsm_http::metrics::Metrics;

/// Circuit breakers, cache, metrics, and a rate limit, for one flow or for several. A flow has its
/// own unless it is given some; clones share everything.
///
/// ```
/// use fsm_patterns::{Endpoint, Orchestration, Services};
///
/// let services = Services::new();
/// let flow = |name: &str| {
///     Orchestration::sequential(name)
///         .endpoint(Endpoint::get("users", "http://api.test/users"))
///         .services(services.clone())
///         .build()
/// };
/// let (first, second) = (flow("first")?, flow("second")?);
/// // What either of them fetches is counted in one place.
/// assert_eq!(services.metrics().snapshot().overall.total_requests, 0);
/// # drop((first, second));
/// # Ok::<(), fsm_patterns::FlowError>(())
/// ```
#[derive(Clone)]
pub struct Services {
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) breakers: Breakers,
    pub(crate) cache: ResponseCache,
    pub(crate) metrics: Metrics,
    pub(crate) bucket: Option<Bucket>,
}

impl Services {
    /// Fresh ones: closed circuits, an empty cache of 64 MiB, no counts.
    pub fn new() -> Self {
        Self {
            transport: None,
            breakers: Breakers::new(),
            cache: ResponseCache::default(),
            metrics: Metrics::new(),
            bucket: None,
        }
    }

    /// Sends every request over `transport`, whatever resources say of proxies and certificates:
    /// one in memory for tests, or one that several flows share.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Keeps circuit breakers by flow and endpoint in `breakers`.
    #[must_use]
    pub fn with_breakers(mut self, breakers: Breakers) -> Self {
        self.breakers = breakers;
        self
    }

    /// Keeps answers in `cache`.
    #[must_use]
    pub fn with_cache(mut self, cache: ResponseCache) -> Self {
        self.cache = cache;
        self
    }

    /// Counts in `metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Lets every call take its turn in `bucket`, too, after its flow's own limits.
    #[must_use]
    pub fn with_bucket(mut self, bucket: Bucket) -> Self {
        self.bucket = Some(bucket);
        self
    }

    /// The circuit breakers, by flow and endpoint.
    pub fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// The cache.
    pub fn cache(&self) -> &ResponseCache {
        &self.cache
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl Default for Services {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}
