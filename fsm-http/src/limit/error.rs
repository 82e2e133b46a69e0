//! Why nothing was granted.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use crate::in_words::InWords;

/// A unit of the limit was not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// What is heavier than the limit never fits, however long it waits.
    #[error(
        "a weight of {weight} never fits under a rate limit that lets {limit} through at once; \
         lower the weight, or raise the limit or its burst"
    )]
    TooHeavy {
        /// The weight asked for.
        weight: NonZeroU32,
        /// The greatest weight that fits.
        limit: NonZeroU32,
    },
    /// There is no room now, or others wait for it already.
    #[error("the rate limit has no room now; ask again later, or wait with `acquire`")]
    NotNow {
        /// Not before this point in time.
        at: Instant,
    },
    /// It would have taken longer than the caller wants to wait.
    #[error(
        "the rate limit has no room within {}; wait longer, call less often, or raise the limit",
        InWords(*timeout)
    )]
    Timeout {
        /// How long the caller wanted to wait.
        timeout: Duration,
        /// Not before this point in time.
        at: Instant,
    },
}
