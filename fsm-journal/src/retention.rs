//! What is kept how long.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fsm_core::Timestamp;
use fsm_core::journal::{JournalError, RunFilter, RunPhase};
use rusqlite::Connection;

use crate::fault::sqlite;
use crate::format;
use crate::head::Head;
use crate::rows;
use crate::store::Store;
use crate::writer::{Broken, Hand};

/// So many runs are removed at once; then others write.
const AT_ONCE: usize = 64;

/// So many pages are given back at once.
const PAGES_AT_ONCE: u64 = 256;

/// How long runs that are over are kept; runs that are not over are always kept.
///
/// ```
/// use std::time::Duration;
/// use fsm_journal::Retention;
///
/// let week = Duration::from_secs(7 * 24 * 3600);
/// let retention = Retention::new().completed_after(week).failed_after(4 * week).keep_results();
/// # let _ = retention;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    completed_after: Option<Duration>,
    failed_after: Option<Duration>,
    keep_results: bool,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Runs.
    pub runs: u64,
    /// Records of them.
    pub records: u64,
    /// How many bytes smaller the database became.
    pub bytes: u64,
}

impl Retention {
    /// Everything is kept.
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes runs that ended as `completed` so long ago or longer.
    #[must_use]
    pub fn completed_after(mut self, ended: Duration) -> Self {
        self.completed_after = Some(ended);
        self
    }

    /// Removes runs that ended otherwise so long ago or longer.
    #[must_use]
    pub fn failed_after(mut self, ended: Duration) -> Self {
        self.failed_after = Some(ended);
        self
    }

    /// Keeps of each run its line and its result, so that run keys go on working, and removes only
    /// what it did.
    #[must_use]
    pub fn keep_results(mut self) -> Self {
        self.keep_results = true;
        self
    }

    /// Whether a run is to be removed; those whose records were removed before are not again.
    fn holds(&self, head: &Head, now: Timestamp) -> bool {
        let RunPhase::Over { outcome, .. } = &head.phase else { return false };
        let after = match outcome.as_str() {
            "completed" => self.completed_after,
            _ => self.failed_after,
        };
        after.is_some_and(|after| head.changed + after <= now) && (head.kept || !self.keep_results)
    }
}

impl Store {
    pub(crate) fn prune(&self, retention: &Retention) -> Result<Pruned, JournalError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp::ZERO + now;
        let mut old = Vec::new();
        self.read(|connection, _| {
            rows::list(connection, &RunFilter::all(), rows::Those::All, |found| {
                if retention.holds(&found.head, now) {
                    old.push(found.head.id);
                }
                Ok(true)
            })
        })?;
        let before = self.write(|hand| Ok(Ok(pages(hand.connection)?)))?;
        let mut pruned = Pruned { runs: old.len() as u64, ..Pruned::default() };
        let keep = retention.keep_results;
        for some in old.chunks(AT_ONCE) {
            let some = some.to_vec();
            pruned.records += self.write(move |hand| {
                let mut records = 0;
                for run in some {
                    // As it is now: a key may have gone to another run meanwhile.
                    match rows::find(hand.connection, &run) {
                        Ok(found) => records += remove(hand, found.number, found.head, keep)?,
                        Err(JournalError::NoSuchRun { .. }) => {}
                        Err(fault) => return Ok(Err(fault)),
                    }
                }
                Ok(Ok(records))
            })?;
        }
        self.write(|hand| {
            let sql =
                "DELETE FROM definitions WHERE hash NOT IN (SELECT definition FROM snapshots)";
            hand.connection.execute(sql, [])?;
            Ok(Ok(()))
        })?;
        while self.write(|hand| Ok(Ok(give_back(hand.connection)?)))? {}
        let after = self.write(|hand| Ok(Ok(pages(hand.connection)?)))?;
        self.read(|connection, _| {
            let size =
                || connection.pragma_query_value(None, "page_size", |row| row.get::<_, u64>(0));
            let size = size().map_err(|fault| sqlite("read its size", &fault))?;
            pruned.bytes = before.saturating_sub(after) * size;
            Ok(())
        })?;
        self.shrink()?;
        Ok(pruned)
    }

    /// Works the log off, so that the files are as small as the database is. Where somebody reads, that
    /// is left to the next commit.
    fn shrink(&self) -> Result<(), JournalError> {
        let connection = format::connect(&self.dir)?;
        let work = || connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let done = format::with_patience(Duration::from_millis(100), work);
        let done = done.map_err(|fault| sqlite("work off its log", &fault));
        format::close(connection, self.shared.has_stopped());
        done
    }
}

/// Removes what a run did, or the whole run; gives how many records it had.
fn remove(hand: &mut Hand<'_>, number: i64, head: Head, keep: bool) -> Result<u64, Broken> {
    let connection = hand.connection;
    let delete = |sql: &str| connection.prepare_cached(sql)?.execute([number]);
    let records = delete("DELETE FROM records WHERE run = ?1")?;
    delete("DELETE FROM snapshots WHERE run = ?1")?;
    delete("DELETE FROM letters WHERE run = ?1")?;
    match keep {
        true => Head { kept: false, ..head }.update(connection, number)?,
        false => {
            delete("DELETE FROM runs WHERE number = ?1")?;
        }
    }
    hand.counters.written += 1;
    Ok(records as u64)
}

fn pages(connection: &Connection) -> rusqlite::Result<u64> {
    connection.pragma_query_value(None, "page_count", |row| row.get(0))
}

/// Gives some pages back to the system; false where none is left.
fn give_back(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    drop(rows);
    let free: u64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    Ok(free > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(outcome: &str, kept: bool) -> Head {
        let ended = Timestamp::from_micros(5_000_000);
        Head {
            id: "run".to_owned(),
            machine: "machine".to_owned(),
            fingerprint: String::new(),
            key: None,
            phase: RunPhase::Over { outcome: outcome.to_owned(), result: String::new() },
            began: ended,
            changed: ended,
            epochs: 1,
            records: 1,
            chain: 0,
            kept,
        }
    }

    #[test]
    fn what_ended_long_enough_ago_is_removed_once() {
        let second = Duration::from_secs(1);
        let at = |seconds: u64| Timestamp::from_micros(seconds * 1_000_000);
        let retention = Retention::new().completed_after(second);
        assert!(!retention.holds(&over("completed", true), at(5)));
        assert!(retention.holds(&over("completed", true), at(6)));
        assert!(!retention.holds(&over("failed", true), at(100)));
        assert!(!retention.clone().keep_results().holds(&over("completed", false), at(6)));
        assert!(retention.holds(&over("completed", false), at(6)));
        let waiting = RunPhase::Waiting { until: None, awaits: Vec::new() };
        let open = Head { phase: waiting, ..over("completed", true) };
        assert!(!retention.holds(&open, at(100)));
    }
}
