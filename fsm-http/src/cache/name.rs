//! Who uses a cache: names that can be cleared one by one.
//!
//! Answers are shared between endpoints, so to clear a name is not to throw answers away: it is to
//! note that whatever was asked for before that moment is too old for this name. A counter of
//! clearings, kept by the cache, tells before from after without a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The handle of an endpoint on a cache. It is got from [`ResponseCache::name`] once and kept, so
/// that a call looks no name up.
///
/// [`ResponseCache::name`]: super::ResponseCache::name
#[derive(Clone, Debug)]
pub struct CacheName(Arc<Name>);

#[derive(Debug)]
struct Name {
    text: String,
    /// How many clearings there had been after this name's last one. Written and read under the
    /// lock of the cache, which orders both.
    cleared: AtomicU64,
}

impl CacheName {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Name { text: text.into(), cleared: AtomicU64::new(0) }))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Only what began after so many clearings is good for this name.
    pub(super) fn cleared(&self) -> u64 {
        self.0.cleared.load(Ordering::Relaxed)
    }

    pub(super) fn clear(&self, clearings: u64) {
        self.0.cleared.store(clearings, Ordering::Relaxed);
    }
}

impl PartialEq for CacheName {
    /// Names of one cache are the same handle; equal texts of two caches are two names.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
