//! What is handed to the writer.

use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender};

use fsm_core::journal::JournalError;

use super::hand::{Broken, Hand};
use crate::chain::Seal;
use crate::desk::Desk;
use crate::head::Head;

pub(crate) enum Message {
    /// A new run.
    Begin(Box<Begin>),
    /// More of a run.
    Page(Page),
    /// Something else that is written; whoever asked waits for it.
    Job(Box<dyn Job>),
    /// Whoever asked waits until everything before is durable.
    Settle(SyncSender<()>),
    /// The journal is closed: nothing comes after it.
    Close,
}

/// A new run.
pub(crate) struct Begin {
    pub(crate) desk: Arc<Desk>,
    /// Counted from 1 for each run.
    pub(crate) page: u64,
    pub(crate) head: Head,
    pub(crate) first: SnapshotRow,
    pub(crate) definition: String,
    /// Whether a completed run loses its key to this one.
    pub(crate) force: bool,
    /// Where whoever begins it waits to hear whether it may: a key is held against other processes.
    pub(crate) answer: Option<Sender<Result<(), JournalError>>>,
}

/// More of a run; what is set is written.
pub(crate) struct Page {
    pub(crate) desk: Arc<Desk>,
    pub(crate) page: u64,
    pub(crate) record: Option<RecordRow>,
    /// The letter that the record came in.
    pub(crate) letter: Option<u64>,
    /// The line of the run, where it has changed.
    pub(crate) head: Option<Box<Head>>,
    pub(crate) snapshot: Option<Box<SnapshotRow>>,
    /// With the first snapshot of an epoch: what the machine was made from.
    pub(crate) definition: Option<String>,
}

/// A row of `records`.
#[derive(Debug, PartialEq)]
pub(crate) struct RecordRow {
    pub(crate) number: u64,
    pub(crate) at: u64,
    pub(crate) trail: u32,
    pub(crate) input: String,
    pub(crate) chain: u32,
}

/// A row of `snapshots`.
#[derive(Debug)]
pub(crate) struct SnapshotRow {
    pub(crate) epoch: u32,
    pub(crate) kind: Kind,
    /// How many records came before it.
    pub(crate) records: u64,
    /// The check of the last of them.
    pub(crate) chain: u32,
    pub(crate) fingerprint: String,
    /// The hash of what the machine was made from.
    pub(crate) definition: String,
    pub(crate) snapshot: String,
    pub(crate) seal: u32,
}

impl SnapshotRow {
    /// What its check has to be.
    pub(crate) fn check(&self, run: &str) -> u32 {
        Seal::after(self.chain)
            .text(run)
            .number(u64::from(self.epoch))
            .text(self.kind.name())
            .number(self.records)
            .text(&self.fingerprint)
            .text(&self.definition)
            .text(&self.snapshot)
            .done()
    }
}

/// Which snapshot of its epoch one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// That it begins with.
    First,
    /// The last one that was kept.
    Last,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::First => "first",
            Kind::Last => "last",
        }
    }
}

/// Something that is written in the writer's transaction, and answered when that is durable.
pub(crate) trait Job: Send {
    fn write(&mut self, hand: &mut Hand<'_>) -> Result<(), Broken>;

    fn answer(self: Box<Self>, fate: Result<(), JournalError>);
}

/// A job made of a closure. Where the closure refuses, it must not have written anything.
pub(crate) struct Task<F, T> {
    work: Option<F>,
    result: Option<Result<T, JournalError>>,
    answer: Sender<Result<T, JournalError>>,
}

impl<F, T> Task<F, T> {
    pub(crate) fn new(work: F, answer: Sender<Result<T, JournalError>>) -> Self {
        Self { work: Some(work), result: None, answer }
    }
}

impl<F, T> Job for Task<F, T>
where
    F: FnOnce(&mut Hand<'_>) -> Result<Result<T, JournalError>, Broken> + Send,
    T: Send,
{
    fn write(&mut self, hand: &mut Hand<'_>) -> Result<(), Broken> {
        if let Some(work) = self.work.take() {
            self.result = Some(work(hand)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, fate: Result<(), JournalError>) {
        let answer = match (fate, self.result) {
            (Err(fault), _) => Err(fault),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => return,
        };
        // Whoever asked may be gone.
        let _ = self.answer.send(answer);
    }
}
