//! The request of a login, whose fields may come from secrets.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};
use url::Url;

use super::{
    error::AuthError,
    identity::Identity,
    oauth2::{check_scheme, read},
};
use crate::{
    call::Call,
    payload::Payload,
    redact::ShownUrl,
    secret::{SecretSource, Secrets},
};

/// A call that logs in. Plain data; `Debug` shows no value of a field and no query.
///
/// # Examples
///
/// ```
/// use fsm_http::{auth::{Login, LoginBody, LoginValue}, secret::SecretSource};
/// use serde_json::json;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut login = Login::post("https://shop.example/login".parse()?);
/// login.body = LoginBody::Json(vec![
///     ("user".into(), LoginValue::Plain(json!("ann"))),
///     ("password".into(), LoginValue::Secret(SecretSource::Env("SHOP_PASSWORD".into()))),
/// ]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Login {
    /// The method.
    pub method: Method,
    /// The url, `http` or `https`.
    pub url: Url,
    /// The headers. Their values are texts, numbers, booleans, or secrets.
    pub headers: Vec<(HeaderName, LoginValue)>,
    /// The body.
    pub body: LoginBody,
}

/// The body of a login.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum LoginBody {
    /// None.
    #[default]
    Empty,
    /// A JSON object with these members.
    Json(Vec<(String, LoginValue)>),
    /// A form (`application/x-www-form-urlencoded`) with these fields. Their values are texts,
    /// numbers, booleans, or secrets.
    Form(Vec<(String, LoginValue)>),
}

/// The value of a field of a login. `Debug` shows none: a password may stand where it should not.
#[derive(Clone, PartialEq)]
pub enum LoginValue {
    /// The value itself.
    Plain(Value),
    /// A secret, which becomes a string.
    Secret(SecretSource),
    /// An object with members of its own.
    Object(Vec<(String, LoginValue)>),
}

impl Login {
    /// A POST without headers and body.
    pub fn post(url: Url) -> Self {
        Self { method: Method::POST, url, headers: Vec::new(), body: LoginBody::Empty }
    }

    /// Reads the secrets and puts the call together. Gives the call and who we are.
    pub(super) fn open(&self, secrets: &Secrets) -> Result<(Call, Identity), AuthError> {
        check_scheme(&self.url, "login.url")?;
        let mut call = Call::new(self.method.clone(), self.url.clone());
        call.headers = self.headers(secrets)?;
        call.body = match &self.body {
            LoginBody::Empty => Payload::empty(),
            LoginBody::Json(members) => Payload::json(&Value::Object(object(members, secrets)?)),
            LoginBody::Form(fields) => {
                let mut pairs = Vec::with_capacity(fields.len());
                for (name, value) in fields {
                    pairs.push((name, text("field", name, value, secrets)?));
                }
                Payload::form(pairs)
            }
        };
        let identity = Identity::of("session")
            .with(call.method.as_str())
            .with(call.url.as_str())
            .with_all(
                call.headers
                    .iter()
                    .flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]),
            )
            .with(call.body.as_bytes());
        Ok((call, identity))
    }

    fn headers(&self, secrets: &Secrets) -> Result<HeaderMap, AuthError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let is_secret = matches!(value, LoginValue::Secret(_));
            let text = text("header", name.as_str(), value, secrets)?;
            let mut value = HeaderValue::try_from(text).map_err(|_| AuthError::Uncarriable {
                part: "a header of the login",
                place: "header",
            })?;
            value.set_sensitive(is_secret);
            headers.append(name, value);
        }
        Ok(headers)
    }
}

/// The part of a login that a secret is, as errors name it.
const PART: &str = "a secret of the login";

fn object(
    members: &[(String, LoginValue)],
    secrets: &Secrets,
) -> Result<Map<String, Value>, AuthError> {
    let mut object = Map::with_capacity(members.len());
    for (name, value) in members {
        let value = match value {
            LoginValue::Plain(value) => value.clone(),
            LoginValue::Secret(source) => read(source, PART, secrets)?.expose().into(),
            LoginValue::Object(members) => Value::Object(self::object(members, secrets)?),
        };
        object.insert(name.clone(), value);
    }
    Ok(object)
}

/// A value that has to be a text, in a form or in a header.
fn text(
    place: &'static str,
    name: &str,
    value: &LoginValue,
    secrets: &Secrets,
) -> Result<String, AuthError> {
    match value {
        LoginValue::Plain(Value::String(text)) => Ok(text.clone()),
        LoginValue::Plain(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        LoginValue::Secret(source) => Ok(read(source, PART, secrets)?.expose().to_owned()),
        LoginValue::Plain(Value::Null | Value::Array(_) | Value::Object(_))
        | LoginValue::Object(_) => Err(AuthError::LoginValue { place, name: name.to_owned() }),
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("method", &self.method)
            .field("url", &format_args!("{}", ShownUrl(&self.url)))
            .field("headers", &self.headers)
            .field("body", &self.body)
            .finish()
    }
}

impl fmt::Debug for LoginValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("[plain]"),
            Self::Secret(source) => source.fmt(f),
            Self::Object(members) => members.fmt(f),
        }
    }
}
