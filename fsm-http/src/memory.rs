//! A server in memory, for tests under paused time.
//!
//! With tokio's clock paused, real sockets are useless: the clock jumps to the next timer as soon
//! as every task waits, so a timeout fires before a packet arrives. A [`MemoryTransport`] keeps time
//! by the same clock, so a test of a thirty-second timeout takes no time and gives the same result
//! each run. It keeps every request for the test to look at.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use crate::{
    error::ErrorKind,
    transport::{Body, BoxFuture, Chunks, Outgoing, Transport, TransportError},
};

type Handler = dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, Reply> + Send + Sync;

/// A transport whose answers come from a closure or a list.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fsm_http::{Call, ErrorKind, MemoryTransport, Reply};
/// use http::Method;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let server = MemoryTransport::sequence([Reply::stalled(), Reply::text("done")]);
/// let call = Call::new(Method::GET, "http://example.com/".parse().expect("a url"));
///
/// let error = call.perform(&server).await.expect_err("thirty seconds, in no time");
/// assert_eq!(error.kind, ErrorKind::Timeout);
/// assert_eq!(*call.perform(&server).await.expect("an answer").value, "done");
/// assert_eq!(server.requests().len(), 2);
/// # }
/// ```
pub struct MemoryTransport {
    handler: Box<Handler>,
    /// Every request that left, in order. Locked only to push and to copy.
    requests: Mutex<Vec<http::Request<Bytes>>>,
}

impl MemoryTransport {
    /// Answers each request with what the closure's future says.
    pub fn new<F, R>(handler: F) -> Self
    where
        F: Fn(http::Request<Bytes>) -> R + Send + Sync + 'static,
        R: Future<Output = Reply> + Send + 'static,
    {
        let handler = move |request| -> BoxFuture<'static, Reply> { Box::pin(handler(request)) };
        Self { handler: Box::new(handler), requests: Mutex::default() }
    }

    /// Answers each request with what the closure says at once.
    pub fn replying(
        handler: impl Fn(&http::Request<Bytes>) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |request| std::future::ready(handler(&request)))
    }

    /// Answers the first request with the first reply, and so on. A request beyond the last reply
    /// fails with the kind `contract` and says so.
    pub fn sequence(replies: impl IntoIterator<Item = Reply>) -> Self {
        // Each request takes one reply; the lock is held for nothing else.
        let replies: Mutex<VecDeque<_>> = Mutex::new(replies.into_iter().collect());
        Self::replying(move |request| {
            let next = replies.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            next.unwrap_or_else(|| {
                let (method, path) = (request.method(), request.uri().path());
                let message = format!("the script has no reply left for {method} {path}");
                Reply::failing(TransportError::sent(ErrorKind::Contract, message))
            })
        })
    }

    /// The requests that left so far, in order.
    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn carry_out(&self, request: Outgoing) -> Result<http::Response<Body>, TransportError> {
        let departure = request.departure.clone().unwrap_or_default();
        let request = request.into_http()?;
        let reply = (self.handler)(request.clone()).await;
        tokio::time::sleep(reply.before_sending).await;
        let leaves = match &reply.outcome {
            Outcome::Answer(_) | Outcome::Stall => true,
            Outcome::Fail(error) => error.sent,
        };
        if leaves {
            departure.depart();
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        }
        tokio::time::sleep(reply.latency).await;
        match reply.outcome {
            Outcome::Answer(response) => Ok(response.map(Body::from_pieces)),
            Outcome::Fail(error) => Err(error),
            Outcome::Stall => std::future::pending().await,
        }
    }
}

impl Transport for MemoryTransport {
    fn send(
        &self,
        request: Outgoing,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        if let Some(departure) = &request.departure {
            departure.hold();
        }
        Box::pin(self.carry_out(request))
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryTransport({} requests)", self.requests().len())
    }
}

/// What becomes of a request in memory: an answer, a fault, or silence.
///
/// The methods that describe an answer's status, headers, and body have no effect on a fault.
#[derive(Debug, Clone)]
pub struct Reply {
    before_sending: Duration,
    latency: Duration,
    outcome: Outcome,
}

#[derive(Debug, Clone)]
enum Outcome {
    Answer(http::Response<VecDeque<Piece>>),
    Fail(TransportError),
    Stall,
}

/// One step of a body.
#[derive(Debug, Clone)]
enum Piece {
    Chunk { after: Duration, bytes: Bytes },
    Cut,
    Stall,
}

