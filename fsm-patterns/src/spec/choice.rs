//! What is said of a flow either as data, in expressions and templates, or in Rust.

use std::fmt;
use std::sync::Arc;

use fsm_http::Call;
use serde_json::Value;

use crate::expr::{Condition, Template};

/// Rust code that makes a value of a value, or says why it can't.
pub type MapValue = dyn Fn(&Value) -> Result<Value, String> + Send + Sync;

/// Rust code that looks at a value.
pub type Predicate = dyn Fn(&Value) -> bool + Send + Sync;

/// Rust code that makes a value of an error, or says why it can't.
pub type MapError = dyn Fn(&crate::StepError) -> Result<Value, String> + Send + Sync;

/// Rust code that makes a value of the outputs by name, or says why it can't.
pub type MapOutputs =
    dyn Fn(&serde_json::Map<String, Value>) -> Result<Value, String> + Send + Sync;

/// Rust code that makes a cache key of a call, or says why it can't.
pub type MapCall = dyn Fn(&Call) -> Result<String, String> + Send + Sync;

/// What makes two calls of an endpoint the same, to the cache. The endpoint's name and the identity
/// of its credentials always belong to it.
#[derive(Clone, Debug)]
pub enum CacheKey {
    /// A template over what the request is made from.
    Template(Template),
    /// Rust code over the request.
    Code(Code<MapCall>),
}

/// How an answer becomes a value.
#[derive(Clone, Debug)]
pub enum Parser {
    /// By content type: JSON is parsed, `text/*` is a string, other bytes are base64.
    Auto,
    /// JSON, whatever the content type says.
    Json,
    /// A string.
    Text,
    /// Base64.
    Bytes,
    /// The `data` of a GraphQL answer; its `errors` are a failure of the kind `contract`.
    GraphQl,
    /// A template over `$response`.
    Template(Template),
    /// Rust code over the decoded answer.
    Code(Code<MapValue>),
}

/// A value made from what flows in.
#[derive(Clone, Debug)]
pub enum Transform {
    /// A template.
    Template(Template),
    /// Rust code over `$data`.
    Code(Code<MapValue>),
}

/// A condition.
#[derive(Clone, Debug)]
pub enum When {
    /// An expression.
    Expression(Condition),
    /// Rust code over `$data`.
    Code(Code<Predicate>),
}

/// What stands in for a call that failed for good.
#[derive(Clone, Debug)]
pub enum Handler {
    /// A template, which may read `$error`.
    Template(Template),
    /// Rust code over the error.
    Code(Code<MapError>),
}

/// What a run returns.
#[derive(Clone, Debug)]
pub enum Output {
    /// A template over `$inputs` and `$steps`.
    Template(Template),
    /// Rust code over the outputs by name, in declared order.
    Code(Code<MapOutputs>),
}

/// Rust code with the name under which it is drawn and fingerprinted.
pub struct Code<F: ?Sized> {
    /// Shown in drawings and messages.
    pub name: Arc<str>,
    /// The code.
    pub run: Arc<F>,
}

impl<F: ?Sized> Clone for Code<F> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), run: self.run.clone() }
    }
}

impl<F: ?Sized> fmt::Debug for Code<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.name)
    }
}
