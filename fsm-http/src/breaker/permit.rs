//! The right to send one call.

use std::fmt::Display;

use super::{CircuitBreaker, Verdict};
use crate::error::CallError;

/// The right to send one call, given by [`CircuitBreaker::permit`], and the duty to say how it
/// went.
///
/// A permit that is dropped without a verdict is that of a call that was given up: it changes
/// nothing, and if it was the one probe of a half-open breaker, the next call may probe. The verdict
/// on a call that was sent before the breaker opened, closed, or was reset comes too late and
/// changes nothing either.
#[derive(Debug)]
#[must_use = "a permit that is dropped counts as a call that was given up"]
pub struct Permit {
    /// Taken by a verdict, so that dropping what is left gives nothing back.
    breaker: Option<CircuitBreaker>,
    life: u64,
}

impl Permit {
    pub(super) fn new(breaker: CircuitBreaker, life: u64) -> Self {
        Self { breaker: Some(breaker), life }
    }

    /// The service is alive: it answered, be it with a refusal of this one request such as 404.
    ///
    /// Ends a row of failures; a probe closes the breaker.
    pub fn succeed(mut self) {
        if let Some(breaker) = self.breaker.take() {
            breaker.succeeded(self.life);
        }
    }

    /// The call failed in a way that speaks against the service. `why` is kept for the message of
    /// the calls that are refused, so it must hold no secret.
    ///
    /// Returns whether this failure opened the breaker, be it anew after a probe.
    pub fn fail(mut self, why: impl Display) -> bool {
        match self.breaker.take() {
            Some(breaker) => breaker.failed(self.life, &why),
            None => false,
        }
    }

    /// Says how an attempt ended, judged by [`Verdict::of`]. Returns whether it opened the breaker.
    pub fn settle<T>(self, end: Result<&T, &CallError>) -> bool {
        self.judge(end, Verdict::of)
    }

    pub(super) fn judge<T, E: Display>(
        self,
        end: Result<T, &E>,
        judge: impl FnOnce(&E) -> Verdict,
    ) -> bool {
        let Err(error) = end else {
            self.succeed();
            return false;
        };
        match judge(error) {
            Verdict::Alive => {
                self.succeed();
                false
            }
            Verdict::Failing => self.fail(error),
            // Dropped without a verdict.
            Verdict::Unknown => false,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(breaker) = self.breaker.take() {
            breaker.cancelled(self.life);
        }
    }
}
