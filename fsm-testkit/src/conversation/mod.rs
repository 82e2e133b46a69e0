//! A scripted API over real HTTP: a test is a conversation.
//!
//! Expect this request, give that answer: the API listens on loopback, takes requests in the order
//! of its script, and answers as it says. What comes otherwise is answered with the status 599 and
//! the reason; and at the end [`finish`](ScriptedApi::finish) reports, line by line, what was
//! expected and what came.
//!
//! ```
//! use std::time::Duration;
//! use fsm_testkit::conversation::{Answer, Conversation, Request, any};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let api = Conversation::new()
//!     .expect(Request::post("/orders").json(json!({ "sku": 7 })).header("idempotency-key", any()))
//!     .answer(Answer::json(201, json!({ "id": 1 })))
//!     .expect(Request::get("/orders/1"))
//!     .answer(Answer::status(503).header("retry-after", "1"))
//!     .expect(Request::get("/orders/1"))
//!     .answer(Answer::json(200, json!({ "id": 1 })).after(Duration::from_millis(5)))
//!     .start()
//!     .await?;
//! assert!(api.url().starts_with("http://127.0.0.1:"));
//!
//! // Nobody called: the report says which exchanges did not happen.
//! let report = api.finish().await.expect_err("nobody called").to_string();
//! assert!(report.contains("✘  1  POST /orders → 201"), "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! # Order
//!
//! Requests are expected one after the other. [`in_any_order`](Conversation::in_any_order) loosens
//! that where calls run side by side, and [`in_order`](Conversation::in_order) within it ties
//! together again what belongs to one of them. [`whenever`](Conversation::whenever) lets a request
//! come at any time, as that for a token does.
//!
//! # Faults
//!
//! A connection that is [reset](Expectation::reset), [closed](Expectation::close), or [never
//! answered](Expectation::stall); [garbage](Expectation::garbage) in place of an answer; a body
//! that [drips](Answer::drip), or is [cut](Answer::cut_body), [reset](Answer::reset_body), or
//! [stalled](Answer::stall_body) on its way. They happen on the wire, to a real client.
//!
//! # What it speaks
//!
//! HTTP/1.0 and HTTP/1.1 without TLS, with connections that are kept. A request is taken in when its
//! body is there; one that is given up before is none. Bodies may have 16 MiB.

mod account;
mod answer;
mod api;
mod body;
mod comparison;
mod error;
mod expectation;
pub(crate) mod holes;
mod incoming;
mod json;
mod path;
mod request;
mod script;
pub(crate) mod secrets;
mod text;
mod times;
pub(crate) mod wire;

pub use account::Account;
pub use answer::Answer;
#[cfg(feature = "record")]
pub(crate) use answer::Sent;
pub use api::ScriptedApi;
pub use error::{ConversationError, ScriptFault};
pub use expectation::Expectation;
pub use incoming::Incoming;
pub(crate) use incoming::pairs;
pub use request::Request;
pub use text::{Text, any, containing, same, starting_with, such_that};

use expectation::Place;
use script::{Exchange, Script};
use secrets::SecretNames;

/// The script of a conversation, exchange by exchange.
///
/// An empty one expects no request at all.
#[derive(Clone, Debug, Default)]
#[must_use = "a conversation does nothing until it is started"]
pub struct Conversation {
    parts: Vec<Draft>,
    anywhere: Vec<Exchange>,
    secrets: SecretNames,
}

/// A part of a script that is being written.
#[derive(Clone, Debug)]
enum Draft {
    Exchange(Box<Exchange>),
    InOrder(Vec<Draft>),
    AnyOrder(Vec<Draft>),
}

impl Conversation {
    /// A conversation in which nothing is said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// This request comes next, once, unless it is said how often.
    pub fn expect(self, request: Request) -> Expectation {
        Expectation::new(self, request, Place::Next)
    }

    /// This request may come at any time and any number of times, unless it is said how often. What
    /// comes next in order goes before.
    pub fn whenever(self, request: Request) -> Expectation {
        Expectation::new(self, request, Place::Anywhere)
    }

    /// What is said within comes in whatever order, also mixed. All of it is due before what follows.
    /// Where a request fits several, it is taken for the first.
    ///
    /// ```
    /// use fsm_testkit::conversation::{Answer, Conversation, Request};
    ///
    /// let conversation = Conversation::new().in_any_order(|side_by_side| {
    ///     side_by_side
    ///         .expect(Request::get("/users/1")).answer(Answer::status(200))
    ///         .in_order(|posts| {
    ///             posts
    ///                 .expect(Request::get("/posts")).answer(Answer::status(503))
    ///                 .expect(Request::get("/posts")).answer(Answer::status(200))
    ///         })
    /// });
    /// # drop(conversation);
    /// ```
    pub fn in_any_order(self, within: impl FnOnce(Self) -> Self) -> Self {
        self.group(within, Draft::AnyOrder)
    }

    /// What is said within comes one after the other. It says something new only within
    /// [`in_any_order`](Self::in_any_order).
    pub fn in_order(self, within: impl FnOnce(Self) -> Self) -> Self {
        self.group(within, Draft::InOrder)
    }

    /// Headers, parameters, fields, and members in JSON of this name are secret, too: reports leave
    /// their values out. Case, `-`, and `_` make no difference. Names such as `Authorization`,
    /// `Cookie`, `x-api-key`, `access_token`, or `password` are secret anyway.
    pub fn secret(mut self, name: &str) -> Self {
        self.secrets.insert(name);
        self
    }

    /// Listens on a free port of the loopback interface, on the tokio runtime of the caller.
    ///
    /// # Errors
    /// [`ConversationError::Script`] with all that is wrong with the script, or
    /// [`ConversationError::Bind`].
    pub async fn start(self) -> Result<ScriptedApi, ConversationError> {
        let mut faults = Vec::new();
        self.parts.iter().for_each(|part| part.faults(&mut faults));
        self.anywhere.iter().for_each(|exchange| exchange.faults(&mut faults));
        if !faults.is_empty() {
            return Err(ConversationError::Script(faults));
        }
        ScriptedApi::serve(Script::new(self)).await
    }

    /// The same, with these names of secrets, too.
    #[cfg(feature = "record")]
    pub(crate) fn hiding(mut self, secrets: SecretNames) -> Self {
        self.secrets.extend(secrets);
        self
    }

    fn group(mut self, within: impl FnOnce(Self) -> Self, wrap: fn(Vec<Draft>) -> Draft) -> Self {
        let Self { parts, anywhere, secrets } = within(Self::new());
        self.parts.push(wrap(parts));
        self.anywhere.extend(anywhere);
        self.secrets.extend(secrets);
        self
    }
}

impl Draft {
    fn faults(&self, faults: &mut Vec<ScriptFault>) {
        match self {
            Self::Exchange(exchange) => exchange.faults(faults),
            Self::InOrder(parts) | Self::AnyOrder(parts) => {
                parts.iter().for_each(|part| part.faults(faults));
            }
        }
    }
}

impl Exchange {
    fn faults(&self, faults: &mut Vec<ScriptFault>) {
        faults.extend(self.request.faults.iter().cloned());
        faults.extend(self.reply.faults());
        if !self.times.leaves_room(0) {
            faults.push(ScriptFault::Never { request: self.request.line() });
        }
    }
}
