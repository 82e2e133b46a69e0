//! What is counted of one endpoint: atomics that are only ever added to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::histogram::Histogram;
use crate::error::ErrorKind;

/// The counters of one endpoint.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) succeeded: Counter,
    pub(super) failed: Counter,
    pub(super) latencies: Histogram,
    pub(super) retries: Counter,
    pub(super) cache_hits: Counter,
    pub(super) cache_misses: Counter,
    pub(super) breaker_openings: Counter,
    pub(super) limiter_waits: Counter,
    pub(super) limiter_wait_nanos: Counter,
    kinds: [Counter; ErrorKind::ALL.len()],
    /// Errors by names of the user's own. Invariant: no count is 0.
    named: Mutex<BTreeMap<String, u64>>,
}

/// A number that grows.
#[derive(Debug)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(super) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            succeeded: Counter::new(),
            failed: Counter::new(),
            latencies: Histogram::new(),
            retries: Counter::new(),
            cache_hits: Counter::new(),
            cache_misses: Counter::new(),
            breaker_openings: Counter::new(),
            limiter_waits: Counter::new(),
            limiter_wait_nanos: Counter::new(),
            kinds: [const { Counter::new() }; ErrorKind::ALL.len()],
            named: Mutex::default(),
        }
    }

    pub(super) fn answered(&self, latency: Duration) {
        self.succeeded.add(1);
        self.latencies.record(latency);
    }

    pub(super) fn failed(&self, kind: ErrorKind, latency: Option<Duration>) {
        // Kinds are numbered as they are listed, which a test of `ErrorKind` holds.
        if let Some(count) = self.kinds.get(kind as usize) {
            count.add(1);
        }
        if let Some(latency) = latency {
            self.failed.add(1);
            self.latencies.record(latency);
        }
    }

    pub(super) fn cut(&self) {
        self.failed(ErrorKind::Cancelled, None);
        self.failed.add(1);
    }

    pub(super) fn failed_with(&self, error_type: &str) {
        self.failed.add(1);
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        match named.get_mut(error_type) {
            Some(count) => *count += 1,
            None => {
                named.insert(error_type.to_owned(), 1);
            }
        }
    }

    pub(super) fn waited(&self, wait: Duration) {
        self.limiter_waits.add(1);
        self.limiter_wait_nanos.add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The errors by name; a name of the user's own that is also a kind's is one with it.
    pub(super) fn errors(&self) -> BTreeMap<String, u64> {
        let mut errors = self.named.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (kind, count) in ErrorKind::ALL.iter().zip(&self.kinds) {
            let count = count.get();
            if count > 0 {
                *errors.entry(kind.as_str().to_owned()).or_default() += count;
            }
        }
        errors
    }

    pub(super) fn clear(&self) {
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
            kinds,
            named,
        } = self;
        let counters = [
            succeeded,
            failed,
            retries,
            cache_hits,
            cache_misses,
            breaker_openings,
            limiter_waits,
            limiter_wait_nanos,
        ];
        counters.into_iter().chain(kinds).for_each(Counter::clear);
        latencies.clear();
        named.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
