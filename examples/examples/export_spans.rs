//! Tracing a run: every attempt is a span, and a collector gets them over OTLP.
//!
//! The collector here is a few lines on loopback that print what arrives. In its place may stand
//! the OpenTelemetry collector, Jaeger, or whatever else takes OTLP over HTTP.
//!
//! ```sh
//! cargo run -p fsm-examples --features otlp --example export_spans
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use fsm_http::ReqwestTransport;
use fsm_http::otlp::SpanExport;
use fsm_patterns::{Flow, RunReport, file};
use fsm_testkit::server::MockApi;
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use tracing::Instrument;
use tracing_subscriber::prelude::*;
use url::Url;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (report, spans) = trace_a_run().await?;
    println!("{}: {}", report.name, report.outcome.as_str());
    for span in spans {
        println!("  {} {:?}", span.name, attributes(&span));
    }
    Ok(())
}

/// Runs a flow whose first call fails twice: the report, and the spans that the collector got.
pub(crate) async fn trace_a_run() -> Result<(RunReport, Vec<Span>), Box<dyn Error>> {
    let api = MockApi::builder().latency(Duration::from_millis(1)).start().await?;
    let text = format!(
        "fsm: 1
name: traced
mode: pipeline
endpoints:
  - name: shaky
    url: {api}/flaky/2?key=not-to-be-seen
    retry_delay: 10ms
  - name: missing
    url: {api}/status/404
",
        api = api.url()
    );
    let flow = Flow::new(file::load("traced.yaml", &text)?.spec)?;

    let collector = Collector::start().await?;
    let transport = Arc::new(ReqwestTransport::new()?);
    let export = SpanExport::start(&collector.url, "examples", HeaderMap::new(), transport)?;
    tracing_subscriber::registry().with(export.layer()).try_init()?;

    // A span around the run holds its attempts together: they become one trace.
    let run = flow.execute(json!({})).instrument(tracing::info_span!("run", flow = flow.name()));
    let report = run.await?;
    export.stop().await?;
    api.stop().await;
    Ok((report, collector.spans()))
}

/// The attributes of a span, as text.
pub(crate) fn attributes(span: &Span) -> Vec<(String, String)> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;

    let text = |value: Option<&Value>| match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    let attribute = |attribute: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
        (attribute.key.clone(), text(value))
    };
    let mut attributes: Vec<_> = span.attributes.iter().map(attribute).collect();
    attributes.sort();
    attributes
}

/// Takes spans over OTLP, with protobuf.
struct Collector {
    url: Url,
    /// Every span that arrived. Locked to add and to copy.
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    async fn start() -> Result<Self, Box<dyn Error>> {
        let spans = Arc::new(Mutex::new(Vec::new()));
        let router = axum::Router::new().route("/v1/traces", post(take)).with_state(spans.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/v1/traces", listener.local_addr()?).parse()?;
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { url, spans })
    }

    fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A batch has spans by resource and by scope; they are kept in one list.
async fn take(State(kept): State<Arc<Mutex<Vec<Span>>>>, body: Bytes) -> StatusCode {
    let Ok(batch) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let scopes = batch.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans);
    kept.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
    StatusCode::OK
}
