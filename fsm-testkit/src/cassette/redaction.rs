//! From what was taken to what is written: without secrets, and without what differs each time.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fsm_http::secret::{Secret, Secrets};
use http::HeaderMap;
use serde_json::Value;

use super::document::{Answer, Body, Document, Exchange, Headers, Item, Request, Version};
use super::error::CassetteError;
use super::proxy::{Taken, latin_1, renamed};
use crate::conversation::holes::{ANY, API, REDACTED};
use crate::conversation::pairs;
use crate::conversation::secrets::SecretNames;

/// Headers of answers that say nothing when the answer is given again.
const PASSING: [&str; 2] = ["date", "alt-svc"];

/// Schemes of `Authorization` that may be told.
const SCHEMES: [&str; 4] = ["basic", "bearer", "digest", "dpop"];

/// What is secret, and what is kept of requests.
#[derive(Debug)]
pub(super) struct Redaction {
    names: SecretNames,
    headers: Vec<String>,
    /// The values of secrets, wherever they may turn up.
    values: Secrets,
}

/// Which side of an exchange a header belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Answer,
}

impl Redaction {
    pub(super) fn new(names: SecretNames, headers: Vec<String>) -> Self {
        Self { names, headers, values: Secrets::default() }
    }

    /// The cassette. The urls, under which the API was called, are replaced.
    pub(super) fn document(
        &self,
        taken: Vec<Taken>,
        urls: &[&str],
    ) -> Result<Document, CassetteError> {
        // A token is given out in one exchange and used in another: first all are learnt.
        for exchange in &taken {
            self.learn_pairs(&exchange.request.query);
            self.learn_headers(&exchange.request.headers);
            self.learn_body(&exchange.request.headers, &exchange.request.body);
            self.learn_headers(&exchange.headers);
            self.learn_body(&exchange.headers, &exchange.body);
        }
        let mut conversation = Vec::new();
        for group in overlapping(taken) {
            let written: Result<Vec<Exchange>, CassetteError> =
                group.iter().map(|exchange| self.exchange(exchange, urls)).collect();
            let mut written = written?;
            if written.len() == 1 {
                conversation.extend(written.into_iter().map(|one| Item::Exchange(Box::new(one))));
            } else {
                // Which one came first was chance; the file must not depend on it.
                written.sort_by_cached_key(|exchange| {
                    serde_json::to_string(&exchange.request).unwrap_or_default()
                });
                conversation.push(Item::InAnyOrder(written));
            }
        }
        Ok(Document { cassette: Version, conversation })
    }

    fn exchange(&self, taken: &Taken, urls: &[&str]) -> Result<Exchange, CassetteError> {
        let Taken { request, status, headers, body, .. } = taken;
        let line = || self.text(&request.line(), urls);
        let refused = |why: &str| CassetteError::Exchange { request: line(), why: why.to_owned() };
        let query = request.query.split('&').filter(|pair| !pair.is_empty());
        let query = query.map(|pair| self.pair(pair, urls)).collect();
        let asked = Request {
            method: request.method.clone(),
            path: self.text(&request.path, urls),
            query,
            headers: self.headers(&request.headers, Side::Request, urls),
            body: self.body(&request.headers, &request.body, urls).map_err(refused)?,
        };
        let answer = Answer {
            status: *status,
            headers: self.headers(headers, Side::Answer, urls),
            body: self.body(headers, body, urls).map_err(refused)?,
        };
        Ok(Exchange { request: asked, answer })
    }

    fn headers(&self, headers: &HeaderMap, side: Side, urls: &[&str]) -> Headers {
        let mut written = Headers::default();
        for (name, value) in headers {
            let (name, value) = (name.as_str(), latin_1(value));
            let asked_for = self.headers.iter().any(|wanted| wanted == name);
            let kept = match side {
                Side::Answer => !PASSING.contains(&name),
                Side::Request => {
                    asked_for
                        || matches!(name, "content-type" | "idempotency-key")
                        || self.names.contain(name)
                }
            };
            if !kept {
                continue;
            }
            let value = if self.names.contain(name) {
                redacted_header(name, &value)
            } else if name == "idempotency-key" && !asked_for {
                ANY.to_owned()
            } else {
                let value = match boundary(headers) {
                    Some(boundary) if name == "content-type" => value.replace(&boundary, ANY),
                    Some(_) | None => value,
                };
                self.text(&value, urls)
            };
            written.push(name, value);
        }
        written
    }

