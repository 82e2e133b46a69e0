//! A request that is expected, before it is said what becomes of it.

use std::sync::Arc;

use bytes::Bytes;

use super::answer::{Answer, Reply, Sent};
use super::incoming::Incoming;
use super::request::Request;
use super::script::Exchange;
use super::times::Times;
use super::{Conversation, Draft};

/// A request that is expected. What becomes of it has to be said next, and leads back to the
/// [`Conversation`].
#[derive(Debug)]
#[must_use = "say what becomes of the request, as in `.answer(…)`"]
pub struct Expectation {
    conversation: Conversation,
    request: Request,
    times: Times,
    place: Place,
}

/// Where in the conversation the request belongs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Next,
    Anywhere,
}

impl Expectation {
    pub(super) fn new(conversation: Conversation, request: Request, place: Place) -> Self {
        let times = match place {
            Place::Next => Times::ONCE,
            Place::Anywhere => Times::ANY,
        };
        Self { conversation, request, times, place }
    }

    /// It comes exactly so many times, and each is answered alike.
    pub fn times(mut self, count: u32) -> Self {
        self.times = Times { least: count, most: Some(count) };
        self
    }

    /// It comes so many times or more. Once it came often enough, a request that fits what follows
    /// *and* this is still taken for this.
    pub fn at_least(mut self, count: u32) -> Self {
        self.times = Times { least: count, most: None };
        self
    }

    /// It comes so many times, or less, or not at all.
    pub fn at_most(mut self, count: u32) -> Self {
        self.times = Times { least: 0, most: Some(count) };
        self
    }

    /// It is answered like this.
    pub fn answer(self, answer: Answer) -> Conversation {
        self.reply(Reply::Fixed(Sent::Answer(answer)))
    }

    /// It is answered with what is made of the request.
    pub fn answer_with(
        self,
        make: impl Fn(&Incoming) -> Answer + Send + Sync + 'static,
    ) -> Conversation {
        self.reply(Reply::Made(Arc::new(make)))
    }

    /// The connection is reset (RST) before a byte of an answer.
    pub fn reset(self) -> Conversation {
        self.reply(Reply::Fixed(Sent::Reset))
    }

    /// The connection is closed (FIN) before a byte of an answer.
    pub fn close(self) -> Conversation {
        self.reply(Reply::Fixed(Sent::Close))
    }

    /// Nothing comes. The connection stays open until the client gives up or the API is gone.
    pub fn stall(self) -> Conversation {
        self.reply(Reply::Fixed(Sent::Stall))
    }

    /// Bytes that are no HTTP come, and then the connection is closed.
    pub fn garbage(self, bytes: impl Into<Bytes>) -> Conversation {
        self.reply(Reply::Fixed(Sent::Garbage(bytes.into())))
    }

    fn reply(self, reply: Reply) -> Conversation {
        let Self { mut conversation, request, times, place } = self;
        let exchange = Exchange::new(request, times, reply);
        match place {
            Place::Next => conversation.parts.push(Draft::Exchange(Box::new(exchange))),
            Place::Anywhere => conversation.anywhere.push(exchange),
        }
        conversation
    }
}
