//! HTTP calls as states of a machine.
//!
//! A call to an API is more than a request: it has a time it may take, a size its answer may have,
//! redirects that may be followed but not with every header, content that has to be what it claims
//! to be, and failures of which some may be repeated and some must not. This crate makes one
//! attempt at such a [`Call`] and says exactly how it ended: with an [`Answer`], or with a
//! [`CallError`] that has a [kind](ErrorKind), a sentence for people, and a [permission](Retry) to
//! try again or none. An attempt never sleeps, never repeats, and keeps no state: the machine that
//! drives the call does, where a snapshot can hold it.
//!
//! What lasts longer than an attempt is kept by policies, each in a module and usable by itself:
//! [`limit`] (rate limits), [`breaker`] (circuit breakers), [`cache`], [`auth`] with its
//! [`secret`]s, [`metrics`], and what can be [observed](observe). A [`caller`] puts them around the
//! calls of one endpoint; a [`resource`] is an API that several endpoints share.
//!
//! # The order of a call
//!
//! 1. **condition** and **input**: before a call exists, in the flow.
//! 2. **cache**, **circuit breaker**, **auth**, **rate limit**: they decide, in this order, whether
//!    and when the call is sent. Policies decide and never sleep: a call that has to wait is
//!    [postponed](caller::End::Postponed) to a point in time.
//! 3. **send** and **read** (one step, one timeout): [`Call::perform`] hands the request to a
//!    [`Transport`], follows redirects, and reads the body under its limit.
//! 4. **classify**: a status other than 2xx is an error; each error says whether it may be retried.
//! 5. **decode**: the body becomes a JSON value, see [`Decode`].
//! 6. **store** in the cache; tell breaker, limits, and metrics what came of it.
//! 7. **parse** and **transform** the output, decide on a **retry**: again in the flow and its
//!    machine.
//!
//! # What is never sent twice
//!
//! A POST or PATCH without an `Idempotency-Key` is sent again only where the first one surely never
//! left this machine. If nobody can tell, as after a timeout, the call ends with the kind
//! [`ErrorKind::UnknownOutcome`]. See [`idempotency_key`] for a key that survives a restart.
//!
//! # What is never shown
//!
//! Errors and `Debug` output leave out the query and the user info of urls, the content of bodies,
//! and the values of headers that carry credentials. The message of a status error quotes up to
//! 200 characters of a textual error page, on one line and without control characters; every known
//! [secret](secret::Secrets) is taken out of it, in whatever encoding the server gives it back.
//!
//! # Examples
//!
//! Against a server in memory; over the network it is a [`ReqwestTransport`] instead.
//!
//! ```
//! use fsm_http::{Call, ErrorKind, MemoryTransport, Reply};
//! use http::Method;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = MemoryTransport::replying(|request| match request.uri().path() {
//!     "/users/7" => Reply::json(&json!({"name": "Ada"})),
//!     _ => Reply::status(404),
//! });
//!
//! let call = Call::new(Method::GET, "http://example.com/users/7".parse()?);
//! let answer = call.perform(&server).await?;
//! assert_eq!(*answer.value, json!({"name": "Ada"}));
//!
//! let call = Call::new(Method::GET, "http://example.com/users/8?token=secret".parse()?);
//! let error = call.perform(&server).await.expect_err("there is no such user");
//! assert_eq!(error.kind, ErrorKind::Status);
//! assert_eq!(error.to_string(), "404 Not Found from GET http://example.com/users/8");
//! assert!(!error.retry.is_allowed());
//! # Ok(())
//! # }
//! ```

mod activity;
mod attempt;
pub mod auth;
pub mod breaker;
pub mod cache;
mod call;
pub mod caller;
mod decode;
mod error;
mod idempotency;
mod in_words;
pub mod limit;
mod memory;
pub mod metrics;
pub mod observe;
#[cfg(feature = "otlp")]
pub mod otlp;
mod payload;
mod quota;
mod received;
mod redact;
mod redirect;
mod request;
mod reqwest_transport;
pub mod resource;
mod retry;
mod retry_after;
mod save;
pub mod secret;
mod transport;

pub use call::{Answer, Call};
pub use decode::Decode;
pub use error::{CallError, ErrorKind, Retry};
pub use idempotency::idempotency_key;
pub use in_words::InWords;
pub use memory::{MemoryTransport, Reply};
pub use payload::{Part, PartError, Payload};
pub use redact::is_credential;
pub use reqwest_transport::{ReqwestSettings, ReqwestTransport};
pub use retry::RetryRules;
pub use transport::{Body, BoxFuture, Chunks, Departure, Outgoing, Transport, TransportError};

#[cfg(test)]
mod life;
