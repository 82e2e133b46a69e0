//! Answers that are kept for a while, and fetched once however many ask.
//!
//! A [`ResponseCache`] is bounded by memory and shared by all calls of a flow, or of several. It
//! does no I/O and never sleeps: [`ResponseCache::begin`] says what to do, and whoever asked does
//! it.
//!
//! - [`Lookup::Hit`]: here is the answer. It costs no request and no place in a rate limit.
//! - [`Lookup::Lead`]: fetch it, and tell the [`Lead`] how that went.
//! - [`Lookup::Join`]: somebody fetches it just now; wait for the [`Flight`].
//!
//! What two calls have to have in common to be the same is the matter of [`CacheKey`]; which answers
//! may be kept, that of [`is_storable`]; how a stale one is asked about, that of [`validators`].
//!
//! An answer is the same however far its fetch was allowed to go, but a failure is not: a call that
//! waits 30 seconds must not fail because another gave up after one. So answers are shared by all who
//! have the key, and a flight only by those whose [`Bounds`] are the same, too. And what must not be
//! stored is for the one who asked, and for nobody else: those who joined then
//! [go on alone](FlightEnd::Withheld).
//!
//! Time is tokio's clock. An answer is kept with the instant at which it came, and each reader
//! compares its age with the reader's own time to live; no timer runs.
//!
//! # Examples
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use fsm_http::cache::{Bounds, CacheKey, Lookup, ResponseCache};
//! use fsm_http::{Call, MemoryTransport, Reply};
//! use http::Method;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = MemoryTransport::sequence([Reply::text("Ada"), Reply::text("Grace")]);
//! let call = Call::new(Method::GET, "http://example.com/users/7".parse()?);
//!
//! let cache = ResponseCache::default();
//! let users = cache.name("users");
//! let (key, bounds) = (CacheKey::of_request(&call, None), Bounds::of(&call));
//! let minute = Duration::from_secs(60);
//!
//! let Lookup::Lead(lead) = cache.begin(key, bounds, &users, minute, false) else { panic!("empty") };
//! lead.store(Arc::new(call.perform(&server).await?));
//!
//! let Lookup::Hit(answer) = cache.begin(key, bounds, &users, minute, false) else { panic!("kept") };
//! assert_eq!(*answer.value, "Ada");
//!
//! tokio::time::advance(minute).await;
//! assert!(matches!(cache.begin(key, bounds, &users, minute, false), Lookup::Lead(_)));
//! # Ok(())
//! # }
//! ```

mod bounds;
mod flight;
mod key;
mod name;
mod shelf;
mod validity;
mod weight;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

pub use bounds::Bounds;
pub use flight::{Flight, FlightEnd, Lead};
pub use key::CacheKey;
pub use name::CacheName;
pub use validity::{is_storable, validators};

use crate::call::Answer;
use shelf::{Found, Shelf};

/// The memory that a cache may take unless it is told otherwise.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Keeps answers for as long as they are good, and lets one fetch serve all who ask.
///
/// A clone is another handle on the same cache. The default holds 64 MiB.
#[derive(Clone)]
pub struct ResponseCache(Arc<Mutex<State>>);

/// Invariant: `flights` holds exactly the flights that have a [`Lead`] and were not replaced by a
/// later one for the same key and bounds. The lock is held for look-ups and never across an await.
struct State {
    shelf: Shelf,
    flights: HashMap<(CacheKey, Bounds), UnderWay>,
    names: HashMap<String, CacheName>,
    /// How often anything was cleared: the time by which names and entries are compared.
    clearings: u64,
    /// Only what began after so many clearings is kept at all.
    cleared: u64,
    begun_flights: u64,
}

struct UnderWay {
    number: u64,
    begun: u64,
    ends: watch::Receiver<Option<FlightEnd>>,
}

/// How long an answer is good for whoever asks, and whether it is of use after that.
#[derive(Clone, Copy, Debug)]
struct Terms {
    ttl: Duration,
    keep_stale: bool,
}

/// What whoever asks has to do.
#[derive(Debug)]
pub enum Lookup {
    /// Nothing: here is the answer.
    Hit(Arc<Answer>),
    /// Wait for somebody who fetches it just now.
    Join(Flight),
    /// Fetch it.
    Lead(Lead),
}

