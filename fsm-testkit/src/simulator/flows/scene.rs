//! The transport of a simulated flow, and what watches its machine: both write the log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fsm_core::{Graph, Observer, StateId, Trace};
use fsm_http::{Body, BoxFuture, MemoryTransport, Outgoing, Reply, Transport, TransportError};
use fsm_patterns::{FlowContext, FlowEvent};

use super::api::Api;
use super::log::{Disturbance, Log};
use crate::simulator::chance::{Chance, kind_of};
use crate::simulator::timeline::words;

/// An API that answers as chance has it.
pub(super) struct Scene {
    server: MemoryTransport,
    log: Log,
}

impl Scene {
    pub(super) fn new(api: Arc<Api>, seed: u64, calm: BTreeSet<Disturbance>, log: Log) -> Self {
        let kept = log.clone();
        let server =
            MemoryTransport::replying(move |request| reply(&api, seed, &calm, &kept, request));
        Self { server, log }
    }
}

fn reply(
    api: &Api,
    seed: u64,
    calm: &BTreeSet<Disturbance>,
    log: &Log,
    request: &http::Request<Bytes>,
) -> Reply {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let route = api.find(method, path);
    let kind = kind_of(method) ^ kind_of(path).rotate_left(1);
    let (which, count) = log.lock().count(route, kind);
    let mut chance = Chance::of(seed, kind, count);
    let (ill, slow) = (Disturbance::Ill(kind, count), Disturbance::Slow(kind, count));
    let calm = (calm.contains(&ill), calm.contains(&slow));
    let drawn = api.get(route).reply(request, which, &mut chance, calm);
    let mut kept = log.lock();
    kept.disturbances.extend(drawn.ill.then_some(ill));
    kept.disturbances.extend(drawn.slow.then_some(slow));
    drawn.reply
}

/// Tells of a request that is given up.
struct Call<'a> {
    log: &'a Log,
    /// Taken when it ends otherwise.
    told: Option<String>,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            self.log.write(format!("{told}: given up"));
        }
    }
}

impl Transport for Scene {
    fn send(
        &self,
        request: Outgoing,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        // Before it is polled, as a transport does that tells.
        if let Some(departure) = &request.departure {
            departure.hold();
        }
        Box::pin(async move {
            let told = format!("{} {}", request.method, request.url.path());
            self.log.write(told.clone());
            let mut call = Call { log: &self.log, told: Some(told) };
            let answer = self.server.send(request).await;
            let told = call.told.take().unwrap_or_default();
            self.log.write(match &answer {
                Ok(response) => format!("{told}: {}", response.status().as_u16()),
                Err(error) => format!("{told}: {error}"),
            });
            answer
        })
    }
}

/// Hears which calls are repeated.
pub(super) struct Watch {
    pub(super) graph: Graph,
    pub(super) log: Log,
}

impl Trace for Watch {
    fn retrying(&mut self, state: StateId, _attempts: u32, wait: Duration) {
        self.log.write(format!("{} waits {}", self.graph.name_of(state), words(wait)));
    }
}

impl Observer<FlowContext, FlowEvent> for Watch {}
