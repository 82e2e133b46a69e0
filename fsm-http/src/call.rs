//! One call: a request, what is expected of its answer, and how far it may go.
//!
//! A [`Call`] is plain data and is put together once; [`Call::perform`] makes one attempt at it and
//! may be used again for the next. Everything from the first byte of a connection to the last byte
//! of the body happens under one timeout, redirects included.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::{
    attempt::{Attempt, Failure},
    decode::Decode,
    error::CallError,
    payload::Payload,
    redact::{ShownHeaders, ShownUrl},
    retry::{Repeatability, RetryRules},
    transport::{Departure, Transport},
};

/// The header that lets a server recognise the attempts of one call.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request, and the rules for its answer.
#[derive(Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The absolute url, `http` or `https`. User info in it is sent as basic authorization, unless
    /// an `Authorization` header is declared; a fragment is not sent.
    pub url: Url,
    /// The declared headers. Mark values that are secret with [`HeaderValue::set_sensitive`].
    /// `Content-Length` and `Transfer-Encoding` are left out: they follow from the body.
    pub headers: HeaderMap,
    /// The body, empty by default.
    pub body: Payload,
    /// The time for one attempt, from connecting to the last byte of the answer; 30 s by default.
    pub timeout: Duration,
    /// The most bytes that the answer's body may have after decompression; 16 MiB by default.
    pub max_body: u64,
    /// How many redirects are followed in a row; 10 by default, 0 follows none.
    pub max_redirects: u32,
    /// After which failures the call may be repeated.
    pub rules: RetryRules,
    /// The key by which the server recognises a repeated request; see
    /// [`idempotency_key`](crate::idempotency_key). It replaces a declared header of that name,
    /// which counts as a key, too.
    pub idempotency_key: Option<HeaderValue>,
    /// How the body of the answer becomes a value. Of no effect where it is saved to a file.
    pub decode: Decode,
    /// The file that the body of a 2xx answer is saved to, chunk by chunk and under `max_body`,
    /// whatever its size in memory would be. The answer's value is then
    /// `{"file": …, "bytes": …, "media_type": …}`, and its `body` is empty.
    ///
    /// The file is written whole or not at all: what was there stays until the last byte is on the
    /// disk, and an attempt that fails, is cancelled, or runs out of time leaves nothing behind. A
    /// file that cannot be written is an error of the kind `transform` that is never repeated; what
    /// can be known before the request is sent (a missing folder, HEAD) stops it.
    pub save_to: Option<PathBuf>,
}

