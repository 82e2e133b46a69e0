//! Rates that all must allow, and one queue before them.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::claim::Claim;
use super::error::LimitError;
use super::rate::Rate;
use super::sleepers::Woken;
use super::state::{Asking, State};
use super::status::LimitStatus;

/// Rates that all must allow a grant, with one queue: first come, first served.
///
/// A handle: clones stand for the same bucket.
///
/// # Examples
///
/// Three a second, and five in ten seconds:
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
///
/// use fsm_http::limit::{Bucket, Rate};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let three = Rate::new(NonZeroU32::new(3).ok_or("zero")?, Duration::from_secs(1));
/// let five = Rate::new(NonZeroU32::new(5).ok_or("zero")?, Duration::from_secs(10));
/// let bucket = Bucket::new([three, five]);
///
/// let start = tokio::time::Instant::now();
/// for _ in 0..6 {
///     bucket.acquire(NonZeroU32::MIN).await?;
/// }
/// assert_eq!(start.elapsed(), Duration::from_secs(10));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Bucket(Arc<Shared>);

struct Shared {
    rates: Box<[Rate]>,
    /// The greatest weight that fits all rates; `None` without rates.
    heaviest: Option<NonZeroU32>,
    /// A server has asked for something, once.
    is_wished: AtomicBool,
    /// Invariant: what the history says was granted when it says; whoever has a place in the line
    /// is a living claim; the first sleeper is awake or has a timer. Never held across an await,
    /// and no foreign code runs under it.
    state: Mutex<State>,
}

impl Bucket {
    /// A bucket that grants what all `rates` allow.
    ///
    /// Without rates it never limits by itself, but a server can [hold](Bucket::hold) it.
    #[must_use]
    pub fn new(rates: impl IntoIterator<Item = Rate>) -> Self {
        let rates: Box<[Rate]> = rates.into_iter().collect();
        let heaviest = rates.iter().map(Rate::heaviest).min();
        let state = Mutex::new(State::new(&rates));
        let is_wished = AtomicBool::new(false);
        Bucket(Arc::new(Shared { rates, heaviest, is_wished, state }))
    }

    /// The rates, as they were given.
    #[must_use]
    pub fn rates(&self) -> &[Rate] {
        &self.0.rates
    }

    /// Waits until `weight` units are granted, behind all that wait already.
    ///
    /// The units are used up at the instant at which this returns.
    ///
    /// # Errors
    ///
    /// [`LimitError::TooHeavy`], at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives its place back; nothing is used up. A future that is neither
    /// polled nor dropped keeps its place, and who waits behind it waits for it.
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a tokio runtime whose timers are enabled.
    pub async fn acquire(&self, weight: NonZeroU32) -> Result<(), LimitError> {
        self.check(weight)?;
        let mut claim = Claim::new(std::slice::from_ref(self), weight.get());
        // Without a deadline it is never too late.
        claim.wait(None, None).await.map_err(|at| LimitError::NotNow { at })
    }

    /// Waits as [`acquire`](Bucket::acquire) does, but no longer than `timeout`. What is granted
    /// after exactly that time is granted.
    ///
    /// # Errors
    ///
    /// [`LimitError::TooHeavy`], at once. [`LimitError::Timeout`] as soon as it is clear that the
    /// wait is longer: most often at once, else at the latest about a millisecond after `timeout`.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Bucket::acquire).
    ///
    /// # Panics
    ///
    /// As [`acquire`](Bucket::acquire).
    pub async fn acquire_within(
        &self,
        weight: NonZeroU32,
        timeout: Duration,
    ) -> Result<(), LimitError> {
        self.check(weight)?;
        let mut claim = Claim::new(std::slice::from_ref(self), weight.get());
        // A deadline that no clock can tell is none.
        let deadline = Instant::now().checked_add(timeout);
        claim.wait(None, deadline).await.map_err(|at| LimitError::Timeout { timeout, at })
    }

    /// Takes `weight` units if they are granted now and nobody waits.
    ///
    /// # Errors
    ///
    /// [`LimitError::TooHeavy`], or [`LimitError::NotNow`] with the point in time before which
    /// asking again is of no use.
    pub fn try_acquire(&self, weight: NonZeroU32) -> Result<(), LimitError> {
        self.check(weight)?;
        let mut state = self.lock();
        let now = state.epoch.nanos(Instant::now());
        let asking = Asking { place: None, weight: weight.get(), sleeps: false };
        let opening = state.opening(asking, now);
        if !opening.is_open || state.is_anyone_waiting() {
            return Err(LimitError::NotNow { at: state.epoch.instant(opening.at) });
        }
        // Nobody waits, so nobody is woken.
        state.grant(asking, None, now, &mut Woken::default());
        Ok(())
    }

    /// How the bucket stands now.
    #[must_use]
    pub fn status(&self) -> LimitStatus {
        let mut state = self.lock();
        let now = state.epoch.nanos(Instant::now());
        state.status(now)
    }

    /// A server said: nothing before this point in time (`Retry-After`).
    ///
    /// It only ever extends; a point in time that is past changes nothing.
    pub fn hold(&self, until: Instant) {
        self.0.is_wished.store(true, Ordering::Release);
        let mut state = self.lock();
        let until = state.epoch.nanos(until);
        state.hold(until);
    }

    /// A server said: `remaining` units until this point in time (`RateLimit`, `X-RateLimit-*`).
    ///
    /// A figure that is lower than what the bucket would let through is believed: each grant lowers
    /// it, at 0 nothing is granted, a lower figure takes its place, and at `until` it is forgotten.
    /// A figure that is not lower changes nothing.
    pub fn believe(&self, remaining: u64, until: Instant) {
        self.0.is_wished.store(true, Ordering::Release);
        let mut woken = Woken::default();
        let mut state = self.lock();
        let now = state.epoch.nanos(Instant::now());
        let until = state.epoch.nanos(until);
        state.believe(remaining, until, now, &mut woken);
        drop(state);
        woken.ring();
    }

    /// Never limited anybody so far: it has no rates, and no server has asked for anything.
    pub(crate) fn is_free(&self) -> bool {
        self.0.rates.is_empty() && !self.0.is_wished.load(Ordering::Acquire)
    }

    /// Refuses what never fits.
    pub(super) fn check(&self, weight: NonZeroU32) -> Result<(), LimitError> {
        match self.0.heaviest {
            Some(limit) if weight > limit => Err(LimitError::TooHeavy { weight, limit }),
            Some(_) | None => Ok(()),
        }
    }

    /// Something that was granted is called off: who sleeps may be served earlier.
    pub(super) fn look_again(&self) {
        if self.0.rates.is_empty() {
            return;
        }
        let mut woken = Woken::default();
        self.lock().look_again(&mut woken);
        woken.ring();
    }

    /// Orders buckets, and is the same for all handles of one.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Nothing in here panics between two changes that belong together, so a poisoned lock is as
    /// good as another.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bucket").field("rates", &self.0.rates).finish_non_exhaustive()
    }
}
