//! The activity behind every endpoint: build the call, make one attempt, make a value of the
//! answer.
//!
//! | module | what it holds |
//! |---|---|
//! | `key` | under which key an answer is kept |
//! | `reading` | from the answer to the step's output |

mod key;
mod reading;

use std::future::ready;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fsm_core::{Outcome, StateId, Visit, Work};
use fsm_http::breaker::CircuitBreaker;
use fsm_http::caller::{Caller, End, Ongoing, Origin};
use fsm_http::resource::Client;
use fsm_http::{Answer, Call, CallError, ErrorKind, idempotency_key};
use serde_json::Value;

use self::reading::Reading;
use crate::compile::policy_of;
use crate::context::{FlowContext, StepsOf};
use crate::event::{Answered, FlowEvent, Refusal};
use crate::open::Open;
use crate::plan::Errand;
use crate::request;
use crate::rules::{Rules, micros};
use crate::spec::EndpointSpec;
use crate::step::StepError;
use crate::usage::Receipt;

/// Starts the call whose state was entered: that of an endpoint, or one that undoes its step.
pub(crate) fn start(
    rules: &Arc<Rules>,
    open: &OnceLock<Arc<Open>>,
    context: &FlowContext,
    visit: &Visit<'_>,
) -> Work<FlowEvent> {
    let (Some(errand), Some(open)) = (rules.errand(visit.state), open.get()) else {
        let error = StepError::new(ErrorKind::Contract, "the state belongs to no endpoint");
        return Box::pin(ready(unsent(error)));
    };
    let (Some(spec), Some(caller)) = (rules.plan.endpoint(errand).call(), open.caller(errand))
    else {
        let error = StepError::new(ErrorKind::Contract, "the state belongs to no call");
        return Box::pin(ready(unsent(error)));
    };
    let resource = rules.plan.endpoint(errand).resource;
    let client = resource.map(|resource| &open.clients[resource]);
    let (mut call, data) = match prepare(rules, context, errand, spec, visit.number) {
        Ok(prepared) => prepared,
        Err(error) => return Box::pin(ready(unsent(error))),
    };
    add_headers_of(client, &mut call);
    let key = match errand {
        Errand::Step(_) => key::cache_key(rules, context, spec, caller, &call, &data),
        Errand::Undo(_) => Ok(None),
    };
    let key = match key {
        Ok(key) => key,
        Err(error) => {
            let message = caller.scrub(&error.message).into_owned();
            return Box::pin(ready(unsent(StepError { message, ..error })));
        }
    };
    // The deadline is none of what undoes.
    let ends = match errand {
        Errand::Step(_) => context.began.zip(rules.plan.flow.total_timeout),
        Errand::Undo(_) => None,
    };
    let ends = ends.map(|(began, limit)| began + limit);
    let reading = match errand {
        Errand::Step(index) => Reading::of(rules, context, index, spec, data),
        Errand::Undo(_) => None,
    };
    // The wait before the next attempt, if there is one: the same that the kernel will tell.
    let (policy, seed, state) = (policy_of(spec), visit.seed, visit.state.index() as u32);
    let attempt = visit.attempt;
    let wait_before = move |after| {
        (attempt <= policy.count).then(|| policy.wait(seed, state, attempt - 1, after))
    };
    let open = open.clone();
    let (number, clock) = (visit.attempt, visit.clock());
    let mut attempting = context.session.seat(visit).attempt();
    Box::pin(async move {
        let Some(caller) = open.caller(errand) else {
            let error = StepError::new(ErrorKind::Contract, "the state belongs to no call");
            return unsent(error);
        };
        let client = resource.map(|resource| &open.clients[resource]);
        let end = caller.attempt(&mut call, key, &mut attempting.ongoing, number).await;
        let (ongoing, seat) = attempting.end();
        let keep = |ongoing| {
            if let Some(seat) = seat {
                seat.keep(ongoing);
            }
        };
        match end {
            End::Answered(answer, origin) => {
                let receipt = receipt(&ongoing, client, &answer, origin);
                answered(&answer, origin, receipt, reading.as_ref(), caller)
            }
            End::Failed(error) => {
                let (receipt, latency) = (Receipt::from(ongoing.traffic()), ongoing.failed_after());
                let error = give_up_behind_open_circuit(error, caller, &wait_before);
                if error.retry.is_allowed() {
                    keep(ongoing);
                }
                refused(error, receipt, latency)
            }
            End::Postponed(at) => {
                let at = clock.timestamp(at);
                // Past the end of the run nobody asks again, and a place would be kept for nobody.
                if ends.is_none_or(|ends| at < ends) {
                    keep(ongoing);
                }
                Outcome::Postponed(at)
            }
        }
    })
}

/// What a call comes to whose request can't be put together; `None`: it can.
pub(crate) fn impossible(
    rules: &Rules,
    context: &FlowContext,
    state: StateId,
    visit: u64,
) -> Option<Outcome<FlowEvent>> {
    let errand = rules.errand(state)?;
    let spec = rules.plan.endpoint(errand).call()?;
    prepare(rules, context, errand, spec, visit).err().map(unsent)
}

/// What becomes of a call that was under way when the process died. One that must not be made twice
/// ends here, because the server may have carried it out; for `None` it is made again.
pub(crate) fn interrupted(rules: &Rules, visit: &Visit<'_>) -> Option<Outcome<FlowEvent>> {
    let call = rules.plan.endpoint(rules.errand(visit.state)?).call();
    if !call.is_some_and(request::is_unrepeatable) {
        return None;
    }
    let error = StepError::new(
        ErrorKind::UnknownOutcome,
        "the process ended while the call was under way; the server may have carried it out",
    );
    // Nobody knows more of the attempts than that they were begun.
    let receipt = Receipt { requests: visit.attempt, ..Receipt::default() };
    let refusal = Refusal { error, receipt, retry_after: None, latency_us: None };
    Some(failed(refusal, fsm_core::Retry::Never))
}

