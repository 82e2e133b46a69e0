//! The request that is expected.

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, Method};
use serde_json::Value;

use super::comparison::Comparison;
use super::error::ScriptFault;
use super::incoming::{Incoming, pairs};
use super::path::PathTemplate;
use super::secrets::SecretNames;
use super::text::{Bound, Text};
use super::{body, holes};

/// The request that is expected.
///
/// What is not said does not matter: other headers, other parameters, and a body that nothing is
/// said of are let through.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: PathTemplate,
    /// The whole query, where it is written in the path.
    query: Option<Vec<(String, Text)>>,
    parameters: Vec<(String, Text)>,
    headers: Vec<(String, Expected)>,
    bodies: Vec<body::Body>,
    conditions: Vec<Condition>,
    pub(super) faults: Vec<ScriptFault>,
}

#[derive(Clone, Debug)]
enum Expected {
    Value(Text),
    Absent,
}

#[derive(Clone)]
struct Condition {
    that: String,
    holds: Arc<dyn Fn(&Incoming) -> bool + Send + Sync>,
}

impl Request {
    /// A request with this method and path, as in `/users/{id}/posts`: a segment in braces stands
    /// for any one segment that is not empty. Write the path as text, not percent-encoded.
    ///
    /// A query in the path, as in `/users?page=2`, has to be the whole query; the order of its
    /// parameters does not matter.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let whole = path.into();
        let (path, query) = match whole.split_once('?') {
            None => (whole.as_str(), None),
            Some((path, query)) => {
                let wanted = pairs(query).map(|(name, value)| (name, Text::from(value)));
                (path, Some(wanted.collect()))
            }
        };
        let mut faults = Vec::new();
        if !path.starts_with('/') {
            faults.push(ScriptFault::Path { path: path.to_owned() });
        }
        Self {
            method,
            path: PathTemplate::new(path),
            query,
            parameters: Vec::new(),
            headers: Vec::new(),
            bodies: Vec::new(),
            conditions: Vec::new(),
            faults,
        }
    }

    /// A GET, see [`new`](Self::new).
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A HEAD, see [`new`](Self::new).
    pub fn head(path: impl Into<String>) -> Self {
        Self::new(Method::HEAD, path)
    }

    /// A POST, see [`new`](Self::new).
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// A PUT, see [`new`](Self::new).
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// A PATCH, see [`new`](Self::new).
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// A DELETE, see [`new`](Self::new).
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// With this parameter in its query. Said twice, it has to come twice, in this order.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// With this header. One that comes several times has to have this value once.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.expecting(name.into(), Expected::Value(value.into()))
    }

    /// Without this header.
    #[must_use]
    pub fn without_header(self, name: impl Into<String>) -> Self {
        self.expecting(name.into(), Expected::Absent)
    }

    /// With this JSON as its body: no more, no less. The order of members does not matter, and 1
    /// is 1.0.
    #[must_use]
    pub fn json(self, body: impl Into<Value>) -> Self {
        self.with_body(body::Body::Json(body.into()))
    }

    /// With at least this JSON as its body: objects may have more members. Lists have to have as
    /// many items.
    #[must_use]
    pub fn json_including(self, body: impl Into<Value>) -> Self {
        self.with_body(body::Body::JsonIncluding(body.into()))
    }

    /// With a JSON body of which this holds; `that` says what, for the report, as in `has an even
    /// number of items`.
    #[must_use]
    pub fn json_such_that(
        self,
        that: impl Into<String>,
        holds: impl Fn(&Value) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with_body(body::Body::JsonSuch { that: that.into(), holds: Arc::new(holds) })
    }

    /// With this field in a body that is a form (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn field(self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.with_body(body::Body::Field(name.into(), value.into()))
    }

    /// With this text as its body.
    #[must_use]
    pub fn text(self, body: impl Into<Text>) -> Self {
        self.with_body(body::Body::Text(body.into()))
    }

    /// With exactly these bytes as its body.
    #[must_use]
    pub fn bytes(self, body: impl Into<bytes::Bytes>) -> Self {
        self.with_body(body::Body::Bytes(body.into()))
    }

    /// Without a body.
    #[must_use]
    pub fn no_body(self) -> Self {
        self.bytes(bytes::Bytes::new())
    }

    /// A request of which this holds; `that` says what, for the report, as in `is signed`.
    #[must_use]
    pub fn such_that(
        mut self,
        that: impl Into<String>,
        holds: impl Fn(&Incoming) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.conditions.push(Condition { that: that.into(), holds: Arc::new(holds) });
        self
    }

    /// The request in short, as in `GET /users/{id}`.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path as a text in which there may be holes, and the whole query.
    pub(crate) fn recorded(method: Method, path: &str, query: Vec<(String, Text)>) -> Self {
        let mut request = Self::new(method, "/");
        request.path = PathTemplate::recorded(path);
        request.query = Some(query);
        request
    }

    /// A body as a cassette holds it, in which there may be holes.
    pub(crate) fn recorded_json(self, body: Value) -> Self {
        self.with_body(body::Body::JsonWithHoles(body))
    }

    fn with_body(mut self, body: body::Body) -> Self {
        self.bodies.push(body);
        self
    }

    fn expecting(mut self, name: String, expected: Expected) -> Self {
        if HeaderName::try_from(&name).is_err() {
            self.faults.push(ScriptFault::Header { name: name.clone() });
        }
        self.headers.push((name.to_ascii_lowercase(), expected));
        self
    }

    /// Has what came this method and path? Most do not, and need not be looked at any further.
    pub(super) fn is_for(&self, came: &Incoming) -> bool {
        self.method == came.method && self.path.segments_of(&came.path).is_some()
    }

    /// Holds what came against what was expected.
    pub(super) fn compare(
        &self,
        came: &Incoming,
        bound: &Bound,
        secrets: &SecretNames,
    ) -> Comparison {
        let mut comparison = Comparison::default();
        if self.is_for(came) {
            comparison.same(came.line());
        } else {
            comparison.differs(self.line(), came.line());
        }
        let query: Vec<(String, String)> = pairs(&came.query).collect();
        if let Some(expected) = &self.query {
            parameters("query", expected, &query, bound, secrets, &mut comparison);
            for (name, value) in &query {
                if expected.iter().all(|(known, _)| known != name) {
                    comparison.came(parameter_line("query", name, value, secrets));
                }
            }
        }
        parameters("query", &self.parameters, &query, bound, secrets, &mut comparison);
        for (name, expected) in &self.headers {
            header(name, expected, came, bound, secrets, &mut comparison);
        }
        for body in &self.bodies {
            body.compare(came, bound, secrets, &mut comparison);
        }
        for Condition { that, holds } in &self.conditions {
            let line = format!("such that it {that}");
            match holds(came) {
                true => comparison.same(line),
                false => comparison.differs(line, "this does not hold"),
            }
        }
        comparison
    }

    /// Notes what this request, which fits, tells: names of texts and of segments.
    pub(super) fn learn(&self, came: &mut Incoming, bound: &mut Bound) {
        came.segments = self.path.segments_of(&came.path).unwrap_or_default();
        let query: Vec<(String, String)> = pairs(&came.query).collect();
        let expected = self.query.iter().flatten().chain(&self.parameters);
        for (name, text) in expected {
            if let Some((_, value)) = query.iter().find(|(known, _)| known == name) {
                text.bind(value, bound);
            }
        }
        for (name, expected) in &self.headers {
            if let (Expected::Value(text), Some(value)) = (expected, came.header(name)) {
                text.bind(value, bound);
            }
        }
        for body in &self.bodies {
            body.bind(came, bound);
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({})", self.that)
    }
}

