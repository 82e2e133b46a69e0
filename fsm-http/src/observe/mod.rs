//! What can be seen of calls from outside: a span for each attempt, and lines in a log.
//!
//! Both go through [`tracing`]; whoever runs the program decides with a subscriber what becomes of
//! them. Without one they cost a few nanoseconds: whether anybody listens is asked before any text
//! is made.
//!
//! - [`AttemptSpan`] describes an attempt in the words of OpenTelemetry's conventions for HTTP
//!   clients, so that traces can be read by tools that know nothing of this crate.
//! - [`RequestLog`] writes a line for each request and each answer, for people, where a flow asks
//!   for it.
//!
//! Neither shows a query, a credential, or the body of a request.

mod request_log;
mod span;

pub use request_log::{LOG_TARGET, RequestLog};
pub use span::AttemptSpan;
