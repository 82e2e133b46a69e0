//! Spans, sent to a collector over OTLP.
//!
//! [`AttemptSpan`](crate::observe::AttemptSpan) describes attempts in OpenTelemetry's words; a
//! [`SpanExport`] sends them, and every other span of the program, where traces are kept: the
//! OpenTelemetry collector, Jaeger, Tempo, and others take OTLP over HTTP with protobuf, usually on
//! port 4318 under `/v1/traces`.
//!
//! The exporter of OpenTelemetry collects spans and sends them in batches from a thread of its own;
//! what it sends goes through a [`Transport`] of ours, so no second HTTP client is built. What could
//! not be delivered is lost, is told as a warning under the target `fsm_http::otlp`, and is an error
//! of [`SpanExport::stop`] if it was the last batch.
//!
//! A span costs about a microsecond more while it is exported.
//!
//! # Examples
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use fsm_http::otlp::SpanExport;
//! use fsm_http::ReqwestTransport;
//! use tracing_subscriber::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = Arc::new(ReqwestTransport::new()?);
//! let collector = "http://127.0.0.1:4318/v1/traces".parse()?;
//! let export = SpanExport::start(&collector, "shop", http::HeaderMap::new(), transport)?;
//! tracing_subscriber::registry().with(export.layer()).init();
//!
//! // … calls and flows …
//!
//! export.stop().await?;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::instrument::WithSubscriber;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::received::Received;
use crate::redact::one_line;
use crate::transport::{Outgoing, Transport};

/// The time for one batch, from connecting to the last byte of the answer; the default of OTLP.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The time for the last batches when the export stops.
const LAST_BATCHES: Duration = Duration::from_secs(15);

/// The most bytes that a collector may answer with. An answer is a few bytes long.
const MAX_ANSWER: u64 = 64 * 1024;

/// Sends spans to a collector until it is stopped.
///
/// Dropping it instead of [stopping](Self::stop) it may lose the spans of the last seconds.
#[derive(Debug)]
pub struct SpanExport {
    provider: SdkTracerProvider,
    last_failure: LastFailure,
}

/// Why spans are not exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The exporter sends on a tokio runtime.
    #[error("spans can only be exported from within a tokio runtime")]
    NoRuntime,
    /// The exporter refuses its settings.
    #[error("spans can't be exported to {collector}: {why}")]
    Unusable {
        /// The collector, as far as it may be shown.
        collector: String,
        /// What the exporter says.
        why: String,
    },
    /// The last spans did not arrive.
    #[error("the last spans were not delivered: {0}")]
    Undelivered(String),
}

impl SpanExport {
    /// Begins to send spans to `collector`, the whole url with its path, in the name of `service`.
    /// `headers` go with every batch, such as the credentials of a hosted collector.
    ///
    /// # Errors
    /// Outside of a tokio runtime, or with settings that the exporter refuses.
    pub fn start(
        collector: &Url,
        service: &str,
        headers: HeaderMap,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ExportError> {
        let runtime = Handle::try_current().map_err(|_| ExportError::NoRuntime)?;
        let last_failure = LastFailure::default();
        let courier = Courier { transport, headers, runtime, last_failure: last_failure.clone() };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(courier)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(collector.as_str())
            .with_timeout(TIMEOUT)
            .build()
            .map_err(|error| ExportError::Unusable {
                collector: crate::redact::ShownUrl(collector).to_string(),
                why: one_line(&error.to_string()),
            })?;
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name(service.to_owned()).build())
            .with_batch_exporter(exporter)
            .build();
        Ok(Self { provider, last_failure })
    }

    /// The layer that hands spans of the level INFO and above to the export; more than one may be
    /// made.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        // Below INFO there are the spans of the HTTP client, our own batches among them.
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("fsm-http"))
            .with_target(false)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(LevelFilter::INFO)
    }

    /// Sends what is left and ends the export; takes 15 s at most.
    ///
    /// # Errors
    /// If the last spans were not delivered.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the rest to a thread in the background.
    pub async fn stop(self) -> Result<(), ExportError> {
        let Self { provider, last_failure } = self;
        // The exporter blocks its caller, and the batches need this thread.
        let stopping =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_BATCHES));
        let stopped = match stopping.await {
            Ok(stopped) => stopped.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let failure = lock(&last_failure).take();
        match (failure, stopped) {
            (None, Ok(())) => Ok(()),
            (Some(why), _) | (None, Err(why)) => Err(ExportError::Undelivered(one_line(&why))),
        }
    }
}

/// Why the last batch was not delivered; `None` if it was. Locked to read or to replace it.
type LastFailure = Arc<Mutex<Option<String>>>;

/// A text is whole or absent, also after a panic elsewhere.
fn lock(failure: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    failure.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries batches to the collector, over a transport.
#[derive(Clone)]
struct Courier {
    transport: Arc<dyn Transport>,
    headers: HeaderMap,
    runtime: Handle,
    last_failure: LastFailure,
}

impl Courier {
    async fn deliver(self, mut request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let delivery = async {
            let request = Outgoing::try_from(request).map_err(|error| error.message)?;
            let answer = self.transport.send(request).await.map_err(|error| error.message)?;
            let (head, mut body) = answer.into_parts();
            let mut received = Received::default();
            while let Some(chunk) = body.chunk().await {
                let chunk = chunk.map_err(|error| error.message)?;
                received
                    .push(chunk, MAX_ANSWER)
                    .map_err(|_| format!("the answer is larger than {MAX_ANSWER} bytes"))?;
            }
            Ok(Response::from_parts(head, received.into_bytes()))
        };
        match tokio::time::timeout(TIMEOUT, delivery).await {
            Err(_elapsed) => Err(format!("no answer within {TIMEOUT:?}")),
            Ok(Ok(answer)) if !answer.status().is_success() => {
                Err(format!("the collector answers {}", answer.status()))
            }
            Ok(delivered) => delivered,
        }
    }
}

impl HttpClient for Courier {
    /// The exporter polls this on a thread without a runtime, so the work is done on ours.
    fn send_bytes<'client, 'future>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'future>>
    where
        'client: 'future,
        Self: 'future,
    {
        // What delivers spans must not make spans to be delivered.
        let delivery = self.clone().deliver(request).with_subscriber(NoSubscriber::default());
        let delivery = self.runtime.spawn(delivery);
        Box::pin(async move {
            let delivered = match delivery.await {
                Ok(delivered) => delivered,
                Err(error) => Err(error.to_string()),
            };
            let failure = delivered.as_ref().err().cloned();
            if let Some(why) = &failure {
                tracing::warn!(target: "fsm_http::otlp", why = one_line(why), "spans are lost");
            }
            *lock(&self.last_failure) = failure;
            delivered.map_err(HttpError::from)
        })
    }
}

impl fmt::Debug for Courier {
    /// Shows no header: there are credentials among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").finish_non_exhaustive()
    }
}
