//! What can be wrong with a declaration, found before the first call is sent.

use crate::secret::SecretError;

/// Why an [`Auth`](super::Auth) can't be used. The messages name what is wrong and where it was
/// declared, and show no secret.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// A secret could not be read.
    #[error("{part}: {source}")]
    Secret {
        /// Which secret, as in `the bearer token`.
        part: &'static str,
        /// What is wrong with its source.
        source: SecretError,
    },
    /// A value holds characters that its place in a request can't carry.
    #[error("{part} holds characters that no {place} can carry, such as a line break")]
    Uncarriable {
        /// Which value, as in `the bearer token`.
        part: &'static str,
        /// Where it would stand: `header` or `cookie`.
        place: &'static str,
    },
    /// A user name with a colon would end at it (RFC 7617).
    #[error(
        "the user name `{username}` holds a colon, which basic authorization takes for its end"
    )]
    Colon {
        /// The name as it was declared.
        username: String,
    },
    /// No header, parameter, or cookie can have this name.
    #[error("`{name}` can't be the name of a {place} with credentials: {why}")]
    Name {
        /// The name as it was declared.
        name: String,
        /// Where it would stand: `header`, `parameter`, or `cookie`.
        place: &'static str,
        /// What speaks against it.
        why: &'static str,
    },
    /// A url that can't be called.
    #[error("{part} `{scheme}:…` can't be called: only http and https urls can")]
    Scheme {
        /// Which url: `token_url` or `login.url`.
        part: &'static str,
        /// Its scheme.
        scheme: String,
    },
    /// A parameter that the grant sets itself.
    #[error("the parameter `{name}` is set by the grant itself and can't be declared besides")]
    Parameter {
        /// The name of the parameter.
        name: String,
    },
    /// A claim that a field of the declaration sets.
    #[error("the claim `{name}` is set by the field `{field}` and can't stand in `claims` besides")]
    Claim {
        /// The name of the claim.
        name: &'static str,
        /// The field that sets it.
        field: &'static str,
    },
    /// An algorithm that is not known.
    #[error(
        "`{name}` is no algorithm for a JWT: HS256, RS256, PS256 (and with 384 or 512), ES256, ES384, and EdDSA are"
    )]
    Algorithm {
        /// The name as it was declared.
        name: String,
    },
    /// A JWT that expires as it is made.
    #[error("a lifetime of a JWT is one second at least")]
    Lifetime,
    /// The key does not fit its algorithm, or can't be read.
    #[error("the key of the JWT can't sign with {algorithm}: {why}")]
    Key {
        /// The name of the algorithm, as in `RS256`.
        algorithm: &'static str,
        /// What is wrong with the key, without anything of it.
        why: String,
    },
    /// A value of a login that can't stand where it was put.
    #[error("the {place} `{name}` of the login must be a string, a number, a boolean, or a secret")]
    LoginValue {
        /// Where it stands: `field` or `header`.
        place: &'static str,
        /// Its name.
        name: String,
    },
    /// A pointer that is no JSON pointer.
    #[error(
        "the pointer `{pointer}` to the token is no JSON pointer (RFC 6901): it begins with `/`"
    )]
    Pointer {
        /// The pointer as it was declared.
        pointer: String,
    },
    /// JWTs are a feature that this build does not have.
    #[error("this build can't sign JWTs: it was made without the feature `jwt` of fsm-http")]
    NoSigning,
}
