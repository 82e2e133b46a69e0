//! An endpoint that is being written.

use std::sync::Arc;
use std::time::Duration;

use fsm_http::Call;
use http::{HeaderName, Method};
use serde_json::Value;

use super::{Poll, Undo, WrittenKey, expression_fault, template_at};
use crate::bases::Bases;
use crate::expr::{Condition, UrlTemplate};
use crate::fault::{Fault, Place};
use crate::spec::{
    BodyFormat, CacheKey, Code, EndpointSpec, Entry, Handler, MapCall, Parser, RateSpec, Transform,
    When,
};
use crate::step::StepError;

/// One call of a flow. Wherever a value is taken, a string in it may be an expression, as in flow
/// files; `_with` takes Rust code instead, under a name for drawings and messages.
#[must_use = "an endpoint is added by `Orchestration::endpoint`"]
#[derive(Debug)]
pub struct Endpoint {
    url: String,
    headers: Vec<(String, Value)>,
    params: Vec<(String, Value)>,
    body: Option<Value>,
    transform_input: Option<Written>,
    transform_output: Option<Written>,
    condition: Option<String>,
    error_handler: Option<Value>,
    parser: Option<Value>,
    cache_key: Option<WrittenKey>,
    save_to: Option<Value>,
    poll: Option<Poll>,
    undo: Option<Box<Undo>>,
    /// Everything that needs no parsing; its url is a placeholder.
    spec: EndpointSpec,
}

/// A transform as it was written.
#[derive(Debug)]
enum Written {
    Template(Value),
    Code(Transform),
}

impl Endpoint {
    /// A call of any method.
    pub fn new(name: impl Into<String>, method: Method, url: impl Into<String>) -> Self {
        let placeholder = UrlTemplate::parse("http://localhost/").expect("a plain url");
        let spec = EndpointSpec { method, ..EndpointSpec::new(name, placeholder) };
        Self {
            url: url.into(),
            headers: Vec::new(),
            params: Vec::new(),
            body: None,
            transform_input: None,
            transform_output: None,
            condition: None,
            error_handler: None,
            parser: None,
            cache_key: None,
            save_to: None,
            poll: None,
            undo: None,
            spec,
        }
    }

    /// A GET.
    pub fn get(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(name, Method::GET, url)
    }

    /// A POST; its default body is `$data`.
    pub fn post(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(name, Method::POST, url)
    }

    /// A PUT; its default body is `$data`.
    pub fn put(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(name, Method::PUT, url)
    }

    /// A PATCH; its default body is `$data`.
    pub fn patch(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(name, Method::PATCH, url)
    }

    /// A DELETE.
    pub fn delete(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(name, Method::DELETE, url)
    }

    /// Names the resource that it calls: one of [`Orchestration::resource`]. The url is then
    /// appended to the resource's base url, if it has one.
    ///
    /// [`Orchestration::resource`]: crate::Orchestration::resource
    pub fn resource(mut self, name: impl Into<String>) -> Self {
        self.spec.resource = Some(name.into());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a parameter to the url's query: an array repeats it, null leaves it out.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sends a body; JSON, unless a declared content type says otherwise.
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends a body in a given format.
    pub fn body_as(mut self, format: BodyFormat, body: impl Into<Value>) -> Self {
        self.body = Some(body.into());
        self.spec.body_format = format;
        self
    }

    /// Limits one attempt, from connecting to the last byte; default: as its resource says, else
    /// 30 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.spec.timeout = Some(limit);
        self
    }

    /// How many units its calls may take in one window, which is the flow's `rate_limit_window`.
    /// Default: no limit of its own.
    pub fn rate_limit(mut self, count: u32) -> Self {
        self.spec.rate_limit = vec![RateSpec::count(count)];
        self
    }

    /// Several rates, each a count and its window, all of which must allow.
    pub fn rates(mut self, rates: impl IntoIterator<Item = (u32, Duration)>) -> Self {
        self.spec.rate_limit = rates.into_iter().map(RateSpec::from).collect();
        self
    }

    /// How many units may go out at once before the rate paces them. Default: all of them.
    pub fn burst_limit(mut self, count: u32) -> Self {
        self.spec.burst_limit = Some(count);
        self
    }

    /// How many units of every limit one attempt takes; default 1.
    pub fn weight(mut self, units: u32) -> Self {
        self.spec.weight = units;
        self
    }

