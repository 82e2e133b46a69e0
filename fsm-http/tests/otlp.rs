//! The export of spans, against a collector in memory.

use std::sync::Arc;

use fsm_http::observe::AttemptSpan;
use fsm_http::otlp::{ExportError, SpanExport};
use fsm_http::{Call, MemoryTransport, Reply};
use http::{HeaderMap, HeaderValue, Method};
use tracing_subscriber::prelude::*;

const COLLECTOR: &str = "http://collector.test/v1/traces?tenant=hush";

fn start(collector: &Arc<MemoryTransport>) -> SpanExport {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer hush"));
    let url = COLLECTOR.parse().expect("a url");
    SpanExport::start(&url, "shop", headers, collector.clone()).expect("inside of a runtime")
}

/// Makes one span, and others that nobody wants to see.
fn make_spans(export: &SpanExport) {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(export.layer()), || {
        let call = Call::new(Method::GET, "http://a.test/users/7?key=hush".parse().expect("a url"));
        drop(AttemptSpan::start(&call, 0));
        drop(tracing::debug_span!("below the level"));
    });
}

#[tokio::test(flavor = "current_thread")]
async fn spans_are_sent_once_in_one_batch_with_the_headers() {
    let collector = Arc::new(MemoryTransport::replying(|_| Reply::status(200)));
    let export = start(&collector);
    make_spans(&export);
    export.stop().await.expect("the collector takes them");

    let [batch] = &collector.requests()[..] else { panic!("one batch") };
    assert_eq!(batch.uri(), COLLECTOR);
    assert_eq!(batch.headers()["authorization"], "Bearer hush");
    assert_eq!(batch.headers()["content-type"], "application/x-protobuf");
    // Texts stand in protobuf as they are.
    let content = String::from_utf8_lossy(batch.body());
    for text in ["service.name", "shop", "url.full", "http://a.test/users/7", "cancelled"] {
        assert!(content.contains(text), "{text} in {content}");
    }
    for text in ["hush", "below the level"] {
        assert!(!content.contains(text), "{text} in {content}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_collector_that_refuses_the_last_spans_is_an_error() {
    let table = [
        (Reply::status(401), "the collector answers 401 Unauthorized"),
        (Reply::refused(), "connection refused"),
    ];
    for (reply, why) in table {
        let collector = Arc::new(MemoryTransport::replying(move |_| reply.clone()));
        let export = start(&collector);
        make_spans(&export);
        let error = export.stop().await.expect_err("they are lost");
        assert_eq!(error.to_string(), format!("the last spans were not delivered: {why}"));
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
}

#[test]
fn without_a_runtime_there_is_nobody_to_send() {
    let url = COLLECTOR.parse().expect("a url");
    let transport = Arc::new(MemoryTransport::sequence([]));
    let started = SpanExport::start(&url, "shop", HeaderMap::new(), transport);
    assert!(matches!(started, Err(ExportError::NoRuntime)), "{started:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn an_export_without_spans_sends_nothing() {
    let collector = Arc::new(MemoryTransport::sequence([]));
    start(&collector).stop().await.expect("there was nothing to send");
    assert!(collector.requests().is_empty());
}
