//! A bucket's time: nanoseconds since the bucket was made.
//!
//! A number of nanoseconds is half as large as an [`Instant`], and adding to it saturates instead
//! of panicking: no window is too long, and no server's wish too far away.

use std::time::Duration;

use tokio::time::Instant;

/// Farther than this nobody waits (thirty years, as in tokio), and every clock can still say it.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The point in time from which a bucket counts.
#[derive(Clone, Copy)]
pub(super) struct Epoch(Instant);

impl Epoch {
    pub(super) fn begin() -> Self {
        Epoch(Instant::now())
    }

    /// What is before the epoch is at its begin.
    pub(super) fn nanos(self, at: Instant) -> u64 {
        nanos(at.saturating_duration_since(self.0))
    }

    pub(super) fn instant(self, at: u64) -> Instant {
        let exact = self.0.checked_add(Duration::from_nanos(at));
        exact.or_else(|| self.0.checked_add(FAR)).unwrap_or(self.0)
    }
}

/// A duration in nanoseconds; what is longer than 584 years is that long.
pub(super) fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}
