//! The seam between a call and the network.
//!
//! A [`Transport`] sends one request and returns one answer whose body is read chunk by chunk. It
//! follows no redirect, retries nothing, keeps no time, and judges no status: those are the call's
//! business, so that they behave the same over a socket and [in memory](crate::MemoryTransport).
//!
//! The one thing that only a transport can know is whether a request has left, and when. That
//! decides whether a payment may be sent again, and from when on a rate limit counts it. So it is
//! told twice: by [`TransportError::sent`] when sending fails, and by the request's [`Departure`],
//! which is there also where the call runs out of time and nobody is left to return an error.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;

use http::{HeaderMap, Method};
use tokio::time::Instant;
use url::Url;

use crate::error::ErrorKind;
use crate::redact::{ShownHeaders, ShownUrl};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends requests. One transport stands for one pool of connections and is shared.
///
/// # Cancel safety
///
/// Dropping the future, or the body of its answer, gives the request up. Nothing is sent after
/// that, but what has left has left.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and waits for the head of its answer.
    ///
    /// The answer is returned with whatever status it has. A transport that can tell when a request
    /// leaves should keep the request's [`Departure`] up to date, if it has one.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] where no complete head arrived.
    fn send(
        &self,
        request: Outgoing,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>>;
}

/// A request that is about to be sent.
///
/// It holds the url as it was parsed, for a client that needs one: parsing it anew would be a large
/// part of what a call costs. Clients that want a request of the crate `http` take
/// [`into_http`](Self::into_http).
#[derive(Clone)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// An absolute http or https url without user info and fragment.
    pub url: Url,
    /// The headers, save those that frame the body.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Watched where the request must not arrive twice, or where a rate limit counts it.
    pub departure: Option<Departure>,
}

impl Outgoing {
    /// The same as a request of the crate `http`, with the departure among its extensions.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] where the url holds characters that HTTP does not allow.
    pub fn into_http(self) -> Result<http::Request<Bytes>, TransportError> {
        let uri = http::Uri::try_from(self.url.as_str()).map_err(|_| {
            let message = "its url holds characters that HTTP does not allow";
            TransportError::unsent(ErrorKind::Transform, message)
        })?;
        let mut request = http::Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        if let Some(departure) = self.departure {
            request.extensions_mut().insert(departure);
        }
        Ok(request)
    }
}

impl TryFrom<http::Request<Bytes>> for Outgoing {
    type Error = TransportError;

    /// Fails where the request's uri is no absolute url.
    fn try_from(request: http::Request<Bytes>) -> Result<Self, TransportError> {
        let (mut head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string()).map_err(|error| {
            TransportError::unsent(ErrorKind::Transform, format!("not a url: {error}"))
        })?;
        let departure = head.extensions.remove();
        Ok(Self { method: head.method, url, headers: head.headers, body, departure })
    }
}

impl fmt::Debug for Outgoing {
    /// Shows no query, no content, and no header that carries credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("url", &format_args!("{}", ShownUrl(&self.url)))
            .field("headers", &ShownHeaders(&self.headers))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}

/// Why a transport could not deliver a request, or could not read its answer to the end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What kind of failure this is.
    pub kind: ErrorKind,
    /// True unless the request surely never left this machine.
    pub sent: bool,
    /// What happened, without the url's query and without secrets.
    pub message: String,
}

impl TransportError {
    /// A failure after which the server may have received the request.
    pub fn sent(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, sent: true, message: message.into() }
    }

    /// A failure before which no byte of the request had left.
    pub fn unsent(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, sent: false, message: message.into() }
    }
}

/// The body of an answer, already decompressed, read in chunks.
pub struct Body(Inner);

enum Inner {
    Ready(Option<Bytes>),
    Chunks(Box<dyn Chunks>),
}

/// A source of the chunks of a body.
pub trait Chunks: Send {
    /// The next chunk, if it is there; `None` is the end. Nothing is asked after the end or an error.
    /// Polled and not awaited, so that a chunk costs no future of its own.
    fn poll_chunk(&mut self, task: &mut Context<'_>)
    -> Poll<Option<Result<Bytes, TransportError>>>;
}

impl Body {
    /// A body without content.
    pub fn empty() -> Self {
        Self(Inner::Ready(None))
    }

    /// A body that arrives piece by piece.
    pub fn chunks(chunks: impl Chunks + 'static) -> Self {
        Self(Inner::Chunks(Box::new(chunks)))
    }

    /// Waits for the next chunk; `None` is the end of the body.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] where the body is cut short or cannot be decompressed.
    ///
    /// # Cancel safety
    ///
    /// A chunk is either returned or still to come, as long as the source keeps to that.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        match &mut self.0 {
            Inner::Ready(bytes) => bytes.take().map(Ok),
            Inner::Chunks(chunks) => poll_fn(|task| chunks.poll_chunk(task)).await,
        }
    }
}

