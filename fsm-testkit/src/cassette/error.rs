//! Why a cassette can't be recorded or played.

use std::io;
use std::path::PathBuf;

use crate::conversation::ConversationError;

/// Why a cassette can't be recorded or played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// The file can't be read.
    #[error("can't read the cassette `{path}`; it is recorded with FSM_CASSETTES=record")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is no cassette, or was damaged.
    #[error("the cassette `{path}` is damaged in line {line}: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1; of a body or an exchange as a whole, the one in which the exchange ends.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// The file can't be written. What was there before still is.
    #[error("can't write the cassette `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The environment variable has a value that means nothing.
    #[error("FSM_CASSETTES is `{value}`: it can be replay, once, or record")]
    Mode {
        /// The value.
        value: String,
    },
    /// There can't be an API there.
    #[error("`{url}` is no http or https url without query and user info")]
    Upstream {
        /// The url.
        url: String,
    },
    /// An exchange can't be recorded. No file was written.
    #[error("{request} can't be recorded: {why}")]
    Exchange {
        /// The request in short.
        request: String,
        /// Why not.
        why: String,
    },
    /// The client can't be set up.
    #[error("can't call the real API: {why}")]
    Client {
        /// Why not.
        why: String,
    },
    /// The conversation can't begin.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The conversation went otherwise than the cassette.
    #[error(
        "{source}\n\nThe script is the cassette `{path}`; FSM_CASSETTES=record records it anew."
    )]
    WentWrong {
        /// The file.
        path: PathBuf,
        /// The report.
        source: ConversationError,
    },
}
