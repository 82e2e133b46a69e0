//! How the messages of a group are written: rows, within one transaction.

use std::path::Path;

use fsm_core::journal::JournalError;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement};

use super::message::{Begin, Page, SnapshotRow};
use crate::counters::Counters;
use crate::fault::sqlite;
use crate::format;
use crate::head::{self, Head};
use crate::lease::{Driver, EnlistFault};
use crate::shared::Shared;

/// Why the writer can't go on.
#[derive(Debug)]
pub(crate) enum Broken {
    Database(rusqlite::Error),
    Journal(JournalError),
}

impl Broken {
    /// In the words of those who wait.
    pub(crate) fn told(&self, dir: &Path) -> JournalError {
        match self {
            Broken::Database(fault) => {
                sqlite(&format!("write `{}`", format::path(dir).display()), fault)
            }
            Broken::Journal(fault) => fault.clone(),
        }
    }
}

impl From<rusqlite::Error> for Broken {
    fn from(fault: rusqlite::Error) -> Self {
        Broken::Database(fault)
    }
}

impl From<JournalError> for Broken {
    fn from(fault: JournalError) -> Self {
        Broken::Journal(fault)
    }
}

impl From<EnlistFault> for Broken {
    fn from(fault: EnlistFault) -> Self {
        match fault {
            EnlistFault::Database(fault) => fault.into(),
            fault => JournalError::storage("lock the file of its driver", fault).into(),
        }
    }
}

/// The writer's hand: its connection, and what it keeps from group to group.
pub(crate) struct Hand<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) dir: &'a Path,
    pub(crate) counters: Counters,
    pub(crate) driver: &'a mut Option<Driver>,
    pub(crate) shared: &'a Shared,
    records: Statement<'a>,
    /// Whether readers may have something to look at: a letter came, or a run ended.
    pub(crate) is_news: bool,
}

