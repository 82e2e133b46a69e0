//! What a run would send, as far as that can be known before the first answer. Nothing is sent.

use std::fmt;

use fsm_http::Payload;
use fsm_http::auth::{Auth, KeyPlace, TokenPlace};
use fsm_http::resource::{HeaderSource, Resource};
use http::header::{AUTHORIZATION, COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::context::{FlowContext, StepsOf};
use crate::expr::{Reference, Root};
use crate::flow::{Flow, InputError};
use crate::plan::{Errand, Source, Unit};
use crate::request;
use crate::spec::{EndpointSpec, Transform};

/// The requests of a flow, in declared order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DryRun {
    /// The flow's name.
    pub name: String,
    /// One for each call, and behind it one for its undo; steps that only wait send nothing.
    pub requests: IndexMap<String, DryRequest>,
}

/// One request, as far as it is known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DryRequest {
    /// The method.
    pub method: String,
    /// The url with its parameters, or as it is written where it hangs on an answer.
    pub url: String,
    /// Header values; those that carry credentials are `[redacted]`. Secrets are not read.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, String>,
    /// The body: JSON as a value, other text as a string, bytes as their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Further attempts after the first.
    pub retries: u32,
    /// The condition it hangs on, as it is written; of an undo, when it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Why it is not known in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl Flow {
    /// The requests that a run with `input` would send, as far as they can be known: those that
    /// hang on answers are shown as they are written.
    ///
    /// # Errors
    /// As [`Flow::run`].
    pub fn dry_run(&self, input: &Value) -> Result<DryRun, InputError> {
        self.check_input(input)?;
        let plan = &self.rules.plan;
        let context = FlowContext::new(plan, "dry-run".to_owned(), input.clone());
        let errands = (0..plan.endpoints.len()).flat_map(|index| {
            let undo = plan.endpoints[index].undo.map(Errand::Undo);
            std::iter::once(Errand::Step(index)).chain(undo)
        });
        let requests = errands.filter_map(|errand| {
            let spec = plan.endpoint(errand).call()?;
            Some((spec.name.clone(), self.dry_request(&context, errand, spec)))
        });
        Ok(DryRun { name: plan.flow.name.clone(), requests: requests.collect() })
    }

    fn dry_request(
        &self,
        context: &FlowContext,
        errand: Errand,
        spec: &EndpointSpec,
    ) -> DryRequest {
        let plan = &self.rules.plan;
        let endpoint = plan.endpoint(errand);
        let resource = endpoint.resource.map(|index| &plan.flow.resources[index]);
        let base = resource.and_then(|resource| resource.base_url.as_ref());
        let written = || match base {
            Some(base) => spec.url.source_under(base.as_str()),
            None => spec.url.source().to_owned(),
        };
        let mut dry = DryRequest {
            method: spec.method.to_string(),
            url: spec.url.as_literal().cloned().map_or_else(written, shown_url),
            headers: IndexMap::new(),
            body: None,
            retries: spec.retries(),
            condition: match errand {
                Errand::Step(_) => spec.condition.as_ref().map(crate::rules::guard::condition),
                Errand::Undo(number) => {
                    let step = &plan.endpoints[plan.undos[number].step].name;
                    Some(format!("the run fails after `{step}` was completed"))
                }
            },
            unknown: None,
        };
        let data = match errand {
            Errand::Step(index) if self.is_fed_by_input(index) => Some(context.input.clone()),
            Errand::Step(_) | Errand::Undo(_) => None,
        };
        let steps = StepsOf { plan, context };
        let raw = data.clone().unwrap_or_default();
        let transformed = match errand {
            Errand::Step(index) => self.rules.transformed(context, index, &raw),
            Errand::Undo(_) => Ok(raw),
        };
        let prepared = transformed
            .map_err(|why| request::fault("transform_input", why))
            .and_then(|data| request::build(spec, &steps.scope(&data), &data, None));
        let hangs = hangs_on_answers(spec, data.is_some());
        match (prepared, hangs) {
            (Ok(call), false) => {
                dry.url = shown_url(call.url);
                dry.headers = shown_headers(&call.headers);
                dry.body = shown_body(&call.body);
            }
            (_, true) => dry.unknown = Some("hangs on the answers of other steps".to_owned()),
            (Err(error), false) => dry.unknown = Some(error.message),
        }
        if let Some(resource) = resource {
            let is_declared =
                |name: &HeaderName| spec.headers.iter().any(|(declared, _)| declared == name);
            add_headers(&mut dry.headers, resource, is_declared);
            if let Some(auth) = &resource.auth {
                add_credentials(&mut dry, auth, is_declared);
            }
        }
        dry
    }

    /// The first of a chain is fed with the input; what comes later hangs on answers.
    fn is_fed_by_input(&self, index: usize) -> bool {
        let plan = &self.rules.plan;
        let endpoint = &plan.endpoints[index];
        let first = plan.containers[endpoint.container].units.first();
        endpoint.container == 0
            && match endpoint.source {
                Source::Container => true,
                Source::Carried => first == Some(&Unit::Endpoint(index)),
                Source::Dependencies => false,
            }
    }
}

