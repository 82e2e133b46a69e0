//! A journal that lasts as long as the process.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::watch;

use super::{
    Entry, Epoch, History, Journal, JournalError, Letter, Logbook, NewRun, Record, RunFilter,
    RunInfo, RunPhase, Standing, TakenUp,
};
use crate::graph::Fingerprint;
use crate::kernel::{Input, Snapshot};
use crate::time::Timestamp;

/// A journal in memory: for tests, for a look at what a run did, and for runs that need not survive.
/// Clones share what they hold.
pub struct MemoryJournal<C, E> {
    // Never held while code of the user runs, but for the clone of a context or an event.
    runs: Arc<Mutex<Runs<C, E>>>,
    changes: Arc<watch::Sender<u64>>,
}

struct Runs<C, E> {
    by_id: BTreeMap<String, Arc<Mutex<Kept<C, E>>>>,
    /// Ids in the order in which the runs began.
    order: Vec<String>,
    /// By machine and key: the last run that had it.
    keys: HashMap<(String, String), String>,
    /// The number of the last letter.
    letters: u64,
    /// Letters that no run has taken yet, each with its run.
    posted: BTreeMap<u64, String>,
}

struct Kept<C, E> {
    info: RunInfo,
    epochs: Vec<Epoch<C, E>>,
    letters: VecDeque<Letter<E>>,
    /// How many of the letters the book has given out.
    given: usize,
    /// A book of it exists.
    written: bool,
    waker: Option<Waker>,
}

struct Book<C, E> {
    runs: Arc<Mutex<Runs<C, E>>>,
    kept: Arc<Mutex<Kept<C, E>>>,
    changes: Arc<watch::Sender<u64>>,
}

const HERE: &str = "this process";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C, E> Default for MemoryJournal<C, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C, E> Clone for MemoryJournal<C, E> {
    fn clone(&self) -> Self {
        Self { runs: self.runs.clone(), changes: self.changes.clone() }
    }
}

impl<C, E> std::fmt::Debug for MemoryJournal<C, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryJournal").field("runs", &lock(&self.runs).order.len()).finish()
    }
}

impl<C, E> MemoryJournal<C, E> {
    /// An empty journal.
    pub fn new() -> Self {
        let runs = Runs {
            by_id: BTreeMap::new(),
            order: Vec::new(),
            keys: HashMap::new(),
            letters: 0,
            posted: BTreeMap::new(),
        };
        Self { runs: Arc::new(Mutex::new(runs)), changes: Arc::new(watch::Sender::new(0)) }
    }

    fn kept(&self, run: &str) -> Result<Arc<Mutex<Kept<C, E>>>, JournalError> {
        let runs = lock(&self.runs);
        let known = runs.order.iter().map(String::as_str);
        runs.by_id.get(run).cloned().ok_or_else(|| JournalError::no_such_run(run, known))
    }

    fn all(&self) -> Vec<Arc<Mutex<Kept<C, E>>>> {
        let runs = lock(&self.runs);
        runs.order.iter().filter_map(|id| runs.by_id.get(id).cloned()).collect()
    }

    fn book(&self, kept: Arc<Mutex<Kept<C, E>>>) -> Box<dyn Logbook<C, E>>
    where
        C: Clone + Send + 'static,
        E: Clone + Send + 'static,
    {
        Box::new(Book { runs: self.runs.clone(), kept, changes: self.changes.clone() })
    }
}

