//! Secrets: where they come from, how they are held, and how they are kept out of what is shown.
//!
//! A declaration says where a secret is found, as a [`SecretSource`]: in an environment variable,
//! in a file, or, for programs that have it already, as a value. Reading it gives a [`Secret`],
//! which shows itself to nobody by accident: its `Debug` says `[redacted]`, it has no `Display`,
//! and it is overwritten in memory when its last owner lets go of it.
//!
//! What a program sends, a server may echo. So everything that is shown of an answer goes through
//! [`Secrets::scrub`] first, which takes the known secrets out of a text in every form that a
//! server, a library, or an encoding on the way is likely to give them.
//!
//! # Examples
//!
//! ```
//! use fsm_http::secret::{Secret, Secrets};
//!
//! let secrets = Secrets::new([Secret::new("open sesame/1")]);
//! assert_eq!(secrets.scrub("no such key: open+sesame%2F1"), "no such key: [redacted]");
//! // The credentials of basic authorization are base64 of `ali:open sesame/1`.
//! assert_eq!(secrets.scrub("Basic YWxpOm9wZW4gc2VzYW1lLzE="), "Basic YWxpO[redacted]");
//! ```

mod encoded;
mod scrub;
mod source;
mod value;

pub use scrub::Secrets;
pub use source::{SecretError, SecretSource};
pub use value::Secret;

pub(crate) use scrub::REDACTED;
