//! The journal of one run that is written here.

use std::marker::PhantomData;
use std::task::{Context, Poll};

use fsm_core::journal::{Entry, JournalError, Letter, Logbook, RunPhase, Standing};
use fsm_core::{Fingerprint, Input, Snapshot, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::chain;
use crate::fault::damaged;
use crate::head::{Head, micros};
use crate::json;
use crate::post;
use crate::rows::hash_of;
use crate::store::Seat;
use crate::writer::{Kind, Message, Page, RecordRow, SnapshotRow};

/// After so many records a snapshot is kept, if they are also larger than two of it.
const RECORDS: u64 = 64;

pub(crate) struct Book<C, E> {
    seat: Seat,
    head: Head,
    /// The hash of what the machine was made from.
    definition: String,
    /// The last page that was handed over.
    page: u64,
    since: Since,
    /// Why nothing more is handed over.
    broken: Option<JournalError>,
    made_of: PhantomData<fn() -> (C, E)>,
}

/// What came since the last snapshot.
#[derive(Debug, Default)]
struct Since {
    records: u64,
    bytes: usize,
    /// How large that snapshot was.
    size: usize,
}

impl<C, E> Book<C, E> {
    /// Of a run whose line is, or was handed over, as `head` says; `page` was the last page.
    pub(crate) fn new(seat: Seat, head: Head, definition: String, page: u64, size: usize) -> Self {
        let since = Since { size, ..Since::default() };
        Self { seat, head, definition, page, since, broken: None, made_of: PhantomData }
    }

    fn hand_over(&mut self, page: Page) {
        let page = Page { page: self.page + 1, ..page };
        self.page = page.page;
        self.seat.store.send(Message::Page(page));
    }

    fn blank(&self) -> Page {
        Page {
            desk: self.seat.desk.clone(),
            page: 0,
            record: None,
            letter: None,
            head: None,
            snapshot: None,
            definition: None,
        }
    }

    fn write_down<T: Serialize>(&mut self, what: &str, value: &T, text: String) -> Option<String> {
        match json::write(value, text) {
            Ok(text) => Some(text),
            Err(fault) => {
                let what = format!("write {what} of run `{}` as JSON", self.head.id);
                self.broken = Some(JournalError::storage(what, fault));
                None
            }
        }
    }
}

impl<C: Serialize, E> Book<C, E> {
    fn snapshot(&mut self, kind: Kind, run: &Snapshot<C>) -> Option<Box<SnapshotRow>> {
        let snapshot = self.write_down("the snapshot", run, String::new())?;
        self.since = Since { size: snapshot.len(), ..Since::default() };
        Some(Box::new(row(&self.head, &self.definition, kind, snapshot)))
    }
}

/// A snapshot of a run that stands where its line says.
pub(crate) fn row(head: &Head, definition: &str, kind: Kind, snapshot: String) -> SnapshotRow {
    let row = SnapshotRow {
        epoch: head.epochs,
        kind,
        records: head.records,
        chain: head.chain,
        fingerprint: head.fingerprint.clone(),
        definition: definition.to_owned(),
        snapshot,
        seal: 0,
    };
    let seal = row.check(&head.id);
    SnapshotRow { seal, ..row }
}

impl<C, E> Logbook<C, E> for Book<C, E>
where
    C: Serialize,
    E: Serialize + DeserializeOwned,
{
    fn append(&mut self, entry: Entry<'_, C, E>) {
        if self.broken.is_some() {
            return;
        }
        let spare = self.seat.desk.take_spare();
        let Some(input) = self.write_down("an input", entry.input, spare) else { return };
        let at = micros(entry.at);
        let number = self.head.records + 1;
        let link = chain::link(self.head.chain, number, at, entry.trail, &input);
        // Only what the line of a run that goes on says has to be written at once; the rest is read
        // off the last record.
        let mut changed = None;
        if self.head.phase != RunPhase::Running || self.head.began == Timestamp::ZERO {
            if self.head.began == Timestamp::ZERO {
                self.head.began = entry.at;
            }
            self.head.phase = RunPhase::Running;
            changed = Some(Box::new(Head { changed: entry.at, ..self.head.clone() }));
        }
        self.head.changed = entry.at;
        (self.head.records, self.head.chain) = (number, link);
        self.since.records += 1;
        self.since.bytes += input.len();
        let is_due = self.since.records >= RECORDS && self.since.bytes > 2 * self.since.size;
        let snapshot = match is_due {
            true => self.snapshot(Kind::Last, entry.run),
            false => None,
        };
        let record = RecordRow { number, at, trail: entry.trail, input, chain: link };
        let (record, head, letter) = (Some(record), changed, entry.letter);
        self.hand_over(Page { record, letter, head, snapshot, ..self.blank() });
    }

    fn poll_durable(&mut self, task: &mut Context<'_>) -> Poll<Result<(), JournalError>> {
        match &self.broken {
            Some(broken) => Poll::Ready(Err(broken.clone())),
            None => {
                let durable = self.seat.desk.poll_durable(self.page, task);
                if durable.is_ready() {
                    self.seat.store.shared.bell.help();
                }
                durable
            }
        }
    }

    fn poll_letter(&mut self, task: &mut Context<'_>) -> Poll<Letter<E>> {
        loop {
            let Poll::Ready(raw) = self.seat.desk.poll_letter(task) else { return Poll::Pending };
            let number = raw.number.unsigned_abs();
            let is_whole = raw.seal == post::check(self.seat.desk.number(), &raw.input);
            match json::read::<Input<E>>(&raw.input) {
                Ok(input) if is_whole => return Poll::Ready(Letter { number, input }),
                // The run hears of it with its next record.
                Ok(_) | Err(_) => {
                    let run = &self.head.id;
                    let what = format!("letter {number} to run `{run}` can't be read");
                    self.broken.get_or_insert_with(|| damaged(what));
                }
            }
        }
    }

    fn stand(&mut self, standing: Standing<'_>, run: &Snapshot<C>) {
        if self.broken.is_some() {
            return;
        }
        self.head.phase = match standing {
            Standing::Waiting { until, awaits } => RunPhase::Waiting {
                until,
                awaits: awaits.iter().map(|name| (*name).to_owned()).collect(),
            },
            Standing::Over { outcome, result } => {
                RunPhase::Over { outcome: outcome.to_owned(), result: result.to_owned() }
            }
        };
        let Some(snapshot) = self.snapshot(Kind::Last, run) else { return };
        let head = Some(Box::new(self.head.clone()));
        self.hand_over(Page { head, snapshot: Some(snapshot), ..self.blank() });
    }

    fn carry_over(&mut self, fingerprint: Fingerprint, definition: &str, run: &Snapshot<C>) {
        if self.broken.is_some() {
            return;
        }
        self.head.epochs += 1;
        self.head.fingerprint = fingerprint.to_string();
        self.definition = hash_of(definition);
        let Some(snapshot) = self.snapshot(Kind::First, run) else { return };
        self.hand_over(Page {
            head: Some(Box::new(self.head.clone())),
            snapshot: Some(snapshot),
            definition: Some(definition.to_owned()),
            ..self.blank()
        });
    }
}
