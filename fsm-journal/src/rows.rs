//! What lies in the tables, read and held to its checks.

use std::collections::HashMap;
use std::sync::Arc;

use fsm_core::Timestamp;
use fsm_core::journal::{JournalError, RunFilter, RunInfo, RunPhase};
use rusqlite::{Connection, Row, ToSql};
use sha2::{Digest, Sha256};

use crate::chain;
use crate::fault::{damaged, sqlite};
use crate::head::{COLUMNS, Head, WIDTH};
use crate::lease::Census;
use crate::writer::{Kind, RecordRow, SnapshotRow};

/// A run as it lies in the table.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) number: i64,
    pub(crate) head: Head,
    /// Who has the lease, dead or alive.
    pub(crate) driver: Option<i64>,
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Result<Self, JournalError>> {
        let (number, head) = Head::read(row)?;
        let driver = row.get(WIDTH)?;
        Ok(head.map(|head| Self { number, head, driver }))
    }

    /// Its line in a list. The line of a run that goes on is written only when it begins and when it
    /// stands: its last record says the rest.
    pub(crate) fn info(
        mut self,
        connection: &Connection,
        census: &mut Census<'_>,
    ) -> Result<RunInfo, JournalError> {
        let what = format!("read the line of run `{}`", self.head.id);
        let mut look = || -> rusqlite::Result<Option<String>> {
            if self.head.phase == RunPhase::Running {
                let sql =
                    "SELECT number, at FROM records WHERE run = ?1 ORDER BY number DESC LIMIT 1";
                let mut last = connection.prepare_cached(sql)?;
                let mut rows = last.query([self.number])?;
                if let Some(row) = rows.next()? {
                    self.head.records = row.get(0)?;
                    self.head.changed = Timestamp::from_micros(row.get(1)?);
                }
            }
            self.driver.map_or(Ok(None), |driver| census.name(connection, driver))
        };
        let driver = look().map_err(|fault| sqlite(&what, &fault))?;
        self.head.info(driver)
    }
}

/// Looks a run up.
pub(crate) fn find(connection: &Connection, id: &str) -> Result<Found, JournalError> {
    let sql = format!(
        "SELECT {COLUMNS}, l.driver FROM runs r LEFT JOIN leases l ON l.run = r.number WHERE r.id = ?1"
    );
    let look = || -> rusqlite::Result<Option<Result<Found, JournalError>>> {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(Found::read).transpose()
    };
    match look().map_err(|fault| sqlite("look for a run", &fault))? {
        Some(found) => found,
        None => Err(no_such_run(connection, id)?),
    }
}

pub(crate) fn no_such_run(connection: &Connection, id: &str) -> Result<JournalError, JournalError> {
    let look = || -> rusqlite::Result<Vec<String>> {
        let sql = "SELECT id FROM runs ORDER BY number DESC LIMIT 10000";
        connection.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect()
    };
    let known = look().map_err(|fault| sqlite("look for a run", &fault))?;
    Ok(JournalError::no_such_run(id, known.iter().map(String::as_str)))
}

/// Which runs a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Those {
    /// Those that began last come first.
    All,
    /// Those that are not over, in the order in which they began.
    Open,
}

/// The runs that `filter` asks for, without its limit.
pub(crate) fn list(
    connection: &Connection,
    filter: &RunFilter,
    those: Those,
    mut each: impl FnMut(Found) -> Result<bool, JournalError>,
) -> Result<(), JournalError> {
    let mut sql = format!(
        "SELECT {COLUMNS}, l.driver FROM runs r LEFT JOIN leases l ON l.run = r.number WHERE true"
    );
    let mut arguments: Vec<&dyn ToSql> = Vec::new();
    if let Some(machine) = &filter.machine {
        sql += " AND r.machine = ?";
        arguments.push(machine);
    }
    if let Some(key) = &filter.key {
        sql += " AND r.key = ?";
        arguments.push(key);
    }
    let since = filter.since.map(crate::head::micros);
    if let Some(since) = &since {
        sql += " AND r.began >= ?";
        arguments.push(since);
    }
    if !filter.status.is_empty() {
        let places = vec!["?"; filter.status.len()].join(", ");
        sql += &format!(
            " AND CASE r.status WHEN 'over' THEN r.outcome ELSE r.status END IN ({places})"
        );
        arguments.extend(filter.status.iter().map(|status| status as &dyn ToSql));
    }
    sql += match those {
        Those::All => " ORDER BY r.number DESC",
        Those::Open => " AND r.status <> 'over' ORDER BY r.number",
    };
    let fault = |fault: rusqlite::Error| sqlite("list the runs", &fault);
    let mut statement = connection.prepare_cached(&sql).map_err(fault)?;
    let mut rows = statement.query(&arguments[..]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        if !each(Found::read(row).map_err(fault)??)? {
            break;
        }
    }
    Ok(())
}

