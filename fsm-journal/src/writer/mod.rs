//! The one thread that writes, in groups: whatever was handed over while the last group was on its way
//! to the disk is the next.
//!
//! A failure is final. What is on the disk after a write or a sync that failed is not known, and trying
//! again would not tell: the writer gives its connection back, and answers everything that still comes
//! with the failure.

mod hand;
mod message;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::task::Waker;
use std::time::{Duration, Instant};

use fsm_core::journal::JournalError;
use rusqlite::Connection;

pub(crate) use self::hand::{Broken, Hand};
pub(crate) use self::message::{Begin, Job, Kind, Message, Page, RecordRow, SnapshotRow, Task};
use crate::counters::Counters;
use crate::desk::Desk;
use crate::format::{self, LOG_PAGES};
use crate::lease::Driver;
use crate::mark::{Mark, storage};
use crate::options::Disk;
use crate::shared::Shared;

/// So many messages at most go into one transaction: those who wait for the first of them do not wait
/// for ever.
const LARGEST_GROUP: usize = 4_096;

/// Where readers hold the log until it is so many times as long as it should be, they are waited for
/// for a moment.
const LONG_LOG: i32 = 16;

/// So long the next message is looked out for before the writer falls asleep: about as long as a thread
/// that sleeps takes to wake and to step its runs.
const A_GLANCE: Duration = Duration::from_micros(200);

/// So long a group is kept open for the next of those who were woken by the last one.
const A_WINK: Duration = Duration::from_micros(30);

/// A group is not kept open for longer than this, however many come one by one.
const LONGEST_WAIT: Duration = Duration::from_millis(1);

const A_MOMENT: Duration = Duration::from_millis(100);

pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) counters: Counters,
    pub(crate) dir: PathBuf,
    pub(crate) mark: Mark,
    pub(crate) disk: Option<Box<dyn Disk>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) inbox: Receiver<Message>,
}

type Answer = std::sync::mpsc::Sender<Result<(), JournalError>>;

/// Who hears of the end of a group.
enum Receipt {
    Begun(Arc<Desk>, u64, String, Option<(Answer, Result<(), JournalError>)>),
    Desk(Arc<Desk>, u64),
    Job(Box<dyn Job>),
    Settle(SyncSender<()>),
}

/// How a group ended.
enum End {
    More,
    Closed,
}

impl Writer {
    pub(crate) fn run(self) {
        let Self { mut connection, counters, dir, mark, disk, shared, inbox } = self;
        let _guard = Guard(shared.clone());
        let pages = Arc::new(AtomicI32::new(0));
        let counted = pages.clone();
        let hooked = connection.wal_hook(Some(move |_: &mut _, count| {
            counted.store(count, Ordering::Relaxed);
            Ok(())
        }));
        let mut driver = None;
        let ended = hooked.map_err(Broken::from).and_then(|()| {
            let hand = Hand::new(&connection, &dir, counters, &mut driver, &shared)?;
            let mut groups = Groups {
                hand,
                mark: &mark,
                disk,
                shared: &shared,
                inbox: &inbox,
                pages: &pages,
                woken: 0,
            };
            groups.run()
        });
        if let Err(broken) = &ended {
            shared.stop(&broken.told(&dir));
        }
        // Whatever comes after a failure hears of it, until the journal is closed.
        format::close(connection, ended.is_err());
        if ended.is_err() {
            for message in inbox.iter() {
                if refuse(message, &shared) {
                    break;
                }
            }
        }
        // The lease lasts as long as anything may have been begun here.
        drop::<Option<Driver>>(driver);
    }
}

struct Groups<'a> {
    hand: Hand<'a>,
    mark: &'a Mark,
    disk: Option<Box<dyn Disk>>,
    shared: &'a Shared,
    inbox: &'a Receiver<Message>,
    /// How long the log was after the last commit.
    pages: &'a AtomicI32,
    /// How many went on after the last commit.
    woken: usize,
}

