//! The engine's clock: the wall clock, which never goes back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fsm_core::Timestamp;
use tokio::time::Instant;

/// Goes on with tokio's time, and jumps forward with the wall clock.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    epoch: Timestamp,
}

fn wall() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::from_micros(u64::try_from(since_epoch.as_micros()).unwrap_or(0))
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), epoch: wall() }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.epoch + self.start.elapsed()).max(wall())
    }
}
