//! One fetch for all who ask at the same time.
//!
//! Whoever finds nothing in the cache leads a flight and fetches the answer; whoever asks meanwhile
//! joins it, if both allow the fetch the [same](Bounds). A [`Lead`] that is dropped lands the flight, too: those who joined are told to ask
//! again, and the first of them leads.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::name::CacheName;
use super::{Bounds, CacheKey, ResponseCache, Terms};
use crate::call::Answer;
use crate::error::CallError;

/// A fetch that somebody else makes just now.
#[derive(Debug)]
pub struct Flight(pub(super) watch::Receiver<Option<FlightEnd>>);

/// How a flight ended, for those who joined it.
#[derive(Clone, Debug)]
pub enum FlightEnd {
    /// Here is the answer.
    Answered(Arc<Answer>),
    /// An answer came that must not be [stored](super::is_storable), so it is for the leader alone.
    /// Go on without a flight: whoever waited for another one now would wait in vain once more.
    Withheld,
    /// The fetch failed. Each who joined follows its own retry policy with the error.
    Failed(CallError),
    /// The leader has to wait for a rate limit. Ask again at that time.
    Postponed(Instant),
    /// The leader was dropped. Ask again now.
    GivenUp,
}

impl Flight {
    /// Waits until the flight has ended.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the flight and changes nothing for others.
    pub async fn end(mut self) -> FlightEnd {
        match self.0.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(FlightEnd::GivenUp),
            // The leader is gone and has left no word.
            Err(_) => FlightEnd::GivenUp,
        }
    }
}

/// The duty to fetch an answer, for all who ask for it until then.
///
/// Dropping it gives the flight up: those who joined ask again.
#[derive(Debug)]
#[must_use = "others wait for the end of the flight"]
pub struct Lead {
    pub(super) cache: ResponseCache,
    pub(super) key: CacheKey,
    pub(super) bounds: Bounds,
    pub(super) name: CacheName,
    pub(super) terms: Terms,
    /// How many clearings there had been when the flight began.
    pub(super) begun: u64,
    /// Tells this flight from an earlier one for the same key and bounds that is still under way.
    pub(super) number: u64,
    pub(super) stale: Option<Arc<Answer>>,
    pub(super) ends: watch::Sender<Option<FlightEnd>>,
}

impl Lead {
    /// The answer that was kept and is too old, for a request that asks only whether it changed;
    /// see [`validators`](super::validators). Present only where stale answers are kept.
    pub fn stale(&self) -> Option<&Arc<Answer>> {
        self.stale.as_ref()
    }

    /// Keeps the answer and gives it to those who joined.
    ///
    /// It is not kept where the name or the whole cache was cleared since the flight began, or where
    /// it is larger than the cache.
    pub fn store(self, answer: Arc<Answer>) {
        self.cache.put(&self, answer.clone());
        self.land(FlightEnd::Answered(answer));
    }

    /// Keeps nothing and gives nothing to those who joined: for answers that must not be
    /// [stored](super::is_storable). The stale one is dropped.
    pub fn withhold(self) {
        if self.stale.is_some() {
            self.cache.remove(self.key);
        }
        self.land(FlightEnd::Withheld);
    }

    /// The server says that the stale answer is still the present one (304): it is fresh again, and
    /// those who joined get it.
    ///
    /// # Panics
    /// If there is no [stale](Self::stale) answer: then nothing was asked that 304 could answer.
    pub fn refresh(self) -> Arc<Answer> {
        let answer = self.stale.clone().expect("only a stale answer can be refreshed");
        self.store(answer.clone());
        answer
    }

    /// Tells those who joined that the fetch failed. A stale answer stays for the next attempt.
    pub fn fail(self, error: &CallError) {
        self.land(FlightEnd::Failed(error.clone()));
    }

    /// Tells those who joined that nothing can be sent before `at`.
    pub fn postpone(self, at: Instant) {
        self.land(FlightEnd::Postponed(at));
    }

    /// The flight is taken off the list first: who asks now finds what is kept, or leads.
    fn land(self, end: FlightEnd) {
        self.cache.leave(self.key, self.bounds, self.number);
        // Nobody may have joined.
        let _ = self.ends.send(Some(end));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // After `land` this finds nothing.
        self.cache.leave(self.key, self.bounds, self.number);
    }
}
