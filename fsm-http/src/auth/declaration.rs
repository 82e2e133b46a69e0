//! What a resource declares about who its calls say they are.

use super::{jwt::Jwt, oauth2::OAuth2, session::Session};
use crate::secret::SecretSource;

/// How calls say who they are. Plain data; [`Authority::open`](super::Authority::open) makes it
/// live. `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq)]
pub enum Auth {
    /// A token that somebody else gave out, in `Authorization: Bearer …` (RFC 6750).
    Bearer {
        /// The token.
        token: SecretSource,
    },
    /// A user and a password, in `Authorization: Basic …` (RFC 7617), encoded as UTF-8.
    Basic {
        /// The name of the user. It can't hold a colon.
        username: String,
        /// The password.
        password: SecretSource,
    },
    /// A key of the API.
    ApiKey {
        /// Where in a request it stands.
        place: KeyPlace,
        /// The name of the header, the parameter, or the cookie.
        name: String,
        /// The key.
        value: SecretSource,
    },
    /// Tokens by OAuth 2.0 (RFC 6749).
    OAuth2(OAuth2),
    /// A signed JWT, or the tokens it is exchanged for.
    Jwt(Jwt),
    /// A login whose answer gives a token or cookies.
    Session(Session),
}

/// Where in a request an API key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a header of its own.
    Header,
    /// In the query of the url, percent-encoded.
    Query,
    /// In a cookie.
    Cookie,
}
