//! One exchange with a place that gives out credentials: a token endpoint, or a login.
//!
//! It differs from a call to the API in what a failure means. Asking for a token twice does no
//! harm, so whatever may pass may be tried again, though the method is POST. What is refused with a
//! 4xx is refused for good. Nothing of a success is ever quoted, since it holds the token under a
//! name that we may not know.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::{
    call::Call,
    decode::is_textual,
    error::{CallError, ErrorKind, Retry},
    in_words::InWords,
    received::Received,
    redact::{ShownUrl, beginning, one_line},
    redirect::Route,
    request::request,
    retry::after_interruption,
    retry_after::retry_after,
    secret::Secrets,
    transport::{Transport, TransportError},
};

/// The most time for one exchange, from connecting to the last byte of the answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// The most that is read of an answer. Tokens have a few kilobytes at most.
const MAX_BODY: u64 = 256 * 1024;

/// How much of an error page is looked at for the excerpt in the message.
const EXCERPT_SOURCE: usize = 4096;

/// The way to a place that gives out credentials, and what must not be shown of it.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// The time for one exchange.
    pub(super) timeout: Duration,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) secrets: Secrets,
}

/// An answer, whatever its status.
pub(super) struct Heard {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Endpoint {
    /// Sends one request and reads its answer, whatever the status. Follows no redirect.
    ///
    /// # Errors
    ///
    /// A [`CallError`] of the kind `auth` where no complete answer came.
    pub(super) async fn ask(&self, call: &Call) -> Result<Heard, CallError> {
        match tokio::time::timeout(self.timeout, self.exchange(call)).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                let cause = format!("no complete answer within {}", InWords(self.timeout));
                Err(self.error(call, None, Retry::Allowed { after: None }, &cause))
            }
        }
    }

    async fn exchange(&self, call: &Call) -> Result<Heard, CallError> {
        let route = Route::new(call.method.clone(), &call.url);
        let request = request(call, &route, None)
            .map_err(|why| self.error(call, None, Retry::Never, &why.to_string()))?;
        let broken = |status, error: TransportError| {
            self.error(call, status, after_interruption(error.kind), &error.message)
        };
        let response = self.transport.send(request).await.map_err(|error| broken(None, error))?;
        let (head, mut body) = response.into_parts();
        let mut received = Received::default();
        while let Some(chunk) = body.chunk().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                // A bad status is the outcome, even if its page broke off.
                Err(_) if !head.status.is_success() => break,
                Err(error) => return Err(broken(Some(head.status), error)),
            };
            if received.push(chunk, MAX_BODY).is_err() {
                if !head.status.is_success() {
                    break;
                }
                let cause = format!("the answer has more than {MAX_BODY} bytes");
                return Err(self.error(call, Some(head.status), Retry::Never, &cause));
            }
        }
        Ok(Heard { status: head.status, headers: head.headers, body: received.into_bytes() })
    }

    /// The failure that an answer with a status other than 2xx stands for.
    pub(super) fn refusal(&self, call: &Call, heard: &Heard) -> CallError {
        let Heard { status, headers, .. } = heard;
        let passes = status.is_server_error()
            || matches!(
                *status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
            );
        let retry = if passes {
            Retry::Allowed { after: retry_after(headers, SystemTime::now()) }
        } else {
            Retry::Never
        };
        let mut cause = status.as_str().to_owned();
        if let Some(reason) = status.canonical_reason() {
            cause.push(' ');
            cause.push_str(reason);
        }
        if status.is_redirection() {
            cause.push_str(", and credentials are not sent along on a redirect");
        } else if let Some(detail) = heard.detail(&self.secrets) {
            cause.push_str(": ");
            cause.push_str(&detail);
        }
        self.error(call, Some(*status), retry, &cause)
    }

    /// The failure of an answer that is a success by its status and none by its content.
    pub(super) fn useless(&self, call: &Call, heard: &Heard, cause: &str) -> CallError {
        self.error(call, Some(heard.status), Retry::Never, cause)
    }

    fn error(
        &self,
        call: &Call,
        status: Option<StatusCode>,
        retry: Retry,
        cause: &str,
    ) -> CallError {
        let message = format!(
            "no credentials from {} {}: {}",
            call.method,
            ShownUrl(&call.url),
            one_line(&self.secrets.scrub(cause))
        );
        let http_status = status.map(|status| status.as_u16());
        CallError { kind: ErrorKind::Auth, message, http_status, retry, answer: None }
    }
}

impl Heard {
    /// The body as JSON, where it is that.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What the server says about a failure: the error of OAuth 2.0 (RFC 6749, section 5.2), else the
    /// beginning of a page of text.
    fn detail(&self, secrets: &Secrets) -> Option<String> {
        if let Some(error) = self.json().as_ref().and_then(oauth_error) {
            return Some(error);
        }
        if !is_textual(&self.headers) {
            return None;
        }
        // Scrubbed before it is cut, so that no half of a secret is left at the end.
        let text = beginning(&self.body, EXCERPT_SOURCE);
        Some(one_line(&secrets.scrub(&text))).filter(|excerpt| !excerpt.is_empty())
    }
}

/// `invalid_client (The client is not known)`
pub(super) fn oauth_error(answer: &Value) -> Option<String> {
    let error = answer.get("error")?.as_str()?;
    match answer.get("error_description").and_then(Value::as_str) {
        None => Some(error.to_owned()),
        Some(description) => Some(format!("{error} ({description})")),
    }
}