impl Reply {
    /// An answer with this status and no body.
    ///
    /// # Panics
    ///
    /// If the number is no status (100 to 999).
    pub fn status(status: u16) -> Self {
        let mut response = http::Response::new(VecDeque::new());
        *response.status_mut() = StatusCode::from_u16(status).expect("a status from 100 to 999");
        Self::of(Outcome::Answer(response))
    }

    /// An answer 200 with a JSON body.
    pub fn json(value: &Value) -> Self {
        Self::status(200).header(CONTENT_TYPE, "application/json").body(value.to_string())
    }

    /// An answer 200 with a body of plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::status(200).header(CONTENT_TYPE, "text/plain; charset=utf-8").body(text.into())
    }

    /// The connection is refused: nothing leaves.
    pub fn refused() -> Self {
        Self::failing(TransportError::unsent(ErrorKind::Connect, "connection refused"))
    }

    /// The connection breaks before a byte of the request has left.
    pub fn reset_before_sending() -> Self {
        Self::failing(TransportError::unsent(ErrorKind::Reset, "connection reset before sending"))
    }

    /// The connection breaks after the request was sent, before an answer.
    pub fn reset_after_sending() -> Self {
        Self::failing(TransportError::sent(ErrorKind::Reset, "connection reset by peer"))
    }

    /// The request leaves, and nothing ever comes back.
    pub fn stalled() -> Self {
        Self::of(Outcome::Stall)
    }

    /// Any failure of the transport.
    pub fn failing(error: TransportError) -> Self {
        Self::of(Outcome::Fail(error))
    }

    /// Lets the request leave only after a while, as a slow connection does.
    #[must_use]
    pub fn connecting_for(mut self, time: Duration) -> Self {
        self.before_sending = time;
        self
    }

    /// Lets the head of the answer, or the fault, come this long after the request has left.
    #[must_use]
    pub fn after(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Adds a header to the answer.
    ///
    /// # Panics
    ///
    /// If name or value are not allowed in HTTP.
    #[must_use]
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: fmt::Debug>,
        V: TryInto<HeaderValue, Error: fmt::Debug>,
    {
        let name = name.try_into().expect("a header name");
        let value = value.try_into().expect("a header value");
        if let Outcome::Answer(response) = &mut self.outcome {
            response.headers_mut().append(name, value);
        }
        self
    }

    /// Gives the answer a body that is there at once, in place of any given before.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        if let Outcome::Answer(response) = &mut self.outcome {
            response.body_mut().clear();
        }
        self.chunk(Duration::ZERO, bytes)
    }

    /// Adds a chunk to the body, that comes this long after what is before it.
    #[must_use]
    pub fn chunk(self, after: Duration, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        self.piece(Piece::Chunk { after, bytes })
    }

    /// Breaks the connection at this point of the body.
    #[must_use]
    pub fn cut_short(self) -> Self {
        self.piece(Piece::Cut)
    }

    /// Lets nothing come after this point of the body.
    #[must_use]
    pub fn then_stalled(self) -> Self {
        self.piece(Piece::Stall)
    }

    fn of(outcome: Outcome) -> Self {
        Self { before_sending: Duration::ZERO, latency: Duration::ZERO, outcome }
    }

    fn piece(mut self, piece: Piece) -> Self {
        if let Outcome::Answer(response) = &mut self.outcome {
            response.body_mut().push_back(piece);
        }
        self
    }
}

impl Body {
    /// A body in one piece is there at once; any other is played.
    fn from_pieces(pieces: VecDeque<Piece>) -> Self {
        match pieces.iter().next() {
            None => Self::empty(),
            Some(Piece::Chunk { after, bytes }) if pieces.len() == 1 && after.is_zero() => {
                Self::from(bytes.clone())
            }
            Some(Piece::Chunk { .. } | Piece::Cut | Piece::Stall) => {
                Self::chunks(Script { pieces, sleep: None })
            }
        }
    }
}

/// A body that is played piece by piece.
struct Script {
    pieces: VecDeque<Piece>,
    /// Until the chunk in front has come.
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Chunks for Script {
    fn poll_chunk(
        &mut self,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        match self.pieces.front() {
            None => Poll::Ready(None),
            Some(Piece::Chunk { after, bytes }) => {
                let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(*after)));
                ready!(sleep.as_mut().poll(task));
                let bytes = bytes.clone();
                self.sleep = None;
                self.pieces.pop_front();
                Poll::Ready(Some(Ok(bytes)))
            }
            Some(Piece::Cut) => {
                self.pieces.pop_front();
                let message = "the connection was closed before the end of the body";
                Poll::Ready(Some(Err(TransportError::sent(ErrorKind::Reset, message))))
            }
            Some(Piece::Stall) => Poll::Pending,
        }
    }
}
