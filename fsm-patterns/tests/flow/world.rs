//! The world of a flow: an API in memory that answers by path, and short words for what came of a
//! run. Time is tokio's, paused, so that a minute of waiting is exact and takes no time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fsm_http::{
    Body, BoxFuture, Departure, ErrorKind, MemoryTransport, Outgoing, Reply, Transport,
    TransportError,
};
use fsm_patterns::{Flow, Orchestration, RunReport, StepReport, file};
use serde_json::Value;
use tokio::time::Instant;

/// An API at `http://api.test`. Each path has a script; its last reply is given again and again.
pub(crate) struct Api {
    server: MemoryTransport,
    begun: Instant,
    /// When each request was handed over, and to which path. Locked only to push and to copy.
    log: Mutex<Vec<(Duration, String)>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
    finished: AtomicUsize,
    /// The paths of requests that were dropped before anything of them left. Locked only to push
    /// and to count.
    unsent: Mutex<Vec<String>>,
}

impl Api {
    /// An API whose paths answer as scripted.
    pub(crate) fn new(scripts: &[(&str, &[Reply])]) -> Arc<Self> {
        let scripts: HashMap<String, Vec<Reply>> =
            scripts.iter().map(|(path, replies)| ((*path).to_owned(), replies.to_vec())).collect();
        // How many requests each path had; one lock a request.
        let counts: Mutex<HashMap<String, usize>> = Mutex::default();
        Self::answering(move |request| {
            let path = request.uri().path().to_owned();
            let Some(script) = scripts.get(&path) else {
                let message = format!("the test has no script for {path}");
                return Reply::failing(TransportError::sent(ErrorKind::Contract, message));
            };
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(path).or_default();
            *count += 1;
            script[(*count - 1).min(script.len() - 1)].clone()
        })
    }

    /// An API that gives each request what `reply` says.
    pub(crate) fn answering(
        reply: impl Fn(&http::Request<Bytes>) -> Reply + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            server: MemoryTransport::replying(reply),
            begun: Instant::now(),
            log: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            unsent: Mutex::default(),
        })
    }

    /// An API that gives every path its own name: `GET /a` gives `"a"`.
    pub(crate) fn naming() -> Arc<Self> {
        Self::answering(|request| Reply::json(&request.uri().path()[1..].into()))
    }

    /// An API that gives back what it is sent: the body as it came.
    pub(crate) fn echoing() -> Arc<Self> {
        Self::answering(|request| {
            Reply::status(200)
                .header("content-type", "application/json")
                .body(request.body().clone())
        })
    }

    /// When each request was handed over, and to which path, in order.
    pub(crate) fn log(&self) -> Vec<(Duration, String)> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the requests to `path` were handed over, in milliseconds.
    pub(crate) fn times(&self, path: &str) -> Vec<u128> {
        let log = self.log();
        log.iter().filter(|(_, to)| to == path).map(|(at, _)| at.as_millis()).collect()
    }

    /// How many requests to `path` were handed over, less those that were dropped while their
    /// connection was still being set up.
    pub(crate) fn sent(&self, path: &str) -> usize {
        let unsent = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        self.times(path).len() - unsent.iter().filter(|to| *to == path).count()
    }

    /// The requests that left, to `path`.
    pub(crate) fn requests(&self, path: &str) -> Vec<http::Request<Bytes>> {
        let all = self.server.requests();
        all.into_iter().filter(|request| request.uri().path() == path).collect()
    }

    /// The one request that left to `path`.
    pub(crate) fn request(&self, path: &str) -> http::Request<Bytes> {
        let mut requests = self.requests(path);
        assert_eq!(requests.len(), 1, "requests to {path}");
        requests.remove(0)
    }

    /// The JSON body of the one request to `path`.
    pub(crate) fn body(&self, path: &str) -> Value {
        let request = self.request(path);
        serde_json::from_slice(request.body()).unwrap_or_else(|why| {
            panic!("{path} was sent {:?}, which is no JSON: {why}", request.body())
        })
    }

    /// The paths that were called, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.log().into_iter().map(|(_, path)| path).collect()
    }

    /// How many calls are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// How many calls were under way at once, at most.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// How many calls came to their end, one way or the other, without being dropped.
    pub(crate) fn finished(&self) -> usize {
        self.finished.load(Ordering::SeqCst)
    }
}

/// Counts a call as under way for as long as it lives, and as unsent if it is dropped before it
/// left.
struct Presence<'a> {
    api: &'a Api,
    path: String,
    departure: Option<Departure>,
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.api.under_way.fetch_sub(1, Ordering::SeqCst);
        if self.departure.as_ref().is_some_and(|departure| !departure.may_have_left()) {
            let mut unsent = self.api.unsent.lock().unwrap_or_else(PoisonError::into_inner);
            unsent.push(std::mem::take(&mut self.path));
        }
    }
}

impl Transport for Api {
    fn send(
        &self,
        request: Outgoing,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let path = request.url.path().to_owned();
            let entry = (self.begun.elapsed(), path.clone());
            self.log.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
            let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let departure = request.departure.clone();
            let mut presence = Presence { api: self, path, departure };
            let answer = self.server.send(request).await;
            presence.departure = None;
            self.finished.fetch_add(1, Ordering::SeqCst);
            answer
        })
    }
}

/// A flow from the text of a file, without its first two lines.
pub(crate) fn flow(api: &Arc<Api>, text: &str) -> Flow {
    let text = format!("fsm: 1\nname: test\n{text}");
    let loaded = file::load("flow.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    Flow::with_transport(loaded.spec, api.clone()).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a flow file.
pub(crate) async fn run(api: &Arc<Api>, text: &str, input: Value) -> RunReport {
    flow(api, text).execute(input).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a flow that was written in Rust.
pub(crate) async fn run_built(api: &Arc<Api>, flow: Orchestration, input: Value) -> RunReport {
    let flow = flow.build_with(api.clone()).unwrap_or_else(|error| panic!("{error}"));
    flow.execute(input).await.unwrap_or_else(|error| panic!("{error}"))
}

/// `failed: a ok, b failed (status)`: what a run came to, in one line.
pub(crate) fn told(report: &RunReport) -> String {
    let steps = report.steps.iter().map(|(name, step)| {
        let status = step.status.as_str();
        match (status, step.error.as_ref().map(|error| error.kind.as_str())) {
            // The kind that goes without saying.
            ("cancelled", Some("cancelled")) | ("timed_out", Some("timeout")) | (_, None) => {
                format!("{name} {status}")
            }
            (_, Some(kind)) => format!("{name} {status} ({kind})"),
        }
    });
    let steps: Vec<String> = steps.collect();
    format!("{}: {}", report.outcome.as_str(), steps.join(", "))
}

/// A step of a report.
pub(crate) fn step<'a>(report: &'a RunReport, name: &str) -> &'a StepReport {
    report.steps.get(name).unwrap_or_else(|| panic!("the report has no step {name}"))
}

/// The message of a step's error.
pub(crate) fn message<'a>(report: &'a RunReport, name: &str) -> &'a str {
    &step(report, name).error.as_ref().unwrap_or_else(|| panic!("{name} has no error")).message
}

/// `n` milliseconds.
pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// An answer 200 with a JSON body that comes after `n` milliseconds.
pub(crate) fn late(n: u64, value: impl Into<Value>) -> Reply {
    Reply::json(&value.into()).after(ms(n))
}
