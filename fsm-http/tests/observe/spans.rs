//! One span an attempt.

use fsm_http::observe::AttemptSpan;
use fsm_http::{ErrorKind, Reply, TransportError};
use http::Method;

use crate::recorder::{Recorder, Span};
use crate::{call, outcome};

/// The span of an attempt at this call that gets this reply.
fn span_of(method: Method, url: &str, resend_count: u32, reply: Reply) -> Span {
    let call = call(method, url);
    let recorder = Recorder::during(|| {
        let attempt = AttemptSpan::start(&call, resend_count);
        assert!(attempt.is_recorded());
        match outcome(&call, reply) {
            Ok(answer) => attempt.answered(&answer),
            Err(error) => attempt.failed(&error),
        }
    });
    match <[Span; 1]>::try_from(recorder.spans()) {
        Ok([span]) => span,
        Err(spans) => panic!("one span an attempt: {spans:?}"),
    }
}

#[track_caller]
fn assert_fields(span: &Span, expected: &[(&str, &str)]) {
    let fields: Vec<(&str, &str)> =
        span.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(fields, expected);
    assert!(span.is_closed);
    assert_eq!(span.name, "HTTP");
}

#[test]
fn an_attempt_is_described_as_the_conventions_ask() {
    let span = span_of(Method::GET, "https://a.test/users/7", 0, Reply::text("Ada"));
    assert_fields(
        &span,
        &[
            ("http.request.method", "GET"),
            ("http.response.status_code", "200"),
            ("otel.kind", "client"),
            ("otel.name", "GET"),
            ("server.address", "a.test"),
            ("server.port", "443"),
            ("url.full", "https://a.test/users/7"),
        ],
    );
}

#[test]
fn a_status_that_is_no_success_is_the_error_type_and_resends_are_counted() {
    let span = span_of(Method::POST, "http://a.test:8080/x", 2, Reply::status(503));
    assert_fields(
        &span,
        &[
            ("error.type", "503"),
            ("http.request.method", "POST"),
            ("http.request.resend_count", "2"),
            ("http.response.status_code", "503"),
            ("otel.kind", "client"),
            ("otel.name", "POST"),
            ("otel.status_code", "ERROR"),
            ("server.address", "a.test"),
            ("server.port", "8080"),
            ("url.full", "http://a.test:8080/x"),
        ],
    );
}

#[test]
fn a_failure_without_an_answer_has_its_kind_and_no_status() {
    let refused = TransportError::unsent(ErrorKind::Connect, "refused");
    let fields = span_of(Method::GET, "http://a.test/", 0, Reply::failing(refused)).fields;
    assert_eq!(fields["error.type"], "connect");
    assert_eq!(fields["otel.status_code"], "ERROR");
    assert!(!fields.contains_key("http.response.status_code"), "{fields:?}");
}

#[test]
fn a_good_status_with_a_broken_body_has_both_status_and_kind() {
    let broken = Reply::status(200).header("content-type", "application/json").body("{");
    let fields = span_of(Method::GET, "http://a.test/", 0, broken).fields;
    assert_eq!(fields["http.response.status_code"], "200");
    assert_eq!(fields["error.type"], "decode");
}

#[test]
fn an_answer_that_nothing_has_changed_is_no_error() {
    let fields = span_of(Method::GET, "http://a.test/", 0, Reply::status(304)).fields;
    assert_eq!(fields["http.response.status_code"], "304");
    assert!(!fields.contains_key("error.type"), "{fields:?}");
    assert!(!fields.contains_key("otel.status_code"), "{fields:?}");
}

#[test]
fn an_unknown_method_makes_no_name() {
    let purge = Method::from_bytes(b"PURGE").expect("a token");
    let fields = span_of(purge, "http://a.test/", 0, Reply::text("")).fields;
    assert_eq!(fields["otel.name"], "HTTP");
    assert_eq!(fields["http.request.method"], "_OTHER");
    assert_eq!(fields["http.request.method_original"], "PURGE");
}

#[test]
fn an_attempt_that_is_given_up_ends_as_cancelled() {
    let recorder = Recorder::during(|| {
        drop(AttemptSpan::start(&call(Method::GET, "http://a.test/"), 0));
    });
    let [span] = &recorder.spans()[..] else { panic!("one span") };
    assert_eq!(span.fields["error.type"], "cancelled");
    assert_eq!(span.fields["otel.status_code"], "ERROR");
    assert!(span.is_closed);
}

#[test]
fn a_span_shows_neither_user_info_nor_query_nor_fragment() {
    let url = "http://hush:hush@a.test/x?key=hush#hush";
    let span = span_of(Method::GET, url, 0, Reply::status(500));
    assert!(!format!("{span:?}").contains("hush"), "{span:?}");
}
