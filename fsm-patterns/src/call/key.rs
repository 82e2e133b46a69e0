//! Under which key an answer is kept.

use fsm_http::Call;
use fsm_http::cache::CacheKey;
use fsm_http::caller::Caller;
use http::Method;
use serde_json::Value;

use crate::context::{FlowContext, StepsOf};
use crate::request;
use crate::rules::Rules;
use crate::spec::{self, EndpointSpec};
use crate::step::StepError;

/// Where the answer is kept: for GET and HEAD under the request, for others only under a key that
/// somebody declared, because a second POST may be meant. What is written to a file is not kept, nor is an answer that
/// may say "not yet".
pub(super) fn cache_key(
    rules: &Rules,
    context: &FlowContext,
    spec: &EndpointSpec,
    caller: &Caller,
    call: &Call,
    data: &Value,
) -> Result<Option<CacheKey>, StepError> {
    if !caller.caches() || call.save_to.is_some() || spec.poll.is_some() {
        return Ok(None);
    }
    let flow = &rules.plan.flow;
    let text = match spec.cache_key.as_ref().or(flow.cache_key.as_ref()) {
        None => {
            let is_read = matches!(call.method, Method::GET | Method::HEAD);
            // What a form with files sends is known only when they are read.
            let is_known = call.body.files().next().is_none();
            return Ok((is_read && is_known).then(|| caller.key_of(call)));
        }
        Some(spec::CacheKey::Code(code)) => (code.run)(call),
        Some(spec::CacheKey::Template(template)) => {
            let steps = StepsOf { plan: &rules.plan, context };
            let value = template.render(&steps.scope(data));
            value.map(|value| value.to_string()).map_err(|why| why.to_string())
        }
    };
    let text = text.map_err(|why| request::fault("cache_key", why))?;
    Ok(Some(caller.key_of_text(&format!("{}/{}", flow.name, spec.name), &text)))
}