impl<C, E> Journal<C, E> for MemoryJournal<C, E>
where
    C: Clone + Send + 'static,
    E: Clone + Send + 'static,
{
    fn begin(
        &self,
        run: NewRun<'_>,
        first: &Snapshot<C>,
    ) -> Result<Box<dyn Logbook<C, E>>, JournalError> {
        let mut runs = lock(&self.runs);
        if runs.by_id.contains_key(run.id) {
            return Err(JournalError::Exists { run: run.id.to_owned() });
        }
        if let Some(key) = run.key {
            let owner = runs.keys.get(&(run.machine.to_owned(), key.to_owned()));
            if let Some(owner) = owner.and_then(|id| runs.by_id.get(id)) {
                let mut owner = lock(owner);
                let stands = match &owner.info.phase {
                    RunPhase::Running | RunPhase::Waiting { .. } => true,
                    RunPhase::Over { outcome, .. } => outcome == "completed" && !run.force,
                };
                if stands {
                    let (machine, key) = (run.machine.to_owned(), key.to_owned());
                    let run = owner.info.id.clone();
                    return Err(JournalError::KeyTaken { machine, key, run });
                }
                if owner.info.phase.is_completed() {
                    owner.info.key = None;
                }
            }
            runs.keys.insert((run.machine.to_owned(), key.to_owned()), run.id.to_owned());
        }
        let info = RunInfo {
            id: run.id.to_owned(),
            machine: run.machine.to_owned(),
            fingerprint: run.fingerprint,
            key: run.key.map(str::to_owned),
            phase: RunPhase::Running,
            began: first.now(),
            changed: first.now(),
            records: 0,
            driver: Some(HERE.to_owned()),
        };
        let epoch = Epoch {
            fingerprint: run.fingerprint,
            definition: run.definition.into(),
            first: first.clone(),
            records: Vec::new(),
        };
        let kept = Arc::new(Mutex::new(Kept {
            info,
            epochs: vec![epoch],
            letters: VecDeque::new(),
            given: 0,
            written: true,
            waker: None,
        }));
        runs.by_id.insert(run.id.to_owned(), kept.clone());
        runs.order.push(run.id.to_owned());
        drop(runs);
        Ok(self.book(kept))
    }

    fn take_up(&self, run: &str) -> Result<TakenUp<C, E>, JournalError> {
        let shared = self.kept(run)?;
        let mut kept = lock(&shared);
        if kept.written {
            return Err(JournalError::Driven { run: run.to_owned(), by: HERE.to_owned() });
        }
        kept.written = true;
        kept.given = 0;
        if !kept.info.phase.is_over() {
            kept.info.driver = Some(HERE.to_owned());
        }
        let history = History { info: kept.info.clone(), epochs: kept.epochs.clone() };
        drop(kept);
        Ok(TakenUp { history, book: self.book(shared) })
    }

    fn read(&self, run: &str) -> Result<History<C, E>, JournalError> {
        let shared = self.kept(run)?;
        let kept = lock(&shared);
        Ok(History { info: kept.info.clone(), epochs: kept.epochs.clone() })
    }

    fn info(&self, run: &str) -> Result<RunInfo, JournalError> {
        let kept = self.kept(run)?;
        let info = lock(&kept).info.clone();
        Ok(info)
    }

    fn list(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        let infos = self.all().into_iter().rev().map(|kept| lock(&kept).info.without_result());
        let limit = filter.limit.unwrap_or(usize::MAX);
        Ok(infos.filter(|info| filter.holds(info)).take(limit).collect())
    }

    fn adopt(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        let mut adopted = Vec::new();
        for kept in self.all() {
            let mut kept = lock(&kept);
            let is_free = !kept.written && !kept.info.phase.is_over();
            if is_free
                && filter.holds(&kept.info)
                && adopted.len() < filter.limit.unwrap_or(usize::MAX)
            {
                kept.info.driver = Some(HERE.to_owned());
                adopted.push(kept.info.clone());
            }
        }
        Ok(adopted)
    }

    fn release(&self, run: &str) -> Result<(), JournalError> {
        let kept = self.kept(run)?;
        let mut kept = lock(&kept);
        if !kept.written {
            kept.info.driver = None;
        }
        Ok(())
    }

    fn post(&self, run: &str, message: &Input<E>) -> Result<u64, JournalError> {
        let shared = self.kept(run)?;
        let number = {
            let mut runs = lock(&self.runs);
            let mut kept = lock(&shared);
            if let RunPhase::Over { outcome, .. } = &kept.info.phase {
                return Err(JournalError::Over { run: run.to_owned(), outcome: outcome.clone() });
            }
            runs.letters += 1;
            let number = runs.letters;
            runs.posted.insert(number, run.to_owned());
            kept.letters.push_back(Letter { number, input: message.clone() });
            if let Some(waker) = kept.waker.take() {
                waker.wake();
            }
            number
        };
        self.changes.send_modify(|count| *count += 1);
        Ok(number)
    }

    fn posted_after(&self, number: u64) -> Result<Vec<(u64, String)>, JournalError> {
        let runs = lock(&self.runs);
        let later = (Bound::Excluded(number), Bound::Unbounded);
        Ok(runs.posted.range(later).map(|(number, run)| (*number, run.clone())).collect())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl<C: Clone + Send, E: Clone + Send> Logbook<C, E> for Book<C, E> {
    fn append(&mut self, entry: Entry<'_, C, E>) {
        if let Some(letter) = entry.letter {
            lock(&self.runs).posted.remove(&letter);
        }
        let mut kept = lock(&self.kept);
        let kept = &mut *kept;
        kept.info.records += 1;
        kept.info.changed = entry.at;
        if kept.info.began == Timestamp::ZERO {
            kept.info.began = entry.at;
        }
        if kept.info.phase != RunPhase::Running {
            kept.info.phase = RunPhase::Running;
        }
        if let Some(number) = entry.letter
            && let Some(at) = kept.letters.iter().position(|letter| letter.number == number)
        {
            kept.letters.remove(at);
            kept.given = kept.given.saturating_sub(1);
        }
        if let Some(epoch) = kept.epochs.last_mut() {
            epoch.records.push(Record {
                number: kept.info.records,
                at: entry.at,
                input: entry.input.clone(),
                trail: entry.trail,
            });
        }
    }

    fn poll_durable(&mut self, _: &mut Context<'_>) -> Poll<Result<(), JournalError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_letter(&mut self, task: &mut Context<'_>) -> Poll<Letter<E>> {
        let mut kept = lock(&self.kept);
        match kept.letters.get(kept.given).cloned() {
            Some(letter) => {
                kept.given += 1;
                Poll::Ready(letter)
            }
            None => {
                kept.waker = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }

    fn stand(&mut self, standing: Standing<'_>, _: &Snapshot<C>) {
        // The runs before one of them, as everywhere.
        let mut runs = lock(&self.runs);
        let mut kept = lock(&self.kept);
        kept.info.phase = match standing {
            Standing::Waiting { until, awaits } => RunPhase::Waiting {
                until,
                awaits: awaits.iter().map(|name| (*name).to_owned()).collect(),
            },
            Standing::Over { outcome, result } => {
                kept.info.driver = None;
                for letter in kept.letters.drain(..) {
                    runs.posted.remove(&letter.number);
                }
                RunPhase::Over { outcome: outcome.to_owned(), result: result.to_owned() }
            }
        };
        drop((kept, runs));
        self.changes.send_modify(|count| *count += 1);
    }

    fn carry_over(&mut self, fingerprint: Fingerprint, definition: &str, run: &Snapshot<C>) {
        let mut kept = lock(&self.kept);
        kept.info.fingerprint = fingerprint;
        let (definition, first) = (definition.into(), run.clone());
        kept.epochs.push(Epoch { fingerprint, definition, first, records: Vec::new() });
    }
}

impl<C, E> Drop for Book<C, E> {
    fn drop(&mut self) {
        let mut kept = lock(&self.kept);
        kept.written = false;
        kept.waker = None;
    }
}
