//! Why a conversation can't begin, and how it went wrong.

use std::io;
use std::net::SocketAddr;

use super::account::Account;

/// Why a conversation can't begin, or that it went wrong.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConversationError {
    /// The script can't be played.
    #[error("the script can't be played: {}", list(.0))]
    Script(Vec<ScriptFault>),
    /// No port could be bound.
    #[error("can't serve on {address}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The conversation went otherwise than its script.
    #[error("{0}")]
    WentWrong(Box<Account>),
}

/// The same as `Display`: this is what `unwrap` and a test that returns an error show, and a report
/// of many lines is not to be read in escapes.
impl std::fmt::Debug for ConversationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptFault {
    /// A path that no request has.
    #[error("the path `{path}` does not begin with a slash")]
    Path {
        /// The path.
        path: String,
    },
    /// A status that ends no request.
    #[error("{status} is no status from 200 to 599")]
    Status {
        /// The status.
        status: u16,
    },
    /// A header that can't be.
    #[error("`{name}` is no name of a header, or its value holds what no header can")]
    Header {
        /// Its name.
        name: String,
    },
    /// A request that is expected no times.
    #[error("`{request}` is expected 0 times: leave it out")]
    Never {
        /// The request in short.
        request: String,
    },
    /// An ending that is none.
    #[error("a body of {length} bytes can't end early after {after}")]
    Ending {
        /// Where it should end.
        after: usize,
        /// How long it is.
        length: usize,
    },
    /// Pieces without a byte.
    #[error("a body can't drip in pieces of 0 bytes")]
    Drip,
}

fn list(faults: &[ScriptFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
