//! The lines of the log.

use std::sync::Arc;

use fsm_http::observe::{LOG_TARGET, RequestLog};
use fsm_http::secret::{Secret, Secrets};
use fsm_http::{Call, ErrorKind, Payload, Reply, TransportError};
use http::{HeaderValue, Method};

use crate::recorder::{Fields, Recorder};
use crate::{call, outcome};

fn log(requests: bool, responses: bool) -> RequestLog {
    RequestLog { requests, responses, endpoint: Arc::from("pay") }
}

/// What is logged of a call and of its reply.
fn lines(log: &RequestLog, call: &Call, reply: Reply, secrets: &Secrets) -> Vec<Fields> {
    let recorder = Recorder::during(|| {
        log.request(call, 2, secrets);
        log.response(call, outcome(call, reply).as_ref(), secrets);
    });
    recorder.events(LOG_TARGET)
}

/// A page of text with any status.
fn page(status: u16, text: &'static str) -> Reply {
    Reply::status(status).header("content-type", "text/plain").body(text)
}

#[track_caller]
fn assert_fields(line: &Fields, expected: &[(&str, &str)]) {
    let fields: Vec<(&str, &str)> = line
        .iter()
        .filter(|(name, _)| *name != "latency_ms")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(fields, expected);
}

#[test]
fn a_request_and_its_answer_have_a_line_each() {
    let mut call = call(Method::POST, "http://a.test/charges?token=hush");
    call.headers.insert("accept", HeaderValue::from_static("text/*"));
    call.headers.insert("x-api-key", HeaderValue::from_static("hush"));
    call.body = Payload::text("four hush words");
    let reply = Reply::text("paid\n\tin \u{202e}full")
        .header("set-cookie", "session=hush")
        .header("x-request-id", "r-1");
    let lines = lines(&log(true, true), &call, reply, &Secrets::default());
    let [request, response] = &lines[..] else { panic!("{lines:?}") };
    assert_fields(
        request,
        &[
            ("attempt", "2"),
            ("body_bytes", "15"),
            ("endpoint", "pay"),
            ("headers", r#"{"accept": "text/*", "x-api-key": [redacted]}"#),
            ("media_type", "text/plain; charset=utf-8"),
            ("message", "request"),
            ("method", "POST"),
            ("url", "http://a.test/charges"),
        ],
    );
    assert_eq!(response["status"], "200");
    assert_eq!(response["body"], "paid in full");
    let headers = &response["headers"];
    assert!(headers.contains(r#""set-cookie": [redacted]"#), "{headers}");
    assert!(headers.contains(r#""x-request-id": "r-1""#), "{headers}");
    assert!(response["latency_ms"].parse::<f64>().is_ok_and(|latency| latency >= 0.0));
    assert!(!format!("{lines:?}").contains("hush"), "{lines:?}");
}

#[test]
fn only_what_was_asked_for_is_logged() {
    let call = call(Method::GET, "http://a.test/");
    let messages = |requests, responses| -> Vec<String> {
        let log = log(requests, responses);
        let lines = lines(&log, &call, Reply::text("x"), &Secrets::default());
        lines.into_iter().map(|mut line| line.remove("message").expect("it has one")).collect()
    };
    assert_eq!(messages(true, false), ["request"]);
    assert_eq!(messages(false, true), ["response"]);
    assert!(messages(false, false).is_empty());
}

#[test]
fn a_failure_says_its_kind_and_message_and_an_error_page_its_status_and_headers() {
    let call = call(Method::GET, "http://a.test/x");
    let log = log(false, true);
    let reply = page(404, "no such thing");
    let line = lines(&log, &call, reply, &Secrets::default()).remove(0);
    assert_fields(
        &line,
        &[
            ("body_bytes", "13"),
            ("endpoint", "pay"),
            ("error", "404 Not Found from GET http://a.test/x: no such thing"),
            ("headers", r#"{"content-type": "text/plain"}"#),
            ("kind", "status"),
            ("message", "response"),
            ("status", "404"),
        ],
    );

    let broken = Reply::failing(TransportError::unsent(ErrorKind::Connect, "refused"));
    let line = lines(&log, &call, broken, &Secrets::default()).remove(0);
    assert_fields(
        &line,
        &[
            ("endpoint", "pay"),
            ("error", "GET http://a.test/x: refused"),
            ("kind", "connect"),
            ("message", "response"),
        ],
    );
}

#[test]
fn an_echoed_secret_is_taken_out_of_every_field() {
    let secrets = Secrets::new([Secret::new("s3cr3t-known")]);
    let mut call = call(Method::GET, "http://a.test/s3cr3t-known");
    call.headers.insert("x-plain", HeaderValue::from_static("is s3cr3t-known"));
    call.headers.insert("authorization", HeaderValue::from_static("Bearer s3cr3t-own"));
    for status in [200, 500] {
        let reply = page(status, "you sent s3cr3t-known and s3cr3t-own")
            .header("x-echo", "s3cr3t-own, s3cr3t-known");
        let lines = lines(&log(true, true), &call, reply, &secrets);
        assert_eq!(lines.len(), 2);
        let shown = format!("{lines:?}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
        assert!(shown.contains("you sent [redacted] and [redacted]"), "{shown}");
    }
}

#[test]
fn no_half_of_a_secret_is_shown_where_a_body_was_cut() {
    let secrets = Secrets::new([Secret::new("s3cr3t-known")]);
    let call = call(Method::GET, "http://a.test/");
    for blanks in 4_080..4_100 {
        let reply = Reply::text(" ".repeat(blanks) + "s3cr3t-known and more");
        let line = lines(&log(false, true), &call, reply, &secrets).remove(0);
        assert!(!format!("{line:?}").contains("s3"), "{blanks}: {line:?}");
    }
}

#[test]
fn of_a_body_only_a_short_textual_beginning_is_shown() {
    let call = call(Method::GET, "http://a.test/");
    let log = log(false, true);
    let long = Reply::text("x".repeat(10_000));
    let line = lines(&log, &call, long, &Secrets::default()).remove(0);
    assert_eq!(line["body"].chars().count(), 201);
    assert_eq!(line["body_bytes"], "10000");
    for reply in [
        Reply::status(200).header("content-type", "image/png").body(&b"\x00\x01"[..]),
        Reply::text(""),
    ] {
        let line = lines(&log, &call, reply, &Secrets::default()).remove(0);
        assert!(!line.contains_key("body"), "{line:?}");
    }
}