impl From<Bytes> for Body {
    /// A body that is there at once; it costs no stream.
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Ready(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Ready(bytes) => {
                write!(f, "Body({} bytes)", bytes.as_ref().map_or(0, Bytes::len))
            }
            Inner::Chunks(_) => f.write_str("Body(chunks)"),
        }
    }
}

/// The record of whether a request has left, and when; shared between a call, its transport, and
/// the rate limits that count it.
///
/// A call gives it to requests that must not be repeated blindly, or that a rate limit counts. A
/// transport that can tell says [`hold`](Self::hold) before [`Transport::send`] returns, and
/// [`depart`](Self::depart) before the first byte goes out. A transport that does neither is taken
/// to have sent the request when it was handed over.
#[derive(Clone, Default)]
pub struct Departure(Arc<Record>);

#[derive(Default)]
struct Record {
    /// How it stands. [`DEPARTED`] is set after `at`, and nothing follows it.
    state: AtomicU8,
    at: OnceLock<Instant>,
}

/// No transport has the request yet.
const MADE: u8 = 0;
/// A transport has it and says nothing.
const UNTOLD: u8 = 1;
/// A transport has it and keeps it.
const HELD: u8 = 2;
const CALLED_OFF: u8 = 3;
const DEPARTED: u8 = 4;

/// How it stands with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// It has not left, and may.
    Here,
    /// It is with a transport that does not tell.
    Untold,
    /// It left at this instant.
    Departed(Instant),
    /// It has not left, and never will.
    CalledOff,
}

impl Departure {
    /// The request is here and has not left. Has no effect once it departed.
    pub fn hold(&self) {
        let _ = self.go_on(MADE, HELD) || self.go_on(UNTOLD, HELD);
    }

    /// From now on the request may have left; the first instant counts. There is no way back.
    pub fn depart(&self) {
        if self.0.state.load(Ordering::Acquire) != DEPARTED {
            self.0.at.get_or_init(Instant::now);
            self.0.state.store(DEPARTED, Ordering::Release);
        }
    }

    /// May a byte of the request have left?
    pub fn may_have_left(&self) -> bool {
        matches!(self.0.state.load(Ordering::Acquire), UNTOLD | DEPARTED)
    }

    /// A transport has the request: what it did not tell by now, it does not tell.
    pub(crate) fn handed_over(&self) {
        self.go_on(MADE, UNTOLD);
    }

    /// The request has not left and is gone. Says whether that is news; what may have left stays.
    pub(crate) fn call_off(&self) -> bool {
        self.go_on(MADE, CALLED_OFF) || self.go_on(HELD, CALLED_OFF)
    }

    pub(crate) fn whereabouts(&self) -> Whereabouts {
        match self.0.state.load(Ordering::Acquire) {
            UNTOLD => Whereabouts::Untold,
            CALLED_OFF => Whereabouts::CalledOff,
            DEPARTED => {
                self.0.at.get().map_or(Whereabouts::Untold, |at| Whereabouts::Departed(*at))
            }
            _ => Whereabouts::Here,
        }
    }

    fn go_on(&self, from: u8, to: u8) -> bool {
        let moved = self.0.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        moved.is_ok()
    }
}

impl fmt::Debug for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Departure").field(&self.whereabouts()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_was_handed_to_a_silent_transport_counts_as_left() {
        let departure = Departure::default();
        assert!(!departure.may_have_left(), "nobody has it yet");
        departure.handed_over();
        assert!(departure.may_have_left());
        assert!(!departure.call_off());
        assert_eq!(departure.whereabouts(), Whereabouts::Untold);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_instant_of_a_departure_is_the_one_that_counts() {
        let departure = Departure::default();
        departure.hold();
        departure.handed_over();
        assert_eq!(departure.whereabouts(), Whereabouts::Here);
        let first = Instant::now();
        departure.depart();
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        departure.depart();
        assert!(!departure.call_off());
        assert_eq!(departure.whereabouts(), Whereabouts::Departed(first));
    }

    #[test]
    fn what_is_here_can_be_called_off_once_and_has_not_left() {
        for is_held in [false, true] {
            let departure = Departure::default();
            if is_held {
                departure.hold();
            }
            assert!(departure.call_off() && !departure.call_off());
            departure.hold();
            departure.handed_over();
            assert_eq!(departure.whereabouts(), Whereabouts::CalledOff);
            assert!(!departure.may_have_left());
        }
    }

    #[test]
    fn a_request_that_left_cannot_be_held_back() {
        let departure = Departure::default();
        departure.hold();
        assert!(!departure.may_have_left());
        departure.depart();
        departure.hold();
        assert!(departure.may_have_left());
    }

    #[tokio::test]
    async fn a_ready_body_gives_its_bytes_once_and_an_empty_one_none() {
        let mut body = Body::from(Bytes::from_static(b"hello"));
        assert_eq!(body.chunk().await, Some(Ok(Bytes::from_static(b"hello"))));
        assert_eq!(body.chunk().await, None);
        assert_eq!(Body::empty().chunk().await, None);
        assert_eq!(Body::from(Bytes::new()).chunk().await, None);
    }
}
