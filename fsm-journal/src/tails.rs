//! Where the records of runs end that nobody has said the end of.
//!
//! The line of a run that stands says how many records it has. Of a run whose driver died, only the
//! index of the records says so; and where a page of that is damaged, the last records could be missed
//! without a trace. So the table itself is asked, too: each of its rows once.

use std::collections::HashMap;

use fsm_core::journal::JournalError;
use rusqlite::Connection;

use crate::fault::sqlite;

/// What the table says, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Tails {
    /// Row ids above `from` and up to `to` were read.
    from: i64,
    to: i64,
    /// The last record of each run among them.
    last: HashMap<i64, u64>,
}

impl Tails {
    /// The number of the last record of a run with a row id above `id`, where there is one. Rows are
    /// only ever added, so what was read before is not read again.
    ///
    /// # Complexity
    /// O(records after `id` that were not read yet).
    pub(crate) fn last(
        &mut self,
        connection: &Connection,
        run: i64,
        id: i64,
    ) -> Result<Option<u64>, JournalError> {
        let read = |fault| sqlite("read the ends of the records", &fault);
        if self.to == 0 || id < self.from {
            let until = if self.to == 0 { i64::MAX } else { self.from };
            self.scan(connection, id, until).map_err(read)?;
            self.from = id;
        }
        self.scan(connection, self.to.max(id), i64::MAX).map_err(read)?;
        Ok(self.last.get(&run).copied())
    }

    fn scan(&mut self, connection: &Connection, after: i64, until: i64) -> rusqlite::Result<()> {
        let sql = "SELECT id, run, number FROM records NOT INDEXED WHERE id > ?1 AND id <= ?2";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((after, until))?;
        while let Some(row) = rows.next()? {
            let (id, run, number): (i64, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let last = self.last.entry(run).or_default();
            *last = number.max(*last);
            self.to = self.to.max(id);
        }
        Ok(())
    }
}
