//! Exit codes: part of the contract with scripts.

use std::process::ExitCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was asked for.
    Completed,
    /// A run had another outcome, or its result could not be written.
    NotCompleted,
    /// Two files differ, and that was asked for.
    Differs,
    /// The file or the arguments are wrong; nothing was sent.
    Wrong,
    /// The journal can't be used.
    NoJournal,
}

/// What a second SIGINT ends with at once: 128 and the signal's number, as shells have it.
pub(crate) const INTERRUPTED: i32 = 130;

/// What SIGTERM ends with where it leaves runs in a journal.
pub(crate) const TERMINATED: i32 = 143;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Completed => ExitCode::SUCCESS,
            Exit::NotCompleted | Exit::Differs => ExitCode::from(1),
            Exit::Wrong => ExitCode::from(2),
            Exit::NoJournal => ExitCode::from(3),
        }
    }
}
