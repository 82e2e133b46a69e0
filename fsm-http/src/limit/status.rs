//! How a bucket stands.

use std::num::NonZeroU32;
use std::time::Duration;

/// How a bucket stands at one point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitStatus {
    /// The smallest limit of the bucket's rates; `None` if it has no rates.
    pub limit: Option<NonZeroU32>,
    /// How many units a newcomer could take at once now, less what others wait for. `None` if the
    /// bucket has neither rates nor a quota that a server told.
    pub remaining: Option<u64>,
    /// How long a newcomer with a weight of 1 would have to wait at least; zero if not at all.
    pub next: Duration,
    /// How long until everything is there again if nothing more is taken: all windows empty, the
    /// burst whole, and nothing in force that a server said.
    pub reset: Duration,
    /// How many wait.
    pub waiting: usize,
}
