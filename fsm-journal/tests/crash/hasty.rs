//! A journal that says "durable" too soon.

use std::task::{Context, Poll};

use fsm_core::journal::{
    Entry, History, Journal, JournalError, Letter, Logbook, NewRun, RunFilter, RunInfo, Standing,
    TakenUp,
};
use fsm_core::{Fingerprint, Input, Snapshot};
use fsm_journal::SqliteJournal;
use fsm_patterns::{FlowContext, FlowEvent};
use tokio::sync::watch;

type Book = Box<dyn Logbook<FlowContext, FlowEvent>>;

pub(crate) struct Hasty(pub(crate) SqliteJournal<FlowContext, FlowEvent>);

struct HastyBook(Book);

impl Logbook<FlowContext, FlowEvent> for HastyBook {
    fn append(&mut self, entry: Entry<'_, FlowContext, FlowEvent>) {
        self.0.append(entry);
    }

    fn poll_durable(&mut self, _: &mut Context<'_>) -> Poll<Result<(), JournalError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_letter(&mut self, task: &mut Context<'_>) -> Poll<Letter<FlowEvent>> {
        self.0.poll_letter(task)
    }

    fn stand(&mut self, standing: Standing<'_>, run: &Snapshot<FlowContext>) {
        self.0.stand(standing, run);
    }

    fn carry_over(&mut self, print: Fingerprint, text: &str, run: &Snapshot<FlowContext>) {
        self.0.carry_over(print, text, run);
    }
}

impl Journal<FlowContext, FlowEvent> for Hasty {
    fn begin(&self, run: NewRun<'_>, first: &Snapshot<FlowContext>) -> Result<Book, JournalError> {
        Ok(Box::new(HastyBook(self.0.begin(run, first)?)))
    }

    fn take_up(&self, run: &str) -> Result<TakenUp<FlowContext, FlowEvent>, JournalError> {
        let TakenUp { history, book } = self.0.take_up(run)?;
        Ok(TakenUp { history, book: Box::new(HastyBook(book)) })
    }

    fn read(&self, run: &str) -> Result<History<FlowContext, FlowEvent>, JournalError> {
        self.0.read(run)
    }

    fn info(&self, run: &str) -> Result<RunInfo, JournalError> {
        self.0.info(run)
    }

    fn list(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        self.0.list(filter)
    }

    fn adopt(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        self.0.adopt(filter)
    }

    fn release(&self, run: &str) -> Result<(), JournalError> {
        self.0.release(run)
    }

    fn post(&self, run: &str, message: &Input<FlowEvent>) -> Result<u64, JournalError> {
        self.0.post(run, message)
    }

    fn posted_after(&self, number: u64) -> Result<Vec<(u64, String)>, JournalError> {
        self.0.posted_after(number)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes()
    }
}