impl Groups<'_> {
    fn run(&mut self) -> Result<(), Broken> {
        let (mut receipts, mut wakers) = (Vec::new(), Vec::new());
        loop {
            // The journal sends `Close` before it is gone.
            let Some(first) = self.next() else { return Ok(()) };
            let before = self.hand.counters.written;
            let ended = self.group(first, &mut receipts);
            let fate = match &ended {
                Ok(_) => Ok(()),
                Err(broken) => {
                    let fault = broken.told(self.hand.dir);
                    self.shared.stop(&fault);
                    Err(fault)
                }
            };
            for receipt in receipts.drain(..) {
                receipt.send(&fate, self.shared, &mut wakers);
                self.shared.answered();
            }
            self.woken = wakers.len();
            self.shared.bell.ring(&mut wakers);
            if std::mem::take(&mut self.hand.is_news) {
                self.shared.tell();
            }
            let ended = ended?;
            // Those who waited go on meanwhile: what they heard is durable, with the mark or without.
            if self.hand.counters.written != before {
                let Counters { journal, written, .. } = &self.hand.counters;
                self.mark.raise(journal, *written).map_err(|fault| {
                    self.shared.stop(&fault);
                    Broken::from(fault)
                })?;
            }
            if let End::Closed = ended {
                return Ok(());
            }
            self.work_off_log()?;
        }
    }

    /// What was handed over next. Runs that go on after a commit hand over within moments: a thread that
    /// is asleep by then takes longer to wake than they do.
    fn next(&self) -> Option<Message> {
        self.look_out(A_GLANCE).or_else(|| self.inbox.recv().ok())
    }

    fn look_out(&self, time: Duration) -> Option<Message> {
        let until = Instant::now() + time;
        loop {
            match self.inbox.try_recv() {
                Ok(message) => return Some(message),
                Err(TryRecvError::Empty) if Instant::now() < until => {
                    (0..16).for_each(|_| std::hint::spin_loop());
                    std::thread::yield_now();
                }
                Err(_) => return None,
            }
        }
    }

    /// Writes what lies here, and makes it durable.
    fn group(&mut self, first: Message, receipts: &mut Vec<Receipt>) -> Result<End, Broken> {
        let mut next = Some(first);
        let until = Instant::now() + LONGEST_WAIT;
        let mut is_open = false;
        let mut end = End::More;
        while let Some(message) = next {
            match message {
                Message::Settle(answer) => receipts.push(Receipt::Settle(answer)),
                Message::Close => {
                    end = End::Closed;
                    break;
                }
                Message::Begin(_) | Message::Page(_) | Message::Job(_) => {
                    self.write(message, &mut is_open, receipts)?;
                }
            }
            next = match receipts.len() {
                LARGEST_GROUP.. => None,
                count if count < self.woken && Instant::now() < until => self.look_out(A_WINK),
                _ => self.inbox.try_recv().ok(),
            };
        }
        if is_open {
            self.commit()?;
        }
        Ok(end)
    }

    fn write(
        &mut self,
        message: Message,
        is_open: &mut bool,
        receipts: &mut Vec<Receipt>,
    ) -> Result<(), Broken> {
        let opened = match std::mem::replace(is_open, true) {
            true => Ok(()),
            false => self.hand.open(),
        };
        match message {
            Message::Begin(mut begin) => {
                let (id, answer) = (begin.head.id.clone(), begin.answer.take());
                let begun = opened.and_then(|()| self.hand.begin(&mut begin));
                let (allowed, written) = match begun {
                    Ok(allowed) => (allowed, Ok(())),
                    Err(broken) => (Ok(()), Err(broken)),
                };
                let answer = answer.map(|answer| (answer, allowed));
                receipts.push(Receipt::Begun(begin.desk.clone(), begin.page, id, answer));
                written
            }
            Message::Page(mut page) => {
                let written = opened.and_then(|()| self.hand.page(&mut page));
                receipts.push(Receipt::Desk(page.desk, page.page));
                written
            }
            Message::Job(mut job) => {
                let written = opened.and_then(|()| job.write(&mut self.hand));
                receipts.push(Receipt::Job(job));
                written
            }
            Message::Settle(_) | Message::Close => opened,
        }
    }

    fn commit(&mut self) -> Result<(), Broken> {
        let path = format::path(self.hand.dir);
        let failed = |fault| Broken::from(storage("write", &path, fault));
        if let Some(disk) = &mut self.disk {
            disk.write().map_err(failed)?;
        }
        self.hand.close()?;
        if let Some(disk) = &mut self.disk {
            disk.sync().map_err(failed)?;
        }
        Ok(())
    }

    /// Moves the log into the database when it is long, so that it can be begun anew.
    fn work_off_log(&mut self) -> Result<(), Broken> {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < LOG_PAGES {
            return Ok(());
        }
        self.pages.store(0, Ordering::Relaxed);
        let work = |sql| self.hand.connection.query_row(sql, [], |_| Ok(())).map_err(Broken::from);
        match pages < LOG_PAGES * LONG_LOG {
            true => work("PRAGMA wal_checkpoint(PASSIVE)"),
            false => format::with_patience(A_MOMENT, || work("PRAGMA wal_checkpoint(RESTART)")),
        }
    }
}

impl Receipt {
    fn send(self, fate: &Result<(), JournalError>, shared: &Shared, wakers: &mut Vec<Waker>) {
        match (self, fate) {
            (Receipt::Begun(desk, page, run, answer), fate) => {
                shared.unreserve(&run);
                if let Some((answer, allowed)) = answer {
                    // Who asked may be gone.
                    let _ = answer.send(fate.clone().and(allowed));
                }
                Receipt::Desk(desk, page).send(fate, shared, wakers);
            }
            (Receipt::Desk(desk, page), Ok(())) if !desk.has_failed() => {
                wakers.extend(desk.acknowledge(page));
            }
            (Receipt::Desk(..), Ok(())) => {}
            (Receipt::Desk(desk, _), Err(fault)) => desk.fail(fault.clone()),
            (Receipt::Job(job), fate) => job.answer(fate.clone()),
            (Receipt::Settle(answer), _) => {
                // Whoever asked may be gone.
                let _ = answer.send(());
            }
        }
    }
}

/// Answers a message after the failure; true if it was the last.
fn refuse(message: Message, shared: &Shared) -> bool {
    let stopped = shared.stopped();
    match message {
        Message::Begin(begin) => {
            begin.desk.fail(stopped.clone());
            if let Some(answer) = begin.answer {
                let _ = answer.send(Err(stopped));
            }
        }
        Message::Page(page) => page.desk.fail(stopped),
        Message::Job(job) => job.answer(Err(stopped)),
        Message::Settle(answer) => {
            let _ = answer.send(());
        }
        Message::Close => return true,
    }
    shared.answered();
    false
}

/// Lets nobody wait for a writer that is gone, even if it panicked.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let fault = JournalError::Stopped { first: "the writer panicked".to_owned() };
            self.0.stop(&fault);
            self.0.desks.fail_all(&fault);
        }
    }
}
