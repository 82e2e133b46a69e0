//! The network, through reqwest. No other file knows that crate.
//!
//! The client is stripped of everything that the call does by itself: it follows no redirect (it
//! would forward unknown secrets and send a Referer with the query), repeats nothing (it has no
//! back-off and ignores Retry-After), has no timeout of its own (the call's covers the body, too),
//! and takes no proxy from the environment. What is left is what it does well: connections, their
//! pool, TLS, HTTP/1 and HTTP/2, and gzip.
//!
//! One transport is one pool of connections and one TLS configuration. Building it takes some
//! milliseconds, so make one for each resource and share it.

use std::{
    error::Error,
    future::ready as at_once,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body::{Frame, SizeHint};
use url::Url;

use crate::{
    error::ErrorKind,
    redact::{ShownUrl, one_line},
    transport::{Body, BoxFuture, Chunks, Departure, Outgoing, Transport, TransportError},
};

mod settings;

pub use settings::ReqwestSettings;

/// The most header fields of an answer (HTTP/1), and the most bytes of them (HTTP/2). The bytes of
/// an HTTP/1 head are bounded by hyper's buffer, some 400 KB.
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// Sends requests over the network.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    /// Why https cannot work here, where it cannot.
    no_tls: Option<String>,
}

impl ReqwestTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] where the client cannot be set up on this machine.
    pub fn new() -> Result<Self, TransportError> {
        Self::with(&ReqwestSettings::default())
    }

    /// A transport with chosen settings.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] that names the setting which cannot be used.
    pub fn with(settings: &ReqwestSettings) -> Result<Self, TransportError> {
        match builder(settings)?.build() {
            Ok(client) => Ok(Self { client, no_tls: no_tls_by_feature() }),
            // A machine without certificates (a bare container) can still call http.
            Err(error) if settings.root_certificates.is_empty() => {
                let reason = deepest(&error);
                match without_certificates(builder(settings)?).build() {
                    Ok(client) => Ok(Self { client, no_tls: Some(reason) }),
                    Err(_) => Err(unusable(settings, &reason)),
                }
            }
            Err(error) => Err(unusable(settings, &deepest(&error))),
        }
    }
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: Outgoing,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        if let Some(reason) = &self.no_tls
            && request.url.scheme() == "https"
        {
            let message = format!("https cannot be used: {reason}");
            return Box::pin(at_once(Err(TransportError::unsent(ErrorKind::Tls, message))));
        }
        let Outgoing { method, url, headers, body, departure } = request;
        let mut outgoing = reqwest::Request::new(method, url);
        *outgoing.headers_mut() = headers;
        *outgoing.body_mut() = match &departure {
            None => Some(body).filter(|body| !body.is_empty()).map(Into::into),
            Some(departure) => Some(Watched::wrap(body, departure.clone())),
        };
        let sending = self.client.execute(outgoing);
        Box::pin(async move {
            let result = sending.await;
            let mut incoming = result.map_err(|error| explain(&error, departure.as_ref()))?;
            let mut response = http::Response::new(Body::empty());
            *response.status_mut() = incoming.status();
            *response.headers_mut() = std::mem::take(incoming.headers_mut());
            if incoming.content_length() != Some(0) {
                *response.body_mut() = Body::chunks(Incoming(incoming.bytes_stream()));
            }
            Ok(response)
        })
    }
}

fn builder(settings: &ReqwestSettings) -> Result<reqwest::ClientBuilder, TransportError> {
    let mut builder = reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .pool_idle_timeout(settings.pool_idle)
        .tcp_nodelay(true)
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .user_agent(&settings.user_agent);
    if let Some(url) = &settings.proxy {
        builder = builder.proxy(proxy(url)?);
    }
    with_certificates(builder, settings)
}

