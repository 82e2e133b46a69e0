//! Who we are to a resource: `auth`, which holds one way to be authorised.
//!
//! The keys are those of [`fsm_http::auth`]. A session's token is a place in the answer to its login:
//! `$response.body#/token` or `$response.header.NAME`; `$response.header.set-cookie` takes all cookies
//! that the login sets, and `cookie: NAME` instead of `token` takes one of them. The url of a login
//! is relative to the `base_url` of its resource, and its body is JSON, or a form where its headers
//! say `Content-Type: application/x-www-form-urlencoded`.

use fsm_http::auth::{Auth, ClientAuth, Jwt, JwtAlgorithm, KeyPlace, OAuth2, Session, TokenPlace};
use fsm_http::resource::Pick;
use http::HeaderName;
use http::header::SET_COOKIE;
use serde_json::{Map, Value};
use url::Url;

use super::fields::{Fields, Read, Wrong};
use super::login;
use super::resource::{pick, plain_url};
use super::secret::{header_text, plain, secret};
use super::tree::{Kind, Member, Node};
use super::{keys, values};
use crate::check::credentials::{self, Flaw};
use crate::check::spelling;

/// Reads the key `auth` of a resource whose base url is `base`.
pub(super) fn auth(fields: &mut Fields<'_, '_>, base: Option<&Url>) -> Option<Auth> {
    let node = fields.node("auth")?;
    let ways: Vec<&str> = match &node.kind {
        Kind::Map(members) => members.iter().map(|member| member.key.as_str()).collect(),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Broken => Vec::new(),
    };
    let base = match fields.reader.is_unread(&fields.place.key("base_url")) {
        true => login::Base::Unread,
        false => login::Base::of(base),
    };
    let mut inside = fields.map("auth", &keys::AUTH)?;
    let known = keys::AUTH.known;
    let way = match ways.as_slice() {
        [way] => *known.iter().find(|known| *known == way)?,
        [] => {
            let message = format!("`auth` is empty: it holds one of {}", spelling::list(known));
            let hint = "for example `auth: { bearer: { token: { env: SHOP_TOKEN } } }`";
            fields.wrong("auth", Wrong::whole(message).hint(hint));
            return None;
        }
        several => {
            let message = format!("`auth` holds one way to be authorised, not {}", several.len());
            fields.wrong("auth", Wrong::whole(message).hint("keep one of them"));
            return None;
        }
    };
    match way {
        "bearer" => bearer(&mut inside),
        "basic" => basic(&mut inside),
        "api_key" => api_key(&mut inside),
        "oauth2" => oauth2(&mut inside),
        "jwt" => jwt(&mut inside),
        "session" => session(&mut inside, &base),
        _ => None,
    }
}

fn bearer(fields: &mut Fields<'_, '_>) -> Option<Auth> {
    let mut fields = fields.map("bearer", &keys::BEARER)?;
    let token = fields.required("token", "for example `token: { env: SHOP_TOKEN }`", secret);
    Some(Auth::Bearer { token: token? })
}

fn basic(fields: &mut Fields<'_, '_>) -> Option<Auth> {
    let mut fields = fields.map("basic", &keys::BASIC)?;
    let username = fields.required("username", "for example `username: shop`", plain);
    let hint = "for example `password: { env: SHOP_PASSWORD }`";
    let password = fields.required("password", hint, secret);
    Some(Auth::Basic { username: username?, password: password? })
}

fn api_key(fields: &mut Fields<'_, '_>) -> Option<Auth> {
    let mut fields = fields.map("api_key", &keys::API_KEY)?;
    let places =
        [("header", KeyPlace::Header), ("query", KeyPlace::Query), ("cookie", KeyPlace::Cookie)];
    let hint = "one of `header`, `query`, and `cookie`";
    let place = fields.required("in", hint, |node| one_of(node, "place", &places));
    let name = fields.required("name", "for example `name: X-Api-Key`", |node| {
        let name = plain(node)?;
        match credentials::name_of_key(place, &name) {
            None => Ok(name),
            Some(flaw) => Err(flawed(flaw).into()),
        }
    });
    let value = fields.required("value", "for example `value: { env: SHOP_KEY }`", secret);
    Some(Auth::ApiKey { place: place?, name: name?, value: value? })
}

fn oauth2(fields: &mut Fields<'_, '_>) -> Option<Auth> {
    let mut fields = fields.map("oauth2", &keys::OAUTH2)?;
    let hint = "for example `token_url: https://login.example.com/token`";
    let token_url = fields.required("token_url", hint, plain_url);
    let client_id = fields.required("client_id", "for example `client_id: shop`", plain);
    let hint = "for example `client_secret: { env: SHOP_SECRET }`";
    let client_secret = fields.required("client_secret", hint, secret);
    let styles = [("basic", ClientAuth::Basic), ("body", ClientAuth::Body)];
    let style = fields.optional("style", |node| one_of(node, "style", &styles));
    let scope = scope(&mut fields);
    let refresh_token = fields.optional("refresh_token", secret);
    let params = fields.optional("params", params);
    let mut oauth2 = OAuth2::new(token_url?, client_id?, client_secret?);
    oauth2.style = style.unwrap_or_default();
    oauth2.scope = scope;
    oauth2.refresh_token = refresh_token;
    oauth2.params = params.unwrap_or_default();
    Some(Auth::OAuth2(oauth2))
}

