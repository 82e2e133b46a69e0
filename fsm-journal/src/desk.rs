//! What the book of a run shares with those who write and deliver for it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use atomic_waker::AtomicWaker;
use fsm_core::journal::JournalError;

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The largest text that is kept for the next record, in bytes.
const LARGEST_SPARE: usize = 4_096;

/// One run that is written here.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Its number in the database; 0 until the writer has written its line.
    number: AtomicI64,
    /// How many pages of it are durable.
    durable: AtomicU64,
    durable_waker: AtomicWaker,
    failure: OnceLock<JournalError>,
    // What is before `seen` lies in the queue, or was given out; nothing does before it is laid out.
    letters: Mutex<Letters>,
    letter_waker: AtomicWaker,
    /// What the last record was written in. A text that one thread makes and another one drops costs
    /// both of them more than the record does.
    spare: Mutex<String>,
}

#[derive(Debug, Default)]
struct Letters {
    queue: VecDeque<RawLetter>,
    seen: i64,
    /// Whether what came before the desk was opened still lies in the database alone.
    lacks_old: bool,
}

impl Letters {
    fn put(&mut self, letter: RawLetter) {
        if letter.number > self.seen {
            self.seen = letter.number;
            self.queue.push_back(letter);
        }
    }
}

/// A letter as it lies in the database.
#[derive(Clone, Debug)]
pub(crate) struct RawLetter {
    pub(crate) number: i64,
    pub(crate) input: String,
    pub(crate) seal: u32,
}

impl Desk {
    pub(crate) fn new(number: i64) -> Self {
        Self {
            number: AtomicI64::new(number),
            durable: AtomicU64::new(0),
            durable_waker: AtomicWaker::new(),
            failure: OnceLock::new(),
            letters: Mutex::new(Letters::default()),
            letter_waker: AtomicWaker::new(),
            spare: Mutex::default(),
        }
    }

    pub(crate) fn number(&self) -> i64 {
        self.number.load(Ordering::Relaxed)
    }

    pub(crate) fn set_number(&self, number: i64) {
        self.number.store(number, Ordering::Relaxed);
    }

    /// Everything up to this page is durable. Whoever waits for it is woken by the caller.
    #[must_use]
    pub(crate) fn acknowledge(&self, page: u64) -> Option<Waker> {
        self.durable.store(page, Ordering::Release);
        self.durable_waker.take()
    }

    /// An empty text for the next record.
    pub(crate) fn take_spare(&self) -> String {
        std::mem::take(&mut lock(&self.spare))
    }

    /// Gives a text back that is written.
    pub(crate) fn give_spare(&self, mut text: String) {
        if text.capacity() <= LARGEST_SPARE {
            text.clear();
            *lock(&self.spare) = text;
        }
    }

    /// No page after the last durable one will ever be.
    pub(crate) fn fail(&self, failure: JournalError) {
        // The first one is the cause.
        let _ = self.failure.set(failure);
        self.durable_waker.wake();
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.get().is_some()
    }

    pub(crate) fn poll_durable(
        &self,
        page: u64,
        task: &mut Context<'_>,
    ) -> Poll<Result<(), JournalError>> {
        if let Poll::Ready(known) = self.is_durable(page) {
            return Poll::Ready(known);
        }
        self.durable_waker.register(task.waker());
        self.is_durable(page)
    }

    fn is_durable(&self, page: u64) -> Poll<Result<(), JournalError>> {
        if self.durable.load(Ordering::Acquire) >= page {
            return Poll::Ready(Ok(()));
        }
        self.failure.get().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure.clone())))
    }

    /// Puts a letter in, unless it was put in before. One that overtakes what is still to be laid out
    /// is laid out with that, in its turn.
    pub(crate) fn deliver(&self, letter: RawLetter) {
        let mut letters = lock(&self.letters);
        if letters.lacks_old {
            return;
        }
        letters.put(letter);
        drop(letters);
        self.letter_waker.wake();
    }

    /// Puts all letters in that lie in the database, in their order.
    pub(crate) fn lay_out(&self, all: impl Iterator<Item = RawLetter>) {
        let mut letters = lock(&self.letters);
        letters.lacks_old = false;
        all.for_each(|letter| letters.put(letter));
        drop(letters);
        self.letter_waker.wake();
    }

    pub(crate) fn poll_letter(&self, task: &mut Context<'_>) -> Poll<RawLetter> {
        let take = || lock(&self.letters).queue.pop_front().map_or(Poll::Pending, Poll::Ready);
        if let ready @ Poll::Ready(_) = take() {
            return ready;
        }
        self.letter_waker.register(task.waker());
        take()
    }
}

/// The runs that are written here, by number.
#[derive(Debug, Default)]
pub(crate) struct Desks(Mutex<HashMap<i64, Weak<Desk>>>);

impl Desks {
    /// Takes a place; `None` where it is taken.
    pub(crate) fn open(&self, number: i64) -> Option<Arc<Desk>> {
        let mut desks = lock(&self.0);
        if desks.get(&number).is_some_and(|desk| desk.strong_count() > 0) {
            return None;
        }
        let desk = Arc::new(Desk::new(number));
        lock(&desk.letters).lacks_old = true;
        desks.insert(number, Arc::downgrade(&desk));
        Some(desk)
    }

    /// Adds the desk of a new run.
    pub(crate) fn add(&self, desk: &Arc<Desk>) {
        lock(&self.0).insert(desk.number(), Arc::downgrade(desk));
    }

    pub(crate) fn close(&self, desk: &Arc<Desk>) {
        let mut desks = lock(&self.0);
        let number = desk.number();
        if desks.get(&number).is_some_and(|other| std::ptr::eq(other.as_ptr(), Arc::as_ptr(desk))) {
            desks.remove(&number);
        }
    }

    pub(crate) fn get(&self, number: i64) -> Option<Arc<Desk>> {
        lock(&self.0).get(&number).and_then(Weak::upgrade)
    }

    pub(crate) fn is_open(&self, number: i64) -> bool {
        lock(&self.0).get(&number).is_some_and(|desk| desk.strong_count() > 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        let mut desks = lock(&self.0);
        desks.retain(|_, desk| desk.strong_count() > 0);
        desks.is_empty()
    }

    /// Tells all of them that nothing more is written.
    pub(crate) fn fail_all(&self, failure: &JournalError) {
        let desks: Vec<_> = lock(&self.0).values().filter_map(Weak::upgrade).collect();
        for desk in desks {
            desk.fail(failure.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_comes_while_a_run_is_taken_up_does_not_overtake_those_before_it() {
        let letter = |number: i64| RawLetter { number, input: number.to_string(), seal: 0 };
        let desks = Desks::default();
        let desk = desks.open(1).expect("nobody sits there");
        // The one before came when nobody sat there.
        desk.deliver(letter(6));
        desk.lay_out([letter(5), letter(6)].into_iter());
        desk.deliver(letter(6));
        desk.deliver(letter(7));

        let mut task = Context::from_waker(Waker::noop());
        let taken: Vec<i64> = std::iter::from_fn(|| match desk.poll_letter(&mut task) {
            Poll::Ready(letter) => Some(letter.number),
            Poll::Pending => None,
        })
        .collect();
        assert_eq!(taken, [5, 6, 7]);
    }
}
