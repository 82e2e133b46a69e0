//! Short words for flows and for what came of them, and an API in memory that keeps time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fsm_http::{Body, BoxFuture, MemoryTransport, Outgoing, Reply, Transport, TransportError};
use fsm_patterns::{Flow, RunReport, Services, StepReport, file};
use serde_json::{Value, json};
use tokio::time::Instant;

/// An API at `http://api.test` that writes down when it is asked for what.
pub(crate) struct Api {
    server: MemoryTransport,
    begun: Instant,
    /// Locked only to push and to copy.
    log: Mutex<Vec<(u128, String)>>,
}

impl Api {
    /// Gives each request what `reply` says of its path and of how often that was asked for before.
    pub(crate) fn new(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        let counts: Mutex<std::collections::HashMap<String, usize>> = Mutex::default();
        let server = MemoryTransport::replying(move |request| {
            let path = request.uri().path().to_owned();
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(path.clone()).or_default();
            *count += 1;
            reply(&path, *count - 1)
        });
        Arc::new(Self { server, begun: Instant::now(), log: Mutex::default() })
    }

    /// The milliseconds at which requests were handed over, all paths together.
    pub(crate) fn times(&self) -> Vec<u128> {
        self.log().into_iter().map(|(at, _)| at).collect()
    }

    /// When which path was asked for.
    pub(crate) fn log(&self) -> Vec<(u128, String)> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests that left.
    pub(crate) fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.server.requests()
    }
}

impl Transport for Api {
    fn send(
        &self,
        request: Outgoing,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let entry = (self.begun.elapsed().as_millis(), request.url.path().to_owned());
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        self.server.send(request)
    }
}

/// A flow from the text of a file, without its first two lines.
pub(crate) fn flow(services: Services, text: &str) -> Flow {
    let text = format!("fsm: 1\nname: test\n{text}");
    let loaded = file::load("flow.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    Flow::with_services(loaded.spec, services).unwrap_or_else(|error| panic!("{error}"))
}

/// A flow over an API in memory.
pub(crate) fn flow_over(api: &Arc<Api>, text: &str) -> Flow {
    flow(Services::new().with_transport(api.clone()), text)
}

/// Runs a flow with `{}`.
pub(crate) async fn run(flow: &Flow) -> RunReport {
    flow.execute(json!({})).await.unwrap_or_else(|error| panic!("{error}"))
}

/// `failed: a ok, b failed (status)`: what a run came to, in one line.
pub(crate) fn told(report: &RunReport) -> String {
    let steps = report.steps.iter().map(|(name, step)| match &step.error {
        None => format!("{name} {}", step.status.as_str()),
        Some(error) => format!("{name} {} ({})", step.status.as_str(), error.kind),
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

/// How many steps ended so.
pub(crate) fn count(report: &RunReport, status: &str) -> usize {
    report.steps.values().filter(|step| step.status.as_str() == status).count()
}

/// How many calls of an endpoint wait at its rate limits.
pub(crate) fn waiting(flow: &Flow, endpoint: &str) -> usize {
    flow.rate_limits(endpoint).iter().map(|limit| limit.waiting).sum()
}

/// `n` milliseconds.
pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// An answer 200 with a JSON body that comes after `n` milliseconds.
pub(crate) fn late(n: u64, value: impl Into<Value>) -> Reply {
    Reply::json(&value.into()).after(ms(n))
}

/// The lines of `count` endpoints that are named by a prefix and a number; `{n}` is the number.
pub(crate) fn endpoints(prefix: &str, count: usize, rest: &str) -> String {
    let line = |n: usize| {
        let rest = rest.replace("{n}", &n.to_string());
        format!("  - {{ name: {prefix}{n}, {rest} }}\n")
    };
    (0..count).map(line).collect()
}