/// Adds what the resource sends with every request; its secrets are named and not read.
fn add_headers(
    headers: &mut IndexMap<String, String>,
    resource: &Resource,
    is_declared: impl Fn(&HeaderName) -> bool,
) {
    for (name, value) in resource.headers.iter().filter(|(name, _)| !is_declared(name)) {
        let text = match value {
            HeaderSource::Secret(_) => HIDDEN.to_owned(),
            HeaderSource::Plain(text) => match HeaderValue::from_str(text) {
                Ok(value) if fsm_http::is_credential(name, &value) => HIDDEN.to_owned(),
                Ok(_) | Err(_) => text.clone(),
            },
        };
        headers.insert(name.to_string(), text);
    }
    if let Some(agent) = resource.user_agent.as_ref().filter(|_| !is_declared(&USER_AGENT)) {
        headers.entry(USER_AGENT.to_string()).or_insert_with(|| agent.clone());
    }
}

/// Adds where credentials will stand, and of what scheme; what the endpoint declares itself wins.
fn add_credentials(dry: &mut DryRequest, auth: &Auth, is_declared: impl Fn(&HeaderName) -> bool) {
    let (name, value) = match auth {
        Auth::Bearer { .. } | Auth::OAuth2(_) | Auth::Jwt(_) => {
            (AUTHORIZATION.to_string(), format!("Bearer {HIDDEN}"))
        }
        Auth::Basic { .. } => (AUTHORIZATION.to_string(), format!("Basic {HIDDEN}")),
        Auth::ApiKey { place: KeyPlace::Header, name, .. } => {
            (name.to_ascii_lowercase(), HIDDEN.to_owned())
        }
        Auth::ApiKey { place: KeyPlace::Cookie, name, .. } => {
            (COOKIE.to_string(), format!("{name}={HIDDEN}"))
        }
        Auth::ApiKey { place: KeyPlace::Query, name, .. } => {
            let (url, fragment) = match dry.url.split_once('#') {
                Some((url, fragment)) => (url, format!("#{fragment}")),
                None => (dry.url.as_str(), String::new()),
            };
            let sign = if url.contains('?') { '&' } else { '?' };
            dry.url = format!("{url}{sign}{name}={HIDDEN}{fragment}");
            return;
        }
        Auth::Session(session) => match session.token {
            TokenPlace::Body(_) | TokenPlace::Header(_) => {
                (session.header.to_string(), format!("{}{HIDDEN}", session.prefix))
            }
            TokenPlace::Cookie(_) => (COOKIE.to_string(), HIDDEN.to_owned()),
        },
    };
    let is_cookie = name == COOKIE.as_str();
    let declared = HeaderName::from_bytes(name.as_bytes()).is_ok_and(|name| is_declared(&name));
    if is_cookie || !declared {
        dry.headers.insert(name, value);
    }
}