    /// What makes two calls the same to the cache: a template over `$inputs`, `$data`, and
    /// `$steps`. Default: as the flow says. Endpoints that are neither GET nor HEAD are cached only
    /// with one.
    pub fn cache_key(mut self, template: impl Into<Value>) -> Self {
        self.cache_key = Some(WrittenKey::Template(template.into()));
        self
    }

    /// Makes the cache key of the request in Rust.
    pub fn cache_key_with<F>(mut self, name: &str, key: F) -> Self
    where
        F: Fn(&Call) -> Result<String, String> + Send + Sync + 'static,
    {
        let code: Code<MapCall> = Code { name: name.into(), run: Arc::new(key) };
        self.cache_key = Some(WrittenKey::Code(CacheKey::Code(code)));
        self
    }

    /// Writes the body of a success into a file: a template of its path, relative to the working
    /// directory. The output is then `{ file, bytes, media_type }`.
    pub fn save_to(mut self, path: impl Into<Value>) -> Self {
        self.save_to = Some(path.into());
        self
    }

    /// Further attempts after the first; default 3, but 0 on POST and PATCH, where a count above 0
    /// sends an `Idempotency-Key`.
    pub fn retry_count(mut self, count: u32) -> Self {
        self.spec.retry_count = Some(count);
        self
    }

