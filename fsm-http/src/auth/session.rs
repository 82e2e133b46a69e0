//! Sessions: a login whose answer gives a token or cookies.

use std::time::Duration;

use http::{
    HeaderName,
    header::{AUTHORIZATION, SET_COOKIE},
};
use serde_json::Value;

use super::{
    credentials::{Carrier, Cookie, check_header, is_token},
    endpoint::{Endpoint, Heard},
    error::AuthError,
    grant::Fetched,
    identity::Identity,
    login::Login,
};
use crate::{call::Call, error::CallError, secret::Secret};

/// A session: logs in once, and sends along what the login answered with.
///
/// The answer of a login may be a redirect, as that of a form in a browser is: it is not followed,
/// and what its headers hold counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The call that logs in.
    pub login: Login,
    /// Where its answer holds the token.
    pub token: TokenPlace,
    /// The header that carries the token; `Authorization` by default. Cookies are sent as such.
    pub header: HeaderName,
    /// What stands before the token in that header; `Bearer ` by default.
    pub prefix: String,
    /// How long a session lasts. `None`, the default, uses it until the server refuses it, or
    /// until its cookies expire by their `Max-Age`.
    pub lifetime: Option<Duration>,
}

/// Where the answer of a login holds the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// In the JSON body, at this JSON pointer (RFC 6901), as in `/data/token`. A string or a number.
    Body(String),
    /// In this header.
    Header(HeaderName),
    /// In the cookie of this name; `None` takes all cookies that the login sets.
    Cookie(Option<String>),
}

impl Session {
    /// A session whose token is sent as `Authorization: Bearer …` until it is refused.
    pub fn new(login: Login, token: TokenPlace) -> Self {
        Self { login, token, header: AUTHORIZATION, prefix: "Bearer ".to_owned(), lifetime: None }
    }
}

/// The login with its secrets read.
pub(super) struct SessionGrant {
    endpoint: Endpoint,
    call: Call,
    token: TokenPlace,
    header: HeaderName,
    prefix: String,
    lifetime: Option<Duration>,
}

impl SessionGrant {
    /// Reads the secrets. Gives the grant and who we are.
    pub(super) fn open(
        declared: &Session,
        endpoint: Endpoint,
    ) -> Result<(Self, Identity), AuthError> {
        match &declared.token {
            TokenPlace::Body(pointer) if !pointer.is_empty() && !pointer.starts_with('/') => {
                return Err(AuthError::Pointer { pointer: pointer.clone() });
            }
            TokenPlace::Cookie(Some(name)) if !is_token(name) => {
                let why = "it holds characters that no name of a cookie can hold";
                return Err(AuthError::Name { name: name.clone(), place: "cookie", why });
            }
            TokenPlace::Body(_) | TokenPlace::Header(_) | TokenPlace::Cookie(_) => {}
        }
        check_header(&declared.header)?;
        if Carrier::header(declared.header.clone(), &declared.prefix, "").is_none() {
            let part = "the prefix of the session's token";
            return Err(AuthError::Uncarriable { part, place: "header" });
        }
        let (call, identity) = declared.login.open(&endpoint.secrets)?;
        let grant = Self {
            endpoint,
            call,
            token: declared.token.clone(),
            header: declared.header.clone(),
            prefix: declared.prefix.clone(),
            lifetime: declared.lifetime,
        };
        Ok((grant, identity))
    }

    pub(super) async fn fetch(&self) -> Result<Fetched, CallError> {
        let heard = self.endpoint.ask(&self.call).await?;
        let is_answer = heard.status.is_success()
            || (heard.status.is_redirection() && !matches!(self.token, TokenPlace::Body(_)));
        if !is_answer {
            return Err(self.endpoint.refusal(&self.call, &heard));
        }
        self.read(&heard).map_err(|cause| self.endpoint.useless(&self.call, &heard, &cause))
    }

    /// Finds the token in the answer. Says where it was looked for, and nothing of what was there.
    fn read(&self, heard: &Heard) -> Result<Fetched, String> {
        let token = match &self.token {
            TokenPlace::Body(pointer) => in_body(heard, pointer)?,
            TokenPlace::Header(name) => {
                let value = heard.headers.get(name).and_then(|value| value.to_str().ok());
                let value = value.map(str::trim).filter(|value| !value.is_empty());
                value.ok_or_else(|| format!("the answer has no header `{name}`"))?.to_owned()
            }
            TokenPlace::Cookie(name) => return self.read_cookies(heard, name.as_deref()),
        };
        let carrier = Carrier::header(self.header.clone(), &self.prefix, &token)
            .ok_or("the token holds characters that no header can carry")?;
        let secrets = vec![Secret::new(token)];
        Ok(Fetched { carrier, lifetime: self.lifetime, refresh: None, secrets })
    }

    fn read_cookies(&self, heard: &Heard, wanted: Option<&str>) -> Result<Fetched, String> {
        let mut cookies: Vec<Cookie> = Vec::new();
        let mut lifetime = self.lifetime;
        for line in heard.headers.get_all(SET_COOKIE) {
            let Some(set) = line.to_str().ok().and_then(SetCookie::read) else { continue };
            if wanted.is_some_and(|wanted| wanted != set.cookie.name) {
                continue;
            }
            // A later line for the same name replaces an earlier one.
            cookies.retain(|cookie| cookie.name != set.cookie.name);
            match set.max_age {
                Some(Duration::ZERO) => {}
                Some(age) => {
                    lifetime = Some(lifetime.map_or(age, |lifetime| lifetime.min(age)));
                    cookies.push(set.cookie);
                }
                None => cookies.push(set.cookie),
            }
        }
        if cookies.is_empty() {
            return Err(match wanted {
                None => "the answer sets no cookie".to_owned(),
                Some(name) => format!("the answer sets no cookie `{name}`"),
            });
        }
        let secrets = cookies.iter().map(|cookie| Secret::from(cookie.value.as_str())).collect();
        Ok(Fetched { carrier: Carrier::Cookies(cookies), lifetime, refresh: None, secrets })
    }
}

fn in_body(heard: &Heard, pointer: &str) -> Result<String, String> {
    let Some(answer) = heard.json() else {
        return Err(format!("the answer ({} bytes) is no JSON", heard.body.len()));
    };
    match answer.pointer(pointer) {
        Some(Value::String(token)) if !token.is_empty() => Ok(token.clone()),
        Some(Value::Number(token)) => Ok(token.to_string()),
        Some(
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_),
        ) => Err(format!("what the answer has at `{pointer}` is no token, but must be a string")),
        None => Err(format!("the answer has nothing at `{pointer}`")),
    }
}

/// A `Set-Cookie` line (RFC 6265, section 5.2), of which the attributes other than `Max-Age` are of
/// no use here: the cookie goes to the one server that it came for.
struct SetCookie {
    cookie: Cookie,
    max_age: Option<Duration>,
}

impl SetCookie {
    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let cookie = Cookie::new(name.trim(), value.trim())?;
        let max_age = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
            let is_age = name.trim().eq_ignore_ascii_case("max-age");
            // Zero and anything below means "forget it".
            let seconds: i64 = value.trim().parse().ok().filter(|_| is_age)?;
            Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
        });
        Some(Self { cookie, max_age })
    }
}
