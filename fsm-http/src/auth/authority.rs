//! The live thing behind a declaration.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderName, header::AUTHORIZATION};

use super::{
    credentials::{Carrier, Cookie, Credentials, check_header, is_token},
    declaration::{Auth, KeyPlace},
    endpoint::{Endpoint, TIMEOUT},
    error::AuthError,
    grant::Grant,
    identity::Identity,
    jwt::JwtGrant,
    oauth2::{OAuth2Grant, read},
    session::SessionGrant,
    tokens::Tokens,
};
use crate::{
    error::{CallError, ErrorKind, Retry},
    secret::{SecretSource, Secrets},
    transport::Transport,
};

/// Who the calls of a resource say they are: a declaration whose secrets have been read, and the
/// token that all its calls share.
///
/// Clones are the same authority.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    scheme: &'static str,
    source: Source,
    identity: [u8; 32],
    secrets: Secrets,
}

/// Where credentials come from.
enum Source {
    Static(Credentials),
    Tokens(Tokens),
}

impl Authority {
    /// Reads the secrets of a declaration, and checks everything that can be checked without a call.
    /// Tokens are fetched through `transport` when the first call asks for one.
    ///
    /// # Errors
    ///
    /// An [`AuthError`] that names the variable or file that is missing, the key that can't be read,
    /// or the value that no request can carry.
    pub fn open(auth: &Auth, transport: Arc<dyn Transport>) -> Result<Self, AuthError> {
        Self::open_within(auth, transport, TIMEOUT)
    }

    /// As [`open`](Self::open), where each exchange has at most this time: for resources whose calls
    /// have less than the usual one.
    pub(crate) fn open_within(
        auth: &Auth,
        transport: Arc<dyn Transport>,
        longest: Duration,
    ) -> Result<Self, AuthError> {
        let secrets = Secrets::default();
        let timeout = longest.min(TIMEOUT);
        let endpoint = || Endpoint { timeout, transport, secrets: secrets.clone() };
        let tokens =
            |grant, refresh| Source::Tokens(Tokens::new(grant, refresh, secrets.clone(), timeout));
        let (scheme, source, identity) = match auth {
            Auth::Bearer { token } => {
                let token = read(token, "the bearer token", &secrets)?;
                let part = "the bearer token";
                let carrier = Carrier::header(AUTHORIZATION, "Bearer ", token.expose())
                    .ok_or(AuthError::Uncarriable { part, place: "header" })?;
                ("bearer", fixed(carrier), Identity::of("bearer").with(token.expose()))
            }
            Auth::Basic { username, password } => basic(username, password, &secrets)?,
            Auth::ApiKey { place, name, value } => api_key(*place, name, value, &secrets)?,
            Auth::OAuth2(declared) => {
                let (grant, refresh, identity) = OAuth2Grant::open(declared, endpoint())?;
                ("oauth2", tokens(Grant::OAuth2(grant), refresh), identity)
            }
            Auth::Jwt(declared) => {
                let (grant, identity) = JwtGrant::open(declared, endpoint())?;
                ("jwt", tokens(Grant::Jwt(grant), None), identity)
            }
            Auth::Session(declared) => {
                let (grant, identity) = SessionGrant::open(declared, endpoint())?;
                ("session", tokens(Grant::Session(grant), None), identity)
            }
        };
        let identity = identity.done();
        Ok(Self(Arc::new(Inner { scheme, source, identity, secrets })))
    }

    /// The credentials, if they are there: always for static ones, else while the token is good.
    /// `None` means to await [`credentials`](Self::credentials).
    pub fn ready(&self) -> Option<Credentials> {
        match &self.0.source {
            Source::Static(credentials) => Some(credentials.clone()),
            Source::Tokens(tokens) => tokens.ready(),
        }
    }

    /// The credentials, after a fetch where one is needed. However many wait, there is one fetch.
    ///
    /// # Errors
    ///
    /// A [`CallError`] of the kind `auth`, the same for all who waited for the fetch. It may be
    /// retried unless the server refused us, or answered with something that is no token. If a
    /// token was to be renewed early and that failed, there is no error while the old one lasts.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place among those who wait. The fetch stays for the others,
    /// or for the next to come.
    pub async fn credentials(&self) -> Result<Credentials, CallError> {
        match &self.0.source {
            Source::Static(credentials) => Ok(credentials.clone()),
            Source::Tokens(tokens) => tokens.get().await,
        }
    }

