//! All that stands around the calls of one endpoint, in one order.
//!
//! A [`Caller`] makes one attempt at a call at a time: it looks into the cache, asks the circuit
//! breaker, gets credentials, takes its turn at the rate limits, sends, and tells all of them what
//! came of it. It decides and never sleeps: an attempt that has to wait for a rate limit ends as
//! [`End::Postponed`] with the instant at which to ask again, and the [`Ongoing`] call keeps its
//! place in the queue meanwhile. So a machine can hold the wait in its snapshot, as a timer, and the
//! call takes no room among those under way. Whoever has no machine uses [`Caller::call`], which
//! waits by itself.
//!
//! When the instant has come, everything is asked again in the same order: the cache may have an
//! answer by then, and the circuit may have opened.
//!
//! | asks | before | and afterwards |
//! |---|---|---|
//! | cache | is there an answer, or somebody who fetches it? | keeps it, and hands it to those who wait |
//! | breaker | may a call go out? | counts failures in a row |
//! | authority | credentials | renews them once after a 401 |
//! | buckets | is it our turn, in every one? | count from when the request left, if it did; believe what the server says of its quota |
//!
//! ```
//! use std::{num::NonZeroU32, sync::Arc, time::Duration};
//! use fsm_http::{Call, MemoryTransport, Reply, breaker::CircuitBreaker, caller::Caller};
//! use fsm_http::limit::{Bucket, Rate};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = MemoryTransport::replying(|_| Reply::text("pong"));
//! let two = NonZeroU32::new(2).expect("not zero");
//! let caller = Caller::new("ping", Arc::new(server))
//!     .bucket(Bucket::new([Rate::new(two, Duration::from_secs(1))]))
//!     .breaker(CircuitBreaker::new(two, Duration::from_secs(30)));
//!
//! let began = tokio::time::Instant::now();
//! for _ in 0..3 {
//!     let call = Call::new(http::Method::GET, "http://example.com/ping".parse()?);
//!     assert_eq!(*caller.call(&call).await?.value, "pong");
//! }
//! assert!(began.elapsed() >= Duration::from_secs(1), "the third had to wait");
//! # Ok(())
//! # }
//! ```

mod attempt;
mod ongoing;
mod send;

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::auth::Authority;
use crate::breaker::CircuitBreaker;
use crate::cache::{CacheKey, CacheName, ResponseCache};
use crate::call::{Answer, Call};
use crate::error::CallError;
use crate::limit::{Bucket, LimitStatus};
use crate::metrics::Recorder;
use crate::observe::RequestLog;
use crate::secret::Secrets;
use crate::transport::Transport;

pub use ongoing::{Ongoing, Traffic};

/// Makes the calls of one endpoint. Cheap to clone; the clones share everything.
#[derive(Clone)]
pub struct Caller {
    name: Arc<str>,
    transport: Arc<dyn Transport>,
    authority: Option<Authority>,
    identity: Option<[u8; 32]>,
    /// In the order in which they are asked: its own, its resource's, the one for all.
    buckets: Arc<[Bucket]>,
    /// How many of them, from the first, a server's word holds for.
    driven: usize,
    /// One of them has rates, so that it matters when a request leaves.
    is_limited: bool,
    weight: NonZeroU32,
    max_wait: Option<Duration>,
    breaker: Option<CircuitBreaker>,
    caching: Option<Caching>,
    recorder: Option<Recorder>,
    log: Option<RequestLog>,
    secrets: Secrets,
}

/// Which answers are kept, and for how long.
#[derive(Clone)]
struct Caching {
    cache: ResponseCache,
    name: CacheName,
    ttl: Duration,
    revalidate: bool,
}

/// What came of one attempt.
#[derive(Debug)]
pub enum End {
    /// An answer, and where it came from.
    Answered(Arc<Answer>, Origin),
    /// None, or one that is no success.
    Failed(CallError),
    /// Nothing was sent: to be asked again at this instant, with the same [`Ongoing`].
    Postponed(Instant),
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the server.
    Server,
    /// From the cache, or from a call that was under way already.
    Cache,
    /// From the cache, after the server said that it is still good (304).
    Revalidated,
}

impl Caller {
    /// A caller that sends over `transport` and asks nobody else.
    pub fn new(name: impl Into<Arc<str>>, transport: Arc<dyn Transport>) -> Self {
        Self {
            name: name.into(),
            transport,
            authority: None,
            identity: None,
            buckets: Arc::default(),
            driven: 0,
            is_limited: false,
            weight: NonZeroU32::MIN,
            max_wait: None,
            breaker: None,
            caching: None,
            recorder: None,
            log: None,
            secrets: Secrets::default(),
        }
    }

