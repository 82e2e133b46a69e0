//! What was received, for tests to look at.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use serde_json::Value;

/// So many requests are kept; a server under load must not fill the memory with its past.
const KEPT: usize = 1_000;

/// One request as it came in.
///
/// Of headers only the names are kept, so that no credential outlives its request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The method.
    pub method: Method,
    /// The path as it was sent, percent-encoded.
    pub path: String,
    /// The query as it was sent, without the `?`; empty if there was none.
    pub query: String,
    /// The names of the headers in lower case, each once.
    pub header_names: Vec<String>,
    /// The value of `Idempotency-Key`, the one header whose value tests ask for.
    pub idempotency_key: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Received {
    pub(super) fn new(head: &Parts, body: Bytes) -> Self {
        let key = head.headers.get("idempotency-key");
        Self {
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            header_names: head.headers.keys().map(|name| name.as_str().to_owned()).collect(),
            idempotency_key: key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned()),
            body,
        }
    }

    /// The request in short, as in `GET /users/1`, for assertions on the order of requests.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The last requests, and how many there were in all.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Entries>);

// Invariant: `last` holds the last `KEPT` of `count` requests. Never held across an await.
#[derive(Debug, Default)]
struct Entries {
    last: VecDeque<Received>,
    count: u64,
}

impl Log {
    pub(super) fn push(&self, request: Received) {
        let mut entries = self.entries();
        if entries.last.len() == KEPT {
            entries.last.pop_front();
        }
        entries.last.push_back(request);
        entries.count += 1;
    }

    pub(super) fn requests(&self) -> Vec<Received> {
        self.entries().last.iter().cloned().collect()
    }

    pub(super) fn count(&self) -> u64 {
        self.entries().count
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_forgets_the_oldest_requests_and_still_counts_them() {
        let log = Log::default();
        for number in 0..KEPT + 5 {
            let request = http::Request::get(format!("/{number}?a=1")).body(()).expect("valid");
            log.push(Received::new(&request.into_parts().0, Bytes::new()));
        }
        let requests = log.requests();
        assert_eq!((requests.len(), log.count()), (KEPT, KEPT as u64 + 5));
        assert_eq!(requests[0].line(), "GET /5");
        assert_eq!(requests[0].query, "a=1");
    }
}