/// Holds parameters of one kind, of a query or a form, against those that came. What is expected
/// several times has to come as often, in this order.
pub(super) fn parameters(
    kind: &str,
    expected: &[(String, Text)],
    came: &[(String, String)],
    bound: &Bound,
    secrets: &SecretNames,
    comparison: &mut Comparison,
) {
    let mut seen: Vec<&str> = Vec::new();
    for (name, text) in expected {
        let before = seen.iter().filter(|known| *known == name).count();
        seen.push(name);
        let secret = secrets.contain(name);
        let wanted = format!("{kind} {name}: {}", text.in_words(secret, bound));
        let value = came.iter().filter(|(known, _)| known == name).nth(before);
        match value {
            None => comparison.differs(wanted, format!("{kind} {name} is absent")),
            Some((_, value)) if text.fits(value, bound) => {
                comparison.same(parameter_line(kind, name, value, secrets));
            }
            Some(_) if secret => comparison.differs(wanted, another(kind, name)),
            Some((_, value)) => {
                comparison.differs(wanted, parameter_line(kind, name, value, secrets));
            }
        }
    }
}

pub(super) fn parameter_line(kind: &str, name: &str, value: &str, secrets: &SecretNames) -> String {
    let value = if secrets.contain(name) { holes::REDACTED } else { value };
    format!("{kind} {name}: {value}")
}

fn another(kind: &str, name: &str) -> String {
    format!("{kind} {name}: [redacted: another value]")
}

fn header(
    name: &str,
    expected: &Expected,
    came: &Incoming,
    bound: &Bound,
    secrets: &SecretNames,
    comparison: &mut Comparison,
) {
    let values: Vec<_> = came.headers.get_all(name).iter().map(|value| value.as_bytes()).collect();
    let values: Vec<_> = values.into_iter().map(String::from_utf8_lossy).collect();
    let line = |value: &str| parameter_line("header", name, value, secrets);
    match (expected, values.as_slice()) {
        (Expected::Absent, []) => comparison.same(format!("header {name} is absent")),
        (Expected::Absent, [value, ..]) => {
            comparison.differs(format!("header {name} is absent"), line(value));
        }
        (Expected::Value(text), values) => {
            let secret = secrets.contain(name);
            let wanted = format!("header {name}: {}", text.in_words(secret, bound));
            match (values.iter().find(|value| text.fits(value, bound)), values) {
                (Some(value), _) => comparison.same(line(value)),
                (None, []) => comparison.differs(wanted, format!("header {name} is absent")),
                (None, _) if secret => comparison.differs(wanted, another("header", name)),
                (None, values) => comparison.differs(wanted, line(&values.join(", "))),
            }
        }
    }
}