fn jwt(fields: &mut Fields<'_, '_>) -> Option<Auth> {
    let mut fields = fields.map("jwt", &keys::JWT)?;
    let algorithm = fields.required("algorithm", "for example `algorithm: RS256`", |node| {
        one_of(node, "algorithm", &JwtAlgorithm::ALL.map(|known| (known.as_str(), known)))
    });
    let key = fields.required("key", "for example `key: { file: key.pem }`", secret);
    let [key_id, issuer, subject, audience] =
        ["key_id", "issuer", "subject", "audience"].map(|key| fields.optional(key, plain));
    let claims = fields.optional("claims", claims);
    let lifetime = fields.optional("lifetime", |node| match values::duration(node)? {
        short if short.as_secs() == 0 => {
            Err(Wrong::of("must be a second at least: a token counts in seconds").into())
        }
        lifetime => Ok(lifetime),
    });
    let token_url = fields.optional("token_url", plain_url);
    let scope = scope(&mut fields);
    let mut jwt = Jwt::new(algorithm?, key?);
    jwt.key_id = key_id;
    jwt.issuer = issuer;
    jwt.subject = subject;
    jwt.audience = audience;
    jwt.claims = claims.unwrap_or_default();
    jwt.lifetime = lifetime.unwrap_or(jwt.lifetime);
    jwt.token_url = token_url;
    jwt.scope = scope;
    Some(Auth::Jwt(jwt))
}

fn session(fields: &mut Fields<'_, '_>, base: &login::Base<'_>) -> Option<Auth> {
    let mut fields = fields.map("session", &keys::SESSION)?;
    let login = login::login(&mut fields, base);
    let token = token(&mut fields);
    for key in ["header", "prefix"] {
        if matches!(token, Some(TokenPlace::Cookie(_))) && fields.node(key).is_some() {
            let wrong = Wrong::of("has no effect where cookies are the token");
            fields.wrong(key, wrong.hint("cookies are sent as cookies"));
        }
    }
    let header = fields.optional("header", header_name);
    let prefix = fields.optional("prefix", header_text);
    let lifetime = fields.optional("lifetime", values::some_time);
    let mut session = Session::new(login?, token?);
    session.header = header.unwrap_or(session.header);
    session.prefix = prefix.unwrap_or(session.prefix);
    session.lifetime = lifetime;
    Some(Auth::Session(session))
}

/// `token` or `cookie`, one of them.
fn token(fields: &mut Fields<'_, '_>) -> Option<TokenPlace> {
    if fields.node("cookie").is_none() {
        let hint = "for example `token: $response.body#/token`";
        return match fields.required("token", hint, pick)? {
            Pick::Body(pointer) => Some(TokenPlace::Body(pointer)),
            Pick::Header(name) if name == SET_COOKIE => Some(TokenPlace::Cookie(None)),
            Pick::Header(name) => Some(TokenPlace::Header(name)),
        };
    }
    if fields.node("token").is_some() {
        let wrong = Wrong::of("has no effect beside `token`").hint("keep one of them");
        fields.wrong("cookie", wrong);
    }
    fields.optional("cookie", plain).map(|name| TokenPlace::Cookie(Some(name)))
}

fn scope(fields: &mut Fields<'_, '_>) -> Vec<String> {
    fields.optional("scope", values::list("a list of scopes", plain)).unwrap_or_default()
}

fn header_name(node: &Node) -> Read<HeaderName> {
    let name = plain(node)?;
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        let message = format!("`{}` is not a valid name of a header", name.escape_debug());
        Wrong::whole(message).hint("names are letters, digits, and `-`, without spaces").into()
    })
}

/// Parameters of a token endpoint: plain texts by name.
fn params(node: &Node) -> Read<Vec<(String, String)>> {
    by_name(node, "a map of parameters", |member| {
        if let Some(flaw) = credentials::parameter_flaw(&member.key) {
            // Its value may be the client's secret.
            return Err(flawed(flaw).secret().into());
        }
        plain(&member.value).map(|value| (member.key.clone(), value))
    })
}

fn flawed(flaw: Flaw) -> Wrong {
    Wrong::whole(flaw.message).hint(flaw.hint)
}

/// Claims by name: any values without expressions.
fn claims(node: &Node) -> Read<Map<String, Value>> {
    let claims = by_name(node, "a map of claims", |member| {
        login::plain_value(&member.value).map(|value| (member.key.clone(), value))
    });
    claims.map(|claims| claims.into_iter().collect())
}

/// What `read` makes of the members of a map.
pub(super) fn by_name<T>(
    node: &Node,
    what: &str,
    read: impl Fn(&Member) -> Read<T>,
) -> Read<Vec<T>> {
    let Kind::Map(members) = &node.kind else {
        return Err(match node.kind {
            Kind::Broken => Wrong::expected(what, node),
            // It may be a secret in the wrong place, so it is not quoted.
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Map(_) => Wrong::of(format!("must be {what}")).secret(),
        }
        .into());
    };
    values::gather(members.iter().map(|member| {
        read(member).map_err(|wrongs| {
            wrongs.into_iter().map(|wrong| wrong.under(&member.key)).collect::<Vec<_>>()
        })
    }))
}

/// One of the values that have these names.
fn one_of<T: Copy>(node: &Node, what: &str, known: &[(&str, T)]) -> Read<T> {
    let name = values::text(node)?;
    let found = known.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Wrong::whole(format!("unknown {what} `{name}`")).hint(values::one_of(&name, &names)).into()
    })
}
