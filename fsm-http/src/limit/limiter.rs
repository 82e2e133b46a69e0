//! Names with a bucket each.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;

use super::bucket::Bucket;
use super::error::LimitError;
use super::rate::Rate;
use super::status::LimitStatus;

/// A limiter by name, for use without a flow.
///
/// Each name has a bucket of its own, so names never wait for each other. A name without rates of
/// its own gets the default ones when it is first used. Buckets are kept as long as the limiter, so
/// names should be those of services and not of requests.
///
/// A handle: clones stand for the same limiter.
///
/// # Examples
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
///
/// use fsm_http::limit::{Rate, RateLimiter};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let a_minute = |limit| {
///     NonZeroU32::new(limit).map(|limit| Rate::new(limit, Duration::from_secs(60)))
/// };
/// let limiter = RateLimiter::new(a_minute(100)).category("limited_api", a_minute(10));
///
/// limiter.acquire("limited_api").await?;
/// assert_eq!(limiter.status("limited_api").remaining, Some(9));
/// assert_eq!(limiter.status("another").remaining, Some(100));
///
/// let ten = NonZeroU32::new(10).ok_or("zero")?;
/// assert!(limiter.try_acquire("limited_api", ten).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RateLimiter {
    default_rates: Arc<[Rate]>,
    buckets: Arc<DashMap<Box<str>, Bucket>>,
}

impl RateLimiter {
    /// A limiter in which every name has these rates; without any, names are not limited.
    #[must_use]
    pub fn new(default_rates: impl IntoIterator<Item = Rate>) -> Self {
        RateLimiter { default_rates: default_rates.into_iter().collect(), buckets: Arc::default() }
    }

    /// Gives a name rates of its own, which all must allow.
    ///
    /// The name gets a new bucket. Who waits at a former one goes on waiting there, so this belongs
    /// to the setting up.
    #[must_use]
    pub fn category(self, name: &str, rates: impl IntoIterator<Item = Rate>) -> Self {
        self.buckets.insert(name.into(), Bucket::new(rates));
        self
    }

    /// The bucket of a name.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Bucket {
        if let Some(bucket) = self.buckets.get(name) {
            return bucket.clone();
        }
        let default = || Bucket::new(self.default_rates.iter().copied());
        self.buckets.entry(name.into()).or_insert_with(default).clone()
    }

    /// Waits for one unit; see [`Bucket::acquire`].
    ///
    /// # Errors
    ///
    /// None: a weight of 1 always fits.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives its place back; nothing is used up.
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a tokio runtime whose timers are enabled; so do all that wait.
    pub async fn acquire(&self, name: &str) -> Result<(), LimitError> {
        self.acquire_weighted(name, NonZeroU32::MIN).await
    }

    /// Waits for `weight` units; see [`Bucket::acquire`].
    ///
    /// # Errors
    ///
    /// [`LimitError::TooHeavy`], at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives its place back; nothing is used up.
    pub async fn acquire_weighted(&self, name: &str, weight: NonZeroU32) -> Result<(), LimitError> {
        self.bucket(name).acquire(weight).await
    }

    /// Waits for `weight` units, but no longer than `timeout`; see [`Bucket::acquire_within`].
    ///
    /// # Errors
    ///
    /// [`LimitError::TooHeavy`], at once; [`LimitError::Timeout`] as soon as that is clear.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives its place back; nothing is used up.
    pub async fn acquire_within(
        &self,
        name: &str,
        weight: NonZeroU32,
        timeout: Duration,
    ) -> Result<(), LimitError> {
        self.bucket(name).acquire_within(weight, timeout).await
    }

    /// Takes `weight` units if that is possible now; see [`Bucket::try_acquire`].
    ///
    /// # Errors
    ///
    /// [`LimitError::TooHeavy`] or [`LimitError::NotNow`].
    pub fn try_acquire(&self, name: &str, weight: NonZeroU32) -> Result<(), LimitError> {
        self.bucket(name).try_acquire(weight)
    }

    /// How a name stands; see [`Bucket::status`].
    #[must_use]
    pub fn status(&self, name: &str) -> LimitStatus {
        self.bucket(name).status()
    }
}
