//! A span for each attempt, named and described as OpenTelemetry asks of HTTP clients.
//!
//! Source: "Semantic conventions for HTTP spans", the stable part, and the field names by which
//! `tracing-opentelemetry` takes a span's name, kind, and status.
//!
//! | field | value |
//! |---|---|
//! | `otel.name` | the method, `HTTP` for one that is not well known |
//! | `otel.kind` | `client` |
//! | `http.request.method` | the method, `_OTHER` for one that is not well known |
//! | `http.request.method_original` | that one as it is |
//! | `url.full` | the url without user info, query, and fragment |
//! | `server.address`, `server.port` | where the request goes |
//! | `http.request.resend_count` | how many attempts there were before this one; absent on the first |
//! | `http.response.status_code` | the status, if there was one |
//! | `error.type` | the status, if that is the failure, else the [`ErrorKind`]; absent on success |
//! | `otel.status_code` | `ERROR` on failure, else absent |
//!
//! The conventions let a url keep its query. Here it is left out, since API keys are found there.

use http::Method;
use tracing::{Level, Span, field};

use crate::call::{Answer, Call};
use crate::error::{CallError, ErrorKind};
use crate::redact::ShownUrl;

/// The span of one attempt, from before it is sent until its outcome is known.
///
/// It has the level INFO and is a child of the span that is current when it starts. One that is
/// dropped before its outcome is known, because the call was given up, ends with the error
/// `cancelled`.
///
/// # Examples
///
/// ```
/// use fsm_http::{Call, MemoryTransport, Reply, observe::AttemptSpan};
/// use http::Method;
/// use tracing::Instrument;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = MemoryTransport::replying(|_| Reply::text("Ada"));
/// let call = Call::new(Method::GET, "http://example.com/users/7".parse()?);
///
/// let attempt = AttemptSpan::start(&call, 0);
/// assert!(!attempt.is_recorded(), "this program has no subscriber");
/// let outcome = call.perform(&server).instrument(attempt.span().clone()).await;
/// match &outcome {
///     Ok(answer) => attempt.answered(answer),
///     Err(error) => attempt.failed(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a span that is dropped at once tells of an attempt that was given up"]
pub struct AttemptSpan {
    span: Span,
    has_ended: bool,
}

impl AttemptSpan {
    /// Begins the span of an attempt that follows `resend_count` others for the same call.
    ///
    /// Where nobody listens this costs a comparison.
    pub fn start(call: &Call, resend_count: u32) -> Self {
        // The macro looks at its values only if somebody listens.
        let span = tracing::span!(
            Level::INFO,
            "HTTP",
            otel.name = known(&call.method).unwrap_or("HTTP"),
            otel.kind = "client",
            http.request.method = known(&call.method).unwrap_or("_OTHER"),
            http.request.method_original = field::Empty,
            url.full = %ShownUrl(&call.url),
            server.address = call.url.host_str().unwrap_or_default(),
            server.port = call.url.port_or_known_default().map(i64::from),
            http.request.resend_count = (resend_count > 0).then_some(i64::from(resend_count)),
            http.response.status_code = field::Empty,
            error.type = field::Empty,
            otel.status_code = field::Empty,
        );
        if !span.is_disabled() && known(&call.method).is_none() {
            span.record("http.request.method_original", call.method.as_str());
        }
        Self { span, has_ended: false }
    }

    /// The span, for whatever belongs to the attempt to happen in.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Does anybody listen? If not, there is no need to make the attempt happen in the span.
    pub fn is_recorded(&self) -> bool {
        !self.span.is_disabled()
    }

    /// The attempt succeeded.
    pub fn answered(mut self, answer: &Answer) {
        self.has_ended = true;
        // A span that nobody sees would look the field up all the same.
        if self.is_recorded() {
            self.span.record("http.response.status_code", i64::from(answer.status.as_u16()));
        }
    }

    /// The attempt failed. A 304 is no failure: it is the answer that was asked for.
    pub fn failed(mut self, error: &CallError) {
        self.has_ended = true;
        if !self.is_recorded() {
            return;
        }
        if let Some(status) = error.http_status {
            self.span.record("http.response.status_code", i64::from(status));
        }
        match (error.kind, error.http_status) {
            (ErrorKind::Redirect, Some(304)) => {}
            (ErrorKind::Status, Some(status)) => self.end_with_error(&status.to_string()),
            (kind, _) => self.end_with_error(kind.as_str()),
        }
    }

    fn end_with_error(&self, error_type: &str) {
        self.span.record("error.type", error_type);
        self.span.record("otel.status_code", "ERROR");
    }
}

impl Drop for AttemptSpan {
    fn drop(&mut self) {
        if !self.has_ended && self.is_recorded() {
            self.end_with_error(ErrorKind::Cancelled.as_str());
        }
    }
}

/// The name of a method that RFC 9110 or RFC 5789 defines. Any other is arbitrary text, of which a
/// name must not be made.
fn known(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 9] =
        ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|name| *name == method.as_str())
}