    /// The first wait between attempts, doubled each time; default 1 s.
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.spec.retry_delay = delay;
        self
    }

    /// The longest wait of our own making; default 60 s. Never shortens Retry-After.
    pub fn retry_max_delay(mut self, longest: Duration) -> Self {
        self.spec.retry_max_delay = longest;
        self
    }

    /// The longest Retry-After that is put up with (inclusive); beyond it the call ends at once
    /// as `rate_limited`. Default: no limit.
    pub fn retry_max_wait(mut self, longest: Duration) -> Self {
        self.spec.retry_max_wait = Some(longest);
        self
    }

    /// Statuses that are retried; default 408, 425, 429, 500, 502, 503, 504.
    pub fn retry_on(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.spec.retry_on = Some(statuses.into_iter().collect());
        self
    }

    /// Sends an `Idempotency-Key`, the same with every attempt.
    pub fn idempotency(mut self) -> Self {
        self.spec.idempotency = true;
        self
    }

    /// How the answer becomes a value; default by content type.
    pub fn response_parser(mut self, parser: Parser) -> Self {
        self.spec.response_parser = parser;
        self.parser = None;
        self
    }

    /// Makes the value of a template over `$response`.
    pub fn parse(mut self, template: impl Into<Value>) -> Self {
        self.parser = Some(template.into());
        self
    }

    /// Makes the value of the decoded answer in Rust.
    pub fn parse_with<F>(self, name: &str, parse: F) -> Self
    where
        F: Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
    {
        self.response_parser(Parser::Code(Code { name: name.into(), run: Arc::new(parse) }))
    }

    /// Replaces `$data` for url, headers, params, body, and handler.
    pub fn transform_input(mut self, template: impl Into<Value>) -> Self {
        self.transform_input = Some(Written::Template(template.into()));
        self
    }

    /// Replaces `$data` in Rust.
    pub fn transform_input_with<F>(mut self, name: &str, transform: F) -> Self
    where
        F: Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
    {
        self.transform_input = Some(Written::Code(Transform::Code(Code {
            name: name.into(),
            run: Arc::new(transform),
        })));
        self
    }

    /// Makes the output from the answer, which is `$data` in it.
    pub fn transform_output(mut self, template: impl Into<Value>) -> Self {
        self.transform_output = Some(Written::Template(template.into()));
        self
    }

    /// Makes the output from the answer in Rust.
    pub fn transform_output_with<F>(mut self, name: &str, transform: F) -> Self
    where
        F: Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
    {
        self.transform_output = Some(Written::Code(Transform::Code(Code {
            name: name.into(),
            run: Arc::new(transform),
        })));
        self
    }

    /// Makes the call only if the expression holds.
    pub fn condition(mut self, expression: impl Into<String>) -> Self {
        self.condition = Some(expression.into());
        self
    }

    /// Makes the call only if the code says so; it sees `$data`.
    pub fn condition_with<F>(mut self, name: &str, holds: F) -> Self
    where
        F: Fn(&Value) -> bool + Send + Sync + 'static,
    {
        self.spec.condition = Some(When::Code(Code { name: name.into(), run: Arc::new(holds) }));
        self.condition = None;
        self
    }

    /// Waits for other entries.
    pub fn depends_on<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.spec.depends_on.extend(names.into_iter().map(Into::into));
        self
    }

    /// What stands in for a call that failed for good: a template, which may read `$error`.
    pub fn error_handler(mut self, template: impl Into<Value>) -> Self {
        self.error_handler = Some(template.into());
        self
    }

    /// What stands in for a call that failed for good, made in Rust.
    pub fn error_handler_with<F>(mut self, name: &str, handle: F) -> Self
    where
        F: Fn(&StepError) -> Result<Value, String> + Send + Sync + 'static,
    {
        self.spec.error_handler =
            Some(Handler::Code(Code { name: name.into(), run: Arc::new(handle) }));
        self.error_handler = None;
        self
    }

    /// Makes the call again and again until its answer says that something is done.
    pub fn poll(mut self, poll: Poll) -> Self {
        self.poll = Some(poll);
        self
    }

    /// How the step is undone if it was completed and the run fails after it.
    pub fn undo(mut self, undo: Undo) -> Self {
        self.undo = Some(Box::new(undo));
        self
    }

    /// The largest body, in bytes after decompression; default 16 MiB.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.spec.max_body = bytes;
        self
    }

    /// How many redirects are followed; default 10.
    pub fn max_redirects(mut self, count: u32) -> Self {
        self.spec.max_redirects = count;
        self
    }

    /// Parses what was written; what is wrong goes to `faults`.
    pub(super) fn into_entry(
        self,
        place: &Place,
        bases: &Bases<'_>,
        faults: &mut Vec<Fault>,
    ) -> Entry {
        Entry::Endpoint(Box::new(self.into_spec(None, place, bases, faults)))
    }

    /// As [`into_entry`](Self::into_entry); `resource` is whose base url counts where none is named.
    pub(super) fn into_spec(
        self,
        resource: Option<&str>,
        place: &Place,
        bases: &Bases<'_>,
        faults: &mut Vec<Fault>,
    ) -> EndpointSpec {
        let mut spec = self.spec;
        match bases.parse(spec.resource.as_deref().or(resource), &self.url) {
            Ok(url) => spec.url = url,
            Err(error) => faults.push(expression_fault(&place.key("url"), error)),
        }
        for (name, value) in &self.headers {
            let place = place.key("headers").key(name.as_str());
            let template = template_at(&place, value, faults);
            match HeaderName::try_from(name.as_str()) {
                Ok(name) => spec.headers.extend(template.map(|template| (name, template))),
                Err(_) => faults.push(Fault::new(place, "is not a header name")),
            }
        }
        for (name, value) in &self.params {
            let template = template_at(&place.key("params").key(name.as_str()), value, faults);
            spec.params.extend(template.map(|template| (name.clone(), template)));
        }
        if let Some(body) = &self.body {
            spec.body = template_at(&place.key("body"), body, faults);
        }
        if let Some(parser) = &self.parser {
            let template = template_at(&place.key("response_parser"), parser, faults);
            spec.response_parser = template.map_or(Parser::Auto, Parser::Template);
        }
        if let Some(condition) = &self.condition {
            match Condition::parse(condition) {
                Ok(condition) => spec.condition = Some(When::Expression(condition)),
                Err(error) => faults.push(expression_fault(&place.key("condition"), error)),
            }
        }
        if let Some(handler) = &self.error_handler {
            let template = template_at(&place.key("error_handler"), handler, faults);
            spec.error_handler = template.map(Handler::Template);
        }
        if let Some(key) = self.cache_key {
            spec.cache_key = key.read(&place.key("cache_key"), faults);
        }
        if let Some(path) = &self.save_to {
            spec.save_to = template_at(&place.key("save_to"), path, faults);
        }
        spec.poll = self.poll.and_then(|poll| poll.into_spec(place, faults));
        let mut transform = |written: Option<Written>, key: &str| match written? {
            Written::Code(code) => Some(code),
            Written::Template(value) => {
                template_at(&place.key(key), &value, faults).map(Transform::Template)
            }
        };
        spec.transform_input = transform(self.transform_input, "transform_input");
        spec.transform_output = transform(self.transform_output, "transform_output");
        spec.undo = self.undo.map(|undo| {
            let theirs = spec.resource.as_deref();
            Box::new(undo.into_spec(theirs, &place.key("undo"), bases, faults))
        });
        spec
    }
}