    /// The body as it is written, or why it can't be.
    fn body(&self, headers: &HeaderMap, body: &[u8], urls: &[&str]) -> Result<Body, &'static str> {
        if body.is_empty() {
            return Ok(Body::Empty);
        }
        if headers.get("content-encoding").is_some_and(|encoding| encoding != "identity") {
            return Err("its body is compressed, so that no secret can be found in it");
        }
        if let Some(value) = json(headers, body) {
            return Ok(Body::Json(self.json(&value, urls)));
        }
        let Ok(text) = std::str::from_utf8(body) else {
            let text: String = body.iter().copied().map(char::from).collect();
            if self.values.scrub(&text) != text {
                return Err("its body is binary, and a secret stands in it");
            }
            return Ok(Body::Bytes(body.to_vec().into()));
        };
        if is_form(headers) {
            let pairs: Vec<String> = text.split('&').map(|pair| self.pair(pair, urls)).collect();
            return Ok(Body::Text(pairs.join("&")));
        }
        let text = self.text(text, urls);
        Ok(Body::Text(match boundary(headers) {
            Some(boundary) => text.replace(&boundary, ANY),
            None => text,
        }))
    }

    /// A parameter of a query or a field of a form, as it was sent.
    fn pair(&self, pair: &str, urls: &[&str]) -> String {
        let name = pairs(pair).next().map(|(name, _)| name).unwrap_or_default();
        match pair.split_once('=') {
            Some((sent, _)) if self.names.contain(&name) => format!("{sent}={REDACTED}"),
            Some(_) | None => self.text(pair, urls),
        }
    }

    fn json(&self, value: &Value, urls: &[&str]) -> Value {
        match value {
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| {
                    let written = match value {
                        Value::Null | Value::Bool(_) => value.clone(),
                        _ if self.names.contain(name) => REDACTED.into(),
                        _ => self.json(value, urls),
                    };
                    (self.text(name, urls), written)
                };
                Value::Object(members.iter().map(member).collect())
            }
            Value::Array(items) => items.iter().map(|item| self.json(item, urls)).collect(),
            Value::String(text) => self.text(text, urls).into(),
            // A number that is secret elsewhere is none here by chance.
            Value::Number(number) if self.values.scrub(&number.to_string()) == REDACTED => {
                REDACTED.into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// Any text without the secrets that are known, and without the urls of the API.
    fn text(&self, text: &str, urls: &[&str]) -> String {
        let text = urls.iter().fold(text.to_owned(), |text, url| renamed(&text, url, API));
        self.values.scrub(&text).into_owned()
    }

    fn learn(&self, secret: &str) {
        if !secret.is_empty() {
            self.values.insert(Secret::new(secret));
        }
    }

    fn learn_pairs(&self, text: &str) {
        for (name, value) in pairs(text) {
            if self.names.contain(&name) {
                self.learn(&value);
            }
        }
    }

    /// The parameters of urls within a text, such as one that is signed, or that leads back with a
    /// token, and the password in one (RFC 3986, section 3.2.1).
    fn learn_urls(&self, text: &str) {
        let breaks = |sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '<' | '>');
        for word in text.split(breaks).filter(|word| word.contains("://")) {
            word.split(['?', '#']).skip(1).for_each(|part| self.learn_pairs(part));
            let authority =
                word.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
            let user = authority.and_then(|authority| authority.rsplit_once('@'));
            if let Some((_, password)) = user.and_then(|(user, _)| user.split_once(':')) {
                self.learn(password);
            }
        }
    }

    fn learn_headers(&self, headers: &HeaderMap) {
        for (name, value) in headers {
            let value = latin_1(value);
            if !self.names.contain(name.as_str()) {
                self.learn_urls(&value);
                continue;
            }
            match name.as_str() {
                "cookie" => value.split(';').for_each(|cookie| self.learn_cookie(cookie)),
                "set-cookie" => self.learn_cookie(value.split(';').next().unwrap_or_default()),
                _ => match value.split_once(' ') {
                    None => self.learn(&value),
                    Some((scheme, credentials)) => {
                        if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
                            self.learn(&value);
                            self.learn(scheme);
                        }
                        self.learn(credentials.trim());
                        if scheme.eq_ignore_ascii_case("basic") {
                            self.learn_password(credentials.trim());
                        }
                    }
                },
            }
        }
    }

    fn learn_cookie(&self, cookie: &str) {
        if let Some((_, value)) = cookie.split_once('=') {
            self.learn(value.trim());
        }
    }

    /// The password of basic credentials (RFC 7617).
    fn learn_password(&self, credentials: &str) {
        let decoded = BASE64_STANDARD.decode(credentials).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((_, password)) = decoded.as_deref().and_then(|pair| pair.split_once(':')) {
            self.learn(password);
        }
    }

    fn learn_body(&self, headers: &HeaderMap, body: &[u8]) {
        if let Some(value) = json(headers, body) {
            self.learn_json(&value, false);
        } else if let Ok(text) = std::str::from_utf8(body) {
            if is_form(headers) {
                self.learn_pairs(text);
            }
            self.learn_urls(text);
            // Streams of events and lines of JSON.
            for line in text.lines() {
                let line = line.strip_prefix("data:").unwrap_or(line).trim();
                if let Ok(value) = serde_json::from_str::<Value>(line) {
                    self.learn_json(&value, false);
                }
            }
        }
    }

    fn learn_json(&self, value: &Value, secret: bool) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    self.learn_json(value, secret || self.names.contain(name));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_json(item, secret)),
            Value::String(text) if secret => self.learn(text),
            Value::Number(number) if secret => self.learn(&number.to_string()),
            Value::String(text) => self.learn_urls(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Exchanges that were under way at the same time, together.
///
/// # Complexity
/// O(number of exchanges), which are sorted by their beginnings.
fn overlapping(taken: Vec<Taken>) -> Vec<Vec<Taken>> {
    let mut groups: Vec<Vec<Taken>> = Vec::new();
    let mut end = 0;
    for exchange in taken {
        match groups.last_mut() {
            Some(group) if exchange.began < end => {
                end = end.max(exchange.ended);
                group.push(exchange);
            }
            Some(_) | None => {
                end = exchange.ended;
                groups.push(vec![exchange]);
            }
        }
    }
    groups
}

/// What is told of a secret header: the scheme of credentials, a cookie's name and attributes.
fn redacted_header(name: &str, value: &str) -> String {
    if name == "set-cookie" {
        let (cookie, attributes) = match value.split_once(';') {
            Some((cookie, attributes)) => (cookie, format!(";{attributes}")),
            None => (value, String::new()),
        };
        let name = cookie.split_once('=').map_or("", |(name, _)| name);
        return format!("{name}={REDACTED}{attributes}");
    }
    match value.split_once(' ') {
        Some((scheme, _)) if SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            format!("{scheme} {REDACTED}")
        }
        Some(_) | None => REDACTED.to_owned(),
    }
}

/// The body as JSON, if it says or looks so.
fn json(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let says = media_type(headers).is_some_and(|kind| kind.contains("json"));
    (says || value.is_object() || value.is_array()).then_some(value)
}

fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| kind.contains("form-urlencoded"))
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    headers.get("content-type").and_then(|value| value.to_str().ok())
}

/// What stands between the parts of a multipart body: chosen at random each time.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = media_type(headers).filter(|kind| kind.starts_with("multipart/"))?;
    let (_, boundary) = kind.split_once("boundary=")?;
    let boundary = boundary.split(';').next().unwrap_or_default().trim_matches(['"', ' ']);
    (!boundary.is_empty()).then(|| boundary.to_owned())
}
