//! Runs that are kept in a journal: what the commands over it share.
//!
//! | module | what it holds |
//! |---|---|
//! | `trouble` | what can go wrong, its exit code, and what to do about it |
//! | `find` | a run by its id, or by the beginning of it |
//! | `past` | what a run did, with the flow that it followed |
//! | `attend` | a run that is taken up, or waited for, until it is over |
//! | `line` | a run in a list: its status, as data |
//! | `table` | lists, for people and for scripts |
//! | `detail` | one run, and what happened to it |
//! | `when` | points in time and ages |

pub(crate) mod attend;
pub(crate) mod detail;
pub(crate) mod find;
pub(crate) mod line;
pub(crate) mod past;
pub(crate) mod table;
mod trouble;
pub(crate) mod when;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use fsm_core::journal::{Journal, JournalError};
use fsm_journal::{Options, SqliteJournal};
use fsm_patterns::{EngineError, FlowContext, FlowEvent, FlowJournal, ResumeError, RunFault};

use crate::error::CommandError;
pub(crate) use trouble::Trouble;

/// The journal on disk.
pub(crate) type Disk = SqliteJournal<FlowContext, FlowEvent>;

/// Where the runs are kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct JournalArgs {
    /// The folder of the journal.
    #[arg(long = "journal", value_name = "DIR", env = "FSM_JOURNAL", value_parser = folder)]
    pub(crate) dir: PathBuf,
}

/// An empty path comes from a variable of the shell that is not set.
pub(crate) fn folder(text: &str) -> Result<PathBuf, String> {
    match text.is_empty() {
        true => Err("the path must not be empty".to_owned()),
        false => Ok(text.into()),
    }
}

/// An open journal, and what it is called.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) dir: PathBuf,
    pub(crate) disk: Disk,
}

impl Store {
    /// Opens a journal, and makes it where there is none.
    pub(crate) fn make(dir: &Path) -> Result<Self, CommandError> {
        Self::of(dir, Disk::open(dir))
    }

    /// Opens a journal that must be there.
    pub(crate) fn open(args: &JournalArgs) -> Result<Self, CommandError> {
        Self::open_with(args, Options::new())
    }

    /// As [`open`](Self::open), with options.
    pub(crate) fn open_with(args: &JournalArgs, options: Options) -> Result<Self, CommandError> {
        Self::of(&args.dir, Disk::open_existing(&args.dir, options))
    }

    fn of(dir: &Path, opened: Result<Disk, JournalError>) -> Result<Self, CommandError> {
        let dir = dir.to_owned();
        match opened {
            Ok(disk) => Ok(Self { dir, disk }),
            Err(source) => Err(Trouble::Journal { dir, source }.into()),
        }
    }

    /// As the libraries want it.
    pub(crate) fn shared(&self) -> FlowJournal {
        Arc::new(self.disk.clone())
    }

    /// The journal refused, or can't be used.
    pub(crate) fn refused(&self, source: JournalError) -> CommandError {
        Trouble::Journal { dir: self.dir.clone(), source }.into()
    }

    /// A run stopped before its end.
    pub(crate) fn stopped(&self, run: &str, source: RunFault) -> CommandError {
        let dir = self.dir.clone();
        match source {
            // It did not begin, or somebody else has it.
            RunFault::Journal { source, .. } if !trouble::is_unusable(&source) => {
                Trouble::Journal { dir, source }.into()
            }
            source => {
                // Where the very beginning could not be written, there is nothing to go on with.
                let found = self.disk.info(run);
                let is_kept = !matches!(found, Err(JournalError::NoSuchRun { .. }));
                Trouble::Stopped { run: run.to_owned(), dir, is_kept, source }.into()
            }
        }
    }

    /// A run can't be taken up.
    pub(crate) fn not_resumed(&self, run: &str, source: ResumeError) -> CommandError {
        let dir = self.dir.clone();
        match source {
            ResumeError::Journal(source) => Trouble::Journal { dir, source }.into(),
            source => {
                Trouble::NotResumed { run: run.to_owned(), dir, source: Arc::new(source) }.into()
            }
        }
    }

    /// The engine can't do what it was asked for with a run.
    pub(crate) fn of_engine(&self, run: &str, error: EngineError) -> CommandError {
        match error {
            EngineError::Journal(source) => self.refused(source),
            EngineError::Stopped(source) => self.stopped(run, source),
            EngineError::Resume(source) => {
                let (run, dir) = (run.to_owned(), self.dir.clone());
                Trouble::NotResumed { run, dir, source }.into()
            }
            other => Trouble::Engine(other).into(),
        }
    }
}

/// A path, or an id, as a shell takes it.
pub(crate) fn for_shell(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./:+,=@%".contains(it);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// What is said where a run is left as it is.
pub(crate) fn left(run: &str, dir: &Path) -> String {
    format!("run {run} is left as it is: `{}` goes on with it", command("resume", run, dir))
}

/// The command that does something with a run: `fsm resume ID --journal DIR`.
pub(crate) fn command(verb: &str, run: &str, dir: &Path) -> String {
    let dir = for_shell(&dir.display().to_string());
    format!("fsm {verb} {} --journal {dir}", for_shell(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(
            command("resume", "r-1", Path::new("./runs")),
            "fsm resume r-1 --journal ./runs"
        );
        assert_eq!(
            command("resume", "it's", Path::new("my runs")),
            r"fsm resume 'it'\''s' --journal 'my runs'"
        );
    }
}
