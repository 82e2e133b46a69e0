//! Resources: well made, known where they are named, and called at their own origin only.
//!
//! Where a resource has credentials, no data may choose who gets them: its endpoints stay within
//! its base url's origin, and an endpoint whose whole url is one expression needs such a base.

use std::collections::HashMap;

use fsm_http::resource::{HeaderSource, Pick, Resource};
use http::HeaderValue;
use http::header::USER_AGENT;
use url::Url;

use super::credentials;
use super::dependencies::MOST_HINTS;
use super::names::{instead, is_well_made};
use super::outline::Outline;
use super::{spelling, top};
use crate::fault::{Fault, Place};
use crate::spec::{EndpointSpec, FlowSpec};
use crate::usage::Usage;

pub(super) fn check(flow: &FlowSpec, outline: &Outline<'_>, faults: &mut Vec<Fault>) {
    let mut known: HashMap<&str, &Resource> = HashMap::new();
    for resource in &flow.resources {
        let place = top("resources").key(resource.name.as_str());
        name(&place, resource, faults);
        declaration(&place, resource, faults);
        if known.insert(&resource.name, resource).is_some() {
            let message = format!("the resource `{}` is declared twice", resource.name);
            faults.push(Fault::new(place, message).hint("give one of them another name"));
        }
    }
    for (at, endpoint) in outline.endpoints() {
        let place = outline.place(at);
        named(&place, endpoint, flow, &known, faults);
        // A name that comes from the endpoint is reported there.
        let undo = endpoint.undo.as_ref().map(|undo| undo.call(endpoint));
        if let Some(call) = undo.filter(|call| {
            let is_known = |name: &str| known.contains_key(name);
            call.resource != endpoint.resource || call.resource.as_deref().is_some_and(is_known)
        }) {
            named(&place.key("undo"), &call, flow, &known, faults);
        }
    }
}

/// A call that may name a resource.
fn named(
    place: &Place,
    call: &EndpointSpec,
    flow: &FlowSpec,
    known: &HashMap<&str, &Resource>,
    faults: &mut Vec<Fault>,
) {
    let Some(wanted) = call.resource.as_deref() else { return };
    match known.get(wanted) {
        Some(resource) => called(place, call, resource, faults),
        None => {
            let message = format!("unknown resource `{wanted}`");
            let fault = Fault::new(place.key("resource"), message);
            let names = flow.resources.iter().map(|resource| resource.name.as_str());
            let close = (faults.len() < MOST_HINTS).then(|| spelling::closest(wanted, names));
            faults.push(match close.flatten() {
                Some(close) => fault.hint(format!("did you mean `{close}`?")),
                None => fault.hint("the resources are those under `resources`, by name"),
            });
        }
    }
}

fn name(place: &Place, resource: &Resource, faults: &mut Vec<Fault>) {
    let name = resource.name.as_str();
    if name.is_empty() {
        let fault = Fault::new(place.clone(), "the resource has no name");
        faults.push(fault.hint("give it one, for example `shop`"));
    } else if !is_well_made(name) {
        let message = format!("`{}` is not a valid name", name.escape_debug());
        faults.push(Fault::new(place.clone(), message).hint(instead(name)));
    }
}

fn declaration(place: &Place, resource: &Resource, faults: &mut Vec<Fault>) {
    if let Some(base) = &resource.base_url {
        let place = place.key("base_url");
        if base.query().is_some() || base.fragment().is_some() {
            let message = "a base url has no query and no fragment: paths are appended to it";
            let hint = "put what follows `?` into the `params` of the endpoints";
            faults.push(Fault::new(place.clone(), message).hint(hint));
        }
        reachable(place, base, faults);
    }
    if let Some(proxy) = &resource.proxy {
        let url = match proxy.username {
            Some(_) => place.key("proxy").key("url"),
            None => place.key("proxy"),
        };
        reachable(url, &proxy.url, faults);
        if proxy.username.as_ref().is_some_and(|name| name.contains(':')) {
            let place = place.key("proxy").key("username");
            let message = "a user name of basic authorization holds no colon";
            faults.push(Fault::new(place, message).hint("RFC 7617: the colon ends the user name"));
        }
        if proxy.password.is_some() && proxy.username.is_none() {
            let fault =
                Fault::new(place.key("proxy").key("username"), "a proxy needs the key `username`");
            faults.push(fault.hint("a password is that of a user"));
        }
    }
    for (name, value) in &resource.headers {
        match value {
            HeaderSource::Plain(text) if HeaderValue::from_str(text).is_err() => {
                let place = place.key("headers").key(name.as_str());
                let message = format!("the header `{name}` holds a character that none may hold");
                faults.push(Fault::new(place, message).hint("a header is one line of text"));
            }
            HeaderSource::Plain(_) | HeaderSource::Secret(_) => {}
        }
    }
    for (name, pick) in &resource.usage {
        let place = place.key("usage").key(name);
        if Usage::OWN.contains(&name.as_str()) {
            let message = format!("`{name}` is counted for every resource");
            let fault = Fault::new(place.clone(), message);
            faults.push(fault.hint("give the picked number another name"));
        }
        match pick {
            Pick::Body(pointer) if !pointer.is_empty() && !pointer.starts_with('/') => {
                let fault = Fault::new(place, format!("`{pointer}` is not a JSON Pointer"));
                faults.push(fault.hint("RFC 6901: it begins with `/`, or is empty"));
            }
            Pick::Body(_) | Pick::Header(_) => {}
        }
    }
    if resource.user_agent.as_ref().is_some_and(|text| HeaderValue::from_str(text).is_err()) {
        let message = "`user_agent` holds a character that no header may hold";
        faults.push(Fault::new(place.key("user_agent"), message).hint("it is one line of text"));
    }
    if resource.user_agent.is_some() && resource.headers.iter().any(|(name, _)| *name == USER_AGENT)
    {
        let message = "`user_agent` has no effect where `headers` say `User-Agent`";
        faults.push(Fault::new(place.key("user_agent"), message).hint("keep one of the two"));
    }
    credentials::check(place, resource, faults);
}

