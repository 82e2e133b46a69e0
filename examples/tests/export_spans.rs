//! The spans of a run, as they arrive at a collector. A test program of its own, because the
//! subscriber is that of the whole program.

#[path = "../examples/export_spans.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod export_spans;

use export_spans::attributes;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

#[tokio::test(flavor = "current_thread")]
async fn every_attempt_of_a_run_arrives_as_a_span_of_one_trace() {
    let (report, spans) = export_spans::trace_a_run().await.expect("a run and its spans");
    assert_eq!(report.steps["shaky"].attempts, 3);

    let run = spans.iter().find(|span| span.name == "run").expect("the span around the run");
    let mut attempts: Vec<&Span> = spans.iter().filter(|span| span.name == "GET").collect();
    attempts.sort_by_key(|span| span.start_time_unix_nano);
    assert_eq!((attempts.len(), spans.len()), (4, 5));
    for span in &attempts {
        assert_eq!(span.trace_id, run.trace_id);
        assert_eq!(span.parent_span_id, run.span_id);
        assert_eq!(span.kind, SpanKind::Client as i32);
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    }

    let of = |span: &Span, name: &str| {
        attributes(span).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    };
    let is_error = |span: &Span| {
        span.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32)
    };
    let seen: Vec<_> = attempts
        .iter()
        .map(|span| {
            let status = of(span, "http.response.status_code").expect("every attempt had one");
            let resends = of(span, "http.request.resend_count");
            (status, resends, of(span, "error.type"), is_error(span))
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    let expected = [
        ("503".to_owned(), None, text("503"), true),
        ("503".to_owned(), text("1"), text("503"), true),
        ("200".to_owned(), text("2"), None, false),
        ("404".to_owned(), None, text("404"), true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(of(attempts[0], "http.request.method"), text("GET"));
    assert_eq!(of(attempts[0], "server.address"), text("127.0.0.1"));
    let url = of(attempts[0], "url.full").expect("every attempt has one");
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/flaky/2"), "{url}");
    assert!(!format!("{spans:?}").contains("not-to-be-seen"), "a query is not exported");
}