/// The snapshots of a run, by epoch, the first of each before the last.
pub(crate) fn snapshots(
    connection: &Connection,
    run: &Found,
) -> Result<Vec<SnapshotRow>, JournalError> {
    let id = &run.head.id;
    let sql = "SELECT epoch, kind, records, chain, fingerprint, definition, snapshot, seal \
        FROM snapshots WHERE run = ?1 ORDER BY epoch, kind";
    let read = || -> rusqlite::Result<Vec<Option<SnapshotRow>>> {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([run.number], |row| {
            let kind: String = row.get(1)?;
            let kind = match kind.as_str() {
                "first" => Kind::First,
                "last" => Kind::Last,
                _ => return Ok(None),
            };
            Ok(Some(SnapshotRow {
                epoch: row.get(0)?,
                kind,
                records: row.get(2)?,
                chain: row.get(3)?,
                fingerprint: row.get(4)?,
                definition: row.get(5)?,
                snapshot: row.get(6)?,
                seal: row.get(7)?,
            }))
        })?;
        rows.collect()
    };
    let rows =
        read().map_err(|fault| sqlite(&format!("read the snapshots of run `{id}`"), &fault))?;
    let mut snapshots = Vec::with_capacity(rows.len());
    for row in rows {
        match row.filter(|row| row.check(id) == row.seal) {
            Some(row) => snapshots.push(row),
            None => return Err(damaged(format!("a snapshot of run `{id}` has changed"))),
        }
    }
    let firsts = snapshots.iter().filter(|row| row.kind == Kind::First).map(|row| row.epoch);
    if !firsts.eq(1..=run.head.epochs) {
        return Err(damaged(format!("a snapshot of run `{id}` is missing")));
    }
    Ok(snapshots)
}

/// The records of a run after the first `after`, each held to the one before; and the row id of the
/// last one, for [`Tails`](crate::tails::Tails).
pub(crate) fn records(
    connection: &Connection,
    run: &Found,
    after: u64,
    chain: u32,
) -> Result<(Vec<RecordRow>, i64), JournalError> {
    let head = &run.head;
    let mut walk = Walk { id: &head.id, head, number: after, chain };
    walk.compare()?;
    let fault = |fault: rusqlite::Error| {
        sqlite(&format!("read the records of run `{}`", run.head.id), &fault)
    };
    let sql = "SELECT id, number, at, trail, input, chain FROM records \
        WHERE run = ?1 AND number > ?2 ORDER BY number";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let mut rows = statement.query((run.number, after)).map_err(fault)?;
    let (mut records, mut last) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(fault)? {
        let read = || {
            let (number, at, trail) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(RecordRow { number, at, trail, input: row.get(4)?, chain: row.get(5)? })
        };
        let record = read().map_err(|_: rusqlite::Error| walk.changed())?;
        last = row.get(0).map_err(fault)?;
        walk.step(&record)?;
        records.push(record);
    }
    walk.end()?;
    if records.is_empty() && after > 0 {
        let sql = "SELECT id FROM records WHERE run = ?1 AND number = ?2";
        let mut id = connection.prepare_cached(sql).map_err(fault)?;
        last = match id.query_row((run.number, after), |row| row.get(0)) {
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                let id = &run.head.id;
                return Err(damaged(format!("record {after} of run `{id}` is missing")));
            }
            id => id.map_err(fault)?,
        };
    }
    Ok((records, last))
}

/// Goes along the records of a run.
struct Walk<'a> {
    id: &'a str,
    head: &'a Head,
    /// The last record that was seen, and its check.
    number: u64,
    chain: u32,
}

impl Walk<'_> {
    fn step(&mut self, record: &RecordRow) -> Result<(), JournalError> {
        let RecordRow { number, at, trail, input, chain } = record;
        let (id, next) = (self.id, self.number + 1);
        if *number != next {
            return Err(damaged(format!("record {next} of run `{id}` is missing")));
        }
        if *chain != chain::link(self.chain, *number, *at, *trail, input) {
            return Err(self.changed());
        }
        (self.number, self.chain) = (*number, *chain);
        self.compare()
    }

    fn changed(&self) -> JournalError {
        let (id, next) = (self.id, self.number + 1);
        damaged(format!("record {next} of run `{id}`, or one before it, has changed"))
    }

    /// The line of the run knows the check of one record.
    fn compare(&self) -> Result<(), JournalError> {
        let head = self.head;
        if self.number == head.records && self.chain != head.chain {
            let (id, number) = (self.id, self.number);
            return Err(damaged(format!("record {number} of run `{id}` is not the one it had")));
        }
        Ok(())
    }

    fn end(&self) -> Result<(), JournalError> {
        let (id, number, head) = (self.id, self.number, self.head);
        if number < head.records {
            let (from, to) = (number + 1, head.records);
            return Err(damaged(format!("records {from} to {to} of run `{id}` are missing")));
        }
        if number > head.records && head.phase != RunPhase::Running {
            return Err(damaged(format!(
                "run `{id}` has {number} records where {} were written",
                head.records
            )));
        }
        Ok(())
    }
}

/// What machines were made from, each read once.
#[derive(Debug, Default)]
pub(crate) struct Definitions(HashMap<String, Arc<str>>);

impl Definitions {
    pub(crate) fn get(
        &mut self,
        connection: &Connection,
        hash: &str,
    ) -> Result<Arc<str>, JournalError> {
        if let Some(known) = self.0.get(hash) {
            return Ok(known.clone());
        }
        let sql = "SELECT text FROM definitions WHERE hash = ?1";
        let read = || connection.prepare_cached(sql)?.query_row([hash], |row| row.get(0));
        let text: String = match read() {
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                return Err(damaged(format!("the definition {hash} is missing")));
            }
            read => read.map_err(|fault| sqlite("read a definition", &fault))?,
        };
        if hash_of(&text) != hash {
            return Err(damaged(format!("the definition {hash} has changed")));
        }
        let text: Arc<str> = text.into();
        self.0.insert(hash.to_owned(), text.clone());
        Ok(text)
    }
}

/// The name of a definition: SHA-256 in hexadecimal digits.
pub(crate) fn hash_of(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}
