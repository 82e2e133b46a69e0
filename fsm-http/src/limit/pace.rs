//! The pace after a burst: the generic cell rate algorithm (ITU-T I.371, appendix).
//!
//! One number is kept, the point in time up to which the units granted so far have used up the
//! pace. A unit moves it on by `window / limit`; it may be ahead of the clock by the burst. The
//! number is kept in units of a nanosecond divided by the limit, so that a pace like "three a
//! second" has no rounding that could add up.
//!
//! Timers wake up late, by a millisecond or two. A burst makes up for that by itself, as the pace is
//! used up to the same point as before. Without one, a unit that is late would shift all others, and
//! of "hundred a second, one at once" some ninety would be left. So a unit may be counted up to
//! [`LATENESS`] before it is granted, if it has *waited* or if the pace was in use until then. The
//! window is not touched by that, a bucket at rest neither, nor is a pace so slow that lateness costs
//! less than a hundredth of it.

/// By how many nanoseconds a timer may be late without slowing the pace.
const LATENESS: u64 = 2_000_000;

/// At most `burst` at once, then `limit` in `window` nanoseconds, one by one.
#[cfg_attr(test, derive(Clone))]
pub(super) struct Pace {
    limit: u128,
    window: u128,
    burst: u128,
    /// How much of its lateness a unit is forgiven, in nanoseconds.
    slack: u64,
    /// The point in time up to which the pace is used up, times the limit.
    used_up_to: u128,
}

impl Pace {
    pub(super) fn new((limit, window): (u64, u64), burst: u64) -> Self {
        let interval = window / limit;
        let slack = match interval < 100 * LATENESS {
            true => LATENESS.saturating_sub((burst - 1).saturating_mul(interval)),
            false => 0,
        };
        let (limit, window, burst) = (limit.into(), window.into(), burst.into());
        Pace { limit, window, burst, slack, used_up_to: 0 }
    }

    /// When the pace has room for `units` more, all at once. What is at or before `now` is now.
    ///
    /// More units than the burst never fit at once; for them it is when the last of them comes if
    /// all come as early as they may, starting now.
    pub(super) fn earliest(&self, units: u64, now: u64, has_waited: bool) -> u64 {
        let units = u128::from(units);
        let start = match units <= self.burst {
            true => self.used_up_to,
            false => self.start(now, has_waited),
        };
        let due = (start + units * self.window).saturating_sub(self.burst * self.window);
        if due <= u128::from(now) * self.limit {
            return now;
        }
        u64::try_from(due.div_ceil(self.limit)).unwrap_or(u64::MAX)
    }

    pub(super) fn grant(&mut self, units: u64, now: u64, has_waited: bool) {
        self.used_up_to = self.start(now, has_waited) + u128::from(units) * self.window;
    }

    /// How many units would pass now.
    pub(super) fn room(&self, now: u64) -> u64 {
        let ahead = u128::from(now) * self.limit + self.burst * self.window;
        let room = (ahead.saturating_sub(self.used_up_to) / self.window).min(self.burst);
        u64::try_from(room).unwrap_or(u64::MAX)
    }

    /// When the whole burst would pass again.
    pub(super) fn full(&self) -> u64 {
        u64::try_from(self.used_up_to.div_ceil(self.limit)).unwrap_or(u64::MAX)
    }

    fn start(&self, now: u64, has_waited: bool) -> u128 {
        let latest = u128::from(now) * self.limit;
        let forgiven = u128::from(now.saturating_sub(self.slack)) * self.limit;
        match self.used_up_to >= forgiven {
            true => self.used_up_to,
            false if has_waited => forgiven,
            false => latest,
        }
    }
}

#[cfg(test)]
impl Pace {
    /// What the future depends on: by how much the pace is used up ahead of the clock. It holds
    /// where lateness is not made up for.
    pub(super) fn standing(&self, now: u64) -> u64 {
        assert_eq!(self.slack, 0, "a proof has slow paces");
        let ahead = self.used_up_to.saturating_sub(u128::from(now) * self.limit);
        u64::try_from(ahead).expect("a proof has small numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const MILLISECOND: u64 = 1_000_000;

    #[test]
    fn a_burst_passes_at_once_and_the_rest_one_by_one() {
        let mut pace = Pace::new((10, SECOND), 3);
        for _ in 0..3 {
            assert_eq!(pace.earliest(1, SECOND, false), SECOND);
            pace.grant(1, SECOND, false);
        }
        assert_eq!(pace.room(SECOND), 0);
        assert_eq!(pace.earliest(1, SECOND, false), SECOND + 100 * MILLISECOND);
        assert_eq!(pace.earliest(2, SECOND, false), SECOND + 200 * MILLISECOND);
        assert_eq!(pace.earliest(7, SECOND, false), SECOND + 700 * MILLISECOND);
        assert_eq!(pace.full(), SECOND + 300 * MILLISECOND);
    }

    #[test]
    fn a_pace_that_is_no_whole_number_of_nanoseconds_does_not_drift() {
        let mut pace = Pace::new((300, SECOND), 1);
        let mut now = SECOND;
        for _ in 0..3_000_000 {
            pace.grant(1, now, true);
            now = pace.earliest(1, now, true);
        }
        // The first one did wait, by two milliseconds at most.
        assert!((10_000 * SECOND..=10_001 * SECOND).contains(&now), "{now}");
        assert!(now >= 10_001 * SECOND - 2 * MILLISECOND, "{now}");
        let mut fast = Pace::new((300_000_000, SECOND), 1_000);
        fast.grant(1_000, 0, false);
        assert_eq!(fast.earliest(1_000, 0, false), 3_334);
    }

    #[test]
    fn a_late_timer_is_made_up_for_and_rest_is_not() {
        let mut pace = Pace::new((100, SECOND), 1);
        pace.grant(1, SECOND, false);
        let next = |pace: &Pace| pace.earliest(1, SECOND, true) - SECOND;
        assert_eq!(next(&pace), 10 * MILLISECOND);
        for has_waited in [true, false] {
            let due = SECOND + next(&pace);
            pace.grant(1, due + MILLISECOND, has_waited);
            assert_eq!(SECOND + next(&pace), due + 10 * MILLISECOND);
        }
        // Who waited and is a second late is forgiven two milliseconds; who comes after a rest, none.
        pace.grant(1, 2 * SECOND, true);
        assert_eq!(next(&pace), SECOND + 8 * MILLISECOND);
        pace.grant(1, 3 * SECOND, false);
        assert_eq!(next(&pace), 2 * SECOND + 10 * MILLISECOND);
    }

    #[test]
    fn a_slow_pace_is_never_hurried() {
        let mut pace = Pace::new((1, SECOND), 1);
        pace.grant(1, 5 * SECOND, true);
        pace.grant(1, 6 * SECOND + MILLISECOND, true);
        assert_eq!(pace.earliest(1, 0, true), 7 * SECOND + MILLISECOND);
    }

    #[test]
    fn a_fast_pace_from_rest_lets_no_more_than_the_burst_through() {
        let mut pace = Pace::new((100_000, SECOND), 2);
        pace.grant(2, SECOND, false);
        assert!(pace.earliest(1, SECOND, false) > SECOND);
        assert_eq!(pace.room(SECOND), 0);
    }
}
