//! How much may be granted in how much time.

use std::num::NonZeroU32;
use std::time::Duration;

/// So many units in any window of this length, and, if a burst is given, only so many at once.
///
/// # Examples
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
///
/// use fsm_http::limit::Rate;
///
/// let ten = NonZeroU32::new(10).expect("not zero");
/// let two = NonZeroU32::new(2).expect("not zero");
/// // Two at once, then one every 100 ms, and never more than ten within a second.
/// let rate = Rate::new(ten, Duration::from_secs(1)).burst(two);
/// assert_eq!(rate.heaviest(), two);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    limit: NonZeroU32,
    window: Duration,
    burst: Option<NonZeroU32>,
}

impl Rate {
    /// At most `limit` units in any window of the length `window`, all of them at once if need be.
    ///
    /// A window of zero is taken as one of a nanosecond: nothing is slower than what has no window.
    #[must_use]
    pub const fn new(limit: NonZeroU32, window: Duration) -> Self {
        let window = if window.is_zero() { Duration::from_nanos(1) } else { window };
        Rate { limit, window, burst: None }
    }

    /// At most `at_most` units at once; what comes then is paced at `window / limit` a unit.
    #[must_use]
    pub const fn burst(self, at_most: NonZeroU32) -> Self {
        Rate { burst: Some(at_most), ..self }
    }

    /// How many units a window holds at most.
    #[must_use]
    pub const fn limit(&self) -> NonZeroU32 {
        self.limit
    }

    /// The length of the window.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// How many units pass at once, if that is less than the whole limit.
    #[must_use]
    pub const fn at_once(&self) -> Option<NonZeroU32> {
        self.burst
    }

    /// The greatest weight that can ever be granted: the limit, or the burst if that is less.
    #[must_use]
    pub fn heaviest(&self) -> NonZeroU32 {
        self.burst.map_or(self.limit, |burst| burst.min(self.limit))
    }
}