    /// Adds a rate limit, asked after those that were added before. What the server says of its
    /// quota (`Retry-After`, `RateLimit`) is believed in it.
    #[must_use]
    pub fn bucket(mut self, bucket: Bucket) -> Self {
        self.is_limited |= !bucket.rates().is_empty();
        let mut buckets = self.buckets.to_vec();
        buckets.insert(self.driven, bucket);
        self.buckets = buckets.into();
        self.driven += 1;
        self
    }

    /// Adds a rate limit that is shared with other servers, asked last: no server's word holds for
    /// it.
    #[must_use]
    pub fn global_bucket(mut self, bucket: Bucket) -> Self {
        self.is_limited |= !bucket.rates().is_empty();
        self.buckets = self.buckets.iter().cloned().chain([bucket]).collect();
        self
    }

    /// How many units of every limit one request takes; default 1.
    #[must_use]
    pub fn weight(mut self, weight: NonZeroU32) -> Self {
        self.weight = weight;
        self
    }

    /// The longest wait that a server may ask for; beyond it a call ends as `rate_limited` instead
    /// of waiting. Default: no limit.
    #[must_use]
    pub fn max_wait(mut self, longest: Option<Duration>) -> Self {
        self.max_wait = longest;
        self
    }

    /// Sends nothing while the circuit is open.
    #[must_use]
    pub fn breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Authorises every request.
    #[must_use]
    pub fn authority(mut self, authority: Authority) -> Self {
        self.secrets.merge(&authority.secrets());
        self.identity = Some(authority.identity());
        self.authority = Some(authority);
        self
    }

    /// Who we are, for the cache: answers for one identity are not given to another. Default: that of
    /// the authority.
    #[must_use]
    pub fn identity(mut self, identity: Option<[u8; 32]>) -> Self {
        self.identity = identity;
        self
    }

    /// Keeps answers for `ttl`. With `revalidate`, one that is older is asked for with `ETag` and
    /// `Last-Modified`, so that the server need not send it again.
    #[must_use]
    pub fn cache(mut self, cache: &ResponseCache, ttl: Duration, revalidate: bool) -> Self {
        let name = cache.name(&self.name);
        self.caching = Some(Caching { cache: cache.clone(), name, ttl, revalidate });
        self
    }

    /// Counts what happens.
    #[must_use]
    pub fn recorder(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Logs requests, answers, or both.
    #[must_use]
    pub fn log(mut self, requests: bool, responses: bool) -> Self {
        let endpoint = self.name.clone();
        self.log = (requests || responses).then_some(RequestLog { requests, responses, endpoint });
        self
    }

    /// Takes these secrets out of everything that is logged or said of a call.
    #[must_use]
    pub fn secrets(self, secrets: &Secrets) -> Self {
        self.secrets.merge(secrets);
        self
    }

    /// Takes every secret that the caller knows out of `text`.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.scrub(text)
    }

    /// The name in metrics and logs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it stands at each of its rate limits, in the order in which they are asked.
    pub fn rate_limits(&self) -> Vec<LimitStatus> {
        self.buckets.iter().map(Bucket::status).collect()
    }

    /// The circuit breaker, if there is one.
    pub fn circuit_breaker(&self) -> Option<&CircuitBreaker> {
        self.breaker.as_ref()
    }

    /// Whether answers are kept.
    pub fn caches(&self) -> bool {
        self.caching.is_some()
    }

    /// The cache key of a request: the request itself, and who we are.
    pub fn key_of(&self, call: &Call) -> CacheKey {
        CacheKey::of_request(call, self.identity.as_ref())
    }

    /// The cache key for a text of the caller's choice, within `scope`, and who we are.
    pub fn key_of_text(&self, scope: &str, text: &str) -> CacheKey {
        CacheKey::of_text(scope, text, self.identity.as_ref())
    }

    /// Makes one attempt, after whatever wait the rate limits ask for. With a cache, answers to GET
    /// and HEAD are kept.
    ///
    /// # Errors
    /// As [`Call::perform`]; also `circuit_open`, `auth`, and `rate_limited`.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue, or what is under way.
    pub async fn call(&self, call: &Call) -> Result<Arc<Answer>, CallError> {
        let is_read = matches!(call.method, http::Method::GET | http::Method::HEAD);
        // What a form with files sends is known only when they are read.
        let is_known = call.body.is_at_hand();
        let is_kept = self.caches() && is_read && is_known && call.save_to.is_none();
        let key = is_kept.then(|| self.key_of(call));
        let mut ongoing = Ongoing::default();
        loop {
            match self.attempt(&mut call.clone(), key, &mut ongoing, 1).await {
                End::Answered(answer, _) => return Ok(answer),
                End::Failed(error) => return Err(error),
                End::Postponed(at) => match &mut ongoing.turn {
                    Some(turn) => turn.wait().await,
                    None => tokio::time::sleep_until(at).await,
                },
            }
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("name", &self.name).finish_non_exhaustive()
    }
}
