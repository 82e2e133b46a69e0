//! Waits and limits of time as messages say them: `500 ms`, `2.5 s`, `1 min 30 s`, `1 h`.
//!
//! Two units at most, because nobody plans by the nanosecond, and rounded up, so that whoever waits
//! as long as they were told does not come too early.

use std::fmt;
use std::time::Duration;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A hundred years of 365 days. What is longer does not end.
const FOR_EVER: Duration = Duration::from_millis(100 * 365 * DAY);

/// A duration as a message says it.
///
/// ```
/// use std::time::Duration;
/// use fsm_http::InWords;
///
/// assert_eq!(InWords(Duration::from_millis(1500)).to_string(), "1.5 s");
/// assert_eq!(InWords(Duration::from_secs(3700)).to_string(), "1 h 2 min");
/// assert_eq!(format!("it waits {}", InWords(Duration::MAX)), "it waits for ever");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InWords(pub Duration);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > FOR_EVER {
            return f.write_str("for ever");
        }
        let exact = u64::try_from(self.0.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        // What is rounded up may have become as long as the next unit, so each step looks anew.
        let millis = match exact {
            0..10_000 => exact,
            10_000..MINUTE => up_to(exact, 100),
            MINUTE..HOUR => up_to(exact, SECOND),
            HOUR..DAY => up_to(exact, MINUTE),
            DAY.. => up_to(exact, HOUR),
        };
        match millis {
            0..SECOND => write!(f, "{millis} ms"),
            SECOND..MINUTE => {
                let fraction = format!("{:03}", millis % SECOND);
                match fraction.trim_end_matches('0') {
                    "" => write!(f, "{} s", millis / SECOND),
                    fraction => write!(f, "{}.{fraction} s", millis / SECOND),
                }
            }
            MINUTE..HOUR => two(f, millis, (MINUTE, "min"), (SECOND, "s")),
            HOUR..DAY => two(f, millis, (HOUR, "h"), (MINUTE, "min")),
            DAY.. => two(f, millis, (DAY, "d"), (HOUR, "h")),
        }
    }
}

fn up_to(millis: u64, step: u64) -> u64 {
    millis.div_ceil(step) * step
}

/// The one unit, and of the rest the other, if there is any.
fn two(
    f: &mut fmt::Formatter<'_>,
    millis: u64,
    (long, its_name): (u64, &str),
    (short, name): (u64, &str),
) -> fmt::Result {
    write!(f, "{} {its_name}", millis / long)?;
    match (millis % long) / short {
        0 => Ok(()),
        rest => write!(f, " {rest} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_two_units_at_most() {
        let table = [
            (Duration::ZERO, "0 ms"),
            (Duration::from_nanos(1), "1 ms"),
            (Duration::from_millis(500), "500 ms"),
            (Duration::from_micros(999_001), "1 s"),
            (Duration::from_secs(3), "3 s"),
            (Duration::from_millis(1_500), "1.5 s"),
            (Duration::from_millis(1_001), "1.001 s"),
            (Duration::from_millis(12_340), "12.4 s"),
            (Duration::from_millis(59_950), "1 min"),
            (Duration::from_secs(90), "1 min 30 s"),
            (Duration::from_millis(3_599_001), "1 h"),
            (Duration::from_secs(3_600), "1 h"),
            (Duration::from_nanos(3_601_879_633_743), "1 h 1 min"),
            (Duration::from_secs(86_399), "1 d"),
            (Duration::from_secs(36 * 3_600 + 1), "1 d 13 h"),
            (FOR_EVER, "36500 d"),
            (Duration::from_secs(u64::MAX), "for ever"),
            (Duration::MAX, "for ever"),
        ];
        for (wait, text) in table {
            assert_eq!(InWords(wait).to_string(), text, "{wait:?}");
        }
    }
}
