//! The handle with which the calls of one endpoint are counted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::tally::Tally;
use crate::error::ErrorKind;

/// Counts what happens to the calls of one endpoint. From
/// [`Metrics::endpoint`](super::Metrics::endpoint); keep it, so that no call looks a name up.
/// Clones count into the same figures.
///
/// Nothing here takes a lock. Recording a latency allocates only where it is the first one between
/// two powers of two.
#[derive(Clone)]
pub struct Recorder(pub(super) Arc<Tally>);

impl Recorder {
    /// A request was sent and answered with success, in this time from sending to decoded.
    pub fn answered(&self, latency: Duration) {
        self.0.answered(latency);
    }

    /// An attempt failed. With a `latency` a request was sent and counts as one that failed;
    /// without, nothing was sent (an open breaker, missing credentials), which counts among the
    /// errors only.
    pub fn failed(&self, kind: ErrorKind, latency: Option<Duration>) {
        self.0.failed(kind, latency);
    }

    /// A request was sent, and given up before it was answered: it counts as one that failed, with
    /// the kind `cancelled` and without a latency.
    pub fn cut(&self) {
        self.0.cut();
    }

    /// The call is sent again after a failure.
    pub fn retried(&self) {
        self.0.retries.add(1);
    }

    /// The call was answered by the cache.
    pub fn cache_hit(&self) {
        self.0.cache_hits.add(1);
    }

    /// The cache was asked and had no answer.
    pub fn cache_miss(&self) {
        self.0.cache_misses.add(1);
    }

    /// The circuit breaker opened, be it anew after a probe.
    pub fn breaker_opened(&self) {
        self.0.breaker_openings.add(1);
    }

    /// The call waited this long for the rate limit.
    pub fn limiter_waited(&self, wait: Duration) {
        self.0.waited(wait);
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}
