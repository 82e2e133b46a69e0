//! The retry policy of an activity state: part of the graph, counted by the kernel.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often, and how long apart, a failed activity is started again.
///
/// The wait before further attempt `n` (from 0) is `delay * 2^n * U`, where `U` lies in
/// `[0.5, 1]` and is derived from the run's seed, the state, and the attempt, so that a replay
/// waits the same; it is capped by `max_delay`. A lower bound that the failure brought along
/// (Retry-After) is never shortened.
///
/// ```
/// use std::time::Duration;
/// use fsm_core::RetryPolicy;
///
/// let policy = RetryPolicy::new(3).delay(Duration::from_millis(100));
/// let wait = policy.wait(7, 0, 0, None);
/// assert!(wait >= Duration::from_millis(50) && wait <= Duration::from_millis(100));
/// assert_eq!(policy.wait(7, 0, 0, Some(Duration::from_secs(9))), Duration::from_secs(9));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Further attempts after the first.
    pub count: u32,
    /// The first wait, before jitter; default 1 s.
    pub delay: Duration,
    /// The longest wait of our own making; default 60 s.
    pub max_delay: Duration,
    /// The longest wait that is put up with (inclusive): a failure that asks for more is final,
    /// and no wait of our own making is longer. Default: no limit.
    pub max_wait: Option<Duration>,
}

impl RetryPolicy {
    /// Up to `count` further attempts, 1 s apart at first and 60 s at most.
    pub const fn new(count: u32) -> Self {
        Self {
            count,
            delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
            max_wait: None,
        }
    }

    /// Sets the first wait.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets the longest wait of our own making.
    #[must_use]
    pub const fn max_delay(mut self, max_delay: Duration) -> Self {
        self.max_delay = max_delay;
        self
    }

    /// Sets the longest wait that is put up with.
    #[must_use]
    pub const fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = Some(max_wait);
        self
    }

    /// The wait before further attempt `attempt` (from 0) of `state` in the run with `seed`.
    pub fn wait(&self, seed: u64, state: u32, attempt: u32, after: Option<Duration>) -> Duration {
        let doubled = self.delay.saturating_mul(1u32.checked_shl(attempt).unwrap_or(u32::MAX));
        let jittered = doubled.min(MAX_BASE).mul_f64(jitter(seed, state, attempt));
        let own = jittered.min(self.max_delay).min(self.max_wait.unwrap_or(Duration::MAX));
        after.map_or(own, |after| after.max(own))
    }
}

/// Keeps the product with the jitter within `Duration`.
const MAX_BASE: Duration = Duration::from_secs(u32::MAX as u64);

/// A number in `[0.5, 1]` that depends on nothing but its arguments (splitmix64).
fn jitter(seed: u64, state: u32, attempt: u32) -> f64 {
    let mut mixed = seed ^ (u64::from(state) << 32 | u64::from(attempt));
    mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    0.5 + (mixed >> 11) as f64 / (1u64 << 53) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_between_half_and_the_whole() {
        let policy = RetryPolicy::new(5).delay(Duration::from_secs(1));
        for attempt in 0..5 {
            let wait = policy.wait(42, 3, attempt, None).as_secs_f64();
            let whole = f64::from(1 << attempt);
            assert!(wait >= whole / 2.0 && wait <= whole, "{wait} for attempt {attempt}");
        }
    }

    #[test]
    fn the_cap_shortens_our_own_wait_but_never_the_servers() {
        let policy = RetryPolicy::new(5).max_delay(Duration::from_secs(2));
        assert_eq!(policy.wait(1, 1, 30, None), Duration::from_secs(2));
        let asked = Duration::from_secs(300);
        assert_eq!(policy.wait(1, 1, 30, Some(asked)), asked);
    }

    #[test]
    fn no_wait_of_our_own_is_longer_than_is_put_up_with() {
        let policy = RetryPolicy::new(5).delay(Duration::from_secs(8));
        let never = policy.max_wait(Duration::ZERO);
        assert_eq!(never.wait(1, 1, 0, None), Duration::ZERO);
        assert_eq!(never.wait(1, 1, 0, Some(Duration::ZERO)), Duration::ZERO);
        let short = policy.max_wait(Duration::from_millis(500));
        assert_eq!(short.wait(1, 1, 0, None), Duration::from_millis(500));
    }

    #[test]
    fn no_count_of_attempts_overflows() {
        let policy = RetryPolicy::new(u32::MAX).delay(Duration::MAX).max_delay(Duration::MAX);
        assert!(policy.wait(1, 1, u32::MAX, None) > Duration::from_secs(1));
    }

    #[test]
    fn a_delay_of_zero_retries_at_once() {
        let policy = RetryPolicy::new(1).delay(Duration::ZERO);
        assert_eq!(policy.wait(1, 1, 0, None), Duration::ZERO);
    }
}
