//! The login of a session: a call whose body may hold secrets, at the top or in objects within. A
//! member that is called a password, secret, or key must be one.

use fsm_http::auth::{Login, LoginBody, LoginValue};
use fsm_http::resource::HeaderSource;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Method};
use serde_json::Value;
use url::Url;

use super::auth::by_name;
use super::fields::{Fields, Read, Wrong};
use super::request::is_secret;
use super::resource::headers;
use super::secret::{plain, secret};
use super::tree::{Kind, Node};
use super::{keys, values};
use crate::expr::UrlTemplate;

/// What the url of a login is relative to.
pub(super) enum Base<'b> {
    Url(&'b Url),
    None,
    /// Reported already.
    Unread,
}

impl<'b> Base<'b> {
    pub(super) fn of(url: Option<&'b Url>) -> Self {
        url.map_or(Base::None, Base::Url)
    }
}

/// Reads the key `login` of a session.
pub(super) fn login(fields: &mut Fields<'_, '_>, base: &Base<'_>) -> Option<Login> {
    let hint = "for example `login: { url: /login, body: { password: { env: PASSWORD } } }`";
    if fields.node("login").is_none() {
        fields.missing("login", hint);
    }
    let mut fields = fields.map("login", &keys::LOGIN)?;
    let method = fields.optional("method", values::method);
    let url = fields.required("url", "for example `url: /login`", |node| url(node, base));
    let headers = headers(&mut fields, "headers");
    let body = fields.optional("body", members);
    let is_form = is_form(&headers);
    let mut login = Login::post(url?);
    login.method = method.unwrap_or(Method::POST);
    login.headers = headers.into_iter().map(header).collect();
    login.body = match body {
        None => LoginBody::Empty,
        Some(fields) if is_form => LoginBody::Form(fields),
        Some(members) => LoginBody::Json(members),
    };
    Some(login)
}

/// An absolute url, or one under the base of the resource; a login may be at another origin.
fn url(node: &Node, base: &Base<'_>) -> Read<Url> {
    let text = plain(node)?;
    let alone = UrlTemplate::parse(&text);
    let read = match (alone, base) {
        (Ok(url), Base::Url(_) | Base::None | Base::Unread) => Ok(url),
        (Err(_), Base::Url(base)) => UrlTemplate::parse_under(base.as_str(), &text),
        (Err(_), Base::Unread) => UrlTemplate::parse_under("http://unread.invalid/", &text),
        (Err(mut error), Base::None) => {
            if text.starts_with('/') {
                let hint = "write the host, or give the resource a `base_url`";
                error.hint = Some(hint.to_owned());
            }
            Err(error)
        }
    };
    match read.map_err(Wrong::expression)?.as_literal() {
        Some(url) => Ok(url.clone()),
        None => Err(Wrong::of("must be a url without expressions").into()),
    }
}

fn is_form(headers: &[(HeaderName, HeaderSource)]) -> bool {
    headers.iter().any(|(name, value)| match value {
        HeaderSource::Plain(text) => {
            let media = text.split(';').next().unwrap_or_default().trim();
            *name == CONTENT_TYPE && media.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        }
        HeaderSource::Secret(_) => false,
    })
}

fn header((name, value): (HeaderName, HeaderSource)) -> (HeaderName, LoginValue) {
    let value = match value {
        HeaderSource::Plain(text) => LoginValue::Plain(Value::from(text)),
        HeaderSource::Secret(source) => LoginValue::Secret(source),
    };
    (name, value)
}

fn members(node: &Node) -> Read<Vec<(String, LoginValue)>> {
    by_name(node, "a map of what is sent", |member| {
        if is_called_secret(&member.key) && !matches!(member.value.kind, Kind::Map(_)) {
            return secret(&member.value)
                .map(|source| (member.key.clone(), LoginValue::Secret(source)));
        }
        value(&member.value).map(|value| (member.key.clone(), value))
    })
}

/// Whether a member is called so that it can only be a secret.
fn is_called_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace(['-', '_'], "");
    ["password", "passwd", "passphrase", "secret", "apikey"].iter().any(|word| key.ends_with(word))
}

/// A plain value, a secret, or an object that may hold secrets.
fn value(node: &Node) -> Read<LoginValue> {
    match &node.kind {
        Kind::Map(_) if is_secret(node) => secret(node).map(LoginValue::Secret),
        Kind::Map(_) => members(node).map(LoginValue::Object),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Broken => plain_value(node).map(LoginValue::Plain),
    }
}

/// Any value without expressions and without secrets.
pub(super) fn plain_value(node: &Node) -> Read<Value> {
    match &node.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => Ok(node.to_value()),
        Kind::Text(_) => plain(node).map(Value::from),
        Kind::Broken => Err(Wrong::expected("a value", node).into()),
        Kind::Map(_) if is_secret(node) => {
            let wrong =
                Wrong::whole("a secret cannot stand here: it would be sent as it is written");
            Err(wrong.hint("secrets stand in the members of a login's body").into())
        }
        Kind::List(items) => {
            let read = items.iter().enumerate().map(|(index, item)| {
                plain_value(item).map_err(|wrongs| {
                    wrongs.into_iter().map(|wrong| wrong.at_item(index)).collect::<Vec<_>>()
                })
            });
            values::gather(read).map(Value::Array)
        }
        Kind::Map(_) => {
            let members = by_name(node, "a map", |member| {
                plain_value(&member.value).map(|value| (member.key.clone(), value))
            });
            members.map(|members| members.into_iter().collect())
        }
    }
}
