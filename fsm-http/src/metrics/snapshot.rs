//! Figures at one moment, as data.

use std::collections::BTreeMap;

use serde::Serialize;

use super::histogram::Counts;
use super::tally::Tally;

const NANOS_PER_MILLI: f64 = 1e6;

/// All figures at one moment: overall and by endpoint.
///
/// Counting goes on while it is taken, so figures that belong together may differ by the calls of
/// that moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricsSnapshot {
    /// The figures of all endpoints together. Its percentiles are those of all requests, not means
    /// of percentiles.
    pub overall: Figures,
    /// The figures of each endpoint, by name.
    pub endpoints: BTreeMap<String, Figures>,
}

/// The figures of one endpoint, or of all together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Requests that were sent: first attempts and retries.
    pub total_requests: u64,
    /// How many of the requests were answered with success, in percent; none without requests.
    pub success_rate: Option<f64>,
    /// How many of the requests failed, as a fraction; none without requests.
    pub error_rate: Option<f64>,
    /// The mean latency in ms, exact; none where no latency is known.
    pub avg_latency_ms: Option<f64>,
    /// The median latency in ms, within 1 %.
    pub p50_latency_ms: Option<f64>,
    /// What 95 % of the latencies do not exceed, in ms, within 1 %.
    pub p95_latency_ms: Option<f64>,
    /// What 99 % of the latencies do not exceed, in ms, within 1 %.
    pub p99_latency_ms: Option<f64>,
    /// How often a call was sent again.
    pub retries: u64,
    /// How many calls were answered by the cache.
    pub cache_hits: u64,
    /// How often the cache was asked in vain.
    pub cache_misses: u64,
    /// How often the circuit breaker opened.
    pub breaker_openings: u64,
    /// How often a call waited for the rate limit.
    pub limiter_waits: u64,
    /// How long calls waited for the rate limit in all, in ms.
    pub limiter_wait_ms: f64,
    /// Errors by kind, those of calls that were never sent included.
    pub errors: BTreeMap<String, u64>,
}

/// The counts of one tally, or of several together.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    pub(super) latencies: Counts,
    pub(super) retries: u64,
    pub(super) cache_hits: u64,
    pub(super) cache_misses: u64,
    pub(super) breaker_openings: u64,
    pub(super) limiter_waits: u64,
    pub(super) limiter_wait_nanos: u64,
    pub(super) errors: BTreeMap<String, u64>,
}

impl Sums {
    /// What `tally` holds now.
    pub(super) fn of(tally: &Tally) -> Self {
        Self {
            succeeded: tally.succeeded.get(),
            failed: tally.failed.get(),
            latencies: Counts::of(&tally.latencies),
            retries: tally.retries.get(),
            cache_hits: tally.cache_hits.get(),
            cache_misses: tally.cache_misses.get(),
            breaker_openings: tally.breaker_openings.get(),
            limiter_waits: tally.limiter_waits.get(),
            limiter_wait_nanos: tally.limiter_wait_nanos.get(),
            errors: tally.errors(),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let Self {
            succeeded,
            failed,
            latencies,
            retries,
            cache_hits,
            cache_misses,
            breaker_openings,
            limiter_waits,
            limiter_wait_nanos,
            errors,
        } = other;
        self.succeeded += succeeded;
        self.failed += failed;
        self.latencies.add(latencies);
        self.retries += retries;
        self.cache_hits += cache_hits;
        self.cache_misses += cache_misses;
        self.breaker_openings += breaker_openings;
        self.limiter_waits += limiter_waits;
        self.limiter_wait_nanos += limiter_wait_nanos;
        for (kind, count) in errors {
            *self.errors.entry(kind.clone()).or_default() += count;
        }
    }

    pub(super) fn figures(self) -> Figures {
        let total = self.succeeded + self.failed;
        // Divided last, so that 1 of 10 is 0.1 and not 0.09999999999999998.
        let share = |count: u64| (total > 0).then(|| count as f64 / total as f64);
        let millis = |nanos: f64| nanos / NANOS_PER_MILLI;
        let quantile = |of| self.latencies.quantile(of).map(millis);
        Figures {
            total_requests: total,
            success_rate: share(self.succeeded * 100),
            error_rate: share(self.failed),
            avg_latency_ms: self.latencies.mean().map(millis),
            p50_latency_ms: quantile(0.5),
            p95_latency_ms: quantile(0.95),
            p99_latency_ms: quantile(0.99),
            retries: self.retries,
            cache_hits: self.cache_hits,
            cache_misses: self.cache_misses,
            breaker_openings: self.breaker_openings,
            limiter_waits: self.limiter_waits,
            limiter_wait_ms: millis(self.limiter_wait_nanos as f64),
            errors: self.errors,
        }
    }
}
