//! Points in time and spans of it, as they are typed and as they are shown.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fsm_core::Timestamp;
use fsm_patterns::duration;

const DAY: u64 = 24 * 60 * 60;

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::ZERO + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A span: `30d`, or as flow files have it, such as `12h`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    if let Some(days) = text.strip_suffix('d')
        && let Ok(days) = days.parse::<u32>()
    {
        return Ok(Duration::from_secs(DAY) * days);
    }
    duration::parse(text).map_err(|error| format!("it {error}; write `30d`, `12h`, or `5m`"))
}

/// A point in time: a day, or a day and a time of it in UTC, or a span before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since(pub(crate) Timestamp);

/// Reads `2h`, `2026-11-21`, or `2026-11-21T18:00:00Z`.
pub(crate) fn since(text: &str) -> Result<Since, String> {
    if let Some(at) = point(text) {
        return Ok(Since(at));
    }
    let span = span(text).map_err(|_| {
        "write how long ago (`30d`, `12h`), or when (`2026-11-21`, `2026-11-21T18:00:00Z`)"
            .to_owned()
    })?;
    let now = now().as_micros();
    let span = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    Ok(Since(Timestamp::from_micros(now.saturating_sub(span))))
}

fn point(text: &str) -> Option<Timestamp> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let numbers = |text: &str, by: char, shape: [usize; 3]| -> Option<[u64; 3]> {
        let parts: Vec<&str> = text.split(by).collect();
        let parts: [&str; 3] = parts.try_into().ok()?;
        let fits = parts.iter().zip(shape).all(|(part, digits)| {
            part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit())
        });
        let [a, b, c] = parts.map(|part| part.parse().ok());
        fits.then_some([a?, b?, c?])
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, 28 + u64::from(is_leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if year < 1970 || !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    let months: u64 = lengths.iter().take(usize::try_from(month).ok()? - 1).sum();
    let seconds = (years + months + day - 1) * DAY + hour * 3_600 + minute * 60 + second;
    Some(Timestamp::ZERO + Duration::from_secs(seconds))
}

/// A span, short enough for a column: `250ms`, `12s`, `5m`, `3h`, `12d`.
pub(crate) fn short(span: Duration) -> String {
    match span.as_secs() {
        0 => format!("{}ms", span.as_millis()),
        seconds @ 1..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds if seconds < 2 * DAY => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_read_back_as_they_are_written() {
        for text in ["1970-01-01T00:00:00Z", "2024-02-29T12:00:59Z", "2100-03-01T00:00:00Z"] {
            assert_eq!(point(text).map(Timestamp::to_rfc3339).as_deref(), Some(text));
        }
        assert_eq!(point("2026-11-21").unwrap().to_rfc3339(), "2026-11-21T00:00:00Z");
        for text in ["2023-02-29", "2026-13-01", "2026-1-01", "2026-11-21T24:00:00Z", "today"] {
            assert_eq!(point(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_read_with_days_and_shown_short() {
        assert_eq!(span("30d"), Ok(Duration::from_secs(30 * DAY)));
        assert_eq!(span("2h"), Ok(Duration::from_secs(7_200)));
        assert!(span("soon").is_err());
        let table = [(250, "250ms"), (12_900, "12s"), (300_000, "5m"), (100_000_000, "27h")];
        for (millis, text) in table {
            assert_eq!(short(Duration::from_millis(millis)), text);
        }
        assert_eq!(short(Duration::from_secs(12 * DAY)), "12d");
    }
}