/// Whether anything in the request is known only when other steps have answered.
fn hangs_on_answers(spec: &EndpointSpec, fed_by_input: bool) -> bool {
    let hangs = |references: Vec<Reference>, data_is_known: bool| {
        references.iter().any(|reference| match reference.root {
            Root::Data => !data_is_known,
            Root::Step { .. } => true,
            Root::Inputs
            | Root::Body
            | Root::Header(_)
            | Root::StatusCode
            | Root::Url
            | Root::Method
            | Root::Error
            | Root::Context
            | Root::Event => false,
        })
    };
    let data_is_known = match &spec.transform_input {
        None => fed_by_input,
        Some(Transform::Template(template)) => !hangs(template.references(), fed_by_input),
        Some(Transform::Code(_)) => fed_by_input,
    };
    let sends_data = matches!(spec.method, Method::POST | Method::PUT | Method::PATCH);
    let templates = spec.headers.iter().map(|(_, template)| template);
    let templates = templates.chain(spec.params.iter().map(|(_, template)| template));
    hangs(spec.url.references(), data_is_known)
        || templates.chain(&spec.body).any(|t| hangs(t.references(), data_is_known))
        || (spec.body.is_none() && sends_data && !data_is_known)
}

/// What stands for a value that is not shown.
const HIDDEN: &str = "[redacted]";

fn shown_headers(headers: &HeaderMap) -> IndexMap<String, String> {
    let shown = headers.iter().map(|(name, value)| {
        let text = match fsm_http::is_credential(name, value) {
            true => HIDDEN.to_owned(),
            false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        (name.to_string(), text)
    });
    shown.collect()
}

/// Without user and password, and without the values of parameters that are called like secrets.
fn shown_url(mut url: Url) -> String {
    if !url.username().is_empty() || url.password().is_some() {
        // A url with a host can do without both.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
    }
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["key", "token", "secret", "password", "signature", "auth", "credential"]
            .iter()
            .any(|word| name.contains(word))
    };
    if url.query_pairs().any(|(name, _)| secret(&name)) {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| match secret(&name) {
                true => (name.into_owned(), HIDDEN.to_owned()),
                false => (name.into_owned(), value.into_owned()),
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    // For people: the brackets would be encoded in a url that is sent.
    url.to_string().replace("%5Bredacted%5D", HIDDEN)
}

fn shown_body(body: &Payload) -> Option<Value> {
    let files: Vec<_> = body.files().map(|path| format!("`{}`", path.display())).collect();
    if !files.is_empty() {
        let noun = if files.len() == 1 { "file" } else { "files" };
        let shown = format!("a multipart form with the {noun} {}", files.join(", "));
        return Some(Value::from(shown));
    }
    let bytes = body.as_bytes();
    if bytes.is_empty() {
        return None;
    }
    if body.media_type().is_some_and(|media| media.starts_with("multipart/")) {
        return Some(Value::from(format!("{} bytes of a multipart form", bytes.len())));
    }
    let value =
        serde_json::from_slice(bytes).unwrap_or_else(|_| match std::str::from_utf8(bytes) {
            Ok(text) => Value::from(text),
            Err(_) => Value::from(format!("{} bytes", bytes.len())),
        });
    Some(value)
}

impl fmt::Display for DryRun {
    /// One request a paragraph.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, request) in &self.requests {
            writeln!(f, "{name}: {} {}", request.method, request.url)?;
            for (header, value) in &request.headers {
                writeln!(f, "  {header}: {value}")?;
            }
            if let Some(body) = &request.body {
                writeln!(f, "  body: {body}")?;
            }
            if let Some(condition) = &request.condition {
                writeln!(f, "  only if {condition}")?;
            }
            if request.retries > 0 {
                writeln!(f, "  up to {} further attempts", request.retries)?;
            }
            if let Some(unknown) = &request.unknown {
                writeln!(f, "  not known in full: {unknown}")?;
            }
        }
        Ok(())
    }
}
