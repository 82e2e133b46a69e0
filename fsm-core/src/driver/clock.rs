//! The driver's clock: tokio's, so that tests can pause it, carried on from the wall clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::time::Timestamp;

/// How a run's points in time and the instants of tokio's clock belong together.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    epoch: Timestamp,
}

impl Clock {
    /// A clock that reads the wall clock once, and not before `earliest`: a run that is restored
    /// never goes back in time.
    pub(super) fn start(earliest: Timestamp) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let (start, steady) = (Instant::now(), std::time::Instant::now());
        // Where a test moves or stops tokio's clock, the wall clock goes with it: a run that is taken up
        // later finds that time has passed. Elsewhere both are one clock.
        let ahead = start.into_std().saturating_duration_since(steady);
        let behind = steady.saturating_duration_since(start.into_std());
        let since_epoch = (since_epoch + ahead).saturating_sub(behind);
        let epoch = Timestamp::from_micros(u64::try_from(since_epoch.as_micros()).unwrap_or(0));
        Self { start, epoch: epoch.max(earliest) }
    }

    /// Lets the run's time stand still for `pause`, which has just passed.
    pub(super) fn stand_still(&mut self, pause: Duration) {
        self.start += pause;
    }

    pub(super) fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        Timestamp::from_micros(self.epoch.as_micros().saturating_add(passed))
    }

    /// The run's point in time for an instant, rounded up to a whole microsecond.
    pub fn timestamp(&self, instant: Instant) -> Timestamp {
        let passed = instant.saturating_duration_since(self.start).as_nanos().div_ceil(1_000);
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        Timestamp::from_micros(self.epoch.as_micros().saturating_add(passed))
    }

    /// When `at` is, for a sleep; a point on the way there, where that is too far away for one.
    pub(super) fn instant(&self, at: Timestamp) -> Instant {
        const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);
        let wait = at.since(self.epoch);
        if wait < FAR { self.start + wait } else { Instant::now() + FAR.min(at.since(self.now())) }
    }
}
