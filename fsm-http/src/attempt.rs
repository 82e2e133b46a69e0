//! One attempt at a call, from the request to the decoded answer or to the error.
//!
//! [`Attempt::run`] goes the way forward and notes where it is; [`Attempt::fail`] is the one place
//! where a failure becomes a [`CallError`]. They are apart because the clock can stop the way at
//! any point: then `run` is gone, and `fail` tells from the notes whether the request had left and
//! what had arrived.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Method, header::CONTENT_LENGTH, response::Parts};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    call::{Answer, Call},
    decode::{Decode, DecodeError, is_textual},
    error::{CallError, ErrorKind, Retry},
    in_words::InWords,
    payload::PartError,
    received::Received,
    redact::{ShownUrl, beginning, one_line, scrub},
    redirect::{RedirectError, Route},
    request::{Unsendable, request},
    retry::{Repeatability, on_interruption},
    retry_after::retry_after,
    save::{SaveError, Saving},
    transport::{Body, Departure, Transport, TransportError},
};

/// How much of the body of an answer that is no success is read.
const ERROR_BODY: u64 = 256 * 1024;

/// How much of such a body is looked at for the excerpt in the message.
const EXCERPT_SOURCE: usize = 1024;

/// How many chunks of a redirect's body are read for the sake of its connection.
const REDIRECT_CHUNKS: usize = 8;

/// An attempt on its way, with the notes that tell how far it came.
pub(crate) struct Attempt<'c> {
    call: &'c Call,
    repeatability: Repeatability,
    route: Route<'c>,
    /// Watched only where it matters: for requests that must not arrive twice, or that are counted.
    departure: Option<&'c Departure>,
    /// The head of the answer that ends the route.
    head: Option<Parts>,
    received: Received,
    /// Where the body of a success goes instead, if it is to be saved.
    saving: Option<Box<Saving>>,
    started: Instant,
}

/// What stopped an attempt.
pub(crate) enum Failure {
    /// The request cannot be put into HTTP.
    Unsendable(Unsendable),
    /// The transport gave up.
    Interrupted(TransportError),
    /// The time is over.
    Deadline,
    /// A status that is neither success nor redirect.
    Status,
    /// A redirect that is not followed.
    Redirect(RedirectError),
    /// The body is larger than allowed.
    TooLarge,
    /// The body is not what it claims to be.
    Undecodable(DecodeError),
    /// The body cannot be saved to a file.
    Unsaved(SaveError),
    /// A file that is to be sent cannot be read.
    Unread(PartError),
}

impl<'c> Attempt<'c> {
    pub(crate) fn new(call: &'c Call, departure: Option<&'c Departure>) -> Self {
        Self {
            call,
            repeatability: call.repeatability(),
            route: Route::new(call.method.clone(), &call.url),
            departure,
            head: None,
            received: Received::Nothing,
            saving: None,
            started: Instant::now(),
        }
    }

    /// When its time is over.
    pub(crate) fn deadline(&self) -> Instant {
        /// As far away as tokio's own timers reach.
        const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
        self.started + self.call.timeout.min(FAR)
    }

    /// How long it has been on its way.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Goes the whole way.
    pub(crate) async fn run(&mut self, transport: &dyn Transport) -> Result<Arc<Answer>, Failure> {
        // Files are rare, so what is done with them brings its own room.
        if let Some(target) = &self.call.save_to {
            self.saving =
                Some(Box::pin(self.prepare_to_save(target)).await.map_err(Failure::Unsaved)?);
        }
        loop {
            let request =
                request(self.call, &self.route, self.departure).map_err(Failure::Unsendable)?;
            let sending = transport.send(request);
            if let Some(departure) = self.departure {
                departure.handed_over();
            }
            let response = sending.await.map_err(Failure::Interrupted)?;
            let (head, mut body) = response.into_parts();
            let status = head.status;
            if status.is_redirection() {
                let limit = self.call.max_redirects;
                if let Err(error) = self.route.follow(status, &head.headers, limit) {
                    self.head = Some(head);
                    return Err(Failure::Redirect(error));
                }
                finish_if_there(&mut body);
                continue;
            }

            let declared = declared_length(&head.headers);
            self.head = Some(head);
            if !status.is_success() {
                self.read_error_page(&mut body).await;
                return Err(Failure::Status);
            }
            let has_content = self.route.method != Method::HEAD;
            if has_content && declared.is_some_and(|length| length > self.call.max_body) {
                return Err(Failure::TooLarge);
            }
            self.read(&mut body).await?;
            if let (Some(saving), Some(head)) = (&mut self.saving, &self.head) {
                let value = Box::pin(saving.finish(&head.headers)).await;
                let value = value.map_err(Failure::Unsaved)?;
                let received = saving.len();
                return Ok(self.put_together(Bytes::new(), received, value));
            }
            return self.answer(self.call.decode).map_err(Failure::Undecodable);
        }
    }

