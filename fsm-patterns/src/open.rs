//! The callers of a flow: each endpoint with all that stands around its calls. They are made when
//! the flow is first run, because only then are secrets read; its later runs share them.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use fsm_http::caller::Caller;
use fsm_http::limit::{Bucket, Rate};
use fsm_http::resource::{Client, ResourceError};
use fsm_http::secret::Secrets;
use fsm_http::{ReqwestTransport, Transport, TransportError};

use crate::plan::{Endpoint, Errand, Plan};
use crate::services::Services;
use crate::spec::EndpointSpec;
use crate::spec::RateSpec;

/// A flow that can send.
#[derive(Debug)]
pub(crate) struct Open {
    /// By endpoint.
    pub(crate) callers: Vec<Option<Caller>>,
    /// By number of the undo.
    undoers: Vec<Option<Caller>>,
    /// In declared order.
    pub(crate) clients: Vec<Client>,
    /// Of all resources.
    secrets: Secrets,
}

/// Why a flow can't send.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("{}", list(.0))]
    Resources(Vec<ResourceError>),
    #[error(transparent)]
    Transport(TransportError),
}

/// One error a line.
pub(crate) fn list(errors: &[ResourceError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Open {
    pub(crate) fn new(plan: &Plan, services: &Services) -> Result<Self, OpenError> {
        let (mut clients, mut errors) = (Vec::new(), Vec::new());
        for resource in &plan.flow.resources {
            match resource.open(services.transport.clone()) {
                Ok(client) => clients.push(client),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(OpenError::Resources(errors));
        }
        // What one API gives away may come back from another, so all secrets are known everywhere.
        let secrets = Secrets::default();
        for client in &clients {
            secrets.merge(&client.secrets());
        }
        let transport = match &services.transport {
            Some(transport) => transport.clone(),
            None => Arc::new(ReqwestTransport::new().map_err(OpenError::Transport)?),
        };
        let global = (!plan.flow.global_rate_limit.is_empty())
            .then(|| bucket(&plan.flow.global_rate_limit, None, plan.flow.rate_limit_window));
        let global: Vec<Bucket> = global.into_iter().chain(services.bucket.clone()).collect();
        let plain = |endpoint: &Endpoint| {
            let client = endpoint.resource.map(|index| &clients[index]);
            let spec = endpoint.call()?;
            let caller = caller(plan, spec, client, &transport, &global, services);
            Some(caller.secrets(&secrets))
        };
        let callers = plan.endpoints.iter().map(|endpoint| {
            plain(endpoint).map(|caller| guarded(caller, plan, endpoint, services))
        });
        let callers = callers.collect();
        let undoers = plan.undos.iter().map(|undo| plain(&undo.call)).collect();
        Ok(Self { callers, undoers, clients, secrets })
    }

    /// Who makes the call of an errand.
    pub(crate) fn caller(&self, errand: Errand) -> Option<&Caller> {
        match errand {
            Errand::Step(index) => self.callers[index].as_ref(),
            Errand::Undo(number) => self.undoers[number].as_ref(),
        }
    }

    /// Takes every secret of the flow out of `text`.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.secrets.scrub(text).into_owned()
    }
}

fn caller(
    plan: &Plan,
    spec: &EndpointSpec,
    client: Option<&Client>,
    transport: &Arc<dyn Transport>,
    global: &[Bucket],
    services: &Services,
) -> Caller {
    let flow = &plan.flow;
    let transport = client.map_or_else(|| transport.clone(), Client::transport);
    let own = bucket(&spec.rate_limit, spec.burst_limit, flow.rate_limit_window);
    let mut caller = Caller::new(spec.name.as_str(), transport)
        .bucket(own)
        .weight(NonZeroU32::new(spec.weight).unwrap_or(NonZeroU32::MIN))
        .max_wait(spec.retry_max_wait)
        .log(flow.log_requests, flow.log_responses);
    if let Some(client) = client {
        if let Some(bucket) = client.bucket() {
            caller = caller.bucket(bucket.clone());
        }
        if let Some(authority) = client.authority() {
            caller = caller.authority(authority.clone());
        }
        caller = caller.identity(client.identity());
    }
    for bucket in global {
        caller = caller.global_bucket(bucket.clone());
    }
    if flow.metrics_enabled {
        caller = caller.recorder(services.metrics.endpoint(&spec.name));
    }
    caller
}

/// Adds what keeps requests from being sent. What undoes has none of that: it is to be tried whatever
/// became of calls before, and an answer that was kept undoes nothing.
fn guarded(mut caller: Caller, plan: &Plan, endpoint: &Endpoint, services: &Services) -> Caller {
    let flow = &plan.flow;
    if let Some(threshold) = flow.circuit_breaker_threshold.and_then(NonZeroU32::new) {
        let timeout = flow.circuit_breaker_timeout;
        let breakers = &services.breakers;
        caller =
            caller.breaker(breakers.get_or_insert(&flow.name, &endpoint.name, threshold, timeout));
    }
    if let Some(ttl) = flow.cache_ttl {
        let revalidate = endpoint.resource.is_some_and(|index| flow.resources[index].revalidate);
        caller = caller.cache(&services.cache, ttl, revalidate);
    }
    caller
}

/// A bucket that all of these rates limit. Without any it limits nothing by itself, but a server
/// may.
fn bucket(rates: &[RateSpec], burst: Option<u32>, window: Duration) -> Bucket {
    Bucket::new(rates.iter().filter_map(|rate| {
        let plain = Rate::new(NonZeroU32::new(rate.limit)?, rate.window.unwrap_or(window));
        Some(match burst.and_then(NonZeroU32::new) {
            Some(burst) => plain.burst(burst),
            None => plain,
        })
    }))
}
