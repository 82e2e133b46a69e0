//! The journal itself: [`Journal`] over the store, for runs made of `C` and `E`.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, mpsc};

use fsm_core::journal::{
    Epoch, History, Journal, JournalError, Logbook, NewRun, Record, RunFilter, RunInfo, RunPhase,
    TakenUp,
};
use fsm_core::{Input, Snapshot, Timestamp};
use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::book::{self, Book};
use crate::desk::Desk;
use crate::fault::damaged;
use crate::head::Head;
use crate::lease::Census;
use crate::options::Options;
use crate::retention::{Pruned, Retention};
use crate::rows::{self, Found, hash_of};
use crate::store::{Reader, Seat, Store};
use crate::verify::Checked;
use crate::writer::{Begin, Kind, Message, RecordRow, SnapshotRow};
use crate::{chain, format, json};

/// A journal in a folder. Clones share it; it is closed when the last of them, and the last book of a
/// run, is dropped.
pub struct SqliteJournal<C, E> {
    store: Arc<Store>,
    made_of: PhantomData<fn() -> (C, E)>,
}

impl<C, E> Clone for SqliteJournal<C, E> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), made_of: PhantomData }
    }
}

impl<C, E> fmt::Debug for SqliteJournal<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("dir", &self.store.dir).finish_non_exhaustive()
    }
}

impl<C, E> SqliteJournal<C, E> {
    /// Opens the journal in a folder, and makes both where there is none: the folder for its owner
    /// alone, because what runs return is personal data.
    ///
    /// # Errors
    /// [`JournalError::Storage`]; [`JournalError::Format`] for a newer format;
    /// [`JournalError::Lost`] and [`JournalError::Damaged`] where it is not what was written.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, JournalError> {
        Self::open_with(dir, Options::new())
    }

    /// As [`open`](Self::open), with options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(dir: impl AsRef<Path>, options: Options) -> Result<Self, JournalError> {
        format::make(dir.as_ref())?;
        let store = Arc::new(Store::open(dir.as_ref(), options)?);
        Ok(Self { store, made_of: PhantomData })
    }

    /// As [`open_with`](Self::open_with), for a journal that must be there.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`JournalError::Storage`] where there is none.
    pub fn open_existing(dir: impl AsRef<Path>, options: Options) -> Result<Self, JournalError> {
        format::exists(dir.as_ref())?;
        Self::open_with(dir, options)
    }

    /// Reads everything and holds it to its checks; what can't be trusted is an error.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], with the first fault that was found.
    ///
    /// # Complexity
    /// O(size of the database).
    pub fn check(&self) -> Result<Checked, JournalError> {
        self.store.check()
    }

    /// Removes runs that ended long ago, and gives the space back. Runs that are not over stay.
    ///
    /// It waits for the disk; others write in between.
    ///
    /// # Errors
    /// If the journal can't be written.
    pub fn prune(&self, retention: &Retention) -> Result<Pruned, JournalError> {
        self.store.prune(retention)
    }
}

impl<C, E> SqliteJournal<C, E>
where
    C: Serialize + DeserializeOwned + Send + 'static,
    E: Serialize + DeserializeOwned + Send + 'static,
{
    /// The epochs of a run: all, or what is left of the last one after its last snapshot.
    fn history(
        &self,
        connection: &Connection,
        reader: &mut Reader,
        mut found: Found,
        whole: bool,
    ) -> Result<Loaded<C, E>, JournalError> {
        let id = found.head.id.clone();
        if !found.head.kept {
            return Err(JournalError::Pruned { run: id });
        }
        let mut snapshots = rows::snapshots(connection, &found)?;
        match whole {
            true => snapshots.retain(|row| row.kind == Kind::First),
            // The rows are sorted: the last one is that of the last epoch.
            false => drop(snapshots.drain(..snapshots.len().saturating_sub(1))),
        }
        let (Some(first), Some(last)) = (snapshots.first(), snapshots.last()) else {
            return Err(damaged(format!("run `{id}` has no snapshot")));
        };
        let (definition, size) = (last.definition.clone(), last.snapshot.len());
        let (records, row) = rows::records(connection, &found, first.records, first.chain)?;
        let (number, chain) =
            records.last().map_or((first.records, first.chain), |last| (last.number, last.chain));
        if found.head.phase == RunPhase::Running {
            let beyond = reader.tails.last(connection, found.number, row)?;
            if beyond.is_some_and(|beyond| beyond > number) {
                return Err(damaged(format!("records after {number} of run `{id}` are missing")));
            }
        }
        (found.head.records, found.head.chain) = (number, chain);
        if let Some(last) = records.last() {
            found.head.changed = Timestamp::from_micros(last.at).max(found.head.changed);
        }
        let epochs = self.epochs(connection, reader, &id, snapshots, records)?;
        let info = found.clone().info(connection, &mut Census::new(&self.store.dir))?;
        Ok(Loaded { history: History { info, epochs }, head: found.head, definition, size })
    }

    fn epochs(
        &self,
        connection: &Connection,
        reader: &mut Reader,
        run: &str,
        snapshots: Vec<SnapshotRow>,
        records: Vec<RecordRow>,
    ) -> Result<Vec<Epoch<C, E>>, JournalError> {
        let mut records = records.into_iter().peekable();
        let ends: Vec<u64> = snapshots.iter().skip(1).map(|row| row.records).collect();
        let mut epochs = Vec::with_capacity(snapshots.len());
        for (index, row) in snapshots.into_iter().enumerate() {
            let end = ends.get(index).copied().unwrap_or(u64::MAX);
            let what = || format!("read a snapshot of run `{run}`");
            let first: Snapshot<C> =
                json::read(&row.snapshot).map_err(|fault| JournalError::storage(what(), fault))?;
            let mut taken = Vec::new();
            while let Some(record) = records.next_if(|record| record.number <= end) {
                let RecordRow { number, at, trail, input, .. } = record;
                let what = || format!("read record {number} of run `{run}`");
                let input =
                    json::read(&input).map_err(|fault| JournalError::storage(what(), fault))?;
                taken.push(Record { number, at: Timestamp::from_micros(at), input, trail });
            }
            epochs.push(Epoch {
                fingerprint: first.fingerprint(),
                definition: reader.definitions.get(connection, &row.definition)?,
                first,
                records: taken,
            });
        }
        Ok(epochs)
    }
}