/// Says what is wrong with a url that is only declared; never quotes it, for it may hold a password.
pub(super) fn reachable(place: Place, url: &Url, faults: &mut Vec<Fault>) {
    if !["http", "https"].contains(&url.scheme()) {
        let message = "the url is neither http nor https";
        faults.push(Fault::new(place.clone(), message).hint("only http and https can be called"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let message = "the url holds a user or password before `@`";
        let hint = "give them apart, the password as a secret: `{ env: NAME }`";
        faults.push(Fault::new(place, message).hint(hint));
    }
}

/// An endpoint that names the resource.
fn called(place: &Place, endpoint: &EndpointSpec, resource: &Resource, faults: &mut Vec<Fault>) {
    let base = resource.base_url.as_ref().map(Url::origin);
    let fault = match (base, endpoint.url.origin()) {
        (Some(base), Some(origin)) if base != origin => {
            let base = base.ascii_serialization();
            let message = format!("the url leaves the origin of its resource, {base}");
            let hint = "begin it with `/`, or name the resource that it belongs to";
            Fault::new(place.key("url"), message).hint(hint)
        }
        (Some(_), None) => {
            let message = "the whole url is an expression, and its resource does not confine it";
            Fault::new(place.key("url"), message).hint("read it with `UrlTemplate::parse_under`")
        }
        (None, None) if has_credentials(resource) => {
            let message = format!(
                "data would choose who gets the credentials of the resource `{}`",
                resource.name
            );
            let hint = format!("give `{}` a `base_url`: no url leaves its origin", resource.name);
            Fault::new(place.key("url"), message).hint(hint)
        }
        (Some(_), Some(_)) | (None, Some(_) | None) => return,
    };
    faults.push(fault);
}

fn has_credentials(resource: &Resource) -> bool {
    let is_secret = |value: &HeaderSource| match value {
        HeaderSource::Secret(_) => true,
        HeaderSource::Plain(_) => false,
    };
    resource.auth.is_some()
        || resource.client_certificate.is_some()
        || resource.headers.iter().any(|(_, value)| is_secret(value))
}

#[cfg(test)]
mod tests {
    use fsm_http::auth::Auth;
    use fsm_http::secret::SecretSource;

    use super::*;
    use crate::expr::UrlTemplate;
    use crate::spec::{Entry, Mode};

    /// What is said of an endpoint whose url was read without regard to its resource.
    fn said(base: Option<&str>, url: &str) -> Vec<String> {
        let mut resource = Resource::new("shop");
        resource.base_url = base.map(|base| Url::parse(base).expect("a url"));
        resource.auth = Some(Auth::Bearer { token: SecretSource::Env("TOKEN".to_owned()) });
        let url = UrlTemplate::parse(url).expect("a url");
        let mut endpoint = EndpointSpec::new("a", url);
        endpoint.resource = Some("shop".to_owned());
        let mut flow = FlowSpec::new("flow", Mode::Parallel);
        flow.resources = vec![resource];
        flow.entries = vec![Entry::Endpoint(Box::new(endpoint))];
        crate::check::check(&flow).into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn no_endpoint_carries_credentials_to_another_origin() {
        let base = Some("https://api.example.com/v1");
        assert_eq!(said(base, "https://api.example.com:443/{$inputs.id}"), [""; 0]);
        assert_eq!(said(None, "https://anywhere.example.com/{$inputs.id}"), [""; 0]);
        let leaves = "the url leaves the origin of its resource, https://api.example.com";
        for url in ["https://evil.example.com/", "http://api.example.com/{$inputs.id}"] {
            assert_eq!(said(base, url), [leaves], "{url}");
        }
        let whole = "the whole url is an expression, and its resource does not confine it";
        assert_eq!(said(base, "$inputs.url"), [whole]);
        let chosen = "data would choose who gets the credentials of the resource `shop`";
        assert_eq!(said(None, "$inputs.url"), [chosen]);
    }

    #[test]
    fn a_base_url_that_cannot_be_called_is_told_without_its_password() {
        let faults = said(Some("ftp://me:hunter2@example.com/"), "https://example.com/");
        assert!(faults.iter().all(|fault| !fault.contains("hunter2")), "{faults:?}");
        assert!(faults[0].contains("neither http nor https"), "{faults:?}");
        assert!(faults[1].contains("user or password"), "{faults:?}");
    }
}
