//! What keeps a resource from being opened: everything at once, each with its field.

use std::{fmt, io, path::PathBuf};

use crate::{auth::AuthError, secret::SecretError, transport::TransportError};

/// Why a resource cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the resource `{resource}` cannot be opened: {}", list(faults))]
pub struct ResourceError {
    /// The name of the resource.
    pub resource: String,
    /// Everything that was found, one at least.
    pub faults: Vec<ResourceFault>,
}

/// One thing that is wrong with a resource, its surroundings included. No message shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum ResourceFault {
    /// A secret cannot be read.
    #[error("`{field}`: {source}")]
    Secret {
        /// The field that it is for, as in `headers.x-key`.
        field: String,
        /// What is wrong with its source.
        source: SecretError,
    },
    /// A file of root certificates cannot be read.
    #[error("`root_certificates`: the file `{}` cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of root certificates cannot be used.
    #[error("`root_certificates`: the file `{}` cannot be used: {source}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TransportError,
    },
    /// A text cannot stand in a header.
    #[error("`{field}` holds a character that no header may hold, such as a line break")]
    Header {
        /// The field that it is for.
        field: String,
    },
    /// A password without a user, or a user whose name would end at its colon (RFC 7617).
    #[error("`proxy.username` {0}")]
    ProxyUser(&'static str),
    /// A call cannot be made in no time.
    #[error("`timeout` must be more than 0")]
    Timeout,
    /// A place in an answer that is none.
    #[error("`usage.{name}`: `{pointer}` is no JSON pointer (RFC 6901): it begins with `/`")]
    Pointer {
        /// The name of the sum.
        name: String,
        /// The pointer as it was declared.
        pointer: String,
    },
    /// The authorization cannot be used.
    #[error("`auth`: {0}")]
    Auth(#[source] AuthError),
    /// The HTTP client cannot be made with these settings.
    #[error("{0}")]
    Transport(#[source] TransportError),
}

fn list(faults: &[ResourceFault]) -> impl fmt::Display {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    lines.join("; ")
}
