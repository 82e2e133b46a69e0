//! Everything is read and held to its checks.

use fsm_core::journal::{JournalError, RunFilter};
use rusqlite::Connection;

use crate::counters::Counters;
use crate::fault::{damaged, sqlite};
use crate::rows::{self, Found, Those};
use crate::store::{Reader, Store};

/// What was found to be as it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// Runs.
    pub runs: u64,
    /// Records of them.
    pub records: u64,
}

impl Store {
    pub(crate) fn check(&self) -> Result<Checked, JournalError> {
        self.read(|connection, reader| {
            pages(connection)?;
            let counters = Counters::read(connection)?;
            let mut checked = Checked::default();
            let mut runs = Vec::new();
            rows::list(connection, &RunFilter::all(), Those::All, |found| {
                runs.push(found);
                Ok(true)
            })?;
            for found in runs {
                checked.runs += 1;
                checked.records += run(connection, reader, &found)?;
            }
            // What belongs to no run was not counted.
            let all = count(connection, "SELECT count(*) FROM records")?;
            if all != checked.records {
                return Err(damaged(format!(
                    "there are {all} records where the runs have {}",
                    checked.records
                )));
            }
            let last = count(connection, "SELECT coalesce(max(id), 0) FROM records")?;
            if last > counters.records {
                return Err(damaged("there are records that were never counted"));
            }
            Ok(checked)
        })
    }
}

/// SQLite's own check: pages, and indexes against their tables.
fn pages(connection: &Connection) -> Result<(), JournalError> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare("PRAGMA integrity_check(1)")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    let said = read().map_err(|fault| sqlite("be checked", &fault))?;
    match said.as_slice() {
        [ok] if ok == "ok" => Ok(()),
        faults => Err(damaged(faults.join("; "))),
    }
}

/// One run; gives how many records it has.
fn run(connection: &Connection, reader: &mut Reader, found: &Found) -> Result<u64, JournalError> {
    let id = &found.head.id;
    if !found.head.kept {
        return Ok(0);
    }
    let snapshots = rows::snapshots(connection, found)?;
    let Some(first) = snapshots.first() else {
        return Err(damaged(format!("run `{id}` has no snapshot")));
    };
    let (records, _) = rows::records(connection, found, first.records, first.chain)?;
    for snapshot in &snapshots {
        let chain = match snapshot.records.checked_sub(first.records + 1) {
            None => Some(first.chain),
            Some(index) => records.get(index as usize).map(|record| record.chain),
        };
        if chain != Some(snapshot.chain) {
            return Err(damaged(format!("a snapshot of run `{id}` belongs to other records")));
        }
        reader.definitions.get(connection, &snapshot.definition)?;
    }
    Ok(records.len() as u64)
}

fn count(connection: &Connection, sql: &str) -> Result<u64, JournalError> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(|fault| sqlite("be counted", &fault))
}
