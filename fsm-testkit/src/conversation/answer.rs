//! The answer that is given to a request, and what may go wrong on its way.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::error::ScriptFault;
use super::holes::API;
use super::incoming::Incoming;

/// An answer. It may take its time, and its body may never arrive as a whole.
///
/// `Debug` shows neither headers nor body: they may hold secrets.
#[derive(Clone)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) delay: Duration,
    pub(super) pace: Option<Pace>,
    pub(super) ending: Ending,
    /// The url of the API stands in it as `[api]`.
    pub(super) names_api: bool,
}

/// How a body trickles.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) bytes: usize,
    pub(super) pause: Duration,
}

/// How a body ends: after so many bytes, if not where it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    Cut { after: usize },
    Reset { after: usize },
    Stall { after: usize },
}

impl Ending {
    /// So many bytes of a body of this length are sent.
    pub(super) fn sent(self, length: usize) -> usize {
        match self {
            Self::Whole => length,
            Self::Cut { after } | Self::Reset { after } | Self::Stall { after } => {
                after.min(length)
            }
        }
    }
}

impl Answer {
    /// This status, from 200 to 599, without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            delay: Duration::ZERO,
            pace: None,
            ending: Ending::Whole,
            names_api: false,
        }
    }

    /// This status, with JSON as its body.
    pub fn json(status: u16, body: impl Into<Value>) -> Self {
        let body = body.into().to_string();
        Self::status(status).header("content-type", "application/json").body(body)
    }

    /// This status, with plain text as its body.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::status(status).header("content-type", "text/plain; charset=utf-8").body(body.into())
    }

    /// With this header. `Content-Length` is set for you; give it to lie about it.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With these bytes as its body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// After this time, which runs on tokio's clock.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The body comes in pieces of so many bytes, with this pause between them.
    #[must_use]
    pub fn drip(mut self, bytes: usize, pause: Duration) -> Self {
        self.pace = Some(Pace { bytes, pause });
        self
    }

    /// After so many bytes of the body the connection is closed: it is cut short of its
    /// `Content-Length`.
    #[must_use]
    pub fn cut_body(mut self, after: usize) -> Self {
        self.ending = Ending::Cut { after };
        self
    }

    /// After so many bytes of the body the connection is reset.
    #[must_use]
    pub fn reset_body(mut self, after: usize) -> Self {
        self.ending = Ending::Reset { after };
        self
    }

    /// After so many bytes of the body nothing more comes, and the connection stays open.
    #[must_use]
    pub fn stall_body(mut self, after: usize) -> Self {
        self.ending = Ending::Stall { after };
        self
    }

    /// The url of the API stands in it as `[api]`.
    pub(crate) fn naming_the_api(mut self) -> Self {
        self.names_api = true;
        self
    }

    /// The same for a client that called under this url.
    pub(super) fn under(mut self, url: &str) -> Self {
        if !self.names_api {
            return self;
        }
        for (_, value) in &mut self.headers {
            *value = value.replace(API, url);
        }
        if let Ok(text) = std::str::from_utf8(&self.body)
            && text.contains(API)
        {
            self.body = text.replace(API, url).into();
        }
        self
    }

    /// What keeps it from being sent.
    pub(super) fn faults(&self) -> Vec<ScriptFault> {
        let mut faults = Vec::new();
        if !(200..=599).contains(&self.status) {
            faults.push(ScriptFault::Status { status: self.status });
        }
        for (name, value) in &self.headers {
            if HeaderName::try_from(name).is_err() || HeaderValue::from_str(value).is_err() {
                faults.push(ScriptFault::Header { name: name.clone() });
            }
        }
        if self.pace.is_some_and(|pace| pace.bytes == 0) {
            faults.push(ScriptFault::Drip);
        }
        match self.ending {
            Ending::Whole => {}
            Ending::Cut { after } | Ending::Reset { after } | Ending::Stall { after } => {
                let length = self.body.len();
                if after >= length {
                    faults.push(ScriptFault::Ending { after, length });
                }
            }
        }
        faults
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("delay", &self.delay)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

/// What is sent.
#[derive(Clone)]
pub(crate) enum Sent {
    /// An answer.
    Answer(Answer),
    /// The connection is reset before a byte of an answer.
    Reset,
    /// The connection is closed before a byte of an answer.
    Close,
    /// Nothing, ever.
    Stall,
    /// These bytes, which are no HTTP, and then the end of the connection.
    Garbage(Bytes),
}

/// What becomes of a request that fits.
#[derive(Clone)]
pub(super) enum Reply {
    /// This, each time.
    Fixed(Sent),
    /// The answer that is made of the request.
    Made(Arc<dyn Fn(&Incoming) -> Answer + Send + Sync>),
}

impl Reply {
    pub(super) fn faults(&self) -> Vec<ScriptFault> {
        match self {
            Self::Fixed(Sent::Answer(answer)) => answer.faults(),
            Self::Fixed(Sent::Reset | Sent::Close | Sent::Stall | Sent::Garbage(_))
            | Self::Made(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(Sent::Answer(answer)) => {
                write!(f, "{}", answer.status)?;
                match answer.ending {
                    Ending::Whole => Ok(()),
                    Ending::Cut { after } => write!(f, ", cut after {after} bytes"),
                    Ending::Reset { after } => write!(f, ", reset after {after} bytes"),
                    Ending::Stall { after } => write!(f, ", stalled after {after} bytes"),
                }
            }
            Self::Fixed(Sent::Reset) => f.write_str("reset"),
            Self::Fixed(Sent::Close) => f.write_str("closed"),
            Self::Fixed(Sent::Stall) => f.write_str("no answer"),
            Self::Fixed(Sent::Garbage(_)) => f.write_str("garbage"),
            Self::Made(_) => f.write_str("an answer made of it"),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}
