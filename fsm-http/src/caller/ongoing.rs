//! What is remembered of a call between its attempts.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::limit::Turn;

/// A call between its first attempt and its end: its place in the queues of the rate limits, and
/// what it has sent so far. Dropping it gives the place back.
#[derive(Default)]
pub struct Ongoing {
    pub(super) turn: Option<Turn>,
    /// Since when it waits for its turn.
    pub(super) waits_since: Option<Instant>,
    /// Its credentials were renewed after a 401: that is done once.
    pub(super) renewed: bool,
    pub(super) traffic: Traffic,
    pub(super) failed_after: Option<Duration>,
}

/// What a call has sent and received, all its attempts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that were sent; redirects are not counted.
    pub requests: u32,
    /// Bytes of the bodies of requests.
    pub bytes_sent: u64,
    /// Bytes of the bodies of answers, decompressed.
    pub bytes_received: u64,
}

impl Ongoing {
    /// How long the last attempt took from sending to its failure; `None` if none was sent.
    pub fn failed_after(&self) -> Option<Duration> {
        self.failed_after
    }

    /// What was sent and received so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }
}

impl fmt::Debug for Ongoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ongoing").field("traffic", &self.traffic).finish_non_exhaustive()
    }
}
