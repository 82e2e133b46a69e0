//! Resources: APIs that are declared once and named by endpoints.
//!
//! Nothing that is declared here changes between runs, so nothing here is an expression; and no
//! secret is written here, only where it is found ([`super::secret`]).

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::Duration;

use fsm_http::limit::Rate;
use fsm_http::resource::{HeaderSource, Pick, Proxy, Resource};
use http::HeaderName;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use url::Url;

use super::auth;
use super::fields::{Fields, Read, Reader, Wrong};
use super::limits::rates;
use super::secret::{header_text, path, plain, secret};
use super::tree::{Kind, Node};
use super::{keys, values};
use crate::expr::{Expression, Root, UrlTemplate};
use crate::fault::Place;

/// Reads the key `resources`; each keeps its name, also where it can't be read. `window` is that of
/// rates which name none.
pub(super) fn resources(fields: &mut Fields<'_, '_>, window: Duration) -> Vec<Resource> {
    let Some(node) = fields.node("resources") else { return Vec::new() };
    let Kind::Map(members) = &node.kind else {
        let wrong = Wrong::expected("a map of resources by name", node);
        let hint = "for example `resources: { shop: { base_url: https://api.example.com } }`";
        fields.wrong("resources", wrong.hint(hint));
        return Vec::new();
    };
    let place = fields.place.key("resources");
    let read = members.iter().map(|member| {
        let place = place.key(member.key.as_str());
        resource(fields.reader, &member.value, place, &member.key, window)
    });
    read.collect()
}

fn resource<'t>(
    reader: &mut Reader<'t>,
    node: &'t Node,
    place: Place,
    name: &str,
    window: Duration,
) -> Resource {
    let mut resource = Resource::new(name);
    let Some(mut fields) = Fields::open(reader, node, place, &keys::RESOURCE) else {
        return resource;
    };
    resource.base_url = fields.optional("base_url", plain_url);
    resource.headers = headers(&mut fields, "headers");
    resource.timeout = fields.optional("timeout", values::duration);
    resource.rates = paced(&mut fields, window);
    resource.auth = auth::auth(&mut fields, resource.base_url.as_ref());
    resource.proxy = proxy(&mut fields);
    let paths = values::filled(values::list("a list of files", path), "leave the key out for none");
    resource.root_certificates = fields.optional("root_certificates", paths).unwrap_or_default();
    resource.client_certificate = fields.optional("client_certificate", secret);
    resource.usage = fields.optional("usage", usage).unwrap_or_default();
    if let Some(revalidate) = fields.optional("revalidate", values::boolean) {
        resource.revalidate = revalidate;
    }
    resource.user_agent = fields.optional("user_agent", header_text);
    resource
}

/// A url without expressions.
pub(super) fn plain_url(node: &Node) -> Read<Url> {
    let text = plain(node)?;
    let template = UrlTemplate::parse(&text).map_err(|mut error| {
        if error.message.contains("user or password") {
            error.hint = Some("give them apart, the password as a secret: `{ env: NAME }`".into());
        } else if text.starts_with('/') {
            error.hint = Some("write it whole: `https://api.example.com/`".to_owned());
        }
        Wrong::expression(error)
    })?;
    match template.as_literal() {
        Some(url) => Ok(url.clone()),
        None => Err(Wrong::of("must be a url without expressions").into()),
    }
}

/// The rates that all endpoints of the resource share, with the burst that holds for each.
fn paced(fields: &mut Fields<'_, '_>, window: Duration) -> Vec<Rate> {
    let specs = rates(fields, "rate_limit");
    let own = fields.optional("rate_limit_window", values::some_time);
    let has_rate = fields.node("rate_limit").is_some();
    let takes_window = specs.iter().any(|rate| rate.window.is_none());
    if own.is_some() && !takes_window && !(has_rate && specs.is_empty()) {
        let wrong = Wrong::whole("no rate takes this `rate_limit_window`");
        let hint = "it is the window of a `rate_limit` of this resource without one";
        fields.wrong("rate_limit_window", wrong.hint(hint));
    }
    let burst = fields.optional("burst_limit", values::positive("leave the key out for no pacing"));
    let least = specs.iter().map(|rate| rate.limit).min();
    match (burst, least) {
        (Some(_), None) if !has_rate => {
            let wrong = Wrong::of("has no effect without `rate_limit`");
            fields.wrong("burst_limit", wrong.hint("write how fast: `rate_limit: 10`"));
        }
        (Some(burst), Some(least)) if burst > least => {
            let wrong =
                Wrong::of(format!("is {burst}, and `rate_limit` lets only {least} through"));
            let hint = "a burst is at most as large as the limit; leave it out to have no pacing";
            fields.wrong("burst_limit", wrong.hint(hint));
        }
        (Some(_) | None, Some(_) | None) => {}
    }
    let burst = burst.and_then(NonZeroU32::new);
    let rate = |spec: &crate::spec::RateSpec| {
        let limit = NonZeroU32::new(spec.limit)?;
        let rate = Rate::new(limit, spec.window.or(own).unwrap_or(window));
        Some(burst.map_or(rate, |burst| rate.burst(burst)))
    };
    specs.iter().filter_map(rate).collect()
}

