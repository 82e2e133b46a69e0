//! When a quota is used up, as servers say it where they send no `Retry-After`: the `RateLimit`
//! field of the IETF draft, and the older `X-RateLimit-Reset` and its kin.
//!
//! Such headers stand on every answer, also on a 500 that has nothing to do with them, so they ask
//! for a wait only if nothing remains of the quota. Nobody ever agreed on what `X-RateLimit-Reset`
//! counts: some send the seconds to wait, some the time on the clock, some a date. They are told
//! apart by their size, since no quota is renewed after thirty years. A time is one on the server's
//! clock, so it counts from the `Date` of the answer, as `Retry-After` does.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName};

use crate::retry_after::server_time;

/// The field of the draft: `"default";r=0;t=30`, and before its seventh edition
/// `limit=100, remaining=0, reset=30`.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The pairs of headers in use: how much remains, and when it is renewed.
const PAIRS: [(HeaderName, HeaderName); 3] = [
    (HeaderName::from_static("ratelimit-remaining"), HeaderName::from_static("ratelimit-reset")),
    (
        HeaderName::from_static("x-ratelimit-remaining"),
        HeaderName::from_static("x-ratelimit-reset"),
    ),
    (
        HeaderName::from_static("x-rate-limit-remaining"),
        HeaderName::from_static("x-rate-limit-reset"),
    ),
];

/// A number of seconds from here on is a time on the clock (this one is in 2001) and no wait.
const EPOCH: f64 = 1e9;

/// A number from here on is a time on the clock in milliseconds.
const EPOCH_IN_MILLISECONDS: f64 = 1e12;

/// What a server says of one quota.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Quota {
    /// How much is left of it; a server that tells only of the renewal means: nothing.
    remaining: u64,
    /// How long until it is renewed.
    renewal: Duration,
}

/// The wait until the quota is renewed that an answer's headers tell of; `now` is our own time, at
/// which it came.
///
/// `None` where they tell of none, or where something remains. Of several the longest wait counts.
pub(crate) fn renewal(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let used_up = quotas(headers, now).into_iter().filter(|quota| quota.remaining == 0);
    used_up.map(|quota| quota.renewal).max()
}

/// How many more requests an answer's headers allow, and until when; of several quotas the tightest.
/// The clock is read only if there is something to tell.
pub(crate) fn remaining(
    headers: &HeaderMap,
    now: impl FnOnce() -> SystemTime,
) -> Option<(u64, Duration)> {
    // Nearly every answer has none of these headers, and looking each of them up would cost more.
    let is_one = |name: &HeaderName| {
        ["ratelimit", "x-rate"].iter().any(|start| name.as_str().starts_with(start))
    };
    if !headers.keys().any(is_one) {
        return None;
    }
    let tightest = |quota: &Quota| (quota.remaining, std::cmp::Reverse(quota.renewal));
    let quota = quotas(headers, now()).into_iter().min_by_key(tightest)?;
    Some((quota.remaining, quota.renewal))
}

fn quotas(headers: &HeaderMap, now: SystemTime) -> Vec<Quota> {
    let now = server_time(headers, now);
    let mut quotas = Vec::new();
    for field in headers.get_all(RATE_LIMIT) {
        if let Ok(field) = field.to_str() {
            of_field(field, &mut quotas);
        }
    }
    quotas.extend(PAIRS.iter().filter_map(|pair| of_pair(headers, pair, now)));
    quotas
}

impl Quota {
    fn new(remaining: Option<f64>, renewal: Duration) -> Self {
        // What is left is rounded down: half a request cannot be sent.
        Self { remaining: remaining.unwrap_or(0.0) as u64, renewal }
    }
}

fn of_pair(
    headers: &HeaderMap,
    (remaining, reset): &(HeaderName, HeaderName),
    now: SystemTime,
) -> Option<Quota> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let remaining = text(remaining).and_then(number);
    let reset = text(reset)?;
    let renewal = match number(reset) {
        None => {
            let date = httpdate::parse_http_date(reset.trim()).ok()?;
            date.duration_since(now).unwrap_or(Duration::ZERO)
        }
        Some(number) if number < EPOCH => seconds(number),
        Some(number) => {
            let since_epoch = if number < EPOCH_IN_MILLISECONDS { number } else { number / 1e3 };
            let passed = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
            seconds(since_epoch).saturating_sub(passed)
        }
    };
    Some(Quota::new(remaining, renewal))
}

/// Reads both editions of the field: a list of policies, each with its parameters `r` and `t`, and
/// a dictionary of one policy with the members `remaining` and `reset`.
fn of_field(field: &str, quotas: &mut Vec<Quota>) {
    let mut add = |remaining, reset: Option<f64>| {
        quotas.extend(reset.map(|reset| Quota::new(remaining, seconds(reset))));
    };
    let (mut remaining, mut reset) = (None, None);
    for policy in split(field, ',') {
        let (mut rest, mut time) = (None, None);
        for part in split(policy, ';') {
            let Some((key, value)) = part.split_once('=') else { continue };
            let slot = match key.trim() {
                "r" => &mut rest,
                "t" => &mut time,
                "remaining" => &mut remaining,
                "reset" => &mut reset,
                _ => continue,
            };
            *slot = number(value);
        }
        add(rest, time);
    }
    add(remaining, reset);
}

