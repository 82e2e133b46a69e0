//! How a completed step is undone.

use std::time::Duration;

use http::{HeaderName, Method};

use super::{BodyFormat, EndpointSpec};
use crate::expr::{Template, UrlTemplate};

/// The call that undoes a completed step, should the run fail after it. In its expressions `$data`
/// is the output of that step.
#[derive(Clone, Debug)]
pub struct UndoSpec {
    /// Where to.
    pub url: UrlTemplate,
    /// Default DELETE.
    pub method: Method,
    /// The API that it calls, by name; `None`: that of its endpoint.
    pub resource: Option<String>,
    /// As those of an endpoint.
    pub headers: Vec<(HeaderName, Template)>,
    /// As those of an endpoint.
    pub params: Vec<(String, Template)>,
    /// What is sent; absent on POST, PUT, PATCH: `$data`.
    pub body: Option<Template>,
    /// How `body` is written.
    pub body_format: BodyFormat,
    /// One attempt, from connecting to the last byte; `None`: its resource's, else 30 s.
    pub timeout: Option<Duration>,
    /// Further attempts after the first; `None`: 3, whatever the method is, save where
    /// `idempotency` is switched off.
    pub retry_count: Option<u32>,
    /// The first wait between attempts, doubled each time; default 1 s.
    pub retry_delay: Duration,
    /// The longest wait of our own making; default 60 s.
    pub retry_max_delay: Duration,
    /// The longest wait that a server may ask for; `None`: no limit.
    pub retry_max_wait: Option<Duration>,
    /// Statuses that are retried; `None`: 408, 425, 429, 500, 502, 503, 504.
    pub retry_on: Option<Vec<u16>>,
    /// Whether to send an `Idempotency-Key`; `None`: with a method that is not idempotent, because
    /// what undoes must bear repetition.
    pub idempotency: Option<bool>,
    /// The largest body, in bytes after decompression; default 16 MiB.
    pub max_body: u64,
    /// How many redirects are followed; default 10.
    pub max_redirects: u32,
}

/// Further attempts of an undo where nothing is said.
const RETRIES: u32 = 3;

impl UndoSpec {
    /// A DELETE with the contract's defaults.
    pub fn new(url: UrlTemplate) -> Self {
        let call = EndpointSpec { method: Method::DELETE, ..EndpointSpec::new("", url) };
        Self::of(call, None)
    }

    /// What undoes by making `call`.
    pub(crate) fn of(call: EndpointSpec, idempotency: Option<bool>) -> Self {
        Self {
            url: call.url,
            method: call.method,
            resource: call.resource,
            headers: call.headers,
            params: call.params,
            body: call.body,
            body_format: call.body_format,
            timeout: call.timeout,
            retry_count: call.retry_count,
            retry_delay: call.retry_delay,
            retry_max_delay: call.retry_max_delay,
            retry_max_wait: call.retry_max_wait,
            retry_on: call.retry_on,
            idempotency,
            max_body: call.max_body,
            max_redirects: call.max_redirects,
        }
    }

    /// The call that undoes the step of `endpoint`, named after it.
    pub(crate) fn call(&self, endpoint: &EndpointSpec) -> EndpointSpec {
        let is_unsafe = !self.method.is_idempotent();
        let retries = match self.idempotency {
            Some(false) if is_unsafe => 0,
            Some(_) | None => RETRIES,
        };
        EndpointSpec {
            resource: self.resource.clone().or_else(|| endpoint.resource.clone()),
            method: self.method.clone(),
            headers: self.headers.clone(),
            params: self.params.clone(),
            body: self.body.clone(),
            body_format: self.body_format,
            timeout: self.timeout,
            retry_count: Some(self.retry_count.unwrap_or(retries)),
            retry_delay: self.retry_delay,
            retry_max_delay: self.retry_max_delay,
            retry_max_wait: self.retry_max_wait,
            retry_on: self.retry_on.clone(),
            idempotency: self.idempotency.unwrap_or(is_unsafe),
            max_body: self.max_body,
            max_redirects: self.max_redirects,
            ..EndpointSpec::new(format!("{}.undo", endpoint.name), self.url.clone())
        }
    }
}
