//! The activity behind every endpoint: build the call, make one attempt, make a value of the
//! answer.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use fsm_core::{Outcome, Visit, Work};
use fsm_http::{Answer, Call, CallError, ErrorKind, Transport, idempotency_key};
use serde_json::Value;

use crate::context::{FlowContext, StepsOf, StepsThen};
use crate::event::{Answered, FlowEvent, Refusal};
use crate::expr::{Response, Scope};
use crate::plan::Unit;
use crate::request;
use crate::rules::{Rules, micros};
use crate::spec::{EndpointSpec, Parser, Transform};
use crate::step::StepError;

/// Starts the call of the endpoint whose state was entered.
pub(crate) fn start(
    rules: &Arc<Rules>,
    transport: &Arc<dyn Transport>,
    context: &FlowContext,
    visit: &Visit<'_>,
) -> Work<FlowEvent> {
    let Some(Unit::Endpoint(index)) = rules.units[visit.state.index()] else {
        let error = StepError::new(ErrorKind::Contract, "the state belongs to no endpoint");
        return Box::pin(ready(unsent(error)));
    };
    let (call, data) = match prepare(rules, context, index, visit.number) {
        Ok(prepared) => prepared,
        Err(error) => return Box::pin(ready(unsent(error))),
    };
    let spec = &rules.plan.endpoints[index].spec;
    let plain =
        matches!(spec.response_parser, Parser::Auto | Parser::Json | Parser::Text | Parser::Bytes);
    let reading = (!plain || spec.transform_output.is_some()).then(|| Reading {
        rules: rules.clone(),
        index,
        input: context.input.clone(),
        data,
        steps: StepsThen::of(&rules.plan, context, &rules.plan.endpoints[index].reads),
    });
    let transport = transport.clone();
    Box::pin(async move {
        let began = tokio::time::Instant::now();
        match call.perform(&*transport).await {
            Ok(answer) => answered(answer, reading.as_ref()),
            Err(error) => refused(error, began.elapsed()),
        }
    })
}

/// The call of an endpoint, and `$data` as it was when the call was made.
pub(crate) fn prepare(
    rules: &Rules,
    context: &FlowContext,
    index: usize,
    visit: u64,
) -> Result<(Call, Arc<Value>), StepError> {
    let spec = &rules.plan.endpoints[index].spec;
    let raw = context.steps[index].data.clone().unwrap_or_default();
    let data = rules
        .transformed(context, index, &raw)
        .map_err(|why| request::fault("transform_input", why))?;
    let steps = StepsOf { plan: &rules.plan, context };
    let has_key = spec.has_key() && !request::declares_key(spec);
    let key = has_key.then(|| idempotency_key(&context.run, &spec.name, visit));
    let call = request::build(spec, &steps.scope(&data), &data, key)?;
    Ok((call, data))
}

/// What parser and output transform of an endpoint may read.
struct Reading {
    rules: Arc<Rules>,
    index: usize,
    input: Arc<Value>,
    data: Arc<Value>,
    steps: StepsThen,
}

impl Reading {
    fn read(&self, answer: &Answer) -> Result<Arc<Value>, StepError> {
        let spec: &EndpointSpec = &self.rules.plan.endpoints[self.index].spec;
        let response = Response {
            status: answer.status.as_u16(),
            url: answer.url.as_str(),
            method: spec.method.as_str(),
            headers: &answer.headers,
            body: &answer.value,
        };
        let scope = Scope::new().inputs(&self.input).steps(&self.steps).response(response);
        let parsed = match &spec.response_parser {
            Parser::Auto | Parser::Json | Parser::Text | Parser::Bytes => answer.value.clone(),
            Parser::Code(code) => {
                let parsed = (code.run)(&answer.value);
                Arc::new(parsed.map_err(|why| request::fault("response_parser", why))?)
            }
            Parser::Template(template) => {
                let parsed = template.render(&scope.data(&self.data));
                Arc::new(parsed.map_err(|why| request::fault("response_parser", why))?)
            }
        };
        let transformed = match &spec.transform_output {
            None => Ok(parsed),
            Some(Transform::Code(code)) => (code.run)(&parsed).map(Arc::new),
            Some(Transform::Template(template)) => {
                template.render(&scope.data(&parsed)).map(Arc::new).map_err(|why| why.to_string())
            }
        };
        transformed.map_err(|why| request::fault("transform_output", why))
    }
}

fn answered(answer: Answer, reading: Option<&Reading>) -> Outcome<FlowEvent> {
    let http_status = answer.status.as_u16();
    let latency_us = micros(answer.latency);
    let output = match reading {
        None => answer.value,
        Some(reading) => match reading.read(&answer) {
            Ok(output) => output,
            Err(error) => {
                let error = StepError { http_status: Some(http_status), ..error };
                let latency_us = Some(latency_us);
                let refusal = Refusal { error, sent: true, retry_after: None, latency_us };
                return failed(refusal, fsm_core::Retry::Never);
            }
        },
    };
    let answered = Answered { output, http_status, latency_us };
    Outcome::Done(Some(FlowEvent::Answered(answered)))
}

fn refused(error: CallError, latency: Duration) -> Outcome<FlowEvent> {
    let CallError { kind, message, http_status, retry, .. } = error;
    let retry_after = match retry {
        fsm_http::Retry::Never => None,
        fsm_http::Retry::Allowed { after } => after,
    };
    // A call of this kind can't be put into HTTP at all.
    let sent = kind != ErrorKind::Transform;
    let error = StepError { kind, message, http_status };
    let latency_us = sent.then(|| micros(latency));
    let refusal = Refusal { error, sent, retry_after, latency_us };
    failed(refusal, retry.into())
}

fn unsent(error: StepError) -> Outcome<FlowEvent> {
    let refusal = Refusal { error, sent: false, retry_after: None, latency_us: None };
    failed(refusal, fsm_core::Retry::Never)
}

fn failed(refusal: Refusal, retry: fsm_core::Retry) -> Outcome<FlowEvent> {
    Outcome::Failed { event: Some(FlowEvent::Refused(refusal)), retry }
}
