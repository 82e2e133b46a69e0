//! Who a call says it is: API keys, passwords, tokens, and how tokens are fetched and renewed.
//!
//! An [`Auth`] is a declaration: plain data that names its secrets by where they are found.
//! [`Authority::open`] reads them once and gives the live thing that all calls of a resource share.
//! Before a call is sent it asks the authority for [`Credentials`] and
//! [applies](Credentials::apply) them; after a 401 it may ask [once more](Authority::renew).
//!
//! # Schemes
//!
//! | scheme | what a call carries | renewed |
//! |---|---|---|
//! | [`Auth::Bearer`] | `Authorization: Bearer …` (RFC 6750) | no |
//! | [`Auth::Basic`] | `Authorization: Basic …` (RFC 7617), in UTF-8 | no |
//! | [`Auth::ApiKey`] | a header, a parameter of the query, or a cookie | no |
//! | [`Auth::OAuth2`] | the token of a client credentials or refresh token grant (RFC 6749) | yes |
//! | [`Auth::Jwt`] | a signed JWT (RFC 7519), or the token it was exchanged for (RFC 7523) | yes |
//! | [`Auth::Session`] | the token or the cookies that a login answered with | yes |
//!
//! # One fetch
//!
//! However many calls wait for a token, it is fetched once, and all of them get that token, or that
//! error. The fetch belongs to nobody: if the call that began it is given up, those who still wait
//! carry it on, and if nobody waits, the next call to come does. A rotated refresh token is
//! therefore not lost with a cancelled call.
//!
//! # Early, and after a 401
//!
//! A token is renewed before it expires: by 60 seconds or a tenth of its lifetime, whichever is
//! less. If that early renewal fails, the old token is used for as long as it lasts. A token whose
//! lifetime nobody told is used until the server refuses it. A call that is refused hands in the
//! credentials that it was sent with: if they have been renewed since, it gets the new ones, and
//! nothing is fetched.
//!
//! # Failures
//!
//! A secret that is missing, and a key that can't be read, are an [`AuthError`] before any call is
//! sent. A fetch that fails is a [`CallError`](crate::CallError) of the kind `auth`: for good where
//! the token endpoint refuses the client (4xx), else with the permission to try again, with the
//! server's `Retry-After` where there is one. Nothing is remembered of it: the next call tries anew.
//!
//! Token endpoints have 30 seconds for their answer, or the timeout of the resource where that is
//! shorter; the answer may have 256 KiB. Redirects are not
//! followed, since credentials must not follow to another place. A fetch goes around the limits of
//! the API.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//! use fsm_http::{Call, MemoryTransport, Reply, auth::{Auth, Authority, OAuth2}, secret::Secret};
//! use http::Method;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Arc::new(MemoryTransport::replying(|request| match request.uri().path() {
//!     "/token" => Reply::json(&json!({"access_token": "abc-1", "expires_in": 3600})),
//!     _ => Reply::text(request.headers()["authorization"].to_str().unwrap_or_default()),
//! }));
//! let secret = Secret::new("hunter2").into();
//! let declared = OAuth2::new("http://example.com/token".parse()?, "shop", secret);
//! let authority = Authority::open(&Auth::OAuth2(declared), server.clone())?;
//!
//! for _ in 0..2 {
//!     let mut call = Call::new(Method::GET, "http://example.com/orders".parse()?);
//!     authority.credentials().await?.apply(&mut call);
//!     assert_eq!(*call.perform(&*server).await?.value, "Bearer abc-1");
//! }
//! assert_eq!(server.requests().len(), 3, "two calls, and one for the token");
//! # Ok(())
//! # }
//! ```

mod authority;
mod credentials;
mod declaration;
mod endpoint;
mod error;
mod grant;
pub(crate) mod identity;
mod jwt;
mod login;
mod oauth2;
mod session;
#[cfg(feature = "jwt")]
mod sign;
mod tokens;

pub use authority::Authority;
pub use credentials::Credentials;
pub use declaration::{Auth, KeyPlace};
pub use error::AuthError;
pub use jwt::{Jwt, JwtAlgorithm};
pub use login::{Login, LoginBody, LoginValue};
pub use oauth2::{ClientAuth, OAuth2};
pub use session::{Session, TokenPlace};

#[cfg(not(feature = "jwt"))]
mod sign {
    //! Without the feature `jwt` there is no key, and every attempt to read one says so.

    use super::{error::AuthError, jwt::JwtAlgorithm};
    use crate::secret::Secret;

    pub(super) enum SigningKey {}

    impl SigningKey {
        pub(super) fn read(_: JwtAlgorithm, _: &Secret) -> Result<Self, AuthError> {
            Err(AuthError::NoSigning)
        }

        pub(super) fn sign(&self, _: &[u8]) -> Option<Vec<u8>> {
            match *self {}
        }
    }
}
