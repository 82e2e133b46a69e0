//! Credentials that can be sent: made of names that a request can carry, declared once, and not
//! hidden by a header that stands in their place.
//!
//! [`fsm_http::auth::Authority::open`] refuses the same when a flow is first run, and a test holds
//! the two together; here it is said before that, with its place. Nothing reads a secret.

mod names;
#[cfg(test)]
mod tests;

use fsm_http::auth::{
    Auth, Jwt, KeyPlace, Login, LoginBody, LoginValue, OAuth2, Session, TokenPlace,
};
use fsm_http::resource::Resource;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

pub(crate) use names::{Flaw, name_of_key, parameter_flaw};
use names::{cookie_flaw, header_flaw};

use super::resources::reachable;
use crate::fault::{Fault, Place};

/// Checks the credentials of the resource that is declared at `place`.
pub(super) fn check(place: &Place, resource: &Resource, faults: &mut Vec<Fault>) {
    let Some(auth) = &resource.auth else { return };
    let at = place.key("auth");
    let mut check = Check { faults };
    match auth {
        Auth::Bearer { token: _ } => {}
        Auth::Basic { username, password: _ } => {
            check.user(at.key("basic").key("username"), username);
        }
        Auth::ApiKey { place, name, value: _ } => {
            check.flaw(at.key("api_key").key("name"), name_of_key(Some(*place), name));
        }
        Auth::OAuth2(oauth2) => check.oauth2(&at.key("oauth2"), oauth2),
        Auth::Jwt(jwt) => check.jwt(&at.key("jwt"), jwt),
        Auth::Session(session) => check.session(&at.key("session"), session),
    }
    if let Some(filled) = header_of(auth) {
        for (name, _) in resource.headers.iter().filter(|(name, _)| *name == filled) {
            let place = place.key("headers").key(name.as_str());
            let message =
                format!("the header `{name}` keeps the credentials of `auth` from being sent");
            let fault = Fault::new(place, message);
            check.faults.push(fault.hint("they would go into this header: keep one of the two"));
        }
    }
}

/// The header that credentials are sent in. Cookies are added to those that are declared.
fn header_of(auth: &Auth) -> Option<HeaderName> {
    match auth {
        Auth::Bearer { .. } | Auth::Basic { .. } | Auth::OAuth2(_) | Auth::Jwt(_) => {
            Some(AUTHORIZATION)
        }
        Auth::ApiKey { place: KeyPlace::Header, name, .. } => {
            HeaderName::from_bytes(name.as_bytes()).ok()
        }
        Auth::ApiKey { place: KeyPlace::Query | KeyPlace::Cookie, .. } => None,
        Auth::Session(session) => match session.token {
            TokenPlace::Body(_) | TokenPlace::Header(_) => Some(session.header.clone()),
            TokenPlace::Cookie(_) => None,
        },
    }
}

struct Check<'f> {
    faults: &'f mut Vec<Fault>,
}

impl Check<'_> {
    fn flaw(&mut self, place: Place, flaw: Option<Flaw>) {
        if let Some(Flaw { message, hint }) = flaw {
            self.faults.push(Fault::new(place, message).hint(hint));
        }
    }

    fn user(&mut self, place: Place, username: &str) {
        let (message, hint) = if username.contains(':') {
            let hint = "RFC 7617: the colon ends the user name";
            ("a user name of basic authorization holds no colon", hint)
        } else if username.chars().any(char::is_control) {
            let hint = "RFC 7617: line breaks, tabs, and their like are not allowed";
            ("a user name of basic authorization holds no control characters", hint)
        } else {
            return;
        };
        self.flaw(place, Flaw::new(message, hint));
    }

    fn oauth2(&mut self, place: &Place, oauth2: &OAuth2) {
        reachable(place.key("token_url"), &oauth2.token_url, self.faults);
        for (name, _) in &oauth2.params {
            self.flaw(place.key("params").key(name.as_str()), parameter_flaw(name));
        }
    }

    fn jwt(&mut self, place: &Place, jwt: &Jwt) {
        if let Some(url) = &jwt.token_url {
            reachable(place.key("token_url"), url, self.faults);
        }
        if jwt.lifetime.as_secs() == 0 {
            let message = "`lifetime` must be a second at least: a token counts in seconds";
            let hint = "for example `lifetime: 5m`";
            self.flaw(place.key("lifetime"), Flaw::new(message, hint));
        }
        let fields = [
            ("iss", "issuer", jwt.issuer.is_some()),
            ("sub", "subject", jwt.subject.is_some()),
            ("aud", "audience", jwt.audience.is_some()),
            ("scope", "scope", !jwt.scope.is_empty()),
            ("iat", "lifetime", true),
            ("exp", "lifetime", true),
        ];
        for (claim, field, is_set) in fields {
            if is_set && jwt.claims.contains_key(claim) {
                let message =
                    format!("the claim `{claim}` is set by `{field}`, and here once more");
                let hint = match field {
                    "lifetime" => "leave it out: it is counted from the time of signing",
                    _ => "keep one of the two",
                };
                self.flaw(place.key("claims").key(claim), Flaw::new(message, hint));
            }
        }
    }

    fn session(&mut self, place: &Place, session: &Session) {
        self.login(&place.key("login"), &session.login);
        match &session.token {
            TokenPlace::Body(pointer) if !pointer.is_empty() && !pointer.starts_with('/') => {
                let message = format!("`{pointer}` is not a JSON Pointer");
                let hint = "RFC 6901: it begins with `/`, or is empty";
                self.flaw(place.key("token"), Flaw::new(message, hint));
            }
            TokenPlace::Cookie(Some(name)) => self.flaw(place.key("cookie"), cookie_flaw(name)),
            TokenPlace::Body(_) | TokenPlace::Header(_) | TokenPlace::Cookie(None) => {}
        }
        self.flaw(place.key("header"), header_flaw(&session.header));
        if HeaderValue::from_str(&session.prefix).is_err() {
            let message = "`prefix` holds a character that no header may hold";
            self.flaw(place.key("prefix"), Flaw::new(message, "a header is one line of text"));
        }
    }

    fn login(&mut self, place: &Place, login: &Login) {
        reachable(place.key("url"), &login.url, self.faults);
        for (name, value) in &login.headers {
            let place = place.key("headers").key(name.as_str());
            match value {
                LoginValue::Plain(Value::String(text)) if HeaderValue::from_str(text).is_err() => {
                    let message =
                        format!("the header `{name}` holds a character that none may hold");
                    self.flaw(place, Flaw::new(message, "a header is one line of text"));
                }
                other => self.text(place, name.as_str(), other),
            }
        }
        match &login.body {
            LoginBody::Empty | LoginBody::Json(_) => {}
            LoginBody::Form(fields) => {
                for (name, value) in fields {
                    self.text(place.key("body").key(name.as_str()), name, value);
                }
            }
        }
    }

    /// What stands in a form or in a header is text.
    fn text(&mut self, place: Place, name: &str, value: &LoginValue) {
        match value {
            LoginValue::Secret(_)
            | LoginValue::Plain(Value::String(_) | Value::Number(_) | Value::Bool(_)) => {}
            LoginValue::Plain(Value::Null | Value::Array(_) | Value::Object(_))
            | LoginValue::Object(_) => {
                let message = format!("`{name}` must be text, a number, a boolean, or a secret");
                let hint = "forms and headers hold texts by name; a body in JSON can hold more";
                self.flaw(place, Flaw::new(message, hint));
            }
        }
    }
}
