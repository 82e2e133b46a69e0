//! A journal whose process dies: it takes so many records of a run, and no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use fsm_core::Snapshot;
use fsm_core::journal::{
    Entry, History, Journal, JournalError, Letter, Logbook, MemoryJournal, NewRun, RunFilter,
    RunInfo, Standing, TakenUp,
};
use fsm_core::{Fingerprint, Input};
use fsm_patterns::{FlowContext, FlowEvent, FlowJournal, RunFault, RunReport};
use tokio::sync::{Notify, watch};

type Book = Box<dyn Logbook<FlowContext, FlowEvent>>;

/// Wraps a journal; what was to be written after `left` records is lost, and `died` rings.
pub(crate) struct Mortal {
    inner: MemoryJournal<FlowContext, FlowEvent>,
    life: Arc<Life>,
}

struct Life {
    /// How many records there may still be.
    left: Mutex<usize>,
    died: Notify,
}

struct MortalBook {
    inner: Book,
    life: Arc<Life>,
    is_dead: bool,
}

impl Mortal {
    pub(crate) fn new(inner: &MemoryJournal<FlowContext, FlowEvent>, left: usize) -> Self {
        let life = Arc::new(Life { left: Mutex::new(left), died: Notify::new() });
        Self { inner: inner.clone(), life }
    }

    /// Drives a run until it is over, or until the process dies; then everything of it is dropped.
    pub(crate) async fn drive(
        self,
        begin: impl FnOnce(FlowJournal) -> fsm_patterns::DurableRun,
    ) -> Option<Result<RunReport, RunFault>> {
        let life = self.life.clone();
        let run = begin(Arc::new(self));
        tokio::select! {
            report = run.drive() => Some(report),
            () = life.died.notified() => None,
        }
    }

    fn book(&self, inner: Book) -> Book {
        Box::new(MortalBook { inner, life: self.life.clone(), is_dead: false })
    }
}

impl Logbook<FlowContext, FlowEvent> for MortalBook {
    fn append(&mut self, entry: Entry<'_, FlowContext, FlowEvent>) {
        let mut left = self.life.left.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_dead || *left == 0 {
            self.is_dead = true;
            self.life.died.notify_one();
            return;
        }
        *left -= 1;
        self.inner.append(entry);
    }

    fn poll_durable(&mut self, task: &mut Context<'_>) -> Poll<Result<(), JournalError>> {
        if self.is_dead { Poll::Pending } else { self.inner.poll_durable(task) }
    }

    fn poll_letter(&mut self, task: &mut Context<'_>) -> Poll<Letter<FlowEvent>> {
        self.inner.poll_letter(task)
    }

    fn stand(&mut self, standing: Standing<'_>, run: &Snapshot<FlowContext>) {
        if matches!(standing, Standing::Over { .. }) {
            let left = self.life.left.lock().unwrap_or_else(PoisonError::into_inner);
            if *left == 0 {
                self.is_dead = true;
                self.life.died.notify_one();
            }
        }
        if !self.is_dead {
            self.inner.stand(standing, run);
        }
    }

    fn carry_over(&mut self, to: Fingerprint, definition: &str, run: &Snapshot<FlowContext>) {
        self.inner.carry_over(to, definition, run);
    }
}

impl Journal<FlowContext, FlowEvent> for Mortal {
    fn begin(&self, run: NewRun<'_>, first: &Snapshot<FlowContext>) -> Result<Book, JournalError> {
        Ok(self.book(self.inner.begin(run, first)?))
    }

    fn take_up(&self, run: &str) -> Result<TakenUp<FlowContext, FlowEvent>, JournalError> {
        let TakenUp { history, book } = self.inner.take_up(run)?;
        Ok(TakenUp { history, book: self.book(book) })
    }

    fn read(&self, run: &str) -> Result<History<FlowContext, FlowEvent>, JournalError> {
        self.inner.read(run)
    }

    fn info(&self, run: &str) -> Result<RunInfo, JournalError> {
        self.inner.info(run)
    }

    fn list(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        self.inner.list(filter)
    }

    fn adopt(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        self.inner.adopt(filter)
    }

    fn release(&self, run: &str) -> Result<(), JournalError> {
        self.inner.release(run)
    }

    fn post(&self, run: &str, message: &Input<FlowEvent>) -> Result<u64, JournalError> {
        self.inner.post(run, message)
    }

    fn posted_after(&self, number: u64) -> Result<Vec<(u64, String)>, JournalError> {
        self.inner.posted_after(number)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes()
    }
}