    async fn prepare_to_save(&self, target: &Path) -> Result<Box<Saving>, SaveError> {
        if self.call.method == Method::HEAD {
            return Err(SaveError::NoBody);
        }
        Saving::to(target).await
    }

    async fn read(&mut self, body: &mut Body) -> Result<(), Failure> {
        while let Some(chunk) = body.chunk().await {
            let chunk = chunk.map_err(Failure::Interrupted)?;
            let Some(saving) = &mut self.saving else {
                self.received.push(chunk, self.call.max_body).map_err(|_| Failure::TooLarge)?;
                continue;
            };
            if saving.len().saturating_add(chunk.len() as u64) > self.call.max_body {
                return Err(Failure::TooLarge);
            }
            saving.push(chunk).await.map_err(Failure::Unsaved)?;
        }
        Ok(())
    }

    /// Reads what comes of the body of an answer whose status has decided already.
    async fn read_error_page(&mut self, body: &mut Body) {
        let limit = ERROR_BODY.min(self.call.max_body);
        while let Some(Ok(chunk)) = body.chunk().await {
            if self.received.push(chunk, limit).is_err() {
                return;
            }
        }
    }

    /// Decodes the body and puts the answer together. Takes the notes, so it comes last.
    fn answer(&mut self, decode: Decode) -> Result<Arc<Answer>, DecodeError> {
        let head = self.head.as_ref().expect("an answer is put together after its head arrived");
        let (status, headers) = (head.status, &head.headers);
        let body = std::mem::take(&mut self.received).into_bytes();
        let value = match decode.apply(&self.route.method, status, headers, &body) {
            Ok(value) => value,
            Err(error) if status.is_success() => return Err(error),
            // The status is the failure; that its page is broken besides is no news.
            Err(_) => as_it_is(&body),
        };
        let received = body.len() as u64;
        Ok(self.put_together(body, received, value))
    }

    fn put_together(&mut self, body: Bytes, received: u64, value: Value) -> Arc<Answer> {
        let head = self.head.take().expect("an answer is put together after its head arrived");
        Arc::new(Answer {
            status: head.status,
            headers: head.headers,
            url: (*self.route.url).clone(),
            body,
            received,
            latency: self.started.elapsed(),
            value: Arc::new(value),
        })
    }

    /// The bytes of the body that are here.
    fn arrived(&self) -> u64 {
        self.saving.as_ref().map_or(self.received.len(), |saving| saving.len())
    }

    /// Says what went wrong, and whether it may be tried again.
    pub(crate) fn fail(mut self, failure: Failure) -> CallError {
        let http_status = self.head.as_ref().map(|head| head.status.as_u16());
        let (kind, retry, message) = match failure {
            Failure::Status => return self.status_error(),
            // A bad status is the outcome, even if its page was still on the way.
            Failure::Deadline if http_status.is_some_and(|code| code >= 300) => {
                return self.status_error();
            }
            Failure::Redirect(error) => return self.redirect_error(&error),
            Failure::Unsendable(why) => {
                let message = format!("{} cannot be sent: {why}", self.shown_request());
                (ErrorKind::Transform, Retry::Never, message)
            }
            Failure::TooLarge => {
                let (source, limit) = (self.source(), self.call.max_body);
                let message = format!("{source}: the body is larger than max_body ({limit} bytes)");
                (ErrorKind::TooLarge, Retry::Never, message)
            }
            Failure::Undecodable(error) => {
                let message = format!("{}: {error}", self.source());
                (ErrorKind::Decode, Retry::Never, scrub(&message, &self.call.headers))
            }
            Failure::Unread(error) => {
                let error = one_line(&error.to_string());
                let message = format!("{} is not sent: {error}", self.shown_request());
                (ErrorKind::Transform, Retry::Never, message)
            }
            Failure::Unsaved(error) => {
                let error = one_line(&error.to_string());
                let message = match self.head {
                    None => format!("{} is not sent: {error}", self.shown_request()),
                    Some(_) => format!("{}: {error}", self.source()),
                };
                (ErrorKind::Transform, Retry::Never, message)
            }
            Failure::Interrupted(error) => {
                let cause = one_line(&error.message);
                let cause = match self.head {
                    None => cause,
                    Some(_) => {
                        format!("the body broke off at byte {}: {cause}", self.arrived())
                    }
                };
                if let Some(departure) = self.departure.filter(|_| !error.sent) {
                    departure.hold();
                }
                self.interruption(error.kind, error.sent, &cause)
            }
            Failure::Deadline => {
                let (timeout, length) = (InWords(self.call.timeout), self.arrived());
                let cause = match self.head {
                    None => format!("no answer within {timeout}"),
                    Some(_) => {
                        format!("after {timeout} only {length} bytes of the body were there")
                    }
                };
                let left = self.departure.is_none_or(Departure::may_have_left);
                self.interruption(ErrorKind::Timeout, left, &cause)
            }
        };
        CallError { kind, message, http_status, retry, answer: None }
    }

