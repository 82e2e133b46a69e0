//! Between a client and a real API: passes on what comes, and keeps it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use fsm_http::{Outgoing, ReqwestTransport, Transport};
use http::{HeaderMap, HeaderValue};
use url::Url;

use super::error::CassetteError;
use crate::conversation::wire::Host;
use crate::conversation::{Answer, Incoming, Sent};

/// The largest body of an answer, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Headers that belong to one connection (RFC 9110, section 7.6.1), frame a body, or ask for an
/// encoding in which no secret could be found.
const NOT_PASSED_ON: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// One exchange as it happened, with its secrets.
#[derive(Clone)]
pub(super) struct Taken {
    pub(super) request: Incoming,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// When it began and ended, in ticks of the recording: two exchanges overlap exactly if each
    /// began before the other ended.
    pub(super) began: u64,
    pub(super) ended: u64,
}

/// Passes on what comes.
pub(super) struct Proxy {
    upstream: String,
    client: ReqwestTransport,
    tape: Mutex<Tape>,
}

/// What was taken. Never locked across an await.
#[derive(Default)]
struct Tape {
    clock: u64,
    taken: Vec<Taken>,
    under_way: Vec<(u64, String)>,
    failed: Option<(String, String)>,
}

impl Proxy {
    pub(super) fn new(upstream: &str, client: ReqwestTransport) -> Self {
        Self { upstream: upstream.to_owned(), client, tape: Mutex::default() }
    }

    pub(super) fn upstream(&self) -> &str {
        &self.upstream
    }

    /// What was taken, in the order in which the requests came.
    pub(super) fn taken(&self) -> Result<Vec<Taken>, CassetteError> {
        let tape = self.tape();
        if let Some((request, why)) = tape.failed.clone() {
            return Err(CassetteError::Exchange { request, why });
        }
        if let Some((_, request)) = tape.under_way.first().cloned() {
            let why = "its answer was still under way at the end".to_owned();
            return Err(CassetteError::Exchange { request, why });
        }
        let mut taken = tape.taken.clone();
        taken.sort_by_key(|taken| taken.began);
        Ok(taken)
    }

    /// The answer of the real API: status, headers, body.
    async fn ask(&self, request: &Incoming) -> Result<(u16, HeaderMap, Bytes), String> {
        let home = request.base_url().unwrap_or_default();
        let mark = if request.query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{mark}{}", self.upstream, request.path, request.query);
        let url = Url::parse(&url).map_err(|error| format!("no url can be made of it: {error}"))?;
        let outgoing = Outgoing {
            method: request.method.clone(),
            url,
            headers: passed_on(&request.headers, &home, &self.upstream),
            body: renamed_body(&request.body, &home, &self.upstream),
            departure: None,
        };
        let sent = self.client.send(outgoing).await.map_err(|error| error.to_string())?;
        let (head, mut incoming) = sent.into_parts();
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await {
            body.extend_from_slice(&chunk.map_err(|error| error.to_string())?);
            if body.len() > MAX_BODY {
                return Err(format!("the body of its answer has more than {MAX_BODY} bytes"));
            }
        }
        Ok((head.status.as_u16(), passed_on(&head.headers, "", ""), body.into()))
    }

    fn tape(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Proxy {
    async fn reply(&self, request: Incoming) -> Sent {
        let (line, home) = (request.line(), request.base_url().unwrap_or_default());
        let began = {
            let mut tape = self.tape();
            let began = tape.tick();
            tape.under_way.push((began, line.clone()));
            began
        };
        let asked = self.ask(&request).await;
        let mut tape = self.tape();
        let ended = tape.tick();
        tape.under_way.retain(|(other, _)| *other != began);
        match asked {
            Ok((status, headers, body)) => {
                let mut answer = Answer::status(status);
                for (name, value) in &passed_on(&headers, &self.upstream, &home) {
                    answer = answer.header(name.as_str(), latin_1(value));
                }
                let answer = answer.body(renamed_body(&body, &self.upstream, &home));
                tape.taken.push(Taken { request, status, headers, body, began, ended });
                Sent::Answer(answer)
            }
            Err(why) => {
                let text = format!("{line} can't be recorded: {why}");
                tape.failed.get_or_insert((line, why));
                Sent::Answer(Answer::text(502, text))
            }
        }
    }

    fn answered(&self) {}

    fn unreadable(&self, why: String) {
        self.tape().failed.get_or_insert(("what came".to_owned(), why));
    }
}

impl Tape {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What was taken holds secrets.
        f.debug_struct("Proxy").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}

/// The headers that concern the other side, with one url in place of the other.
fn passed_on(headers: &HeaderMap, from: &str, to: &str) -> HeaderMap {
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        if !NOT_PASSED_ON.contains(&name.as_str()) {
            passed.append(name.clone(), renamed_value(value, from, to));
        }
    }
    passed
}

fn renamed_value(value: &HeaderValue, from: &str, to: &str) -> HeaderValue {
    let renamed = value.to_str().ok().map(|text| renamed(text, from, to));
    renamed.and_then(|text| HeaderValue::from_str(&text).ok()).unwrap_or_else(|| value.clone())
}

fn renamed_body(body: &Bytes, from: &str, to: &str) -> Bytes {
    match std::str::from_utf8(body) {
        Ok(text) if !from.is_empty() && text.contains(from) => renamed(text, from, to).into(),
        Ok(_) | Err(_) => body.clone(),
    }
}

/// The text with one url in place of another, but not within a longer name: `http://a.test` is no
/// part of `http://a.test.example` or of `http://a.test:81`.
pub(super) fn renamed(text: &str, from: &str, to: &str) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = (!from.is_empty()).then(|| rest.find(from)).flatten() {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        renamed.push_str(before);
        let mut next = after.chars();
        let goes_on = match next.next() {
            Some('.') => next.next().is_some_and(char::is_alphanumeric),
            Some(sign) => sign.is_alphanumeric() || matches!(sign, ':' | '-' | '_'),
            None => false,
        };
        renamed.push_str(if goes_on { from } else { to });
        rest = after;
    }
    renamed.push_str(rest);
    renamed
}

/// A header's value as text, one character a byte.
pub(super) fn latin_1(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn a_url_is_renamed_where_it_stands_alone() {
        let text = "http://a.test, http://a.test/x http://a.test:81 http://a.test.b http://a.test.";
        let expected = "[api], [api]/x http://a.test:81 http://a.test.b [api].";
        assert_eq!(renamed(text, "http://a.test", "[api]"), expected);
        assert_eq!(renamed("plain", "", "[api]"), "plain");
    }
}