/// The parts of a structured field between separators that do not stand within a string.
fn split(field: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    field.split(move |character| {
        let is_literal = std::mem::take(&mut escaped);
        match character {
            '\\' if quoted => escaped = !is_literal,
            '"' if !is_literal => quoted = !quoted,
            _ => {}
        }
        character == separator && !quoted
    })
}

/// A number without sign, as in `30` and `1700000000.5`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| is_plain)
}

/// What is longer than can be told is longer than anybody waits.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// 784111777 seconds after the epoch.
    fn now() -> SystemTime {
        httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date")
    }

    fn told(headers: &[(&'static str, &'static str)], now: SystemTime) -> Option<Duration> {
        let named = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        renewal(&named.collect(), now)
    }

    #[test]
    fn both_editions_of_the_draft_are_read_and_count_only_when_used_up() {
        let table = [
            (r#""default";r=0;t=30"#, Some(30)),
            (r#""default";r=5;t=30"#, None),
            (r#""default";t=30"#, Some(30)),
            (r#""burst";r=3;t=2, "daily";r=0;t=3600"#, Some(3600)),
            (r#""a";r=0;t=2,"b";r=0;t=9"#, Some(9)),
            (r#""with, \" t=99;t=98";r=0;t=4"#, Some(4)),
            ("default; r=0; t=7; pk=:sdfjLJUOUH==:", Some(7)),
            ("limit=100, remaining=0, reset=50", Some(50)),
            ("limit=100, remaining=7, reset=50", None),
            (r#""default";r=0"#, None),
            (r#""default";r=0;t=-1"#, None),
            (r#""default";r=0;t=soon"#, None),
            (r#""unclosed;r=0;t=1"#, None),
            ("", None),
        ];
        for (field, expected) in table {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(told(&[("ratelimit", field)], now()), expected, "{field}");
        }
    }

    #[test]
    fn a_reset_is_a_wait_or_a_time_on_the_clock_or_a_date() {
        let later = now() + Duration::from_secs(1_000_000_000);
        let table = [
            ("7", now(), Some(7.0)),
            (" 7 ", now(), Some(7.0)),
            ("0", now(), Some(0.0)),
            ("1.5", now(), Some(1.5)),
            ("999999999", now(), Some(999_999_999.0)),
            // 2026, seen ten seconds before, ten seconds after, and in milliseconds.
            ("1784111787", later, Some(10.0)),
            ("1784111767", later, Some(0.0)),
            ("1784111787500", later, Some(10.5)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", now(), Some(10.0)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", now(), Some(0.0)),
            ("-1", now(), None),
            ("soon", now(), None),
            ("1e3", now(), None),
            ("inf", now(), None),
            (".", now(), None),
            ("", now(), None),
        ];
        for (reset, now, expected) in table {
            for name in ["x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"] {
                let expected = expected.map(Duration::from_secs_f64);
                assert_eq!(told(&[(name, reset)], now), expected, "{name}: {reset}");
            }
        }
    }

    #[test]
    fn a_time_on_the_clock_is_one_on_the_servers_clock() {
        let date = ("date", "Wed, 15 Jul 2026 10:43:07 GMT");
        let table = [
            ("1784112197", 10),
            ("1784112197000", 10),
            ("Wed, 15 Jul 2026 10:43:17 GMT", 10),
            ("1784112180", 0),
            // A wait is none.
            ("10", 10),
        ];
        for (reset, expected) in table {
            let expected = Some(Duration::from_secs(expected));
            assert_eq!(told(&[date, ("x-ratelimit-reset", reset)], now()), expected, "{reset}");
            let headers: HeaderMap = [date, ("x-ratelimit-reset", reset)]
                .map(|(name, value)| {
                    (HeaderName::from_static(name), HeaderValue::from_static(value))
                })
                .into_iter()
                .collect();
            let left = remaining(&headers, now).map(|(_, renewal)| renewal);
            assert_eq!(left, expected, "{reset}");
        }
    }

    #[test]
    fn a_reset_asks_for_no_wait_while_something_remains() {
        let reset = ("x-ratelimit-reset", "30");
        let ask = |remaining| told(&[("x-ratelimit-remaining", remaining), reset], now());
        assert_eq!(ask("12"), None);
        assert_eq!(ask("0"), Some(Duration::from_secs(30)));
        assert_eq!(ask("many"), Some(Duration::from_secs(30)));
    }

    #[test]
    fn what_remains_is_told_by_the_tightest_quota() {
        let left = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            remaining(&headers, now).map(|(left, renewal)| (left, renewal.as_secs()))
        };
        assert_eq!(left("ratelimit", "\"hour\";r=90;t=3000, \"second\";r=3;t=1"), Some((3, 1)));
        assert_eq!(left("ratelimit", "limit=10, remaining=4, reset=7"), Some((4, 7)));
        assert_eq!(left("x-ratelimit-reset", "9"), Some((0, 9)));
        assert_eq!(left("content-length", "9"), None);
        assert_eq!(left("ratelimit", "garbage"), None);
    }

    #[test]
    fn no_number_is_too_long() {
        let digits = "9".repeat(400);
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(&digits).expect("digits");
        headers.insert("x-ratelimit-reset", value);
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        assert!(renewal(&headers, now()) > Some(century));
    }
}
