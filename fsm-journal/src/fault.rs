//! What SQLite says, as a [`JournalError`].

use fsm_core::journal::JournalError;
use rusqlite::ErrorCode;

/// An error of SQLite; `what` follows "can't".
pub(crate) fn sqlite(what: &str, fault: &rusqlite::Error) -> JournalError {
    match fault.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => JournalError::Damaged {
            what: format!("it can't {what}: {fault}; put a copy of the whole folder in its place"),
        },
        Some(ErrorCode::DiskFull) => JournalError::storage(
            what,
            Hint {
                fault: fault.to_string(),
                advice: "make room; `prune` removes runs that are over",
            },
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::storage(
            what,
            Hint {
                fault: fault.to_string(),
                advice: "another program keeps the database locked; end it",
            },
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            JournalError::storage(
                what,
                Hint {
                    fault: fault.to_string(),
                    advice: "this user must be able to write to the folder and its files",
                },
            )
        }
        _ => match fault {
            // A column that is not what the format says.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => {
                JournalError::Damaged { what: format!("it can't {what}: {fault}") }
            }
            fault => JournalError::storage(what, Plain(fault.to_string())),
        },
    }
}

/// Something that is not as it was written.
pub(crate) fn damaged(what: impl Into<String>) -> JournalError {
    JournalError::Damaged { what: what.into() }
}

#[derive(Debug, thiserror::Error)]
#[error("{fault}; {advice}")]
struct Hint {
    fault: String,
    advice: &'static str,
}

/// An error of SQLite that was told to somebody already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Plain(String);

/// There is no journal where one was to be opened.
#[derive(Debug, thiserror::Error)]
#[error("there is no journal in `{dir}`: is it the folder that the runs were begun with?")]
pub(crate) struct Missing {
    pub(crate) dir: String,
}