/// Headers whose values are plain text, numbers, booleans, or secrets.
pub(super) fn headers(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
) -> Vec<(HeaderName, HeaderSource)> {
    let Some(node) = fields.node(key) else { return Vec::new() };
    let Kind::Map(members) = &node.kind else {
        let wrong = Wrong::expected("a map of headers", node);
        fields.wrong(key, wrong.hint("write `headers: { Accept: text/plain }`"));
        return Vec::new();
    };
    let mut seen = HashSet::new();
    let read = fields.optional(key, |_| {
        values::gather(members.iter().map(|member| {
            let name = super::request::header_name(&member.key, &mut seen)?;
            let value = header(&name, &member.value).map_err(|wrongs| {
                wrongs.into_iter().map(|wrong| wrong.under(&member.key)).collect::<Vec<_>>()
            })?;
            Ok((name, value))
        }))
    });
    read.unwrap_or_default()
}

fn header(name: &HeaderName, node: &Node) -> Read<HeaderSource> {
    let is_credential = [AUTHORIZATION, PROXY_AUTHORIZATION].contains(name);
    match &node.kind {
        Kind::Number(_) | Kind::Bool(_) | Kind::Text(_) if is_credential => {
            let wrong = Wrong::of("must not be written out: secrets stay out of flow files");
            let hint = "use `auth`, for example `auth: { bearer: { token: { env: SHOP_TOKEN } } }`";
            Err(wrong.hint(hint).secret().into())
        }
        Kind::Number(number) => Ok(HeaderSource::Plain(number.to_string())),
        Kind::Bool(flag) => Ok(HeaderSource::Plain(flag.to_string())),
        Kind::Text(_) => header_text(node).map(HeaderSource::Plain),
        Kind::Map(_) => secret(node).map(HeaderSource::Secret),
        Kind::Null | Kind::List(_) | Kind::Broken => {
            let wrong = Wrong::expected("text, a number, a boolean, or a secret", node);
            Err(wrong.hint("a secret is `{ env: NAME }` or `{ file: PATH }`").into())
        }
    }
}

/// A url, or a map of the url and who we are there.
fn proxy(fields: &mut Fields<'_, '_>) -> Option<Proxy> {
    if !matches!(fields.node("proxy")?.kind, Kind::Map(_)) {
        let url = fields.optional("proxy", plain_url)?;
        return Some(Proxy { url, username: None, password: None });
    }
    let mut inside = fields.map("proxy", &keys::PROXY)?;
    let hint = "for example `url: http://proxy.example.com:3128`";
    let url = inside.required("url", hint, plain_url);
    let username = inside.optional("username", plain);
    let password = inside.optional("password", secret);
    if inside.node("password").is_some() && inside.node("username").is_none() {
        inside.missing("username", "a password is that of a user");
    }
    Some(Proxy { url: url?, username, password })
}

/// Names of sums, each with the place of its number in an answer.
fn usage(node: &Node) -> Read<Vec<(String, Pick)>> {
    let Kind::Map(members) = &node.kind else {
        let wrong = Wrong::expected("a map of places by name", node);
        return Err(wrong.hint(format!("for example {USAGE}")).into());
    };
    values::gather(members.iter().map(|member| {
        let pick = pick(&member.value).map_err(|wrongs| {
            wrongs.into_iter().map(|wrong| wrong.under(&member.key)).collect::<Vec<_>>()
        });
        pick.map(|pick| (member.key.clone(), pick))
    }))
}

const USAGE: &str = "`usage: { tokens: $response.body#/usage/total_tokens }`";

/// `$response.body#/a/b`, `$response.body.a.b`, or `$response.header.NAME`. What is none of them is
/// not quoted: in the place of a token somebody may have written the token.
pub(super) fn pick(node: &Node) -> Read<Pick> {
    let no_place = || {
        let wrong = Wrong::of("must be a place in an answer").secret();
        wrong.hint("write `$response.body#/a/b` or `$response.header.NAME`")
    };
    let text = match &node.kind {
        Kind::Text(text) if text.starts_with('$') => text,
        Kind::Broken => return Err(Wrong::expected("a place in an answer", node).into()),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Map(_) => return Err(no_place().into()),
    };
    let expression = Expression::parse(text).map_err(Wrong::expression)?;
    let name = match expression.root() {
        Root::Body => return Ok(Pick::Body(expression.pointer())),
        Root::Header(name) => HeaderName::from_bytes(name.as_bytes()).ok(),
        Root::Inputs
        | Root::Data
        | Root::Step { .. }
        | Root::StatusCode
        | Root::Url
        | Root::Method
        | Root::Error
        | Root::Context
        | Root::Event => None,
    };
    name.map(Pick::Header).ok_or_else(|| no_place().into())
}
