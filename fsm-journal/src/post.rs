//! Letters: taken out of the database and laid on the desks of the runs that are written here.
//!
//! A thread looks for what other processes have posted, as long as somebody here waits for it.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use fsm_core::journal::JournalError;
use rusqlite::Connection;

use crate::chain::Seal;
use crate::counters::Counters;
use crate::desk::{Desk, RawLetter, lock};
use crate::fault::sqlite;
use crate::format;
use crate::shared::Shared;

/// As often the thread looks.
const EVERY: Duration = Duration::from_millis(50);

/// The letters of a journal.
pub(crate) struct Post {
    // The last number that was handed out here; letters with a smaller one lie on the desks.
    office: Mutex<Office>,
    bell: Condvar,
    is_closed: Mutex<bool>,
    shared: Arc<Shared>,
}

struct Office {
    connection: Option<Connection>,
    last: i64,
    ended: u64,
    version: i64,
}

/// The check of a letter.
pub(crate) fn check(run: i64, input: &str) -> u32 {
    Seal::after(0).number(run.unsigned_abs()).text(input).done()
}

impl Post {
    pub(crate) fn new(connection: Connection, shared: Arc<Shared>) -> Self {
        let office = Office { connection: Some(connection), last: 0, ended: 0, version: 0 };
        Self {
            office: Mutex::new(office),
            bell: Condvar::new(),
            is_closed: Mutex::new(false),
            shared,
        }
    }

    /// Until the journal is closed.
    pub(crate) fn watch(&self) {
        let mut is_closed = lock(&self.is_closed);
        while !*is_closed {
            drop(is_closed);
            if self.is_awaited() {
                // What can't be read now is read the next time; whoever reads the journal hears why.
                let _ = self.look();
            }
            is_closed = lock(&self.is_closed);
            if !*is_closed {
                let waited = self.bell.wait_timeout(is_closed, EVERY);
                is_closed = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
            }
        }
    }

    pub(crate) fn close(&self) {
        *lock(&self.is_closed) = true;
        self.bell.notify_all();
        if let Some(connection) = lock(&self.office).connection.take() {
            format::close(connection, self.shared.has_stopped());
        }
    }

    fn is_awaited(&self) -> bool {
        self.shared.has_listeners() || !self.shared.desks.is_empty()
    }

    /// Looks whether anything was written, and tells.
    fn look(&self) -> Result<(), JournalError> {
        let mut office = lock(&self.office);
        let Some(version) = office.version()? else { return Ok(()) };
        if version == office.version {
            return Ok(());
        }
        let ended = office.ended()?;
        let is_news = self.hand_out(&mut office)? || ended != office.ended;
        office.ended = ended;
        office.version = version;
        drop(office);
        if is_news {
            self.shared.tell();
        }
        Ok(())
    }

    /// Hands out what has come: to be called by who has posted something.
    pub(crate) fn deliver(&self) -> Result<(), JournalError> {
        let mut office = lock(&self.office);
        if self.hand_out(&mut office)? {
            self.shared.tell();
        }
        Ok(())
    }

    /// Numbers come in the order of the commits, so that none is passed over.
    fn hand_out(&self, office: &mut Office) -> Result<bool, JournalError> {
        let sql = "SELECT number, run, input, seal FROM letters WHERE number > ?1 ORDER BY number";
        let letters = office.letters(sql, office.last)?;
        for (run, letter) in &letters {
            office.last = letter.number;
            if let Some(desk) = self.shared.desks.get(*run) {
                desk.deliver(letter.clone());
            }
        }
        Ok(!letters.is_empty())
    }

    /// Lays all letters of a run that lie here on its desk.
    pub(crate) fn lay_out(&self, desk: &Desk) -> Result<(), JournalError> {
        let office = lock(&self.office);
        let sql = "SELECT number, run, input, seal FROM letters WHERE run = ?1 ORDER BY number";
        let letters = office.letters(sql, desk.number())?;
        desk.lay_out(letters.into_iter().map(|(_, letter)| letter));
        Ok(())
    }
}

impl Office {
    /// Changes with every commit of another connection; `None` once the journal is closed.
    fn version(&self) -> Result<Option<i64>, JournalError> {
        let Some(connection) = &self.connection else { return Ok(None) };
        connection
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map(Some)
            .map_err(|fault| sqlite("look for letters", &fault))
    }

    fn ended(&self) -> Result<u64, JournalError> {
        match &self.connection {
            Some(connection) => Ok(Counters::read(connection)?.ended),
            None => Ok(self.ended),
        }
    }

    fn letters(&self, sql: &str, argument: i64) -> Result<Vec<(i64, RawLetter)>, JournalError> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = connection.prepare_cached(sql)?;
            let letters = statement.query_map([argument], |row| {
                let (number, input, seal) = (row.get(0)?, row.get(2)?, row.get(3)?);
                Ok((row.get(1)?, RawLetter { number, input, seal }))
            })?;
            letters.collect()
        };
        read().map_err(|fault| sqlite("read the letters", &fault))
    }
}
