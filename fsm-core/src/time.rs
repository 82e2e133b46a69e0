//! Points in time, as the kernel sees them: a number that is given, never read from a clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use std::time::Duration;
/// use fsm_core::Timestamp;
///
/// let noon = Timestamp::from_micros(1_000);
/// assert_eq!(noon + Duration::from_millis(2), Timestamp::from_micros(3_000));
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch.
    pub const ZERO: Timestamp = Timestamp(0);

    /// The point `micros` microseconds after the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The point in time as RFC 3339 has it, in UTC, with a fraction of a second only where there is
    /// one. What lies after the year 9999 is told as the end of it.
    ///
    /// ```
    /// use fsm_core::Timestamp;
    ///
    /// let leap = Timestamp::from_micros(1_709_208_000_250_000);
    /// assert_eq!(leap.to_rfc3339(), "2024-02-29T12:00:00.250000Z");
    /// assert_eq!(Timestamp::ZERO.to_rfc3339(), "1970-01-01T00:00:00Z");
    /// ```
    pub fn to_rfc3339(self) -> String {
        const DAY: u64 = 86_400;
        const LAST: u64 = 253_402_300_799_999_999;
        let micros = self.0.min(LAST);
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        let (year, month, day) = civil(seconds / DAY);
        let (hour, minute, second) = (seconds % DAY / 3_600, seconds % 3_600 / 60, seconds % 60);
        let fraction = match fraction {
            0 => String::new(),
            micros => format!(".{micros:06}"),
        };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
    }

    /// How long after `earlier` this is; zero where it is not after.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    /// Rounds a fraction of a microsecond up, so that a wait is never cut short.
    fn add(self, wait: Duration) -> Timestamp {
        let micros = wait.as_nanos().div_ceil(1_000);
        Timestamp(self.0.saturating_add(u64::try_from(micros).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// Year, month, and day of the day that is `days` after 1970-01-01: Howard Hinnant's
/// `civil_from_days`, which counts years from March, so that a leap day is a year's last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_one_another_through_leap_years_and_centuries() {
        let at = |seconds: u64| Timestamp::from_micros(seconds * 1_000_000).to_rfc3339();
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(at(1_798_761_599), "2026-12-31T23:59:59Z");
        assert_eq!(at(1_798_761_600), "2027-01-01T00:00:00Z");
        let end = Timestamp::from_micros(u64::MAX).to_rfc3339();
        assert_eq!(end, "9999-12-31T23:59:59.999999Z");
    }
}