    fn interruption(&self, kind: ErrorKind, left: bool, cause: &str) -> (ErrorKind, Retry, String) {
        let departed = left || self.head.is_some() || self.route.was_redirected();
        let (kind, retry) = on_interruption(kind, self.repeatability, departed);
        let request = self.shown_request();
        let message = if kind == ErrorKind::UnknownOutcome {
            format!(
                "{request} may or may not have taken effect: {cause}. It is not sent again, since it carries no Idempotency-Key"
            )
        } else {
            format!("{request}: {cause}")
        };
        (kind, retry, message)
    }

    fn status_error(&mut self) -> CallError {
        let source = self.source();
        let answer = self.error_answer();
        let after = retry_after(&answer.headers, SystemTime::now());
        let retry = self.call.rules.on_status(answer.status, self.repeatability, after);
        let message = match self.excerpt(&answer) {
            None => source,
            Some(excerpt) => format!("{source}: {excerpt}"),
        };
        let http_status = Some(answer.status.as_u16());
        CallError { kind: ErrorKind::Status, message, http_status, retry, answer: Some(answer) }
    }

    fn redirect_error(&mut self, error: &RedirectError) -> CallError {
        let message = format!("{} {error}", self.source());
        let answer = self.error_answer();
        CallError {
            kind: ErrorKind::Redirect,
            message,
            http_status: Some(answer.status.as_u16()),
            retry: Retry::Never,
            answer: Some(answer),
        }
    }

    fn error_answer(&mut self) -> Box<Answer> {
        let answer = self.answer(Decode::Auto);
        let answer = answer.expect("without success the body is taken as it is");
        Box::new(Arc::unwrap_or_clone(answer))
    }

    /// The beginning of a textual error page, fit for a message.
    fn excerpt(&self, answer: &Answer) -> Option<String> {
        if !is_textual(&answer.headers) {
            return None;
        }
        // Scrubbed before it is cut, so that no half of a secret is left at the end.
        let scrubbed = scrub(&beginning(&answer.body, EXCERPT_SOURCE), &self.call.headers);
        Some(one_line(&scrubbed)).filter(|excerpt| !excerpt.is_empty())
    }

    /// `GET http://example.com/users/7`
    fn shown_request(&self) -> String {
        format!("{} {}", self.route.method, ShownUrl(&self.route.url))
    }

    /// `503 Service Unavailable from GET http://example.com/users/7`
    fn source(&self) -> String {
        let request = self.shown_request();
        match &self.head {
            None => request,
            Some(head) => match head.status.canonical_reason() {
                None => format!("{} from {request}", head.status.as_u16()),
                Some(reason) => format!("{} {reason} from {request}", head.status.as_u16()),
            },
        }
    }
}

/// Reads a body that has come along with its head, so that its connection can be used again. One
/// that is still on its way is not waited for: a new connection is cheaper.
fn finish_if_there(body: &mut Body) {
    for _ in 0..REDIRECT_CHUNKS {
        let Some(Some(Ok(_))) = body.chunk().now_or_never() else { return };
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The text of a body, or its bytes in base64.
fn as_it_is(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => Value::String(BASE64_STANDARD.encode(body)),
    }
}
