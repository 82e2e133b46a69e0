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
    task::{Context, Poll},
};

use bytes::Bytes;

use http::{HeaderMap, Method};
use url::Url;

use crate::error::ErrorKind;
use crate::redact::{ShownHeaders, ShownUrl};

mod departure;

pub use departure::Departure;
pub(crate) use departure::Whereabouts;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ready_body_gives_its_bytes_once_and_an_empty_one_none() {
        let mut body = Body::from(Bytes::from_static(b"hello"));
        assert_eq!(body.chunk().await, Some(Ok(Bytes::from_static(b"hello"))));
        assert_eq!(body.chunk().await, None);
        assert_eq!(Body::empty().chunk().await, None);
        assert_eq!(Body::from(Bytes::new()).chunk().await, None);
    }
}
