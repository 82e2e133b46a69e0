//! From the answer to the step's output: its parser, then `transform_output`. Both run on every
//! answer, also on one out of the cache.

use std::sync::Arc;

use fsm_http::resource::graphql_data;
use fsm_http::{Answer, ErrorKind};
use serde_json::Value;

use crate::context::{FlowContext, StepsThen};
use crate::expr::{Response, Scope};
use crate::request;
use crate::rules::Rules;
use crate::spec::{EndpointSpec, Parser, Transform};
use crate::step::StepError;

/// What parser and output transform of an endpoint may read.
pub(super) struct Reading {
    rules: Arc<Rules>,
    index: usize,
    input: Arc<Value>,
    data: Arc<Value>,
    steps: StepsThen,
}

impl Reading {
    /// What is needed to read the answer of an endpoint; nothing where its value is the output.
    pub(super) fn of(
        rules: &Arc<Rules>,
        context: &FlowContext,
        index: usize,
        spec: &EndpointSpec,
        data: Arc<Value>,
    ) -> Option<Self> {
        let is_plain = match spec.response_parser {
            Parser::Auto | Parser::Json | Parser::Text | Parser::Bytes => true,
            Parser::GraphQl | Parser::Template(_) | Parser::Code(_) => false,
        };
        if is_plain && spec.transform_output.is_none() {
            return None;
        }
        let (rules, input) = (rules.clone(), context.input.clone());
        let steps = StepsThen::of(&rules.plan, context, &rules.plan.endpoints[index].reads);
        Some(Self { rules, index, input, data, steps })
    }

    /// The step's output.
    pub(super) fn read(&self, answer: &Answer) -> Result<Arc<Value>, StepError> {
        let Some(spec) = self.rules.plan.endpoints[self.index].call() else {
            return Ok(answer.value.clone());
        };
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
            Parser::GraphQl => Arc::new(graphql(&answer.value)?),
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

/// The `data` of a GraphQL answer. Also errors beside data fail the step: what is missing in the
/// data would not be seen by those who read it.
fn graphql(answer: &Value) -> Result<Value, StepError> {
    let errors = answer.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty());
    let data = match errors {
        None => graphql_data(answer),
        Some(errors) => graphql_data(&serde_json::json!({ "errors": errors }))
            .map_err(|messages| format!("the GraphQL answer has errors: {messages}")),
    };
    data.map_err(|why| {
        // It is foreign text: on one line, and not at any length.
        let line = why.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut signs = line.chars().filter(|character| !character.is_control());
        let mut shown: String = signs.by_ref().take(LONGEST_EXCERPT).collect();
        if signs.next().is_some() {
            // The sign by which half a secret at the cut is recognised when secrets are taken out.
            shown.push('…');
        }
        StepError::new(ErrorKind::Contract, shown)
    })
}

/// How much of what a server says of its errors is quoted, in characters.
const LONGEST_EXCERPT: usize = 400;
