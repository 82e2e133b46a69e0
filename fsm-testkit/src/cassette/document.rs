//! What a cassette holds, as it stands in the file.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

mod leaf;

/// The version of the format.
const VERSION: u32 = 1;

/// A cassette.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) cassette: Version,
    pub(super) conversation: Vec<Item>,
}

/// The version of the format; there is one.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[derive(Clone, Copy)]
pub(super) struct Version;

/// What comes next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawItem", into = "RawItem")]
pub(super) enum Item {
    Exchange(Box<Exchange>),
    InAnyOrder(Vec<Exchange>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_any_order: Option<Vec<Exchange>>,
}

/// A request and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) request: Request,
    pub(super) answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRequest", into = "RawRequest")]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<String>,
    pub(super) headers: Headers,
    pub(super) body: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequest {
    #[serde(deserialize_with = "leaf::method", serialize_with = "leaf::write_method")]
    method: Method,
    #[serde(deserialize_with = "leaf::path")]
    path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    query: Vec<String>,
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    headers: Headers,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "leaf::present")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "leaf::base64")]
    base64: Option<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawAnswer", into = "RawAnswer")]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnswer {
    #[serde(deserialize_with = "leaf::status")]
    status: u16,
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    headers: Headers,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "leaf::present")]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "leaf::base64")]
    base64: Option<Bytes>,
}

/// Headers by name, sorted. A byte beyond ASCII is the character of the same number.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Headers(BTreeMap<String, Values>);

/// One value is a text, several are a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a header has a text, or a list of texts")]
enum Values {
    One(String),
    Several(Vec<String>),
}

/// A body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    Empty,
    Json(Value),
    Text(String),
    Bytes(Bytes),
}

impl Headers {
    #[cfg(feature = "record")]
    pub(super) fn push(&mut self, name: &str, value: String) {
        match self.0.get_mut(name) {
            None => drop(self.0.insert(name.to_owned(), Values::One(value))),
            Some(values) => {
                let mut several = values.texts().to_vec();
                several.push(value);
                *values = Values::Several(several);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(name, values)| {
            values.texts().iter().map(|value| (name.as_str(), value.as_str()))
        })
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Values {
    fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(leaf::HeadersVisitor)
    }
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            VERSION => Ok(Self),
            other => Err(format!("version {other} is not known here; {VERSION} is")),
        }
    }
}

impl From<Version> for u32 {
    fn from(Version: Version) -> Self {
        VERSION
    }
}

impl TryFrom<RawItem> for Item {
    type Error = &'static str;

    fn try_from(raw: RawItem) -> Result<Self, Self::Error> {
        match (raw.request, raw.answer, raw.in_any_order) {
            (Some(request), Some(answer), None) => {
                Ok(Self::Exchange(Box::new(Exchange { request, answer })))
            }
            (None, None, Some(exchanges)) => Ok(Self::InAnyOrder(exchanges)),
            _ => Err("expected `request` and `answer`, or `in_any_order`"),
        }
    }
}

impl From<Item> for RawItem {
    fn from(item: Item) -> Self {
        match item {
            Item::Exchange(exchange) => {
                let Exchange { request, answer } = *exchange;
                Self { request: Some(request), answer: Some(answer), in_any_order: None }
            }
            Item::InAnyOrder(exchanges) => {
                Self { request: None, answer: None, in_any_order: Some(exchanges) }
            }
        }
    }
}

impl TryFrom<RawRequest> for Request {
    type Error = &'static str;

    fn try_from(raw: RawRequest) -> Result<Self, Self::Error> {
        let RawRequest { method, path, query, headers, json, text, base64 } = raw;
        Ok(Self { method, path, query, headers, body: body(json, text, base64)? })
    }
}

impl From<Request> for RawRequest {
    fn from(request: Request) -> Self {
        let Request { method, path, query, headers, body } = request;
        let (json, text, base64) = body.parts();
        Self { method, path, query, headers, json, text, base64 }
    }
}

impl TryFrom<RawAnswer> for Answer {
    type Error = &'static str;

    fn try_from(raw: RawAnswer) -> Result<Self, Self::Error> {
        let RawAnswer { status, headers, json, text, base64 } = raw;
        Ok(Self { status, headers, body: body(json, text, base64)? })
    }
}

impl From<Answer> for RawAnswer {
    fn from(answer: Answer) -> Self {
        let Answer { status, headers, body } = answer;
        let (json, text, base64) = body.parts();
        Self { status, headers, json, text, base64 }
    }
}

impl Body {
    fn parts(self) -> (Option<Value>, Option<String>, Option<Bytes>) {
        match self {
            Self::Empty => (None, None, None),
            Self::Json(value) => (Some(value), None, None),
            Self::Text(text) => (None, Some(text), None),
            Self::Bytes(bytes) => (None, None, Some(bytes)),
        }
    }
}

fn body(
    json: Option<Value>,
    text: Option<String>,
    base64: Option<Bytes>,
) -> Result<Body, &'static str> {
    match (json, text, base64) {
        (None, None, None) => Ok(Body::Empty),
        (Some(value), None, None) => Ok(Body::Json(value)),
        (None, Some(text), None) => Ok(Body::Text(text)),
        (None, None, Some(bytes)) => Ok(Body::Bytes(bytes)),
        _ => Err("a body is one of `json`, `text`, and `base64`"),
    }
}
