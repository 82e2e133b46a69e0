//! OAuth 2.0: client credentials and refresh tokens (RFC 6749, sections 4.4 and 6).

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, Method, header::AUTHORIZATION};
use url::{Url, form_urlencoded};

use super::{
    endpoint::Endpoint,
    error::AuthError,
    grant::{Fetched, ask_for_token},
    identity::Identity,
};
use crate::{
    call::Call,
    decode::Decode,
    error::CallError,
    payload::Payload,
    redact::ShownUrl,
    secret::{Secret, SecretSource, Secrets},
};

/// The parameters that the grants of this crate set themselves.
const OWN: [&str; 6] =
    ["grant_type", "client_id", "client_secret", "refresh_token", "scope", "assertion"];

/// Tokens from a token endpoint.
///
/// With a refresh token it is that which is handed in (grant type `refresh_token`). A server that
/// answers with a new one has replaced it: the new one is used from then on, and where none comes
/// the old one stays. Without, the client asks in its own name (`client_credentials`).
///
/// A token without `expires_in` is used until it is refused.
#[derive(Clone, PartialEq)]
pub struct OAuth2 {
    /// The token endpoint, `http` or `https`.
    pub token_url: Url,
    /// The name by which the server knows the client.
    pub client_id: String,
    /// The secret of the client.
    pub client_secret: SecretSource,
    /// What the token should allow; empty leaves it to the server.
    pub scope: Vec<String>,
    /// A token that somebody was given when they agreed to all this.
    pub refresh_token: Option<SecretSource>,
    /// How the client shows who it is; [`ClientAuth::Basic`] by default.
    pub style: ClientAuth,
    /// More parameters for the token endpoint, such as `audience` or `resource`.
    pub params: Vec<(String, String)>,
}

/// How a client shows a token endpoint who it is (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// By basic authorization, which every server must understand.
    #[default]
    Basic,
    /// By `client_id` and `client_secret` in the body.
    Body,
}

impl OAuth2 {
    /// Client credentials, with the client in a basic `Authorization`, and without scope.
    pub fn new(token_url: Url, client_id: impl Into<String>, client_secret: SecretSource) -> Self {
        Self {
            token_url,
            client_id: client_id.into(),
            client_secret,
            scope: Vec::new(),
            refresh_token: None,
            style: ClientAuth::default(),
            params: Vec::new(),
        }
    }
}

impl fmt::Debug for OAuth2 {
    /// Shows no secret, no query, and of the further parameters the names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.params.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("OAuth2")
            .field("token_url", &format_args!("{}", ShownUrl(&self.token_url)))
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("scope", &self.scope)
            .field("refresh_token", &self.refresh_token)
            .field("style", &self.style)
            .field("params", &names)
            .finish()
    }
}

/// The grant with its secrets read.
pub(super) struct OAuth2Grant {
    endpoint: Endpoint,
    /// The request, but for its body.
    call: Call,
    /// What stands in every body.
    pairs: Vec<(String, String)>,
}

impl OAuth2Grant {
    /// Reads the secrets. Gives the grant, the refresh token to begin with, and who we are.
    pub(super) fn open(
        declared: &OAuth2,
        endpoint: Endpoint,
    ) -> Result<(Self, Option<Secret>, Identity), AuthError> {
        let OAuth2 { token_url, client_id, client_secret, scope, refresh_token, style, params } =
            declared;
        let secret = read(client_secret, "the client secret", &endpoint.secrets)?;
        let refresh = match refresh_token {
            None => None,
            Some(source) => Some(read(source, "the refresh token", &endpoint.secrets)?),
        };
        let mut call = token_call(token_url)?;
        let mut pairs = Vec::new();
        match style {
            ClientAuth::Basic => {
                let form = |text: &str| -> String {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                let pair = format!("{}:{}", form(client_id), form(secret.expose()));
                let mut value =
                    HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair)))
                        .expect("base64 can stand in a header");
                value.set_sensitive(true);
                call.headers.insert(AUTHORIZATION, value);
            }
            ClientAuth::Body => {
                pairs.push(("client_id".to_owned(), client_id.clone()));
                pairs.push(("client_secret".to_owned(), secret.expose().to_owned()));
            }
        }
        if !scope.is_empty() {
            pairs.push(("scope".to_owned(), scope.join(" ")));
        }
        for (name, value) in params {
            if OWN.contains(&name.as_str()) {
                return Err(AuthError::Parameter { name: name.clone() });
            }
            pairs.push((name.clone(), value.clone()));
        }

        let identity = Identity::of("oauth2")
            .with(token_url.as_str())
            .with(client_id)
            .with(secret.expose())
            .with(refresh.as_ref().map_or("", Secret::expose))
            .with(scope.join(" "))
            .with_all(params.iter().flat_map(|(name, value)| [name, value]));
        Ok((Self { endpoint, call, pairs }, refresh, identity))
    }

    pub(super) async fn fetch(&self, refresh: Option<&Secret>) -> Result<Fetched, CallError> {
        let grant = match refresh {
            None => vec![("grant_type", "client_credentials")],
            Some(token) => {
                vec![("grant_type", "refresh_token"), ("refresh_token", token.expose())]
            }
        };
        let own = self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut call = self.call.clone();
        call.body = Payload::form(grant.into_iter().chain(own));
        let mut fetched = ask_for_token(&self.endpoint, &call).await?;
        if refresh.is_none() {
            // A client that asks in its own name can always do so again, and a refresh token that
            // comes nevertheless would only take its place.
            fetched.refresh = None;
        }
        Ok(fetched)
    }
}

/// A request to a token endpoint, without a body.
pub(super) fn token_call(url: &Url) -> Result<Call, AuthError> {
    check_scheme(url, "token_url")?;
    let mut call = Call::new(Method::POST, url.clone());
    call.decode = Decode::Json;
    Ok(call)
}

/// Only http and https can be called, and to find that out now is better than with the first call.
pub(super) fn check_scheme(url: &Url, part: &'static str) -> Result<(), AuthError> {
    match url.scheme() {
        "http" | "https" => Ok(()),
        scheme => Err(AuthError::Scheme { part, scheme: scheme.to_owned() }),
    }
}

/// Reads a secret and has it kept out of everything that is shown.
pub(super) fn read(
    source: &SecretSource,
    part: &'static str,
    secrets: &Secrets,
) -> Result<Secret, AuthError> {
    let secret = source.read().map_err(|source| AuthError::Secret { part, source })?;
    secrets.insert(secret.clone());
    Ok(secret)
}