impl<'a> Hand<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        dir: &'a Path,
        counters: Counters,
        driver: &'a mut Option<Driver>,
        shared: &'a Shared,
    ) -> Result<Self, Broken> {
        let sql = "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let records = connection.prepare(sql)?;
        Ok(Self { connection, dir, counters, driver, shared, records, is_news: false })
    }

    /// Before the first message of a group. Other processes may have written meanwhile.
    pub(crate) fn open(&mut self) -> Result<(), Broken> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.counters = Counters::read(self.connection)?;
        Ok(())
    }

    /// After the last.
    pub(crate) fn close(&mut self) -> Result<(), Broken> {
        self.counters.write(self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// The number of this journal as a driver.
    pub(crate) fn driver(&mut self) -> Result<i64, Broken> {
        if let Some(driver) = self.driver {
            return Ok(driver.number);
        }
        let driver = Driver::enlist(self.connection, self.dir)?;
        let number = driver.number;
        *self.driver = Some(driver);
        self.shared.set_driver(number);
        Ok(number)
    }

    pub(crate) fn lease(&mut self, run: i64) -> Result<(), Broken> {
        let driver = self.driver()?;
        let sql = "INSERT OR REPLACE INTO leases VALUES (?1, ?2)";
        self.connection.prepare_cached(sql)?.execute((run, driver))?;
        Ok(())
    }

    pub(crate) fn release(&mut self, run: i64) -> Result<(), Broken> {
        self.connection.prepare_cached("DELETE FROM leases WHERE run = ?1")?.execute([run])?;
        Ok(())
    }

    /// Writes a new run, unless it is refused.
    pub(crate) fn begin(&mut self, begin: &mut Begin) -> Result<Result<(), JournalError>, Broken> {
        if begin.force && !self.exists(&begin.head.id)? {
            self.free_key(&begin.head)?;
        }
        let allowed = match begin.head.insert(self.connection) {
            Ok(number) => {
                begin.desk.set_number(number);
                self.shared.desks.add(&begin.desk);
                self.lease(number)?;
                self.definition(&begin.first.definition, &begin.definition)?;
                self.snapshot(number, &begin.first)?;
                self.counters.written += 1;
                Ok(())
            }
            Err(fault) if is_refused(&fault) => Err(self.taken(begin)?),
            Err(fault) => return Err(fault.into()),
        };
        if let Err(refusal) = &allowed {
            begin.desk.fail(refusal.clone());
        }
        Ok(allowed)
    }

    fn exists(&self, id: &str) -> Result<bool, Broken> {
        let mut same = self.connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1")?;
        Ok(same.exists([id])?)
    }

    /// Takes the key of a new run from the completed run that has it. One that is under way keeps it.
    fn free_key(&self, new: &Head) -> Result<(), Broken> {
        let sql = format!(
            "SELECT {} FROM runs r WHERE r.machine = ?1 AND r.key = ?2 \
                AND r.status = 'over' AND r.outcome = 'completed'",
            head::COLUMNS
        );
        let mut holder = self.connection.prepare_cached(&sql)?;
        let found = holder.query_row((&new.machine, &new.key), Head::read).optional()?;
        // One that is damaged keeps its key: the new run is refused, and a check says why.
        if let Some((number, Ok(old))) = found {
            Head { key: None, ..old }.drop_key(self.connection, number)?;
        }
        Ok(())
    }

    /// Why a run could not be begun.
    fn taken(&self, begin: &Begin) -> Result<JournalError, Broken> {
        let head = &begin.head;
        if self.exists(&head.id)? {
            return Ok(JournalError::Exists { run: head.id.clone() });
        }
        Ok(JournalError::KeyTaken {
            machine: head.machine.clone(),
            key: head.key.clone().unwrap_or_default(),
            run: holder(self.connection, &head.machine, head.key.as_deref())?.unwrap_or_default(),
        })
    }

    /// Writes more of a run.
    pub(crate) fn page(&mut self, page: &mut Page) -> Result<(), Broken> {
        // A run that was refused writes nothing.
        if page.desk.has_failed() {
            return Ok(());
        }
        let run = page.desk.number();
        if let Some(head) = &page.head {
            match head.update(self.connection, run) {
                Err(fault) if is_refused(&fault) => {
                    let (machine, key) =
                        (head.machine.clone(), head.key.clone().unwrap_or_default());
                    let other = holder(self.connection, &machine, Some(&key))?.unwrap_or_default();
                    page.desk.fail(JournalError::KeyTaken { machine, key, run: other });
                    return Ok(());
                }
                updated => updated?,
            }
            if head.phase.is_over() {
                self.release(run)?;
                let sql = "DELETE FROM letters WHERE run = ?1";
                self.connection.prepare_cached(sql)?.execute([run])?;
                self.counters.ended += 1;
                self.is_news = true;
            }
        }
        if let Some(record) = page.record.take() {
            self.counters.records += 1;
            self.records.execute((
                self.counters.records,
                run,
                record.number,
                record.at,
                record.trail,
                &record.input,
                record.chain,
            ))?;
            page.desk.give_spare(record.input);
        }
        if let Some(letter) = page.letter {
            let sql = "DELETE FROM letters WHERE number = ?1";
            self.connection.prepare_cached(sql)?.execute([letter])?;
        }
        if let Some(snapshot) = &page.snapshot {
            if let Some(text) = &page.definition {
                self.definition(&snapshot.definition, text)?;
                // Of epochs that are over, what they began with is enough.
                let sql = "DELETE FROM snapshots WHERE run = ?1 AND kind = 'last'";
                self.connection.prepare_cached(sql)?.execute([run])?;
            }
            self.snapshot(run, snapshot)?;
        }
        self.counters.written += 1;
        Ok(())
    }

    fn definition(&self, hash: &str, text: &str) -> Result<(), Broken> {
        let sql = "INSERT OR IGNORE INTO definitions VALUES (?1, ?2)";
        self.connection.prepare_cached(sql)?.execute((hash, text))?;
        Ok(())
    }

    fn snapshot(&self, run: i64, row: &SnapshotRow) -> Result<(), Broken> {
        let sql = "INSERT INTO snapshots VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (run, epoch, kind) DO UPDATE SET records = excluded.records,
            chain = excluded.chain, fingerprint = excluded.fingerprint,
            definition = excluded.definition, snapshot = excluded.snapshot, seal = excluded.seal";
        self.connection.prepare_cached(sql)?.execute((
            run,
            row.epoch,
            row.kind.name(),
            row.records,
            row.chain,
            &row.fingerprint,
            &row.definition,
            &row.snapshot,
            row.seal,
        ))?;
        Ok(())
    }
}

/// The run that has a key.
pub(crate) fn holder(
    connection: &Connection,
    machine: &str,
    key: Option<&str>,
) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT id FROM runs WHERE machine = ?1 AND key = ?2 AND key IS NOT NULL \
        AND (status <> 'over' OR outcome = 'completed')";
    connection.prepare_cached(sql)?.query_row((machine, key), |row| row.get(0)).optional()
}

fn is_refused(fault: &rusqlite::Error) -> bool {
    fault.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
