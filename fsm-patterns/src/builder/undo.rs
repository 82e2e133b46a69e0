//! What undoes a step, as it is being written.

use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::Endpoint;
use crate::bases::Bases;
use crate::fault::{Fault, Place};
use crate::spec::{BodyFormat, UndoSpec};

/// The call that undoes a completed step, should the run fail after it. In its expressions `$data`
/// is the output of that step.
///
/// ```
/// use fsm_patterns::{Endpoint, Orchestration, Undo};
///
/// let flow = Orchestration::pipeline("order")
///     .endpoint(
///         Endpoint::post("reserve", "http://shop.test/reservations")
///             .undo(Undo::delete("http://shop.test/reservations/{$data.id}")),
///     )
///     .endpoint(Endpoint::post("pay", "http://shop.test/payments"))
///     .build()?;
/// assert!(flow.graph().state("reserve.undo").is_some());
/// # Ok::<(), fsm_patterns::FlowError>(())
/// ```
#[must_use = "an undo is given to `Endpoint::undo`"]
#[derive(Debug)]
pub struct Undo {
    /// It takes only what an undo has.
    call: Endpoint,
    idempotency: Option<bool>,
}

impl Undo {
    /// A call of any method.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { call: Endpoint::new("", method, url), idempotency: None }
    }

    /// A DELETE.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::DELETE, url)
    }

    /// A POST; its default body is `$data`.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, url)
    }

    /// A PUT; its default body is `$data`.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::PUT, url)
    }

    /// A PATCH; its default body is `$data`.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new(Method::PATCH, url)
    }

    /// Names the resource that it calls. Default: that of the endpoint.
    pub fn resource(self, name: impl Into<String>) -> Self {
        self.with(|call| call.resource(name))
    }

    /// Adds a header.
    pub fn header(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(|call| call.header(name, value))
    }

    /// Adds a parameter to the url's query: an array repeats it, null leaves it out.
    pub fn param(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(|call| call.param(name, value))
    }

    /// Sends a body; JSON, unless a declared content type says otherwise.
    pub fn body(self, body: impl Into<Value>) -> Self {
        self.with(|call| call.body(body))
    }

    /// Sends a body in a given format.
    pub fn body_as(self, format: BodyFormat, body: impl Into<Value>) -> Self {
        self.with(|call| call.body_as(format, body))
    }

    /// Limits one attempt; default: as its resource says, else 30 s.
    pub fn timeout(self, limit: Duration) -> Self {
        self.with(|call| call.timeout(limit))
    }

    /// Further attempts after the first; default 3, whatever the method is.
    pub fn retry_count(self, count: u32) -> Self {
        self.with(|call| call.retry_count(count))
    }

    /// The first wait between attempts, doubled each time; default 1 s.
    pub fn retry_delay(self, delay: Duration) -> Self {
        self.with(|call| call.retry_delay(delay))
    }

    /// The longest wait of our own making; default 60 s. Never shortens Retry-After.
    pub fn retry_max_delay(self, longest: Duration) -> Self {
        self.with(|call| call.retry_max_delay(longest))
    }

    /// The longest Retry-After that is put up with. Default: no limit.
    pub fn retry_max_wait(self, longest: Duration) -> Self {
        self.with(|call| call.retry_max_wait(longest))
    }

    /// Statuses that are retried; default 408, 425, 429, 500, 502, 503, 504.
    pub fn retry_on(self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.with(|call| call.retry_on(statuses))
    }

    /// Sends an `Idempotency-Key`, the same with every attempt. POST and PATCH do that anyway.
    pub fn idempotency(mut self) -> Self {
        self.idempotency = Some(true);
        self
    }

    /// Sends no `Idempotency-Key` with POST and PATCH, which are then not tried again. A
    /// `retry_count` above 0 sends one all the same.
    pub fn without_idempotency(mut self) -> Self {
        self.idempotency = Some(false);
        self
    }

    /// The largest answer, in bytes after decompression; default 16 MiB.
    pub fn max_body(self, bytes: u64) -> Self {
        self.with(|call| call.max_body(bytes))
    }

    /// How many redirects are followed; default 10.
    pub fn max_redirects(self, count: u32) -> Self {
        self.with(|call| call.max_redirects(count))
    }

    fn with(self, change: impl FnOnce(Endpoint) -> Endpoint) -> Self {
        Self { call: change(self.call), ..self }
    }

    /// Parses what was written; what is wrong goes to `faults`. `theirs` is the endpoint's resource.
    pub(super) fn into_spec(
        self,
        theirs: Option<&str>,
        place: &Place,
        bases: &Bases<'_>,
        faults: &mut Vec<Fault>,
    ) -> UndoSpec {
        UndoSpec::of(self.call.into_spec(theirs, place, bases, faults), self.idempotency)
    }
}
