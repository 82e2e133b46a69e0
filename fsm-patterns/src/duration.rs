//! Durations as flow files write them: seconds as a number, or a number with its unit.
//!
//! `30`, `0.5`, `500ms`, `30s`, `1.5s`, `5m`, `2h`. One unit, no sign, no spaces, so that there is
//! one way to write each; the unit `m` is a minute, as on a clock.
//!
//! ```
//! # use std::time::Duration;
//! # use fsm_patterns::duration;
//! assert_eq!(duration::parse("1.5s"), Ok(Duration::from_millis(1500)));
//! assert_eq!(duration::from_seconds(0.25), Ok(Duration::from_millis(250)));
//! assert!(duration::parse("5 minutes").is_err());
//! ```

use std::time::Duration;

/// The longest duration that is taken: a hundred years of 365 days.
///
/// A point in time is a start plus such a duration, and that sum must stay a date.
pub const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The units with their length in seconds; the longer name first where one begins another.
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// Why a text or a number is no duration.
///
/// Each message goes on from a subject: "`timeout` must not be negative".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text is not a number with a unit.
    #[error("must be a duration, not `{text}`")]
    Shape {
        /// The text as it was written.
        text: String,
    },
    /// A number without a unit, written as text.
    #[error("must be a duration, and `{text}` has no unit")]
    NoUnit {
        /// The text as it was written.
        text: String,
    },
    /// A number with a unit that is none of ours.
    #[error("must be a duration, and `{unit}` is no unit of it")]
    Unit {
        /// The number in front of the unit.
        number: String,
        /// What stands after the number.
        unit: String,
    },
    /// Less than nothing.
    #[error("must not be negative")]
    Negative,
    /// Longer than [`LONGEST`], or not a finite number.
    #[error("is too long")]
    TooLong,
}

impl DurationError {
    /// What to write instead.
    pub fn hint(&self) -> String {
        match self {
            DurationError::Shape { .. } => {
                "write seconds as a number, or `500ms`, `30s`, `5m`, `2h`".to_owned()
            }
            DurationError::NoUnit { text } => {
                format!("write `{text}s` for seconds, or the number without quotes")
            }
            DurationError::Unit { number, .. } => {
                format!("the units are `ms`, `s`, `m`, `h`: `{number}s`")
            }
            DurationError::Negative => "write 0 or more".to_owned(),
            DurationError::TooLong => "the longest duration is 100 years".to_owned(),
        }
    }
}

/// Reads `500ms`, `30s`, `1.5s`, `5m`, or `2h`.
///
/// # Errors
/// Says what is wrong with the text; a bare number is an error, because its unit is a guess.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let shape = || DurationError::Shape { text: text.to_owned() };
    if text.strip_prefix('-').is_some_and(|rest| parse(rest).is_ok()) {
        return Err(DurationError::Negative);
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if !is_decimal(number) {
        return Err(shape());
    }
    if unit.is_empty() {
        return Err(DurationError::NoUnit { text: text.to_owned() });
    }
    let Some((_, length)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let (number, unit) = (number.to_owned(), unit.trim().to_owned());
        return Err(DurationError::Unit { number, unit });
    };
    let number: f64 = number.parse().map_err(|_| shape())?;
    from_seconds(number * length)
}

/// Takes a number of seconds, fractions allowed.
///
/// # Errors
/// If it is negative, not finite, or longer than [`LONGEST`].
pub fn from_seconds(seconds: f64) -> Result<Duration, DurationError> {
    if seconds < 0.0 {
        return Err(DurationError::Negative);
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) | Err(_) => Err(DurationError::TooLong),
    }
}

/// Writes a duration so that [`parse`] reads it back: `500ms`, `30s`, `5m`, `2h`, or `1.5s`.
///
/// Exact to the nanosecond for durations below some weeks, which a float carries without loss.
pub fn format(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    match (seconds, nanos) {
        (0, 0) => "0s".to_owned(),
        (0, nanos) if nanos % 1_000_000 == 0 => format!("{}ms", nanos / 1_000_000),
        (seconds, 0) if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (seconds, 0) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, 0) => format!("{seconds}s"),
        (seconds, nanos) => {
            let fraction = format!("{nanos:09}");
            format!("{seconds}.{}s", fraction.trim_end_matches('0'))
        }
    }
}

/// Digits, and perhaps a point with digits on both sides.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_fractions_of_it_are_read() {
        let table = [
            ("500ms", 500),
            ("0ms", 0),
            ("30s", 30_000),
            ("1.5s", 1_500),
            ("5m", 300_000),
            ("0.5m", 30_000),
            ("2h", 7_200_000),
        ];
        for (text, millis) in table {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_told_apart() {
        let shape = |text: &str| Err(DurationError::Shape { text: text.to_owned() });
        for text in ["", "s", "fast", ".5s", "5.s", "1.2.3s", "+5s", "-", "--5s", "1e3s", "٣s"] {
            let expected = match text {
                // A digit comes first, so it is the unit that nobody knows.
                "1e3s" => {
                    Err(DurationError::Unit { number: "1".to_owned(), unit: "e3s".to_owned() })
                }
                _ => shape(text),
            };
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("30"), Err(DurationError::NoUnit { text: "30".to_owned() }));
        assert_eq!(parse("-5s"), Err(DurationError::Negative));
        assert_eq!(parse("99999999h"), Err(DurationError::TooLong));
        let unit = DurationError::Unit { number: "5".to_owned(), unit: "minutes".to_owned() };
        assert_eq!(parse("5 minutes"), Err(unit.clone()));
        assert_eq!(unit.hint(), "the units are `ms`, `s`, `m`, `h`: `5s`");
    }

    #[test]
    fn numbers_are_seconds() {
        assert_eq!(from_seconds(0.5), Ok(Duration::from_millis(500)));
        assert_eq!(from_seconds(-0.1), Err(DurationError::Negative));
        assert_eq!(from_seconds(f64::NAN), Err(DurationError::TooLong));
        assert_eq!(from_seconds(f64::INFINITY), Err(DurationError::TooLong));
        assert_eq!(from_seconds(1e300), Err(DurationError::TooLong));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for millis in [0, 1, 500, 1_000, 1_500, 30_000, 60_000, 90_000, 3_600_000, 5_400_001] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(&format(duration)), Ok(duration), "{}", format(duration));
        }
    }
}
