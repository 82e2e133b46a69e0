//! What can go wrong with runs in a journal.

use std::path::PathBuf;
use std::sync::Arc;

use fsm_core::journal::{JournalError, ReplayFault};
use fsm_patterns::{AnswersError, EngineError, ResumeError, RunFault};

use super::{command, for_shell};
use crate::exit::Exit;

/// What can go wrong with runs in a journal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The journal refuses, or can't be used.
    #[error("{source} (journal {})", dir.display())]
    Journal { dir: PathBuf, source: JournalError },

    /// A run stopped before its end.
    #[error("{source} (journal {})", dir.display())]
    Stopped { run: String, dir: PathBuf, source: RunFault },

    /// A run can't be taken up.
    #[error("{source}")]
    NotResumed { run: String, dir: PathBuf, source: Arc<ResumeError> },

    /// Something else that the engine refuses.
    #[error(transparent)]
    Engine(EngineError),

    /// Several runs have ids that begin so.
    #[error("{count} runs have an id that begins with `{given}`:{}", listed(.ids, *.count))]
    Ambiguous { given: String, ids: Vec<String>, count: usize },

    /// The journal does not say how the flow of a run is made.
    #[error("the journal holds no text of the flow `{flow}` that run `{run}` follows")]
    NoText { run: String, flow: String },

    /// The text in the journal is no flow for this version.
    #[error("the flow `{flow}` that run `{run}` follows can't be read from the journal: {why}")]
    BadText { run: String, flow: String, why: String },

    /// The run is over, and what the journal holds is no result of a flow.
    #[error("run `{run}` is over, and the journal holds no result of it: {why}")]
    NoResult { run: String, why: String },

    /// The records of a run can't be repeated.
    #[error("run `{run}` can't be repeated: {source}")]
    Replay { run: String, source: ReplayFault },

    /// There is no such point in the history of a run.
    #[error("{source}")]
    NoSuchMoment { source: ReplayFault },

    /// The run never came to a point of its history.
    #[error("run `{run}` never came to `{moment}`")]
    NeverThere { run: String, moment: String },

    /// There are no answers to rehearse with.
    #[error("{what}: {source}")]
    Answers { what: String, source: AnswersError },

    /// A step waits for a signal, and nobody could send one.
    #[error(
        "{what} can't be run without a journal: `{step}` waits for the signal `{signal}` without a \
         timeout, and nobody could send it; nothing was sent"
    )]
    NobodyCouldSignal { what: String, step: String, signal: String },

    /// Some runs stopped, and each was told.
    #[error("{stopped} of {all} runs stopped before their end")]
    SomeStopped { stopped: usize, all: usize, is_journal: bool },
}

fn listed(ids: &[String], count: usize) -> String {
    let mut text: String = ids.iter().map(|id| format!("\n  {id}")).collect();
    if count > ids.len() {
        text += &format!("\n  and {} more", count - ids.len());
    }
    text
}

/// Whether the journal itself is the trouble, and not what it was asked for.
pub(super) fn is_unusable(error: &JournalError) -> bool {
    match error {
        JournalError::NoSuchRun { .. }
        | JournalError::Exists { .. }
        | JournalError::KeyTaken { .. }
        | JournalError::Driven { .. }
        | JournalError::Pruned { .. }
        | JournalError::Over { .. } => false,
        // Whatever else a journal may come to say: it did not do its work.
        _ => true,
    }
}

impl Trouble {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Trouble::Journal { dir, source } => {
                let on = |verb: &str, run: &str| command(verb, run, dir);
                let dir = for_shell(&dir.display().to_string());
                match source {
                    JournalError::Damaged { .. } => format!(
                        "nothing was changed; put a copy of the whole folder in its place. \
                         `fsm runs --check --journal {dir}` reads everything"
                    ),
                    JournalError::Lost { .. } => format!(
                        "put a newer copy of the whole folder in its place, or go on with what is \
                         there: `fsm runs --accept-loss --journal {dir}`"
                    ),
                    JournalError::Format { .. } => {
                        "use the version of fsm that wrote it, or a newer one".to_owned()
                    }
                    JournalError::NoSuchRun { .. } => {
                        format!("`fsm runs --journal {dir}` lists them")
                    }
                    JournalError::Exists { run } => {
                        format!("`{}` goes on with it, or shows its result", on("resume", run))
                    }
                    JournalError::KeyTaken { run, .. } => {
                        format!("it is under way: `{}` shows how it stands", on("runs", run))
                    }
                    JournalError::Driven { run, .. } => format!(
                        "it goes on there; `{}` shows how it stands, `{}` ends it",
                        on("runs", run),
                        on("cancel", run)
                    ),
                    JournalError::Over { run, .. } => {
                        format!("`{}` prints its result", on("resume", run))
                    }
                    JournalError::Pruned { run } => {
                        format!("`{}` prints its result", on("resume", run))
                    }
                    _ => return None,
                }
            }
            Trouble::Stopped { run, dir, .. } => format!(
                "it is not over, and what is written is safe: when the cause is gone, `{}` goes on",
                command("resume", run, dir)
            ),
            Trouble::NotResumed { run, dir, source } => match &**source {
                ResumeError::Changed { .. } => format!(
                    "`{}` with `--flow FILE` lets it go on along FILE; `--rename OLD=NEW` says what a \
                     step is called there, `--drop NAME` gives up the result of one that is gone",
                    command("resume", run, dir)
                ),
                _ => return None,
            },
            Trouble::Ambiguous { .. } => "give more of the id".to_owned(),
            Trouble::NeverThere { .. } | Trouble::NoSuchMoment { .. } => {
                "without `--to`, `fsm replay` tells all that happened".to_owned()
            }
            Trouble::NobodyCouldSignal { .. } => "give it a journal: `--journal DIR`".to_owned(),
            Trouble::NoText { .. } | Trouble::BadText { .. } => {
                "give its file: `fsm resume ID --flow FILE`".to_owned()
            }
            Trouble::Engine(_)
            | Trouble::NoResult { .. }
            | Trouble::Replay { .. }
            | Trouble::Answers { .. }
            | Trouble::SomeStopped { .. } => return None,
        };
        Some(hint)
    }

    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Trouble::Journal { source, .. } if is_unusable(source) => Exit::NoJournal,
            Trouble::Stopped { source: RunFault::Journal { .. }, .. }
            | Trouble::SomeStopped { is_journal: true, .. } => Exit::NoJournal,
            Trouble::Stopped { .. } | Trouble::SomeStopped { .. } => Exit::NotCompleted,
            Trouble::Journal { .. }
            | Trouble::NotResumed { .. }
            | Trouble::Engine(_)
            | Trouble::Ambiguous { .. }
            | Trouble::NoText { .. }
            | Trouble::BadText { .. }
            | Trouble::NoResult { .. }
            | Trouble::Replay { .. }
            | Trouble::NoSuchMoment { .. }
            | Trouble::NeverThere { .. }
            | Trouble::Answers { .. }
            | Trouble::NobodyCouldSignal { .. } => Exit::Wrong,
        }
    }
}