/// A proxy whose credentials are in none of its texts: its url and `Debug` come into messages.
fn proxy(url: &Url) -> Result<reqwest::Proxy, TransportError> {
    let (bare, credentials) = settings::without_credentials(url);
    let refused = |why: &str| {
        let message = format!("the proxy {} cannot be used: {why}", ShownUrl(&bare));
        TransportError::unsent(ErrorKind::Connect, message)
    };
    if !matches!(bare.scheme(), "http" | "https") {
        return Err(refused("only http and https proxies are supported"));
    }
    let proxy = reqwest::Proxy::all(bare.as_str()).map_err(|error| refused(&deepest(&error)))?;
    Ok(match credentials {
        Some(value) => proxy.custom_http_auth(value),
        None => proxy,
    })
}

/// Says which setting keeps a client from being built.
fn unusable(settings: &ReqwestSettings, reason: &str) -> TransportError {
    let anonymous = ReqwestSettings { client_identity: None, ..settings.clone() };
    let builds = |settings| builder(settings).is_ok_and(|builder| builder.build().is_ok());
    if settings.client_identity.is_some() && builds(&anonymous) {
        return unusable_identity(reason);
    }
    TransportError::unsent(ErrorKind::Tls, format!("TLS cannot be set up: {reason}"))
}

fn unusable_identity(reason: &str) -> TransportError {
    let message = format!(
        "the client certificate cannot be used: {reason} (a certificate chain and its private key are needed, in PEM)"
    );
    TransportError::unsent(ErrorKind::Tls, message)
}

