//! The `Retry-After` header (RFC 9110, section 10.2.3): how long a server asks to be left alone.
//!
//! The value is a number of seconds or an HTTP date. It is a lower bound and is passed on as it
//! stands: a program that clamps it comes back early and is turned away again. Whether the wait is
//! worth it is for whoever drives the call to decide. Where it is missing, the headers that tell of
//! a `quota` stand in.
//!
//! A date is a time on the server's clock, which may go an hour before ours or behind. So it counts
//! from the `Date` of the answer, where there is one, and only else from our own time.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};

use crate::quota;

/// The wait that an answer's headers ask for; `now` is our own time, at which it came.
///
/// Where the header stands several times, the longest wait that can be read counts: to wait for it
/// honours them all. A date in the past means no wait.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let now = server_time(headers, now);
    let asked = headers.get_all(RETRY_AFTER).iter();
    let asked = asked.filter_map(|value| parse(value.to_str().ok()?, now)).max();
    asked.or_else(|| quota::renewal(headers, now))
}

/// What the server's clock showed when it sent an answer with these headers, as its `Date` says
/// (RFC 9110, section 6.6.1); where there is none that can be read, it is taken for ours.
pub(crate) fn server_time(headers: &HeaderMap, own: SystemTime) -> SystemTime {
    let date = headers.get(DATE).and_then(|value| value.to_str().ok());
    date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or(own)
}

/// Reads one value, with or without spaces around it; `None` where it is neither form. Fractions of
/// a second are not in the RFC, yet are seen; they are rounded up, so that nobody comes early.
fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    if is_number(whole) && is_number(fraction) {
        // More digits than fit mean "longer than anybody waits", which saturating keeps true.
        let seconds: u64 = whole.parse().unwrap_or(u64::MAX);
        let begun = u64::from(fraction.bytes().any(|digit| digit != b'0'));
        return Some(Duration::from_secs(seconds.saturating_add(begun)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn now() -> SystemTime {
        httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date")
    }

    #[test]
    fn every_form_is_read_as_the_table_says() {
        let seconds = |n| Some(Duration::from_secs(n));
        let table = [
            ("7", seconds(7)),
            (" 7 ", seconds(7)),
            ("\t7", seconds(7)),
            ("0", seconds(0)),
            ("007", seconds(7)),
            ("86400", seconds(86_400)),
            ("18446744073709551615", seconds(u64::MAX)),
            ("99999999999999999999999", seconds(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", seconds(10)),
            ("  Sun, 06 Nov 1994 08:49:47 GMT ", seconds(10)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", seconds(10)),
            ("Sun Nov  6 08:49:47 1994", seconds(10)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", seconds(0)),
            ("", None),
            ("   ", None),
            ("-1", None),
            ("+7", None),
            ("1.5", seconds(2)),
            ("7.0", seconds(7)),
            ("0.001", seconds(1)),
            ("18446744073709551615.9", seconds(u64::MAX)),
            ("7.", None),
            (".5", None),
            ("1.5.2", None),
            ("1,5", None),
            ("7s", None),
            ("soon", None),
            ("Sun, 99 Nov 1994 08:49:47 GMT", None),
            ("٣", None),
        ];
        for (value, expected) in table {
            assert_eq!(parse(value, now()), expected, "{value:?}");
        }
    }

    #[test]
    fn of_several_the_longest_readable_wait_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers, now()), None);
        for value in ["3", "soon", "Sun, 06 Nov 1994 08:49:47 GMT"] {
            headers.append(RETRY_AFTER, HeaderValue::from_static(value));
        }
        headers.append(RETRY_AFTER, HeaderValue::from_bytes(b"\xff").expect("opaque bytes"));
        assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer_however_wrong_the_servers_clock() {
        let until = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:39 GMT");
        let hour = Duration::from_secs(3600);
        let table = [
            // The server's clock shows 08:49:37, and ours the same, an hour more, an hour less.
            (now(), "Sun, 06 Nov 1994 08:49:37 GMT", 2),
            (now() + hour, " Sun, 06 Nov 1994 08:49:37 GMT ", 2),
            (now() - hour, "Sun, 06 Nov 1994 08:49:37 GMT", 2),
            // It says that the time is over.
            (now() - hour, "Sun, 06 Nov 1994 08:49:40 GMT", 0),
            // It does not say what it shows.
            (now() - hour, "yesterday", 3602),
            (now() + hour, "", 0),
        ];
        for (own, date, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, HeaderValue::from_static(date));
            headers.insert(RETRY_AFTER, until.clone());
            let expected = Some(Duration::from_secs(expected));
            assert_eq!(retry_after(&headers, own), expected, "{date}");
            headers.remove(RETRY_AFTER);
            headers.insert("x-ratelimit-reset", until.clone());
            assert_eq!(retry_after(&headers, own), expected, "{date}");
        }
    }

    #[test]
    fn a_quota_counts_only_where_retry_after_is_missing() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-reset", HeaderValue::from_static("30"));
        assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs(30)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("3"));
        assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs(3)));
    }
}
