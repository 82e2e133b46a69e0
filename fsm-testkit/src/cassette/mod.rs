//! Cassettes: real conversations, recorded once and played again without the network.
//!
//! A [`Cassette`] stands between a client and a real API. The first time it passes every request on
//! and writes the conversation to a file; from then on it answers from the file, as a
//! [`Conversation`](crate::conversation::Conversation) with the same verdicts and reports. The file is
//! JSON, made to be read, reviewed, and edited. Secrets never reach it.
//!
//! Playing needs the feature `conversation`; recording needs `record`, which brings a client with TLS.
//!
//! ```
//! # #[cfg(feature = "record")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use fsm_testkit::cassette::Cassette;
//! use fsm_testkit::conversation::Conversation;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("orders.json");
//! # let real = Conversation::new().start().await?;
//! # let upstream = real.url();
//! // `path` is where the cassette is kept, `upstream` the url of the real API.
//! let api = Cassette::record(&path, &upstream).start().await?;
//! // … the client calls `api.url()` …
//! api.finish().await?;
//!
//! let api = Conversation::from_cassette(&path)?.start().await?;
//! // … the client calls `api.url()` again, and the real API is not needed …
//! api.finish().await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "record"))]
//! # fn main() {}
//! ```
//!
//! # When it is recorded
//!
//! `Cassette::open` asks the environment variable `FSM_CASSETTES`:
//!
//! | value | a cassette that is there | one that is not |
//! |---|---|---|
//! | `replay` | is played | is an error |
//! | `once` | is played | is recorded |
//! | `record` | is recorded anew | is recorded |
//!
//! Without it, `replay` holds where `CI` is set, and `once` elsewhere.
//!
//! # What is in the file
//!
//! - Requests with method, path, query, and body; of their headers `Content-Type`, those that are
//!   secret (that they were there), and those that were asked for. So a new version of a client does
//!   not make a cassette stale.
//! - Answers with status, headers, and body, without what the wire adds (`Date`, framing, connection).
//!   Bodies are stored decompressed, and JSON as JSON: the order of members stays, white space does
//!   not, and numbers are kept as far as 64 bits go.
//! - Requests that were under way at the same time stand in a group `in_any_order`, sorted, so that
//!   recording again gives the same file.
//! - In texts, `[redacted]` stands where a secret stood, and `[any]` can be written where a value
//!   differs each time, as an id or a date does: both match any text. `[api]` stands for the url of
//!   the API, which is another one each time it is played.
//!
//! # What counts as secret
//!
//! Headers, parameters, fields of forms, and members in JSON whose names say so (`Authorization`,
//! `Cookie`, `x-api-key`, `access_token`, `password`, …) or that `Cassette::secret` names. Their values
//! are taken out of everything else in the file, too, in whatever usual encoding they stand there. In
//! other formats, such as XML or multipart forms, names tell nothing here: only values that are
//! known from elsewhere are found there, so read such a cassette before you commit it.

mod document;
mod error;
#[cfg(feature = "record")]
mod mode;
#[cfg(feature = "record")]
mod proxy;
#[cfg(feature = "record")]
mod recorder;
#[cfg(feature = "record")]
mod redaction;
mod replay;
#[cfg(feature = "record")]
mod store;

pub use error::CassetteError;
#[cfg(feature = "record")]
pub use mode::Mode;
#[cfg(feature = "record")]
pub use recorder::{Cassette, Deck};
