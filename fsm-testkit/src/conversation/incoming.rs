//! A request as it came over the wire.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request as it came.
///
/// `Debug` shows neither query, headers, nor body: they may hold secrets.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Incoming {
    /// The method.
    pub method: Method,
    /// The path as it was sent, percent-encoded.
    pub path: String,
    /// The query as it was sent, without the `?`; empty if there was none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; what came in chunks is put together.
    pub body: Bytes,
    /// What the names in the expected path stand for, decoded.
    pub(super) segments: Vec<(String, String)>,
}

impl Incoming {
    pub(super) fn new(method: Method, target: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        Self { method, path, query, headers, body, segments: Vec::new() }
    }

    /// The request in short, as in `GET /users/1`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What `{name}` in the expected path stands for, decoded.
    ///
    /// ```
    /// use fsm_testkit::conversation::{Answer, Conversation, Request};
    /// use serde_json::json;
    ///
    /// let conversation = Conversation::new()
    ///     .expect(Request::get("/users/{id}"))
    ///     .answer_with(|request| Answer::json(200, json!({ "id": request.segment("id") })));
    /// # drop(conversation);
    /// ```
    pub fn segment(&self, name: &str) -> Option<&str> {
        let found = self.segments.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The first value of a parameter in the query, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        pairs(&self.query).find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The url under which the client called, as far as its `Host` tells.
    pub(crate) fn base_url(&self) -> Option<String> {
        self.header("host").map(|host| format!("http://{host}"))
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("line", &self.line())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}

/// The parameters of a query or a form, decoded, in their order.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
    })
}

pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
