//! The circuit breaker: a service that keeps failing is left alone for a while.
//!
//! A breaker is **closed** while calls go out. After `threshold` failures in a row it **opens**:
//! calls are refused at once, so that nobody waits for a service that is down, and the service is
//! not kept down by those who wait. After `timeout` it is **half-open**: exactly one call goes out
//! as a probe, all others are refused meanwhile. If the probe finds the service alive the breaker
//! closes, if it fails the breaker opens anew, and if it is cancelled the next call probes.
//!
//! A breaker decides and never waits. Around a call it is asked twice: [`CircuitBreaker::check`]
//! before anything else is spent on the call (a token, a place in the queue of a rate limit), and
//! [`CircuitBreaker::permit`] right before the call is sent, since the state may have changed in
//! between. The [`Permit`] takes the verdict. [`CircuitBreaker::call`] does all this around any
//! future.
//!
//! Every attempt counts, a retry as much as a first one. What counts as a failure of the service is
//! said by [`Verdict::of`]: an answer such as 404 shows that it is alive.
//!
//! # Examples
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::time::Duration;
//! use fsm_http::breaker::{BreakerError, CircuitBreaker};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let threshold = NonZeroU32::new(2).expect("two is not zero");
//! let breaker = CircuitBreaker::new(threshold, Duration::from_secs(30));
//! for _ in 0..2 {
//!     let failed = breaker.call(async { Err::<(), _>("the connection was refused") }).await;
//!     assert_eq!(failed, Err(BreakerError::Failed("the connection was refused")));
//! }
//! let refused = breaker.call(async { Ok::<_, &str>("never begun") }).await;
//! assert!(matches!(refused, Err(BreakerError::Open(_))));
//!
//! tokio::time::sleep(Duration::from_secs(30)).await;
//! assert_eq!(breaker.call(async { Ok::<_, &str>("back again") }).await, Ok("back again"));
//! # }
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `machine` | states, events, and what they lead to: pure |
//! | `life` | the same as a table, and its drawing |
//! | `summary` | the state in one word, for calls that go well |
//! | `permit` | the right to send one call |
//! | `verdict` | which errors speak against the service |
//! | `registry` | breakers by the names of flow and endpoint |
//! | `error` | what a refused call gets |
//! | `proof` | every order of calls and verdicts, explored (in tests) |

mod error;
mod life;
mod machine;
mod permit;
#[cfg(test)]
mod proof;
mod registry;
mod summary;
#[cfg(test)]
mod tests;
mod verdict;

use std::fmt::{self, Display};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub use error::{BreakerError, CircuitOpen};
pub use life::to_dot;
use machine::{Command, Event, Machine, Refusal, State};
pub use permit::Permit;
pub use registry::Breakers;
use summary::Summary;
pub use verdict::Verdict;

/// A circuit breaker. Clones share one state.
///
/// A call that goes well through a closed breaker takes no lock and reads no clock.
#[derive(Clone)]
pub struct CircuitBreaker(Arc<Shared>);

/// The state of a breaker, as [`CircuitBreaker::state`] reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go out.
    Closed {
        /// How many failed in a row; less than the threshold.
        failures: u32,
    },
    /// Calls are refused.
    Open {
        /// From this moment on one call may try whether the service is back.
        probes_at: Instant,
    },
    /// The timeout is over: one call tries whether the service is back, all others are refused.
    HalfOpen {
        /// Whether that call is under way.
        probing: bool,
    },
}

struct Shared {
    threshold: NonZeroU32,
    timeout: Duration,
    /// What a call needs to know that goes well: see [`Summary`]. Written under the lock, after
    /// every event; a reader who comes a moment too early acts as one who called a moment earlier.
    summary: AtomicU64,
    /// Invariant: `summary` tells of this machine, and `last_error` of the last failure that it
    /// counted.
    inner: Mutex<Inner>,
}

struct Inner {
    machine: Machine,
    last_error: Option<Arc<str>>,
}

impl CircuitBreaker {
    /// A closed breaker that opens after `threshold` failures in a row and lets one call probe
    /// after `timeout`.
    pub fn new(threshold: NonZeroU32, timeout: Duration) -> Self {
        let machine = Machine::new(threshold, timeout);
        let summary = AtomicU64::new(Summary::of(&machine).word());
        let inner = Mutex::new(Inner { machine, last_error: None });
        Self(Arc::new(Shared { threshold, timeout, summary, inner }))
    }

    /// The present state. An open breaker whose timeout is over reads as half-open.
    pub fn state(&self) -> BreakerState {
        let inner = self.lock();
        match inner.machine.state() {
            State::Closed => BreakerState::Closed { failures: inner.machine.failures() },
            State::Open { probes_at } if Instant::now() < probes_at => {
                BreakerState::Open { probes_at }
            }
            State::Open { .. } => BreakerState::HalfOpen { probing: false },
            State::HalfOpen { probing } => BreakerState::HalfOpen { probing },
        }
    }

    /// How often the breaker opened, also anew after a probe that failed.
    pub fn openings(&self) -> u64 {
        self.lock().machine.openings()
    }

