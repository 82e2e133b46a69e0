//! From an endpoint and what flows in to the call that is sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fsm_http::{Call, Decode, ErrorKind, Payload, RetryRules};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use url::Url;

use crate::expr::{Scope, Template, kind};
use crate::multipart;
use crate::spec::{BodyFormat, EndpointSpec, Parser};
use crate::step::StepError;

/// Builds the call of `spec`; `scope` holds `$data` after `transform_input`, which is `data`.
pub(crate) fn build(
    spec: &EndpointSpec,
    scope: &Scope<'_>,
    data: &Value,
    key: Option<HeaderValue>,
) -> Result<Call, StepError> {
    let mut call = Call::new(spec.method.clone(), url(spec, scope)?);
    call.headers = headers(spec, scope)?;
    if sends_body(spec) {
        let format = format_of(spec.body_format, &call.headers);
        call.body = body(spec, scope, data, format)?;
        if format == BodyFormat::Multipart {
            // The boundary is ours, so the media type that names it is, too.
            call.headers.remove(CONTENT_TYPE);
        }
    }
    call.max_body = spec.max_body;
    call.max_redirects = spec.max_redirects;
    call.rules = RetryRules { statuses: spec.retry_on.clone() };
    call.idempotency_key = key;
    call.decode = match &spec.response_parser {
        Parser::Auto | Parser::GraphQl | Parser::Template(_) | Parser::Code(_) => Decode::Auto,
        Parser::Json => Decode::Json,
        Parser::Text => Decode::Text,
        Parser::Bytes => Decode::Bytes,
    };
    Ok(call)
}

/// Whether the flow itself writes an `Idempotency-Key`. It knows what makes two calls the same, so
/// none of ours takes its place.
pub(crate) fn declares_key(spec: &EndpointSpec) -> bool {
    spec.headers.iter().any(|(name, _)| name.as_str() == "idempotency-key")
}

/// Whether nobody can tell what became of the call once it was cut.
pub(crate) fn is_unrepeatable(spec: &EndpointSpec) -> bool {
    spec.is_unsafe() && !spec.has_key() && !declares_key(spec)
}

pub(crate) fn fault(what: impl std::fmt::Display, why: impl std::fmt::Display) -> StepError {
    StepError::new(ErrorKind::Transform, format!("{what}: {why}"))
}

pub(crate) fn url(spec: &EndpointSpec, scope: &Scope<'_>) -> Result<Url, StepError> {
    let mut url = match spec.url.as_literal() {
        Some(url) => url.clone(),
        None => spec.url.render(scope).map_err(|why| fault("url", why))?,
    };
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for (name, template) in &spec.params {
        let place = || format!("param `{name}`");
        let value = template.eval(scope).map_err(|why| fault(place(), why))?;
        match &*value {
            Value::Array(items) => {
                for item in items {
                    if let Some(text) = param(item).map_err(|why| fault(place(), why))? {
                        pairs.push((name, text));
                    }
                }
            }
            single => {
                if let Some(text) = param(single).map_err(|why| fault(place(), why))? {
                    pairs.push((name, text));
                }
            }
        }
    }
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}

/// A value as a query parameter; null is left out.
fn param(value: &Value) -> Result<Option<String>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(_) => Err("an array within an array can't be a parameter"),
        Value::Object(_) => Err("an object can't be a parameter; pick its members"),
    }
}

fn headers(spec: &EndpointSpec, scope: &Scope<'_>) -> Result<HeaderMap, StepError> {
    let mut headers = HeaderMap::with_capacity(spec.headers.len());
    for (name, template) in &spec.headers {
        let place = || format!("header `{name}`");
        let value = template.eval(scope).map_err(|why| fault(place(), why))?;
        let text = match &*value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let kind = kind(&value);
                return Err(fault(place(), format!("must be a string, not {kind}")));
            }
        };
        // The value may be secret, so the message does not quote it.
        let value = HeaderValue::from_str(&text)
            .map_err(|_| fault(place(), "holds a character that no header may hold"))?;
        headers.append(name.clone(), value);
    }
    Ok(headers)
}

/// A body that is given wins; the default body of POST, PUT, and PATCH is `$data`.
fn body(
    spec: &EndpointSpec,
    scope: &Scope<'_>,
    data: &Value,
    format: BodyFormat,
) -> Result<Payload, StepError> {
    match &spec.body {
        Some(template) => {
            let value = Template::eval(template, scope).map_err(|why| fault("body", why))?;
            match format {
                BodyFormat::Multipart => multipart::payload(&value, Some(&template.to_value())),
                BodyFormat::Auto
                | BodyFormat::Json
                | BodyFormat::Text
                | BodyFormat::Form
                | BodyFormat::Bytes => payload(&value, format),
            }
        }
        None => payload(data, format),
    }
}

fn sends_body(spec: &EndpointSpec) -> bool {
    spec.body.is_some() || matches!(spec.method, Method::POST | Method::PUT | Method::PATCH)
}

fn format_of(declared: BodyFormat, headers: &HeaderMap) -> BodyFormat {
    if declared != BodyFormat::Auto {
        return declared;
    }
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media = media.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match media.as_str() {
        "" | "application/json" => BodyFormat::Json,
        "application/x-www-form-urlencoded" => BodyFormat::Form,
        "multipart/form-data" => BodyFormat::Multipart,
        other if other.ends_with("+json") => BodyFormat::Json,
        other if other.starts_with("text/") => BodyFormat::Text,
        // Another type whose text the flow wrote itself: XML, NDJSON.
        _ => BodyFormat::Auto,
    }
}

fn payload(value: &Value, format: BodyFormat) -> Result<Payload, StepError> {
    match (format, value) {
        (BodyFormat::Auto | BodyFormat::Text, Value::String(text)) => {
            Ok(Payload::text(text.as_str()))
        }
        (BodyFormat::Auto | BodyFormat::Json, value) => Ok(Payload::json(value)),
        (BodyFormat::Text, Value::Null) => Ok(Payload::empty()),
        (BodyFormat::Text, value) => Ok(Payload::text(value.to_string())),
        (BodyFormat::Form, Value::Object(members)) => {
            let mut pairs = Vec::new();
            for (name, value) in members {
                let values = match value {
                    Value::Array(items) => items.as_slice(),
                    single => std::slice::from_ref(single),
                };
                for value in values {
                    let text = param(value).map_err(|why| fault(format!("body.{name}"), why))?;
                    pairs.extend(text.map(|text| (name.clone(), text)));
                }
            }
            Ok(Payload::form(pairs))
        }
        // A string under that type is a form that the flow wrote itself.
        (BodyFormat::Form, Value::String(text)) => Ok(Payload::text(text.as_str())),
        (BodyFormat::Form, other) => {
            Err(fault("body", format!("a form must be an object, not {}", kind(other))))
        }
        (BodyFormat::Multipart, value) => multipart::payload(value, None),
        (BodyFormat::Bytes, Value::String(text)) => STANDARD
            .decode(text)
            .map(Payload::bytes)
            .map_err(|why| fault("body", format!("bytes must be base64: {why}"))),
        (BodyFormat::Bytes, other) => {
            Err(fault("body", format!("bytes must be a base64 string, not {}", kind(other))))
        }
    }
}
