//! Signed JWTs (RFC 7519): as bearer tokens, or to be exchanged for one (RFC 7523).

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::header::AUTHORIZATION;
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    credentials::Carrier,
    endpoint::Endpoint,
    error::AuthError,
    grant::{Fetched, ask_for_token},
    identity::Identity,
    oauth2::{read, token_call},
    sign::SigningKey,
};
use crate::{
    call::Call,
    error::{CallError, ErrorKind, Retry},
    payload::Payload,
    redact::ShownUrl,
    secret::{Secret, SecretSource},
};

/// The grant type of RFC 7523, section 2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A JWT that is made and signed here, as service accounts use it.
///
/// Without a `token_url` the JWT itself is the bearer token, and a new one is made in time. With a
/// `token_url` it is handed in there, and the token that is given for it is used (RFC 7523).
///
/// `iat` is the time of signing, by the clock of this machine and in whole seconds, and `exp` lies
/// exactly one lifetime later.
#[derive(Clone, PartialEq)]
pub struct Jwt {
    /// How the JWT is signed.
    pub algorithm: JwtAlgorithm,
    /// The private key in PEM (PKCS#8, PKCS#1, or SEC1); for `HS…` the shared secret, whose bytes
    /// are used as they are written.
    pub key: SecretSource,
    /// The header `kid`, by which a server picks the key to verify with.
    pub key_id: Option<String>,
    /// The claim `iss`: who made the JWT.
    pub issuer: Option<String>,
    /// The claim `sub`: whom it speaks for.
    pub subject: Option<String>,
    /// The claim `aud`: whom it is made for. Where a JWT is exchanged, it is the `token_url` unless
    /// given.
    pub audience: Option<String>,
    /// Further claims.
    pub claims: Map<String, Value>,
    /// How long a JWT is valid; 5 minutes by default, one second at least. The claims know only
    /// whole seconds, so a part of a second counts as a whole one.
    pub lifetime: Duration,
    /// The token endpoint that gives a token for the JWT.
    pub token_url: Option<Url>,
    /// What the token should allow. It is put into the claim `scope`, and where the JWT is exchanged
    /// also sent as a parameter: some servers read the one, some the other.
    pub scope: Vec<String>,
}

impl Jwt {
    /// A JWT of five minutes that names nobody, to be used as it is.
    pub fn new(algorithm: JwtAlgorithm, key: SecretSource) -> Self {
        Self {
            algorithm,
            key,
            key_id: None,
            issuer: None,
            subject: None,
            audience: None,
            claims: Map::new(),
            lifetime: Duration::from_secs(5 * 60),
            token_url: None,
            scope: Vec::new(),
        }
    }
}

impl fmt::Debug for Jwt {
    /// Shows no secret, no query, and of the further claims the names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.claims.keys().collect();
        let token_url = self.token_url.as_ref().map(|url| ShownUrl(url).to_string());
        f.debug_struct("Jwt")
            .field("algorithm", &self.algorithm)
            .field("key", &self.key)
            .field("key_id", &self.key_id)
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("audience", &self.audience)
            .field("claims", &names)
            .field("lifetime", &self.lifetime)
            .field("token_url", &token_url)
            .field("scope", &self.scope)
            .finish()
    }
}

/// How a JWT is signed (RFC 7518, section 3.1, and RFC 8037). Its text form is that of the header
/// `alg`, as in `RS256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSA (PKCS #1 v1.5) with SHA-256.
    Rs256,
    /// RSA (PKCS #1 v1.5) with SHA-384.
    Rs384,
    /// RSA (PKCS #1 v1.5) with SHA-512.
    Rs512,
    /// RSA (PSS) with SHA-256.
    Ps256,
    /// RSA (PSS) with SHA-384.
    Ps384,
    /// RSA (PSS) with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// EdDSA with Ed25519.
    EdDsa,
}