impl ResponseCache {
    /// A cache that holds at most `max_bytes`: the bodies, headers, and urls of its answers, and an
    /// estimate of what their values take. What was not used for longest makes room.
    pub fn new(max_bytes: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            shelf: Shelf::new(max_bytes),
            flights: HashMap::new(),
            names: HashMap::new(),
            clearings: 0,
            cleared: 0,
            begun_flights: 0,
        })))
    }

    /// The handle of an endpoint, by which its answers can be [cleared](Self::clear).
    pub fn name(&self, endpoint: &str) -> CacheName {
        let mut state = self.lock();
        if let Some(name) = state.names.get(endpoint) {
            return name.clone();
        }
        let name = CacheName::new(endpoint);
        state.names.insert(endpoint.to_owned(), name.clone());
        name
    }

    /// Asks for the answer that `key` stands for, if it is younger than `ttl`. If there is none, a
    /// fetch within the same `bounds` is joined, if one is under way.
    ///
    /// With `keep_stale` an answer that is older is kept on, to be asked about; see
    /// [`Lead::stale`].
    pub fn begin(
        &self,
        key: CacheKey,
        bounds: Bounds,
        name: &CacheName,
        ttl: Duration,
        keep_stale: bool,
    ) -> Lookup {
        let terms = Terms { ttl, keep_stale };
        let now = Instant::now();
        let mut state = self.lock();
        let stale = match state.shelf.find(key, name, terms, now) {
            Found::Fresh(answer) => return Lookup::Hit(answer),
            Found::Stale(answer) => Some(answer),
            Found::Nothing => None,
        };
        if let Some(flight) = state.flights.get(&(key, bounds))
            && flight.begun >= name.cleared().max(state.cleared)
        {
            return Lookup::Join(Flight(flight.ends.clone()));
        }
        state.begun_flights += 1;
        let (number, begun) = (state.begun_flights, state.clearings);
        let (ends, end) = watch::channel(None);
        state.flights.insert((key, bounds), UnderWay { number, begun, ends: end });
        drop(state);
        let (cache, name) = (self.clone(), name.clone());
        Lookup::Lead(Lead { cache, key, bounds, name, terms, begun, number, stale, ends })
    }

    /// Lets every later look-up of this endpoint miss, also where another endpoint keeps an answer
    /// to the same request, and also for what is being fetched just now.
    pub fn clear(&self, endpoint: &str) {
        let mut state = self.lock();
        let Some(name) = state.names.get(endpoint).cloned() else { return };
        state.clearings += 1;
        name.clear(state.clearings);
        state.shelf.remove_those_of(&name);
    }

    /// Lets every later look-up miss.
    pub fn clear_all(&self) {
        let mut state = self.lock();
        state.clearings += 1;
        state.cleared = state.clearings;
        let empty = Shelf::new(state.shelf.max_bytes());
        let full = std::mem::replace(&mut state.shelf, empty);
        drop(state);
        // Freeing thousands of answers takes time that others need not wait for.
        drop(full);
    }

    /// How many answers are kept, stale ones included.
    pub fn len(&self) -> usize {
        self.lock().shelf.len()
    }

    /// Is nothing kept?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much memory the answers take, by the estimate that keeps them within bounds.
    pub fn bytes(&self) -> u64 {
        self.lock().shelf.bytes()
    }

    fn put(&self, lead: &Lead, answer: Arc<Answer>) {
        let now = Instant::now();
        let mut state = self.lock();
        if lead.begun >= state.cleared && lead.begun >= lead.name.cleared() {
            state.shelf.put(lead.key, answer, &lead.name, lead.terms, lead.begun, now);
        }
    }

    fn remove(&self, key: CacheKey) {
        self.lock().shelf.remove(key);
    }

    /// Takes a flight off the list, unless a later one is in its place.
    fn leave(&self, key: CacheKey, bounds: Bounds, number: u64) {
        let mut state = self.lock();
        let place = (key, bounds);
        if state.flights.get(&place).is_some_and(|flight| flight.number == number) {
            state.flights.remove(&place);
        }
    }

    /// No step of the code under the lock can leave the state half-changed, so one whose holder
    /// panicked is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ResponseCache {
    fn default() -> Self {
        Self::new(MAX_BYTES)
    }
}

impl fmt::Debug for ResponseCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ResponseCache")
            .field("len", &state.shelf.len())
            .field("bytes", &state.shelf.bytes())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use serde_json::Value;

    use super::*;

    /// An answer with this body.
    pub(crate) fn answer(body: &str) -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            url: "http://a.test/".parse().expect("a url"),
            body: Bytes::copy_from_slice(body.as_bytes()),
            received: body.len() as u64,
            latency: Duration::ZERO,
            value: Arc::new(Value::String(body.to_owned())),
        }
    }
}