#[cfg(feature = "rustls")]
fn with_certificates(
    mut builder: reqwest::ClientBuilder,
    settings: &ReqwestSettings,
) -> Result<reqwest::ClientBuilder, TransportError> {
    if let Some(identity) = &settings.client_identity {
        let identity = reqwest::Identity::from_pem(identity.expose().as_bytes())
            .map_err(|error| unusable_identity(&deepest(&error)))?;
        builder = builder.identity(identity);
    }
    for pem in &settings.root_certificates {
        let unreadable = |reason: &str| {
            let message = format!("a root certificate cannot be read: {reason}");
            TransportError::unsent(ErrorKind::Tls, message)
        };
        let certificates = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|error| unreadable(&deepest(&error)))?;
        if certificates.is_empty() {
            return Err(unreadable("there is none in it (certificates are expected in PEM)"));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

#[cfg(not(feature = "rustls"))]
fn with_certificates(
    builder: reqwest::ClientBuilder,
    settings: &ReqwestSettings,
) -> Result<reqwest::ClientBuilder, TransportError> {
    let none = settings.root_certificates.is_empty() && settings.client_identity.is_none();
    match no_tls_by_feature() {
        Some(reason) if !none => Err(TransportError::unsent(ErrorKind::Tls, reason)),
        Some(_) | None => Ok(builder),
    }
}

#[cfg(feature = "rustls")]
fn without_certificates(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.tls_certs_only([])
}

#[cfg(not(feature = "rustls"))]
fn without_certificates(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
}

fn no_tls_by_feature() -> Option<String> {
    let reason = "this program was built without TLS (enable the feature `rustls` of fsm-http)";
    (!cfg!(feature = "rustls")).then(|| reason.to_owned())
}

/// The body of an answer on its way in.
struct Incoming<S>(S);

impl<S> Chunks for Incoming<S>
where
    S: Stream<Item = Result<Bytes, reqwest::Error>> + Send + Unpin,
{
    fn poll_chunk(
        &mut self,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        let chunk = ready!(self.0.poll_next_unpin(task));
        Poll::Ready(chunk.map(|chunk| chunk.map_err(|error| explain(&error, None))))
    }
}

/// The body of a request that tells when it leaves: a connection asks for it right after the
/// request was handed to it, and not before. Both questions a connection can begin with count, so
/// that a body which turns out to be empty is not missed.
struct Watched {
    content: Option<Bytes>,
    departure: Departure,
}

impl Watched {
    fn wrap(content: Bytes, departure: Departure) -> reqwest::Body {
        departure.hold();
        let content = Some(content).filter(|content| !content.is_empty());
        reqwest::Body::wrap(Self { content, departure })
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.departure.depart();
        Poll::Ready(self.content.take().map(|content| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.departure.depart();
        self.content.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.as_ref().map_or(0, |content| content.len() as u64))
    }
}

/// Translates what reqwest, hyper, and the system say. A `departure` knows best whether the request
/// left; without one it may have, unless there was no connection.
fn explain(error: &reqwest::Error, departure: Option<&Departure>) -> TransportError {
    // A server that refuses our certificate has not looked at the request behind the handshake.
    let unconnected = error.is_connect() || error.is_builder() || is_refused_identity(error);
    let sent = !unconnected && departure.is_none_or(Departure::may_have_left);
    let (kind, what) = classify(error);
    TransportError { kind, sent, message: format!("{what}: {}", deepest(error)) }
}

/// The kind of a failure, and what to call it.
fn classify(error: &reqwest::Error) -> (ErrorKind, &'static str) {
    // A timeout is also reported as an error of decoding or connecting, so it is asked for first.
    if error.is_timeout() {
        return (ErrorKind::Timeout, "the system gave up waiting");
    }
    // The default resolver's errors are not among those that reqwest itself counts as such.
    if error.is_dns() || chain(error).any(|cause| cause.to_string() == "dns error") {
        return (ErrorKind::Dns, "the host name cannot be resolved");
    }
    if error.is_builder() {
        return (ErrorKind::Transform, "the request cannot be put into HTTP");
    }
    let io_kinds: Vec<_> =
        chain(error).filter_map(|cause| cause.downcast_ref()).map(io::Error::kind).collect();
    let has = |kind| io_kinds.contains(&kind);
    if chain(error).any(|cause| cause.to_string().ends_with("proxy authorization required")) {
        return (ErrorKind::Auth, "the proxy refuses us");
    }
    if alert(error).is_some() {
        return (ErrorKind::Tls, "the server broke the TLS connection off");
    }
    if error.is_connect() {
        // While connecting, only the TLS layer finds fault with data.
        return if has(io::ErrorKind::InvalidData) {
            (ErrorKind::Tls, "the TLS handshake failed")
        } else {
            (ErrorKind::Connect, "no connection")
        };
    }
    if let Some(error) = chain(error).find_map(|cause| cause.downcast_ref::<hyper::Error>())
        && error.is_parse()
    {
        // The question `is_parse_too_large` exists on hyper's server side only.
        return if error.to_string().contains("too large") {
            (ErrorKind::TooLarge, "the head of the answer is too large")
        } else {
            (ErrorKind::Decode, "the answer is no valid HTTP")
        };
    }
    let malformed = has(io::ErrorKind::InvalidData) || has(io::ErrorKind::InvalidInput);
    if malformed && !has(io::ErrorKind::UnexpectedEof) {
        return (ErrorKind::Decode, "the body is malformed");
    }
    (ErrorKind::Reset, "the connection broke")
}

/// Is the failure that the server wants a certificate of us, or another one? With TLS 1.3 it says so
/// when our side of the handshake is done and the request may be on its way.
fn is_refused_identity(error: &reqwest::Error) -> bool {
    alert(error).is_some_and(|alert| {
        alert.contains("Certificate") || matches!(&*alert, "UnknownCA" | "AccessDenied")
    })
}

/// The alert (RFC 8446, section 6) by which the other side ended the connection. The TLS library's
/// own types are not to be had here, so it is read from their text.
fn alert(error: &reqwest::Error) -> Option<String> {
    chain(error).find_map(|cause| {
        cause.to_string().strip_prefix("received fatal alert: ").map(ToOwned::to_owned)
    })
}

/// An error and what caused it, from the outside in.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        // An error inside an io error is not its source, but it is what there is to know.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inside) => Some(inside),
            None => error.source(),
        };
        Some(error)
    })
}

/// The innermost cause: the outer ones say the same in more general words, and name the url.
fn deepest(error: &reqwest::Error) -> String {
    let innermost = chain(error).skip(1).last();
    one_line(&innermost.map_or_else(|| "no cause given".to_owned(), ToString::to_string))
}