    /// Would a call go out now? Takes nothing: between this and [`permit`](Self::permit) the answer
    /// may change.
    ///
    /// # Errors
    /// [`CircuitOpen`] if the breaker is open, or half-open with a probe under way.
    pub fn check(&self) -> Result<(), CircuitOpen> {
        if !self.summary().is_barred() {
            return Ok(());
        }
        let inner = self.lock();
        match inner.machine.state().refusal(Instant::now()) {
            Some(refusal) => Err(inner.circuit_open(refusal)),
            None => Ok(()),
        }
    }

    /// Asks to send one call, right before it is sent. Of a half-open breaker one call at a time
    /// holds the permit, as the probe.
    ///
    /// # Errors
    /// [`CircuitOpen`] if the breaker is open, or half-open with a probe under way.
    pub fn permit(&self) -> Result<Permit, CircuitOpen> {
        let summary = self.summary();
        if !summary.is_barred() {
            return Ok(Permit::new(self.clone(), summary.life()));
        }
        let mut inner = self.lock();
        match self.tell(&mut inner, Event::Ask { now: Instant::now() }) {
            Command::Allow { life } => Ok(Permit::new(self.clone(), life)),
            Command::Refuse(refusal) => Err(inner.circuit_open(refusal)),
            // Asking is always answered with one of the two above; if it were not, refusing is safe.
            Command::Record | Command::Close | Command::Open | Command::Ignore => {
                Err(inner.circuit_open(Refusal::Probing))
            }
        }
    }

    /// Does `work` unless the breaker refuses it; every error counts as a failure of the service.
    ///
    /// The message of an error is kept for the calls that are refused, so it must hold no secret.
    ///
    /// # Errors
    /// [`BreakerError::Open`] if the breaker refuses the call, without polling `work`;
    /// [`BreakerError::Failed`] with the error of `work`.
    ///
    /// # Cancel safety
    /// A call that is dropped counts neither as a success nor as a failure; if it was the probe, the
    /// next call probes. The same holds if `work` panics.
    pub async fn call<T, E: Display>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, BreakerError<E>> {
        self.call_judging(work, |_| Verdict::Failing).await
    }

    /// Does `work` as [`call`](Self::call) does, and lets `judge` say what an error tells about the
    /// service: after [`Verdict::Alive`] the call counts as a success, after [`Verdict::Unknown`] as
    /// one that never was. For calls of this crate `judge` is [`Verdict::of`].
    ///
    /// # Errors
    /// Those of [`call`](Self::call).
    ///
    /// # Cancel safety
    /// That of [`call`](Self::call).
    pub async fn call_judging<T, E: Display>(
        &self,
        work: impl Future<Output = Result<T, E>>,
        judge: impl FnOnce(&E) -> Verdict,
    ) -> Result<T, BreakerError<E>> {
        let permit = self.permit()?;
        let end = work.await;
        permit.judge(end.as_ref(), judge);
        end.map_err(BreakerError::Failed)
    }

    /// Closes the breaker and forgets its failures. What calls that are under way will say is
    /// ignored; [`openings`](Self::openings) stays.
    pub fn reset(&self) {
        let mut inner = self.lock();
        self.tell(&mut inner, Event::Reset);
        inner.last_error = None;
    }

    fn is_set_to(&self, threshold: NonZeroU32, timeout: Duration) -> bool {
        self.0.threshold == threshold && self.0.timeout == timeout
    }

    fn succeeded(&self, life: u64) {
        if self.summary().is_flawless_in(life) {
            return;
        }
        self.tell(&mut self.lock(), Event::Success { life });
    }

    fn failed(&self, life: u64, why: &impl Display) -> bool {
        // Foreign code writes the message, so it is written before the lock is taken.
        let why = Arc::from(why.to_string());
        let mut inner = self.lock();
        match self.tell(&mut inner, Event::Failure { life, now: Instant::now() }) {
            command @ (Command::Record | Command::Open) => {
                inner.last_error = Some(why);
                command == Command::Open
            }
            Command::Allow { .. } | Command::Refuse(_) | Command::Close | Command::Ignore => false,
        }
    }

    fn cancelled(&self, life: u64) {
        if self.summary().is_flawless_in(life) {
            return;
        }
        self.tell(&mut self.lock(), Event::Cancel { life });
    }

    fn tell(&self, inner: &mut Inner, event: Event) -> Command {
        let command = inner.machine.handle(event);
        self.0.summary.store(Summary::of(&inner.machine).word(), Ordering::Release);
        command
    }

    fn summary(&self) -> Summary {
        Summary::from_word(self.0.summary.load(Ordering::Acquire))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that runs under the lock leaves the machine between two states.
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn circuit_open(&self, refusal: Refusal) -> CircuitOpen {
        CircuitOpen {
            failures: self.machine.failures(),
            probes_in: match refusal {
                Refusal::Waiting(wait) => Some(wait),
                Refusal::Probing => None,
            },
            last_error: self.last_error.clone(),
        }
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("threshold", &self.0.threshold)
            .field("timeout", &self.0.timeout)
            .field("state", &self.state())
            .finish()
    }
}
