//! Names under which credentials are sent: of headers, cookies, and parameters.

use fsm_http::auth::KeyPlace;
use http::HeaderName;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONNECTION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_TYPE, COOKIE, HOST, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};

/// What is wrong, and what to do about it.
pub(crate) struct Flaw {
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

impl Flaw {
    pub(super) fn new(message: impl Into<String>, hint: &'static str) -> Option<Self> {
        Some(Self { message: message.into(), hint })
    }
}

/// The name under which an API key is sent, at a place that may be unknown yet.
pub(crate) fn name_of_key(place: Option<KeyPlace>, name: &str) -> Option<Flaw> {
    if name.is_empty() {
        return Flaw::new("`name` must not be empty", "for example `X-Api-Key`");
    }
    match place {
        Some(KeyPlace::Header) => match HeaderName::from_bytes(name.as_bytes()) {
            Ok(header) => header_flaw(&header),
            Err(_) => {
                let message = format!("`{}` is not a valid name of a key", name.escape_debug());
                Flaw::new(message, "for example `X-Api-Key`")
            }
        },
        Some(KeyPlace::Cookie) => cookie_flaw(name),
        Some(KeyPlace::Query) | None => None,
    }
}

/// A header that may carry credentials.
pub(super) fn header_flaw(name: &HeaderName) -> Option<Flaw> {
    // Redirects take these along to other servers.
    let travelling =
        [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING, USER_AGENT];
    let framing = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, TE, UPGRADE];
    if travelling.contains(name) {
        let message =
            format!("the header `{name}` cannot carry credentials: it is sent to every server");
        return Flaw::new(message, "for example `X-Api-Key`, or `Authorization`");
    }
    if framing.contains(name) {
        let message = format!(
            "the header `{name}` cannot carry credentials: it says how a message is delivered"
        );
        return Flaw::new(message, "for example `X-Api-Key`, or `Authorization`");
    }
    if *name == COOKIE {
        let message =
            "the header `cookie` cannot carry credentials: it holds cookies by their names";
        return Flaw::new(
            message,
            "name the cookie: `in: cookie` of `api_key`, or `cookie` of `session`",
        );
    }
    None
}

/// A cookie's name is a token (RFC 6265, section 4.1.1; RFC 9110, section 5.6.2).
pub(super) fn cookie_flaw(name: &str) -> Option<Flaw> {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_sign) {
        return None;
    }
    let message = format!("`{}` is not a valid name of a cookie", name.escape_debug());
    Flaw::new(message, "a name alone, without `=`, `;`, and spaces: `sid`")
}

/// A further parameter of a token endpoint: none that the grant sets itself.
pub(crate) fn parameter_flaw(name: &str) -> Option<Flaw> {
    let hint = match name {
        "grant_type" => "leave it out: it follows from `refresh_token`",
        "client_id" => "leave it out: `client_id` of `oauth2` says it",
        "client_secret" => "leave it out: `client_secret` of `oauth2` says where it is found",
        "refresh_token" => "leave it out: `refresh_token` of `oauth2` says where it is found",
        "scope" => "write it as `scope` of `oauth2`, a list",
        "assertion" => "leave it out: a signed token is exchanged by `jwt`",
        _ => return None,
    };
    Flaw::new(format!("`params` must not hold `{name}`: the grant sets it itself"), hint)
}
