//! Can `run_key` and `target` tell runs apart, and can they be told before a run begins?

use serde_json::Value;

use super::top;
use crate::expr::Template;
use crate::fault::Fault;
use crate::spec::FlowSpec;

pub(super) fn check(flow: &FlowSpec, faults: &mut Vec<Fault>) {
    let run_key = "for example `run_key: \"{$inputs.date}\"`";
    text("run_key", run_key, flow.run_key.as_ref(), faults);
    let target = "for example `target: \"out/{$inputs.date}.json\"`";
    text("target", target, flow.target.as_ref(), faults);
}

/// What is no expression must be a text by itself.
fn text(key: &str, hint: &str, template: Option<&Template>, faults: &mut Vec<Fault>) {
    let is_wrong = match template.map(Template::to_value) {
        None => false,
        Some(Value::String(text)) => text.is_empty(),
        // `{ value: …, default: … }`, and queries.
        Some(Value::Object(_)) => template.is_some_and(|template| template.as_literal().is_some()),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => true,
    };
    if is_wrong {
        let message = format!("`{key}` must be a text that is not empty");
        faults.push(Fault::new(top(key), message).hint(hint));
    }
}
