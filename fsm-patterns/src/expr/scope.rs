//! What the roots of expressions stand for at one moment of a run.
//!
//! A [`Scope`] borrows everything: evaluating `$data.a` hands out a reference into the caller's
//! document, however large it is. What is not known at that moment (`$error` outside of an error
//! handler, the answer before there is one) is left out, and an expression that asks for it gets
//! an [`EvalError::Unavailable`](super::EvalError::Unavailable).

use std::fmt;

use http::HeaderMap;
use serde_json::Value;

/// What is known of the other steps of a run.
pub trait Steps {
    /// The output of a step; `None` if it has none (skipped, failed, not run yet).
    fn output(&self, step: &str) -> Option<&Value>;
    /// The status of a step (`ok`, `skipped`, …); `None` before it is settled.
    fn status(&self, step: &str) -> Option<&str>;
    /// The error of a step as an object; `None` if it did not fail.
    fn error(&self, step: &str) -> Option<&Value>;
}

/// The answer that `$response`, `$statusCode`, `$url`, and `$method` speak of.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// The url that was called, after redirects.
    pub url: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// The headers; several lines of one name are read as one, joined by `, ` (RFC 9110,
    /// section 5.3).
    pub headers: &'a HeaderMap,
    /// The decoded body.
    pub body: &'a Value,
}

/// The values of the roots; built up from [`Scope::new`].
#[derive(Clone, Copy, Default)]
pub struct Scope<'a> {
    pub(super) inputs: Option<&'a Value>,
    pub(super) data: Option<&'a Value>,
    pub(super) steps: Option<&'a dyn Steps>,
    pub(super) response: Option<Response<'a>>,
    pub(super) error: Option<&'a Value>,
    pub(super) context: Option<&'a Value>,
    pub(super) event: Option<&'a Value>,
}

impl<'a> Scope<'a> {
    /// A scope in which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// With `$inputs`.
    #[must_use]
    pub fn inputs(mut self, inputs: &'a Value) -> Self {
        self.inputs = Some(inputs);
        self
    }

    /// With `$data`.
    #[must_use]
    pub fn data(mut self, data: &'a Value) -> Self {
        self.data = Some(data);
        self
    }

    /// With `$steps`.
    #[must_use]
    pub fn steps(mut self, steps: &'a dyn Steps) -> Self {
        self.steps = Some(steps);
        self
    }

    /// With `$response`, `$statusCode`, `$url`, and `$method`.
    #[must_use]
    pub fn response(mut self, response: Response<'a>) -> Self {
        self.response = Some(response);
        self
    }

    /// With `$error`: an object with `message`, `kind`, and perhaps `http_status`.
    #[must_use]
    pub fn error(mut self, error: &'a Value) -> Self {
        self.error = Some(error);
        self
    }

    /// With `$context`, in a machine file.
    #[must_use]
    pub fn context(mut self, context: &'a Value) -> Self {
        self.context = Some(context);
        self
    }

    /// With `$event`, in a machine file.
    #[must_use]
    pub fn event(mut self, event: &'a Value) -> Self {
        self.event = Some(event);
        self
    }
}

impl fmt::Debug for Scope<'_> {
    /// Only what is known, not the values: they are large, and may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("inputs", &self.inputs.is_some())
            .field("data", &self.data.is_some())
            .field("steps", &self.steps.is_some())
            .field("response", &self.response.is_some())
            .field("error", &self.error.is_some())
            .field("context", &self.context.is_some())
            .field("event", &self.event.is_some())
            .finish()
    }
}