/// A run that was read, and what its book goes on with.
struct Loaded<C, E> {
    history: History<C, E>,
    head: Head,
    definition: String,
    size: usize,
}

impl<C, E> Journal<C, E> for SqliteJournal<C, E>
where
    C: Serialize + DeserializeOwned + Send + 'static,
    E: Serialize + DeserializeOwned + Send + 'static,
{
    fn begin(
        &self,
        run: NewRun<'_>,
        first: &Snapshot<C>,
    ) -> Result<Box<dyn Logbook<C, E>>, JournalError> {
        let store = &self.store;
        let snapshot = serde_json::to_string(first).map_err(|fault| {
            JournalError::storage(format!("write the snapshot of run `{}` as JSON", run.id), fault)
        })?;
        let head = Head {
            id: run.id.to_owned(),
            machine: run.machine.to_owned(),
            fingerprint: run.fingerprint.to_string(),
            key: run.key.map(str::to_owned),
            phase: RunPhase::Running,
            began: first.now(),
            changed: first.now(),
            epochs: 1,
            records: 0,
            chain: chain::start(run.id),
            kept: true,
        };
        if !store.shared.reserve(run.id) {
            return Err(JournalError::Exists { run: run.id.to_owned() });
        }
        // Another process may begin one of this id after this look: then the writer sees it.
        let known = store.exists(run.id);
        if !matches!(known, Ok(false)) {
            store.shared.unreserve(run.id);
            known?;
            return Err(JournalError::Exists { run: run.id.to_owned() });
        }
        let definition = hash_of(run.definition);
        let (size, row) = (snapshot.len(), book::row(&head, &definition, Kind::First, snapshot));
        let desk = Arc::new(Desk::new(0));
        let seat = Seat { store: store.clone(), desk: desk.clone() };
        let (answer, answered) = match run.key {
            None => (None, None),
            Some(_) => {
                let (answer, answered) = mpsc::channel();
                (Some(answer), Some(answered))
            }
        };
        store.send(Message::Begin(Box::new(Begin {
            desk,
            page: 1,
            head: head.clone(),
            first: row,
            definition: run.definition.to_owned(),
            force: run.force,
            answer,
        })));
        if let Some(answered) = answered {
            answered.recv().unwrap_or_else(|_| Err(store.shared.stopped()))?;
        }
        Ok(Box::new(Book::new(seat, head, definition, 1, size)))
    }

    fn take_up(&self, run: &str) -> Result<TakenUp<C, E>, JournalError> {
        let store = &self.store;
        let seat = store.seat(run, store.find(run)?.number)?;
        // Looked at from the seat: who gives a lease back does so only where nobody sits.
        let me = store.shared.driver();
        let is_mine = me != 0 && store.find(run)?.driver == Some(me);
        if !is_mine {
            store.lease(run)?;
        }
        let loaded = store.read(|connection, reader| {
            let found = rows::find(connection, run)?;
            self.history(connection, reader, found, false)
        });
        let loaded = loaded.and_then(|loaded| store.post.lay_out(&seat.desk).map(|()| loaded));
        if loaded.is_err() && !is_mine {
            drop(seat);
            // What can't be read here may be by others. A lease that stays lapses with the process.
            let _ = store.release(&[run]);
            return Err(loaded.err().unwrap_or_else(|| store.shared.stopped()));
        }
        let Loaded { history, head, definition, size } = loaded?;
        Ok(TakenUp { history, book: Box::new(Book::new(seat, head, definition, 0, size)) })
    }

    fn read(&self, run: &str) -> Result<History<C, E>, JournalError> {
        self.store.read(|connection, reader| {
            let found = rows::find(connection, run)?;
            self.history(connection, reader, found, true).map(|loaded| loaded.history)
        })
    }

    fn info(&self, run: &str) -> Result<RunInfo, JournalError> {
        self.store.info(run)
    }

    fn list(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        self.store.list(filter)
    }

    fn adopt(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        self.store.settle();
        self.store.adopt(filter)
    }

    fn release(&self, run: &str) -> Result<(), JournalError> {
        self.store.release(&[run])
    }

    fn release_all(&self, runs: &[&str]) -> Result<(), JournalError> {
        self.store.release(runs)
    }

    fn post(&self, run: &str, message: &Input<E>) -> Result<u64, JournalError> {
        let input = serde_json::to_string(message).map_err(|fault| {
            JournalError::storage(format!("write a letter to run `{run}` as JSON"), fault)
        })?;
        self.store.post(run, input)
    }

    fn posted_after(&self, number: u64) -> Result<Vec<(u64, String)>, JournalError> {
        self.store.posted_after(number)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.store.shared.listen()
    }
}
