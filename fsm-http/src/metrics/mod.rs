//! Figures about calls: how many, how fast, how many failed, and what the layers around them did.
//!
//! Each endpoint has a [`Recorder`], a handle that the calls of the endpoint keep, so that counting
//! costs a few atomic additions and no look-up. Latencies go into a histogram of bounded size whose
//! percentiles are exact within 1 %; the figures of all endpoints together are made by merging, so
//! that nothing is recorded twice.
//!
//! Metrics of your own stand beside those of the endpoints: [`Metrics::record_request`] and
//! [`Metrics::record_error`] take any name.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use fsm_http::{ErrorKind, metrics::Metrics};
//!
//! let metrics = Metrics::new();
//! let users = metrics.endpoint("users");
//! users.answered(Duration::from_millis(20));
//! users.failed(ErrorKind::Timeout, Some(Duration::from_millis(60)));
//!
//! let snapshot = metrics.snapshot();
//! let figures = &snapshot.endpoints["users"];
//! assert_eq!(figures.total_requests, 2);
//! assert_eq!(figures.success_rate, Some(50.0));
//! assert_eq!(figures.avg_latency_ms, Some(40.0));
//! assert_eq!(figures.errors["timeout"], 1);
//! assert_eq!(snapshot.overall, *figures);
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `recorder` | the handle of one endpoint |
//! | `tally` | its counters |
//! | `histogram` | its latencies |
//! | `snapshot` | the figures as data |
//! | `prometheus` | the figures as text for Prometheus (feature `prometheus`) |

mod histogram;
#[cfg(feature = "prometheus")]
mod prometheus;
mod recorder;
mod snapshot;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

#[cfg(feature = "prometheus")]
pub use prometheus::OPENMETRICS_CONTENT_TYPE;
pub use recorder::Recorder;
use snapshot::Sums;
pub use snapshot::{Figures, MetricsSnapshot};
use tally::Tally;

/// The figures of many endpoints. Clones share them.
#[derive(Clone, Default)]
pub struct Metrics(Arc<RwLock<Tallies>>);

/// The counters by endpoint. Invariant: an endpoint that has its tally keeps it, so that recorders
/// count on whatever becomes of the map.
type Tallies = BTreeMap<Box<str>, Arc<Tally>>;

impl Metrics {
    /// No figures yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The handle that counts for the endpoint called `name`, which has figures from now on.
    pub fn endpoint(&self, name: &str) -> Recorder {
        Recorder(self.tally(name))
    }

    /// Counts a request of your own that succeeded after `latency`, under any name.
    ///
    /// This looks the name up: for many requests keep an [`endpoint`](Self::endpoint).
    pub fn record_request(&self, name: &str, latency: Duration) {
        self.tally(name).answered(latency);
    }

    /// Counts a request of your own that failed, under any name. The type of the error is any text
    /// from a small set: each one seen takes memory for good.
    pub fn record_error(&self, name: &str, error_type: &str) {
        self.tally(name).failed_with(error_type);
    }

    /// All figures now.
    ///
    /// # Complexity
    /// O(endpoints), some microseconds each.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let mut overall = Sums::default();
        let mut endpoints = BTreeMap::new();
        for (name, sums) in self.sums() {
            overall.add(&sums);
            endpoints.insert(name, sums.figures());
        }
        MetricsSnapshot { overall: overall.figures(), endpoints }
    }

    /// Sets all figures to zero. Endpoints keep their names and recorders go on counting; what is
    /// counted at the same moment may be lost or not.
    pub fn reset(&self) {
        self.tallies().iter().for_each(|(_, tally)| tally.clear());
    }

    fn sums(&self) -> Vec<(String, Sums)> {
        let tallies = self.tallies();
        tallies.into_iter().map(|(name, tally)| (name.into_string(), Sums::of(&tally))).collect()
    }

    fn tallies(&self) -> Vec<(Box<str>, Arc<Tally>)> {
        let tallies = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tallies.iter().map(|(name, tally)| (name.clone(), tally.clone())).collect()
    }

    fn tally(&self, name: &str) -> Arc<Tally> {
        if let Some(tally) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return tally.clone();
        }
        let mut tallies = self.0.write().unwrap_or_else(PoisonError::into_inner);
        tallies.entry(name.into()).or_insert_with(|| Arc::new(Tally::new())).clone()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.tallies().into_iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}