impl Call {
    /// A call with the default limits, without headers and body.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Payload::empty(),
            timeout: Duration::from_secs(30),
            max_body: 16 * 1024 * 1024,
            max_redirects: 10,
            rules: RetryRules::default(),
            idempotency_key: None,
            decode: Decode::Auto,
            save_to: None,
        }
    }

    /// Makes one attempt: sends the request, follows redirects, reads the answer, and decodes it.
    ///
    /// # Errors
    ///
    /// A [`CallError`] where there is no answer, no success (2xx), or no readable content. It says
    /// whether the call may be repeated; nothing is repeated here.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up and closes what it opened. Whether the server got
    /// the request is then as unknown as after a timeout.
    pub async fn perform(&self, transport: &dyn Transport) -> Result<Answer, CallError> {
        let departure = self.is_unsafe().then(Departure::default);
        let performed = if self.body.is_at_hand() {
            self.perform_timed(transport, departure.as_ref()).await
        } else {
            let mut call = self.clone();
            Box::pin(call.read_files()).await?;
            call.perform_timed(transport, departure.as_ref()).await
        };
        match performed {
            Ok(answer) => Ok(Arc::unwrap_or_clone(answer)),
            Err((error, _)) => Err(error),
        }
    }

    /// Puts the content of its files into the body. This is no part of the attempt's time: nothing
    /// is sent before everything that is to be sent is there.
    pub(crate) async fn read_files(&mut self) -> Result<(), CallError> {
        match self.body.read().await {
            Ok(body) => {
                self.body = body;
                Ok(())
            }
            Err(error) => Err(Attempt::new(self, None).fail(Failure::Unread(error))),
        }
    }

    /// As [`perform`](Self::perform); a failure comes with the time it took. Whoever has to know
    /// whether and when the request left passes a `departure`; an unsafe call needs one.
    pub(crate) async fn perform_timed(
        &self,
        transport: &dyn Transport,
        departure: Option<&Departure>,
    ) -> Result<Arc<Answer>, (CallError, Duration)> {
        let mut attempt = Attempt::new(self, departure);
        let deadline = attempt.deadline();
        let failure = match tokio::time::timeout_at(deadline, attempt.run(transport)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(failure)) => failure,
            Err(_elapsed) => Failure::Deadline,
        };
        let latency = attempt.elapsed();
        Err((attempt.fail(failure), latency))
    }

    /// Would it do harm if the request arrived twice?
    pub(crate) fn is_unsafe(&self) -> bool {
        !self.method.is_idempotent() && self.repeatability() == Repeatability::Unsafe
    }

    pub(crate) fn repeatability(&self) -> Repeatability {
        let keyed = self.idempotency_key.is_some() || self.headers.contains_key(IDEMPOTENCY_KEY);
        Repeatability::of(&self.method, keyed)
    }
}

impl fmt::Debug for Call {
    /// Shows no query, no content, and no header that carries credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("url", &format_args!("{}", ShownUrl(&self.url)))
            .field("headers", &ShownHeaders(&self.headers))
            .field("body", &self.body)
            .field("timeout", &self.timeout)
            .field("max_body", &self.max_body)
            .field("max_redirects", &self.max_redirects)
            .field("rules", &self.rules)
            .field("idempotency_key", &self.idempotency_key)
            .field("decode", &self.decode)
            .field("save_to", &self.save_to)
            .finish()
    }
}

/// The answer to a call.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The url that answered: another than the call's where redirects were followed.
    pub url: Url,
    /// The body, decompressed; empty where it was saved to a file.
    pub body: Bytes,
    /// The bytes of the body that were received, counted after decompression.
    pub received: u64,
    /// The time from sending to the decoded answer.
    pub latency: Duration,
    /// The body as a value, shared with whoever else got the same answer; see [`Decode`].
    pub value: Arc<Value>,
}

impl fmt::Debug for Answer {
    /// Shows no query, no content, and of the headers the names: what they say may echo the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &names)
            .field("url", &format_args!("{}", ShownUrl(&self.url)))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

    use super::*;

    #[test]
    fn debug_of_a_call_shows_its_shape_and_no_secret() {
        let url = Url::parse("https://me:hunter2@example.com/a?key=hunter2").expect("a url");
        let mut call = Call::new(Method::POST, url);
        let x_api_key = HeaderName::from_static("x-api-key");
        for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, x_api_key] {
            call.headers.insert(name, HeaderValue::from_static("hunter2"));
        }
        let mut marked = HeaderValue::from_static("hunter2");
        marked.set_sensitive(true);
        call.headers.insert("x-own", marked);
        call.headers.insert("x-plain", HeaderValue::from_static("plain"));
        call.body = Payload::text("hunter2");
        call.idempotency_key = Some(HeaderValue::from_static("k-1"));

        let shown = format!("{call:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        for part in ["https://example.com/a", "x-own", "plain", "k-1", "7 bytes"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }

    #[test]
    fn a_declared_idempotency_key_counts_as_one() {
        let mut call = Call::new(Method::POST, Url::parse("http://a.test/").expect("a url"));
        assert_eq!(call.repeatability(), Repeatability::Unsafe);
        call.headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_static("k"));
        assert_eq!(call.repeatability(), Repeatability::Keyed);
    }
}
