//! A journal that is open: its threads, its connections, and what it does without knowing what the
//! runs are made of.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use fsm_core::journal::{JournalError, RunFilter, RunInfo, RunPhase};
use rusqlite::Connection;

use crate::desk::{Desk, lock};
use crate::fault::sqlite;
use crate::format;
use crate::lease::Census;
use crate::mark::Mark;
use crate::options::Options;
use crate::post::{self, Post};
use crate::rows::{self, Definitions, Found, Those};
use crate::shared::Shared;
use crate::tails::Tails;
use crate::writer::{Broken, Hand, Message, Task, Writer};

pub(crate) struct Store {
    pub(crate) dir: PathBuf,
    pub(crate) shared: Arc<Shared>,
    outbox: Sender<Message>,
    pub(crate) post: Arc<Post>,
    // Held for one look at the database.
    reader: Mutex<Reader>,
    threads: Vec<JoinHandle<()>>,
}

/// Reads, and what it remembers.
pub(crate) struct Reader {
    /// There until the journal is closed.
    connection: Option<Connection>,
    pub(crate) definitions: Definitions,
    pub(crate) tails: Tails,
}

impl Store {
    pub(crate) fn open(dir: &Path, options: Options) -> Result<Self, JournalError> {
        let Options { accept_loss, max_size, disk } = options;
        let mark = Mark::open(dir)?;
        let (connection, counters) = format::open(dir, &mark, accept_loss)?;
        if let Some(bytes) = max_size {
            bound(&connection, bytes).map_err(|fault| sqlite("bound its size", &fault))?;
        }
        let reader = format::connect_reader(dir)?;
        let shared = Arc::new(Shared::new());
        let post = Arc::new(Post::new(format::connect_reader(dir)?, shared.clone()));
        let (outbox, inbox) = mpsc::channel();
        let (dir, hands) = (dir.to_owned(), shared.clone());
        let writer =
            Writer { connection, counters, dir: dir.clone(), mark, disk, shared: hands, inbox };
        let start = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
            thread.map_err(|fault| JournalError::storage("start a thread", fault))
        };
        let watched = post.clone();
        let threads = vec![
            start("fsm-journal", Box::new(move || writer.run()))?,
            start("fsm-letters", Box::new(move || watched.watch()))?,
        ];
        let reader = Reader {
            connection: Some(reader),
            definitions: Definitions::default(),
            tails: Tails::default(),
        };
        Ok(Self { dir, shared, outbox, post, reader: Mutex::new(reader), threads })
    }

    /// Hands something to the writer.
    pub(crate) fn send(&self, message: Message) {
        self.shared.handed();
        // The writer listens until the journal is closed, or panicked and told everybody.
        if self.outbox.send(message).is_err() {
            self.shared.answered();
        }
    }

    /// Writes something and waits until it is durable.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Hand<'_>) -> Result<Result<T, JournalError>, Broken> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (answer, answered) = mpsc::channel();
        self.send(Message::Job(Box::new(Task::new(work, answer))));
        answered.recv().unwrap_or_else(|_| Err(self.shared.stopped()))
    }

    /// Waits until what was handed over is durable, so that it can be read.
    pub(crate) fn settle(&self) {
        if !self.shared.is_settled() && !self.shared.has_stopped() {
            let (answer, answered) = mpsc::sync_channel(1);
            self.send(Message::Settle(answer));
            // A writer that is gone settles nothing more.
            let _ = answered.recv();
        }
    }

    /// Reads from one state of the database.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&Connection, &mut Reader) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.settle();
        self.read_durable(look)
    }

    /// As [`read`](Self::read), of what is durable already.
    fn read_durable<T>(
        &self,
        look: impl FnOnce(&Connection, &mut Reader) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut reader = lock(&self.reader);
        let Some(connection) = reader.connection.take() else {
            return Err(self.shared.stopped());
        };
        let looked = connection
            .unchecked_transaction()
            .map_err(|fault| sqlite("begin to read", &fault))
            .and_then(|_transaction| look(&connection, &mut reader));
        reader.connection = Some(connection);
        looked
    }

    pub(crate) fn find(&self, run: &str) -> Result<Found, JournalError> {
        self.read(|connection, _| rows::find(connection, run))
    }

    pub(crate) fn exists(&self, run: &str) -> Result<bool, JournalError> {
        let reader = lock(&self.reader);
        let Some(connection) = &reader.connection else { return Err(self.shared.stopped()) };
        connection
            .prepare_cached("SELECT 1 FROM runs WHERE id = ?1")
            .and_then(|mut run_of| run_of.exists([run]))
            .map_err(|fault| sqlite("look for a run", &fault))
    }

    pub(crate) fn info(&self, run: &str) -> Result<RunInfo, JournalError> {
        self.read(|connection, _| {
            let found = rows::find(connection, run)?;
            found.info(connection, &mut Census::new(&self.dir))
        })
    }

    pub(crate) fn list(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        let limit = filter.limit.unwrap_or(usize::MAX);
        let mut runs = Vec::new();
        self.read(|connection, _| {
            let mut census = Census::new(&self.dir);
            rows::list(connection, filter, Those::All, |found| {
                if runs.len() < limit {
                    let mut info = found.info(connection, &mut census)?;
                    if let RunPhase::Over { result, .. } = &mut info.phase {
                        result.clear();
                    }
                    runs.push(info);
                }
                Ok(runs.len() < limit)
            })
        })?;
        Ok(runs)
    }

    /// Takes a lease, or says who has it.
    pub(crate) fn lease(&self, run: &str) -> Result<(), JournalError> {
        let run = run.to_owned();
        self.write(move |hand| {
            let found = match rows::find(hand.connection, &run) {
                Ok(found) => found,
                Err(fault) => return Ok(Err(fault)),
            };
            let mut census = Census::new(hand.dir);
            let me = hand.shared.driver();
            if let Some(driver) = found.driver.filter(|driver| *driver != me)
                && let Some(by) = census.name(hand.connection, driver)?
            {
                return Ok(Err(JournalError::Driven { run, by }));
            }
            if !found.head.phase.is_over() {
                hand.lease(found.number)?;
            }
            Ok(Ok(()))
        })
    }

    pub(crate) fn adopt(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        let filter = filter.clone();
        let limit = filter.limit.unwrap_or(usize::MAX);
        self.write(move |hand| {
            let me = hand.driver()?;
            let mut census = Census::new(hand.dir);
            let (connection, desks) = (hand.connection, &hand.shared.desks);
            let mut adopted = Vec::new();
            let listed = rows::list(connection, &filter, Those::Open, |mut found| {
                let is_free = match found.driver {
                    None => true,
                    Some(driver) if driver == me => !desks.is_open(found.number),
                    Some(driver) => census
                        .name(connection, driver)
                        .map_err(|fault| sqlite("look for a driver", &fault))?
                        .is_none(),
                };
                if is_free && adopted.len() < limit {
                    found.driver = Some(me);
                    let number = found.number;
                    adopted.push((number, found.info(connection, &mut census)?));
                }
                Ok(adopted.len() < limit)
            });
            if let Err(fault) = listed {
                return Ok(Err(fault));
            }
            for (number, _) in &adopted {
                hand.lease(*number)?;
            }
            Ok(Ok(adopted.into_iter().map(|(_, info)| info).collect()))
        })
    }

    pub(crate) fn release(&self, runs: &[&str]) -> Result<(), JournalError> {
        self.settle();
        let runs: Vec<String> = runs.iter().map(|run| (*run).to_owned()).collect();
        self.write(move |hand| {
            let mut first = Ok(());
            for run in &runs {
                let found = match rows::find(hand.connection, run) {
                    Ok(found) => found,
                    Err(fault) => {
                        first = first.and(Err(fault));
                        continue;
                    }
                };
                let is_mine = found.driver == Some(hand.shared.driver());
                if is_mine && !hand.shared.desks.is_open(found.number) {
                    hand.release(found.number)?;
                }
            }
            Ok(first)
        })
    }

    pub(crate) fn post(&self, run: &str, input: String) -> Result<u64, JournalError> {
        let run = run.to_owned();
        let number = self.write(move |hand| {
            let found = match rows::find(hand.connection, &run) {
                Ok(found) => found,
                Err(fault) => return Ok(Err(fault)),
            };
            if let RunPhase::Over { outcome, .. } = found.head.phase {
                return Ok(Err(JournalError::Over { run, outcome }));
            }
            let seal = post::check(found.number, &input);
            let sql = "INSERT INTO letters VALUES (NULL, ?1, ?2, ?3)";
            hand.connection.prepare_cached(sql)?.execute((found.number, input, seal))?;
            hand.counters.written += 1;
            Ok(Ok(hand.connection.last_insert_rowid().unsigned_abs()))
        })?;
        self.post.deliver()?;
        Ok(number)
    }

    pub(crate) fn posted_after(&self, number: u64) -> Result<Vec<(u64, String)>, JournalError> {
        // A letter is told of when it is durable, so nothing that is on its way has to be waited for.
        self.read_durable(|connection, _| {
            let read = || -> rusqlite::Result<Vec<_>> {
                let sql = "SELECT l.number, r.id FROM letters l JOIN runs r ON r.number = l.run \
                    WHERE l.number > ?1 ORDER BY l.number";
                let mut statement = connection.prepare_cached(sql)?;
                statement.query_map([number], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            };
            read().map_err(|fault| sqlite("read the letters", &fault))
        })
    }

    /// Takes the place of a run that is to be written here.
    pub(crate) fn seat(self: &Arc<Self>, run: &str, number: i64) -> Result<Seat, JournalError> {
        match self.shared.desks.open(number) {
            Some(desk) => Ok(Seat { store: self.clone(), desk }),
            None => {
                let by = format!("process {}", std::process::id());
                Err(JournalError::Driven { run: run.to_owned(), by })
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.send(Message::Close);
        self.post.close();
        for thread in self.threads.drain(..) {
            // It told everybody when it panicked.
            let _ = thread.join();
        }
        if let Some(connection) = lock(&self.reader).connection.take() {
            format::close(connection, self.shared.has_stopped());
        }
    }
}

/// A desk, and the place that it takes for as long as its book is there.
pub(crate) struct Seat {
    pub(crate) store: Arc<Store>,
    pub(crate) desk: Arc<Desk>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.store.shared.desks.close(&self.desk);
    }
}

/// Bounds the size of the database.
fn bound(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = (bytes / page.max(1)).clamp(1, u64::from(u32::MAX - 1));
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
}