    /// Other credentials, after a server refused these with a 401. If they have been renewed since
    /// they were given out, nothing is fetched.
    ///
    /// Ask once per call: a server that refuses what it has just given out will go on doing so.
    ///
    /// # Errors
    ///
    /// As [`credentials`](Self::credentials); and for credentials that are not
    /// [renewable](Self::is_renewable), that they were refused.
    ///
    /// # Cancel safety
    ///
    /// As [`credentials`](Self::credentials). The refused token is not used again in any case.
    pub async fn renew(&self, refused: &Credentials) -> Result<Credentials, CallError> {
        match &self.0.source {
            Source::Static(_) => Err(CallError {
                kind: ErrorKind::Auth,
                message: format!(
                    "the credentials ({}) were refused, and can't be renewed",
                    self.0.scheme
                ),
                http_status: None,
                retry: Retry::Never,
                answer: None,
            }),
            Source::Tokens(tokens) => tokens.renew(refused).await,
        }
    }

    /// Can there be other credentials after these? False for API keys, passwords, and given tokens.
    pub fn is_renewable(&self) -> bool {
        match &self.0.source {
            Source::Static(_) => false,
            Source::Tokens(_) => true,
        }
    }

    /// A number (SHA-256) for who we are: the same for the same declaration and secrets, also after a
    /// renewal, and another for anybody else. It is part of the keys of caches.
    pub fn identity(&self) -> [u8; 32] {
        self.0.identity
    }

    /// The secrets to be kept out of what is shown: those declared, and tokens as they come.
    pub fn secrets(&self) -> Secrets {
        self.0.secrets.clone()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({} [redacted])", self.0.scheme)
    }
}

type Opened = (&'static str, Source, Identity);

fn fixed(carrier: Carrier) -> Source {
    Source::Static(Credentials::new(carrier))
}

fn basic(username: &str, password: &SecretSource, secrets: &Secrets) -> Result<Opened, AuthError> {
    if username.contains(':') {
        return Err(AuthError::Colon { username: username.to_owned() });
    }
    let password = read(password, "the password", secrets)?;
    // RFC 7617 forbids control characters in both.
    for (part, text) in [("the user name", username), ("the password", password.expose())] {
        if text.chars().any(char::is_control) {
            return Err(AuthError::Uncarriable { part, place: "basic authorization" });
        }
    }
    let pair = BASE64_STANDARD.encode(format!("{username}:{}", password.expose()));
    let carrier =
        Carrier::header(AUTHORIZATION, "Basic ", &pair).expect("base64 can stand in a header");
    let identity = Identity::of("basic").with(username).with(password.expose());
    Ok(("basic", fixed(carrier), identity))
}

fn api_key(
    place: KeyPlace,
    name: &str,
    value: &SecretSource,
    secrets: &Secrets,
) -> Result<Opened, AuthError> {
    let part = "the API key";
    let key = read(value, part, secrets)?;
    let (place, carrier) = match place {
        KeyPlace::Header => {
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| AuthError::Name {
                name: name.to_owned(),
                place: "header",
                why: "it holds characters that no name of a header can hold",
            })?;
            check_header(&header)?;
            ("header", Carrier::header(header, "", key.expose()))
        }
        KeyPlace::Query if name.is_empty() => {
            let why = "it is empty";
            return Err(AuthError::Name { name: String::new(), place: "parameter", why });
        }
        KeyPlace::Query => ("parameter", Some(Carrier::query(name, &key))),
        KeyPlace::Cookie if !is_token(name) => {
            let why = "it holds characters that no name of a cookie can hold";
            return Err(AuthError::Name { name: name.to_owned(), place: "cookie", why });
        }
        KeyPlace::Cookie => {
            let cookie = Cookie::new(name, key.expose());
            ("cookie", cookie.map(|cookie| Carrier::Cookies(vec![cookie])))
        }
    };
    let carrier = carrier.ok_or(AuthError::Uncarriable { part, place })?;
    let identity = Identity::of("api_key").with(place).with(name).with(key.expose());
    Ok(("api_key", fixed(carrier), identity))
}
