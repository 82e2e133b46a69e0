//! What can go wrong with a call, in words that a person and a program can both use.
//!
//! A failed call is a [`CallError`]. Its [`ErrorKind`] is what handlers, conditions, and metrics
//! branch on; its message is a sentence that says what happened, to which request, and where it
//! stands; its [`Retry`] says whether the same call may be sent again. The error only *permits* a
//! repetition: how often and how long to wait is decided in one place, by whoever drives the call.
//!
//! Messages leave out the query of a url and its user info, since both carry credentials in
//! practice. Where the server sent an error page of a textual type, a short excerpt of it is quoted
//! on the same line, without control characters and without the values of secret headers.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::call::Answer;

/// The kind of a failure. Its text form is the `snake_case` name, as in `unknown_outcome`.
///
/// The list is that of a whole flow: kinds such as `circuit_open` or `condition` are not produced
/// by a bare call, but share the name space, so that handlers see one vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The attempt took longer than its timeout.
    Timeout,
    /// No connection could be made.
    Connect,
    /// The connection broke before the answer was complete.
    Reset,
    /// The TLS handshake failed, for instance over a certificate.
    Tls,
    /// The host's name could not be resolved.
    Dns,
    /// The server answered with a status that is no success.
    Status,
    /// The answer could not be understood.
    Decode,
    /// A rate limit asks for a longer wait than is allowed.
    RateLimited,
    /// The circuit breaker is open: nothing was sent.
    CircuitOpen,
    /// Credentials could not be obtained, or were refused.
    Auth,
    /// An expression or template failed, or made a request that cannot be sent.
    Transform,
    /// A condition did not give a boolean.
    Condition,
    /// The answer is larger than its limit.
    TooLarge,
    /// A redirect that is not followed.
    Redirect,
    /// A next-page pointer that was seen before.
    PaginationLoop,
    /// An answer that breaks what the API promised.
    Contract,
    /// The request may have taken effect, and nobody can tell.
    UnknownOutcome,
    /// The call was given up before it was done.
    Cancelled,
}

impl ErrorKind {
    /// Every kind, in declared order.
    pub const ALL: [Self; 18] = [
        Self::Timeout,
        Self::Connect,
        Self::Reset,
        Self::Tls,
        Self::Dns,
        Self::Status,
        Self::Decode,
        Self::RateLimited,
        Self::CircuitOpen,
        Self::Auth,
        Self::Transform,
        Self::Condition,
        Self::TooLarge,
        Self::Redirect,
        Self::PaginationLoop,
        Self::Contract,
        Self::UnknownOutcome,
        Self::Cancelled,
    ];

    /// The name as it stands in results and flow files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Tls => "tls",
            Self::Dns => "dns",
            Self::Status => "status",
            Self::Decode => "decode",
            Self::RateLimited => "rate_limited",
            Self::CircuitOpen => "circuit_open",
            Self::Auth => "auth",
            Self::Transform => "transform",
            Self::Condition => "condition",
            Self::TooLarge => "too_large",
            Self::Redirect => "redirect",
            Self::PaginationLoop => "pagination_loop",
            Self::Contract => "contract",
            Self::UnknownOutcome => "unknown_outcome",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the same call may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Sending it again would be wrong or pointless.
    Never,
    /// It may be sent again.
    Allowed {
        /// The earliest moment the server asked for, counted from now (`Retry-After`). It is a
        /// lower bound and is not clamped: it may be as long as a server cares to write, so add it
        /// to a point in time with checked arithmetic.
        after: Option<Duration>,
    },
}

impl Retry {
    /// Is sending the call again permitted at all?
    pub const fn is_allowed(self) -> bool {
        match self {
            Self::Never => false,
            Self::Allowed { .. } => true,
        }
    }
}

/// A call that did not succeed.
#[derive(Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What kind of failure this is.
    pub kind: ErrorKind,
    /// One line for people: what happened, to which request (its url without query).
    pub message: String,
    /// The status, where one was received; also beside `reset` or `decode`, when the answer
    /// began well and ended badly.
    pub http_status: Option<u16>,
    /// Whether the call may be sent again.
    pub retry: Retry,
    /// The answer that was no success; present with the kinds `status` and `redirect`. After a
    /// `status` its body is what arrived within 256 KiB and the call's own limit, and its `value`
    /// that body decoded by content type, or as text or base64 where that fails. The body of a
    /// redirect is not read.
    pub answer: Option<Box<Answer>>,
}

impl fmt::Debug for CallError {
    /// Shows of the answer its size alone: whatever it holds may echo the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = self.answer.as_ref();
        f.debug_struct("CallError")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("http_status", &self.http_status)
            .field("retry", &self.retry)
            .field("answer", &answer.map(|it| format!("{} bytes", it.body.len())))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_reads_back_from_its_name() {
        for (index, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "{kind} stands at its declared place");
            let json = serde_json::to_string(&kind).expect("a kind is a string");
            assert_eq!(json, format!("\"{kind}\""));
            let back: ErrorKind = serde_json::from_str(&json).expect("its own text");
            assert_eq!(back, kind);
        }
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        assert!(serde_json::from_str::<ErrorKind>("\"mishap\"").is_err());
    }

    #[test]
    fn debug_shows_nothing_of_the_answer_that_may_echo_the_request() {
        let headers = [("x-echo", "hunter2"), ("location", "/hunter2")];
        let headers = headers.map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, http::HeaderValue::from_static(value))
        });
        let answer = Answer {
            status: http::StatusCode::UNAUTHORIZED,
            headers: http::HeaderMap::from_iter(headers),
            url: "http://a.test/hunter2?hunter2".parse().expect("a url"),
            body: "hunter2".into(),
            received: 7,
            latency: Duration::ZERO,
            value: std::sync::Arc::new("hunter2".into()),
        };
        let error = CallError {
            kind: ErrorKind::Status,
            message: "401 Unauthorized".to_owned(),
            http_status: Some(401),
            retry: Retry::Never,
            answer: Some(Box::new(answer)),
        };
        let shown = format!("{error:?} {error:#?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("7 bytes") && shown.contains("401 Unauthorized"), "{shown}");
    }

    #[test]
    fn a_call_error_stays_small_enough_to_return_by_value() {
        assert!(size_of::<CallError>() <= 96, "{}", size_of::<CallError>());
    }
}
