//! Requests, read from bytes.

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::incoming::Incoming;

/// The largest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// The most header fields of a request.
const MAX_HEADERS: usize = 128;

/// The largest body, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Why no request can be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The client is gone, perhaps in the middle of a request.
    Gone,
    /// What came is no request.
    NotHttp(String),
}

/// A connection that requests are read from, one after the other.
#[derive(Debug)]
pub(super) struct Reader {
    stream: TcpStream,
    buffer: BytesMut,
}

/// The head of a request.
struct Head {
    method: Method,
    target: String,
    headers: HeaderMap,
    persistent: bool,
}

impl Reader {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// The next request, and whether the connection may go on after it.
    pub(super) async fn next(&mut self) -> Result<(Incoming, bool), Unreadable> {
        let Head { method, target, headers, persistent } = self.head().await?;
        let waits = headers.get("expect").is_some_and(|value| value == "100-continue");
        if waits && self.buffer.is_empty() {
            let go_on = self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
            go_on.map_err(|_| Unreadable::Gone)?;
        }
        let body = self.body(&headers).await?;
        Ok((Incoming::new(method, &target, headers, body), persistent))
    }

    async fn head(&mut self) -> Result<Head, Unreadable> {
        loop {
            // httparse takes the preface of HTTP/2 for a method that it does not know.
            if self.buffer.starts_with(b"PRI * HTTP/2") {
                let why = "the preface of HTTP/2; this API speaks HTTP/1.1";
                return Err(Unreadable::NotHttp(why.into()));
            }
            if self.buffer.first() == Some(&0x16) {
                let why = "a TLS handshake; this API speaks http, not https";
                return Err(Unreadable::NotHttp(why.into()));
            }
            if let Some((length, head)) = parse(&self.buffer)? {
                self.buffer.advance(length);
                return Ok(head);
            }
            if self.buffer.len() > MAX_HEAD {
                let why = format!("a head of more than {MAX_HEAD} bytes");
                return Err(Unreadable::NotHttp(why));
            }
            self.more().await?;
        }
    }

    async fn body(&mut self, headers: &HeaderMap) -> Result<Bytes, Unreadable> {
        if headers.contains_key("transfer-encoding") {
            return self.chunks().await;
        }
        let Some(length) = headers.get("content-length") else { return Ok(Bytes::new()) };
        let known = length.to_str().ok().and_then(|length| length.parse::<usize>().ok());
        let Some(length) = known else {
            return Err(Unreadable::NotHttp("a Content-Length that is no number".into()));
        };
        self.take(length).await
    }

    /// A body in chunks (RFC 9112, section 7.1), put together.
    async fn chunks(&mut self) -> Result<Bytes, Unreadable> {
        let mut body = BytesMut::new();
        loop {
            let line = self.line().await?;
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size).ok().map(str::trim);
            let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
            let Some(size) = size.filter(|size| size.saturating_add(body.len()) <= MAX_BODY) else {
                let why =
                    format!("a chunk without a size, or a body of more than {MAX_BODY} bytes");
                return Err(Unreadable::NotHttp(why));
            };
            if size == 0 {
                // Trailers, up to an empty line.
                while !self.line().await?.is_empty() {}
                return Ok(body.freeze());
            }
            body.extend_from_slice(&self.take(size).await?);
            if !self.line().await?.is_empty() {
                return Err(Unreadable::NotHttp("a chunk that is longer than its size".into()));
            }
        }
    }

    async fn line(&mut self) -> Result<Bytes, Unreadable> {
        loop {
            if let Some(at) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(at + 1);
                line.truncate(at);
                if line.last() == Some(&b'\r') {
                    line.truncate(at - 1);
                }
                return Ok(line.freeze());
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(Unreadable::NotHttp("a chunk without a size".into()));
            }
            self.more().await?;
        }
    }

    async fn take(&mut self, length: usize) -> Result<Bytes, Unreadable> {
        if length > MAX_BODY {
            let why = format!("a body of {length} bytes; {MAX_BODY} are taken");
            return Err(Unreadable::NotHttp(why));
        }
        while self.buffer.len() < length {
            self.more().await?;
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn more(&mut self) -> Result<(), Unreadable> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(1..) => Ok(()),
            Ok(0) | Err(_) => Err(Unreadable::Gone),
        }
    }
}

/// The head that the bytes begin with, and its length; `None` if it is not all there.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Head)>, Unreadable> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    let refused = |why: String| Unreadable::NotHttp(why);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(refused(format!("{error} in its head"))),
    };
    let method = Method::from_bytes(request.method.unwrap_or_default().as_bytes());
    let method = method.map_err(|error| refused(error.to_string()))?;
    // The target may be a whole url, where the client takes this for a proxy.
    let uri = request.path.unwrap_or_default().parse::<Uri>();
    let uri = uri.map_err(|error| refused(format!("a target that is none: {error}")))?;
    let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let mut headers = HeaderMap::new();
    for field in request.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(refused(format!("a header `{}` that can't be", field.name)));
        };
        headers.append(name, value);
    }
    let connection = headers.get("connection").and_then(|value| value.to_str().ok());
    let connection = connection.unwrap_or_default().to_ascii_lowercase();
    let persistent = match request.version {
        Some(1) => !connection.contains("close"),
        Some(_) | None => connection.contains("keep-alive"),
    };
    Ok(Some((length, Head { method, target, headers, persistent })))
}
