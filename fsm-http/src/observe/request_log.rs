//! A line for each request and each answer, for people who want to see what a flow says and hears.
//!
//! The lines are events of the level INFO under a target of their own, [`LOG_TARGET`], so that a
//! filter can tell them from everything else. A request is shown with its url without query, its
//! headers, and the size of its body; an answer with its status, headers, and the beginning of a
//! textual body. Headers that carry credentials are shown by name alone, and every secret that is
//! known is taken out of whatever text is left, in each form that it may have come back in.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use tracing::field;

use crate::call::{Answer, Call};
use crate::decode::is_textual;
use crate::error::CallError;
use crate::redact::{ShownUrl, is_credential, one_line, scrub};
use crate::secret::Secrets;

/// The target of the log's events.
pub const LOG_TARGET: &str = "fsm_http::log";

/// How much of a body is looked at for the excerpt in a line, in bytes.
const EXCERPT_SOURCE: usize = 4 * 1024;

/// What is logged of an endpoint's calls.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// A line for each request?
    pub requests: bool,
    /// A line for each answer, and for each attempt that failed without one?
    pub responses: bool,
    /// The name that stands in each line.
    pub endpoint: Arc<str>,
}

impl RequestLog {
    /// The `attempt`th request of a call, counted from 1, is about to be sent.
    pub fn request(&self, call: &Call, attempt: u32, secrets: &Secrets) {
        if !self.requests {
            return;
        }
        let hidden = Hidden { secrets, call };
        // The macro looks at its values only if somebody listens.
        tracing::info!(
            target: LOG_TARGET,
            endpoint = &*self.endpoint,
            attempt,
            method = call.method.as_str(),
            url = %hidden.line(&ShownUrl(&call.url).to_string()),
            headers = ?hidden.headers(&call.headers),
            body_bytes = call.body.as_bytes().len(),
            media_type = call.body.media_type(),
            "request"
        );
    }

    /// An attempt at `call`, as it was sent, has ended. What does not apply to its outcome is left
    /// out of the line.
    pub fn response(&self, call: &Call, outcome: Result<&Answer, &CallError>, secrets: &Secrets) {
        if !self.responses {
            return;
        }
        let hidden = Hidden { secrets, call };
        let answer = match outcome {
            Ok(answer) => Some(answer),
            Err(error) => error.answer.as_deref(),
        };
        // A 304 is what was asked for, though there is no answer of its own in it.
        let error = outcome.err().filter(|error| error.http_status != Some(304));
        tracing::info!(
            target: LOG_TARGET,
            endpoint = &*self.endpoint,
            status = answer.map(|answer| answer.status.as_u16()),
            kind = error.map(|error| error.kind.as_str()),
            latency_ms = answer.map(|answer| answer.latency.as_micros() as f64 / 1_000.0),
            headers = answer.map(|answer| field::debug(hidden.headers(&answer.headers))),
            body_bytes = answer.map(|answer| answer.body.len()),
            body = answer.filter(|_| error.is_none()).and_then(|answer| hidden.excerpt(answer)),
            // It quotes the body, where there is one.
            error = error.map(|error| hidden.line(&error.message)),
            "response"
        );
    }
}

/// What must not be shown: the secrets that are known, and those that the call itself carries.
#[derive(Clone, Copy)]
struct Hidden<'a> {
    secrets: &'a Secrets,
    call: &'a Call,
}

impl<'a> Hidden<'a> {
    /// Scrubbed before it is cut, so that no half of a secret is left at the end.
    fn line(self, text: &str) -> String {
        let text = scrub(text, &self.call.headers);
        let text: Cow<'_, str> = self.secrets.scrub(&text);
        one_line(&text)
    }

    /// The beginning of a textual body, on one line.
    fn excerpt(self, answer: &Answer) -> Option<String> {
        if !is_textual(&answer.headers) {
            return None;
        }
        let beginning = &answer.body[..answer.body.len().min(EXCERPT_SOURCE)];
        let excerpt = self.line(&String::from_utf8_lossy(beginning));
        // A beginning that is nearly all blank may end in half of a secret.
        let shows_where_it_was_cut = beginning.len() < answer.body.len() && !excerpt.ends_with('…');
        (!excerpt.is_empty() && !shows_where_it_was_cut).then_some(excerpt)
    }

    fn headers(self, headers: &'a HeaderMap) -> LoggedHeaders<'a> {
        LoggedHeaders { headers, hidden: self }
    }
}

/// Headers as a line shows them.
struct LoggedHeaders<'a> {
    headers: &'a HeaderMap,
    hidden: Hidden<'a>,
}

impl fmt::Debug for LoggedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.headers {
            if is_credential(name, value) {
                map.entry(&name.as_str(), &format_args!("[redacted]"));
            } else {
                let value = String::from_utf8_lossy(value.as_bytes());
                map.entry(&name.as_str(), &self.hidden.line(&value));
            }
        }
        map.finish()
    }
}
