//! From a cassette to the script of a conversation.

use std::fs;
use std::path::{Path, PathBuf};

use super::document::{Answer as Recorded, Body, Document, Exchange, Item, Request as Asked};
use super::error::CassetteError;
use crate::conversation::{Answer, Conversation, Request, Text, pairs};

impl Conversation {
    /// The conversation that a [cassette](crate::cassette) holds.
    ///
    /// # Errors
    /// [`CassetteError::Read`] where there is no such file, and [`CassetteError::Damaged`], with the
    /// line, where it is no cassette.
    pub fn from_cassette(path: impl Into<PathBuf>) -> Result<Self, CassetteError> {
        Ok(script(read(&path.into())?))
    }
}

/// Reads a cassette.
pub(super) fn read(path: &Path) -> Result<Document, CassetteError> {
    let text = fs::read_to_string(path)
        .map_err(|source| CassetteError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|error| {
        let line = error.line();
        let place = format!(" at line {line} column {}", error.column());
        let why = error.to_string().replace(&place, "");
        CassetteError::Damaged { path: path.to_owned(), line, why }
    })
}

/// The script that says what a cassette holds.
pub(super) fn script(document: Document) -> Conversation {
    let say = |conversation: Conversation, Exchange { request, answer }| {
        conversation.expect(expected(request)).answer(given(answer))
    };
    document.conversation.into_iter().fold(Conversation::new(), |conversation, item| match item {
        Item::Exchange(exchange) => say(conversation, *exchange),
        Item::InAnyOrder(exchanges) => {
            conversation.in_any_order(|group| exchanges.into_iter().fold(group, say))
        }
    })
}

fn expected(asked: Asked) -> Request {
    let Asked { method, path, query, headers, body } = asked;
    let query = pairs(&query.join("&"))
        .map(|(name, value)| (name, Text::with_holes(value)))
        .collect::<Vec<_>>();
    let mut request = Request::recorded(method, &path, query);
    for (name, value) in headers.iter() {
        request = request.header(name, Text::with_holes(value));
    }
    match body {
        Body::Empty => request.no_body(),
        Body::Json(value) => request.recorded_json(value),
        Body::Text(text) => request.text(Text::with_holes(text)),
        Body::Bytes(bytes) => request.bytes(bytes),
    }
}

fn given(recorded: Recorded) -> Answer {
    let Recorded { status, headers, body } = recorded;
    let mut answer = Answer::status(status);
    for (name, value) in headers.iter() {
        answer = answer.header(name, value);
    }
    let answer = match body {
        Body::Empty => answer,
        Body::Json(value) => answer.body(value.to_string()),
        Body::Text(text) => answer.body(text),
        Body::Bytes(bytes) => answer.body(bytes),
    };
    answer.naming_the_api()
}
