//! The counters of a journal: one row, written once a commit.

use fsm_core::journal::JournalError;
use rusqlite::{Connection, OptionalExtension};

use crate::chain::Seal;
use crate::fault::{damaged, sqlite};

/// What was ever written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    /// The random name of the journal.
    pub(crate) journal: String,
    /// Writes of any kind: what the mark is compared with.
    pub(crate) written: u64,
    /// The id of the last record; it never goes back.
    pub(crate) records: u64,
    /// Runs that ended.
    pub(crate) ended: u64,
}

impl Counters {
    /// Writes those of a new journal.
    pub(crate) fn begin(connection: &Connection) -> rusqlite::Result<()> {
        let journal: String =
            connection.query_row("SELECT lower(hex(randomblob(8)))", [], |row| row.get(0))?;
        let counters = Self { journal, written: 0, records: 0, ended: 0 };
        connection.execute(
            "INSERT INTO journal VALUES (1, ?1, 0, 0, 0, ?2)",
            (&counters.journal, counters.seal()),
        )?;
        Ok(())
    }

    /// Reads the row.
    pub(crate) fn read(connection: &Connection) -> Result<Self, JournalError> {
        let what = "read the table `journal`";
        let mut statement = connection
            .prepare_cached("SELECT name, written, records, ended, seal FROM journal WHERE one = 1")
            .map_err(|fault| sqlite(what, &fault))?;
        let row = statement.query_row([], |row| {
            let counters = Self {
                journal: row.get(0)?,
                written: row.get(1)?,
                records: row.get(2)?,
                ended: row.get(3)?,
            };
            Ok((counters, row.get::<_, u32>(4)?))
        });
        match row.optional().map_err(|fault| sqlite(what, &fault))? {
            Some((counters, seal)) if counters.seal() == seal => Ok(counters),
            _ => Err(damaged("the table `journal` does not fit its check")),
        }
    }

    /// Writes the row.
    pub(crate) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "UPDATE journal SET written = ?1, records = ?2, ended = ?3, seal = ?4";
        let mut statement = connection.prepare_cached(sql)?;
        statement.execute((self.written, self.records, self.ended, self.seal()))?;
        Ok(())
    }

    fn seal(&self) -> u32 {
        let seal = Seal::after(0).text(&self.journal).number(self.written);
        seal.number(self.records).number(self.ended).done()
    }
}