/// Nobody sleeps behind an open circuit: a failure that would be followed by another attempt ends
/// the call at once where the circuit is open longer than the wait for that attempt can be.
fn give_up_behind_open_circuit(
    error: CallError,
    caller: &Caller,
    wait_before: &impl Fn(Option<Duration>) -> Option<Duration>,
) -> CallError {
    let fsm_http::Retry::Allowed { after } = error.retry else { return error };
    let Some(Err(open)) = caller.circuit_breaker().map(CircuitBreaker::check) else { return error };
    let Some(wait) = wait_before(after) else { return error };
    if open.probes_in.is_some_and(|probes_in| probes_in <= wait) {
        return error;
    }
    let retry = fsm_http::Retry::Never;
    CallError { kind: ErrorKind::CircuitOpen, message: open.to_string(), retry, ..error }
}

/// The call of an errand, and `$data` as it was when the call was made: for an undo that is what the
/// step gave.
pub(crate) fn prepare(
    rules: &Rules,
    context: &FlowContext,
    errand: Errand,
    spec: &EndpointSpec,
    visit: u64,
) -> Result<(Call, Arc<Value>), StepError> {
    let endpoint = rules.plan.endpoint(errand);
    let data = match errand {
        Errand::Step(index) => {
            let raw = context.steps[index].data.clone().unwrap_or_default();
            rules
                .transformed(context, index, &raw)
                .map_err(|why| request::fault("transform_input", why))?
        }
        Errand::Undo(number) => {
            let step = &context.steps[rules.plan.undos[number].step];
            step.output.clone().unwrap_or_default()
        }
    };
    let steps = StepsOf { plan: &rules.plan, context };
    let scope = steps.scope(&data);
    let has_key = spec.has_key() && !request::declares_key(spec);
    let key = has_key.then(|| idempotency_key(&context.run, &spec.name, visit));
    let mut call = request::build(spec, &scope, &data, key)?;
    call.timeout = endpoint.timeout;
    if let Some(template) = &spec.save_to {
        let path = template.render(&scope).map_err(|why| request::fault("save_to", why))?;
        let path = path.as_str().filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| request::fault("save_to", "must be the path of a file"))?;
        call.save_to = Some(PathBuf::from(path));
    }
    Ok((call, data))
}

/// Adds the headers of a call's resource, except those that it declares itself.
fn add_headers_of(client: Option<&Client>, call: &mut Call) {
    let Some(client) = client else { return };
    let declared = client.headers().keys().filter(|name| !call.headers.contains_key(*name));
    for name in declared.cloned().collect::<Vec<_>>() {
        for value in client.headers().get_all(&name) {
            call.headers.append(&name, value.clone());
        }
    }
}

/// What the call used: an answer out of the cache has been counted when it was fetched.
fn receipt(ongoing: &Ongoing, client: Option<&Client>, answer: &Answer, origin: Origin) -> Receipt {
    let mut receipt = Receipt::from(ongoing.traffic());
    if let (Origin::Server, Some(client)) = (origin, client) {
        let picked = client.pick_usage(answer);
        receipt.picked = picked.into_iter().map(|(name, sum)| (name.to_string(), sum)).collect();
    }
    receipt
}

fn answered(
    answer: &Answer,
    origin: Origin,
    receipt: Receipt,
    reading: Option<&Reading>,
    caller: &Caller,
) -> Outcome<FlowEvent> {
    let http_status = answer.status.as_u16();
    let latency_us = (origin == Origin::Server).then(|| micros(answer.latency));
    let output = match reading {
        None => answer.value.clone(),
        Some(reading) => match reading.read(answer) {
            Ok(output) => output,
            Err(error) => {
                // It may quote the server, and the server may echo what it was sent.
                let message = caller.scrub(&error.message).into_owned();
                let error = StepError { http_status: Some(http_status), message, ..error };
                let refusal = Refusal { error, receipt, retry_after: None, latency_us };
                return failed(refusal, fsm_core::Retry::Never);
            }
        },
    };
    let cached = origin != Origin::Server;
    let answered = Answered { output, http_status, latency_us, cached, receipt };
    Outcome::Done(Some(FlowEvent::Answered(answered)))
}

fn refused(error: CallError, receipt: Receipt, latency: Option<Duration>) -> Outcome<FlowEvent> {
    let CallError { kind, message, http_status, retry, .. } = error;
    let retry_after = match retry {
        fsm_http::Retry::Never => None,
        fsm_http::Retry::Allowed { after } => after,
    };
    let error = StepError { kind, message, http_status };
    let latency_us = latency.map(micros);
    failed(Refusal { error, receipt, retry_after, latency_us }, retry.into())
}

/// What a call comes to that was not sent.
pub(crate) fn unsent(error: StepError) -> Outcome<FlowEvent> {
    let receipt = Receipt::default();
    let refusal = Refusal { error, receipt, retry_after: None, latency_us: None };
    failed(refusal, fsm_core::Retry::Never)
}

fn failed(refusal: Refusal, retry: fsm_core::Retry) -> Outcome<FlowEvent> {
    Outcome::Failed { event: Some(FlowEvent::Refused(refusal)), retry }
}