impl JwtAlgorithm {
    /// Every algorithm, in declared order.
    pub const ALL: [Self; 12] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The name in the header `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Display for JwtAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for JwtAlgorithm {
    type Err = AuthError;

    /// Reads the name as it stands in the header `alg`, in any case.
    fn from_str(name: &str) -> Result<Self, AuthError> {
        let found = Self::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(name));
        found.ok_or_else(|| AuthError::Algorithm { name: name.to_owned() })
    }
}

/// The grant with its key read.
pub(super) struct JwtGrant {
    key: SigningKey,
    /// The header, encoded.
    header: String,
    /// All claims but `iat` and `exp`.
    claims: Map<String, Value>,
    lifetime: Duration,
    endpoint: Endpoint,
    /// The request to the token endpoint, but for its body.
    exchange: Option<Call>,
    scope: String,
}

impl JwtGrant {
    /// Reads the key. Gives the grant and who we are.
    pub(super) fn open(declared: &Jwt, endpoint: Endpoint) -> Result<(Self, Identity), AuthError> {
        if declared.lifetime < Duration::from_secs(1) {
            return Err(AuthError::Lifetime);
        }
        let secret = read(&declared.key, "the key of the JWT", &endpoint.secrets)?;
        let key = SigningKey::read(declared.algorithm, &secret)?;
        let exchange = declared.token_url.as_ref().map(token_call).transpose()?;
        let claims = claims(declared)?;
        let mut header = json!({"alg": declared.algorithm.as_str(), "typ": "JWT"});
        if let Some(key_id) = &declared.key_id {
            header["kid"] = key_id.as_str().into();
        }
        let identity = Identity::of("jwt")
            .with(header.to_string())
            .with(secret.expose())
            .with(Value::Object(claims.clone()).to_string())
            .with(declared.token_url.as_ref().map_or("", Url::as_str));
        let grant = Self {
            key,
            header: BASE64_URL_SAFE_NO_PAD.encode(header.to_string()),
            claims,
            lifetime: declared.lifetime,
            endpoint,
            exchange,
            scope: declared.scope.join(" "),
        };
        Ok((grant, identity))
    }

    pub(super) async fn fetch(&self) -> Result<Fetched, CallError> {
        let (token, lasts) =
            self.signed(SystemTime::now()).ok_or_else(|| unusable("can't be signed"))?;
        let secret = Secret::new(token);
        let Some(call) = &self.exchange else {
            let carrier = Carrier::header(AUTHORIZATION, "Bearer ", secret.expose())
                .ok_or_else(|| unusable("can't stand in a header"))?;
            return Ok(Fetched {
                carrier,
                lifetime: Some(lasts),
                refresh: None,
                secrets: vec![secret],
            });
        };
        // Before it is sent: the answer that refuses it may quote it.
        self.endpoint.secrets.remember(secret.clone());
        let mut pairs = vec![("grant_type", GRANT), ("assertion", secret.expose())];
        if !self.scope.is_empty() {
            pairs.push(("scope", &self.scope));
        }
        let mut call = call.clone();
        call.body = Payload::form(pairs);
        let mut fetched = ask_for_token(&self.endpoint, &call).await?;
        // The next JWT does what a refresh token would (RFC 7521, section 4.1).
        fetched.refresh = None;
        Ok(fetched)
    }

    /// The JWT in its compact form (RFC 7515, section 7.1), and for how long from `now` it is valid:
    /// less than its lifetime by the part of a second that has passed since `iat`.
    fn signed(&self, now: SystemTime) -> Option<(String, Duration)> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let lifetime = self.lifetime.as_secs();
        let lifetime = lifetime.checked_add(u64::from(self.lifetime.subsec_nanos() > 0))?;
        let (iat, exp) = (now.as_secs(), now.as_secs().checked_add(lifetime)?);
        let lasts = Duration::from_secs(exp).checked_sub(now)?;
        let mut claims = self.claims.clone();
        claims.insert("iat".to_owned(), iat.into());
        claims.insert("exp".to_owned(), exp.into());
        let claims = BASE64_URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string());
        let message = format!("{}.{claims}", self.header);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes())?);
        Some((format!("{message}.{signature}"), lasts))
    }
}

/// All claims but those of time.
fn claims(declared: &Jwt) -> Result<Map<String, Value>, AuthError> {
    let audience = declared.audience.as_deref();
    let audience = audience.or(declared.token_url.as_ref().map(Url::as_str));
    // A JWT that is exchanged may have an audience of several, given as a claim.
    let audience =
        audience.filter(|_| declared.audience.is_some() || !declared.claims.contains_key("aud"));
    let scope = (!declared.scope.is_empty()).then(|| declared.scope.join(" "));
    let mut claims = Map::new();
    for (name, field, value) in [
        ("iss", "issuer", declared.issuer.as_deref()),
        ("sub", "subject", declared.subject.as_deref()),
        ("aud", "audience", audience),
        ("scope", "scope", scope.as_deref()),
    ] {
        let Some(value) = value else { continue };
        if declared.claims.contains_key(name) {
            return Err(AuthError::Claim { name, field });
        }
        claims.insert(name.to_owned(), value.into());
    }
    for name in ["iat", "exp"] {
        if declared.claims.contains_key(name) {
            return Err(AuthError::Claim { name, field: "lifetime" });
        }
    }
    claims.extend(declared.claims.clone());
    Ok(claims)
}

fn unusable(why: &str) -> CallError {
    CallError {
        kind: ErrorKind::Auth,
        message: format!("no credentials: the JWT {why}"),
        http_status: None,
        retry: Retry::Never,
        answer: None,
    }
}

#[cfg(all(test, feature = "jwt"))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{memory::MemoryTransport, secret::Secrets};

    #[test]
    fn what_is_left_of_a_jwts_life_is_what_its_claims_leave() {
        let mut jwt = Jwt::new(JwtAlgorithm::Hs256, Secret::new("hunter2").into());
        for (lifetime, at, exp, lasts) in
            [(1_000, 7_000, 8, 1_000), (1_000, 7_950, 8, 50), (1_500, 7_250, 9, 1_750)]
        {
            jwt.lifetime = Duration::from_millis(lifetime);
            let endpoint = Endpoint {
                timeout: Duration::MAX,
                transport: Arc::new(MemoryTransport::sequence([])),
                secrets: Secrets::default(),
            };
            let (grant, _) = JwtGrant::open(&jwt, endpoint).expect("sound");
            let now = SystemTime::UNIX_EPOCH + Duration::from_millis(at);
            let (token, left) = grant.signed(now).expect("signed");
            let claims = token.split('.').nth(1).expect("three parts");
            let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64");
            let claims: Value = serde_json::from_slice(&claims).expect("JSON");
            assert_eq!(claims, json!({"iat": 7, "exp": exp}));
            assert_eq!(left, Duration::from_millis(lasts));
        }
    }
}
