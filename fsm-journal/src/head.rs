//! The line of a run: what a list shows of it, and how far its chain went when that last changed.

use fsm_core::Timestamp;
use fsm_core::journal::{JournalError, RunInfo, RunPhase};
use rusqlite::{Connection, Row};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;

use crate::chain::Seal;
use crate::fault::damaged;

/// A row of the table `runs`, but for its number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) machine: String,
    pub(crate) fingerprint: String,
    pub(crate) key: Option<String>,
    pub(crate) phase: RunPhase,
    pub(crate) began: Timestamp,
    pub(crate) changed: Timestamp,
    /// How many graphs it has followed.
    pub(crate) epochs: u32,
    /// How many records it had when this was written.
    pub(crate) records: u64,
    /// The check of the last of them.
    pub(crate) chain: u32,
    /// Whether the records are still there.
    pub(crate) kept: bool,
}

/// What [`Head::read`] takes.
pub(crate) const COLUMNS: &str = "r.number, r.id, r.machine, r.fingerprint, r.key, r.status, r.outcome, \
     r.result, r.wakes_at, r.awaits, r.began, r.changed, r.epochs, r.records, r.chain, r.kept, r.seal";

/// How many they are.
pub(crate) const WIDTH: usize = 17;

/// A point in time as SQLite's integers have room for it.
pub(crate) fn micros(at: Timestamp) -> u64 {
    at.as_micros().min(i64::MAX as u64)
}

/// The phase in columns.
struct Columns<'a> {
    status: &'static str,
    outcome: Option<&'a str>,
    result: Option<&'a str>,
    wakes_at: Option<u64>,
    awaits: Option<String>,
}

impl Head {
    /// Whose number is given, and whether the row fits its check.
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Result<Self, JournalError>)> {
        let number = row.get(0)?;
        Ok((number, Self::of(row, number)?))
    }

    fn of(row: &Row<'_>, number: i64) -> rusqlite::Result<Result<Self, JournalError>> {
        let id: String = row.get(1)?;
        let fault = || damaged(format!("the line of run `{id}` (number {number}) has changed"));
        let status: String = row.get(5)?;
        let phase = match status.as_str() {
            "running" => RunPhase::Running,
            "waiting" => {
                let awaits: Option<String> = row.get(9)?;
                let Ok(awaits) = serde_json::from_str(awaits.as_deref().unwrap_or("")) else {
                    return Ok(Err(fault()));
                };
                let until: Option<u64> = row.get(8)?;
                RunPhase::Waiting { until: until.map(Timestamp::from_micros), awaits }
            }
            "over" => {
                let (outcome, result): (Option<String>, Option<String>) =
                    (row.get(6)?, row.get(7)?);
                let (Some(outcome), Some(result)) = (outcome, result) else {
                    return Ok(Err(fault()));
                };
                RunPhase::Over { outcome, result }
            }
            _ => return Ok(Err(fault())),
        };
        let head = Self {
            id: id.clone(),
            machine: row.get(2)?,
            fingerprint: row.get(3)?,
            key: row.get(4)?,
            phase,
            began: Timestamp::from_micros(row.get(10)?),
            changed: Timestamp::from_micros(row.get(11)?),
            epochs: row.get(12)?,
            records: row.get(13)?,
            chain: row.get(14)?,
            kept: row.get(15)?,
        };
        let seal: u32 = row.get(16)?;
        Ok(if head.seal() == seal { Ok(head) } else { Err(fault()) })
    }

    /// Writes the row of a new run; gives its number.
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<i64> {
        let phase = self.columns();
        let sql = "INSERT INTO runs VALUES \
            (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
        connection.prepare_cached(sql)?.execute(rusqlite::params![
            self.id,
            self.machine,
            self.fingerprint,
            self.key,
            phase.status,
            phase.outcome,
            phase.result,
            phase.wakes_at,
            phase.awaits,
            micros(self.began),
            micros(self.changed),
            self.epochs,
            self.records,
            self.chain,
            self.kept,
            self.seal(),
        ])?;
        Ok(connection.last_insert_rowid())
    }

    /// Writes what has changed of a row.
    pub(crate) fn update(&self, connection: &Connection, number: i64) -> rusqlite::Result<()> {
        let phase = self.columns();
        let sql = "UPDATE runs SET fingerprint = ?2, status = ?3, outcome = ?4, result = ?5, \
            wakes_at = ?6, awaits = ?7, began = ?8, changed = ?9, epochs = ?10, records = ?11, \
            chain = ?12, kept = ?13, seal = ?14 WHERE number = ?1";
        connection.prepare_cached(sql)?.execute(rusqlite::params![
            number,
            self.fingerprint,
            phase.status,
            phase.outcome,
            phase.result,
            phase.wakes_at,
            phase.awaits,
            micros(self.began),
            micros(self.changed),
            self.epochs,
            self.records,
            self.chain,
            self.kept,
            self.seal(),
        ])?;
        Ok(())
    }

    /// Takes the key out of the row; this is what is left of it.
    pub(crate) fn drop_key(&self, connection: &Connection, number: i64) -> rusqlite::Result<()> {
        let sql = "UPDATE runs SET key = NULL, seal = ?2 WHERE number = ?1";
        connection.prepare_cached(sql)?.execute((number, self.seal()))?;
        Ok(())
    }

    /// As the trait's callers see it.
    pub(crate) fn info(self, driver: Option<String>) -> Result<RunInfo, JournalError> {
        let text = self.fingerprint.as_str().into_deserializer();
        let fingerprint = Deserialize::deserialize(text)
            .map_err(|_: ValueError| damaged(format!("run `{}` has no fingerprint", self.id)))?;
        Ok(RunInfo {
            id: self.id,
            machine: self.machine,
            fingerprint,
            key: self.key,
            phase: self.phase,
            began: self.began,
            changed: self.changed,
            records: self.records,
            driver,
        })
    }

    fn columns(&self) -> Columns<'_> {
        let none = Columns {
            status: "running",
            outcome: None,
            result: None,
            wakes_at: None,
            awaits: None,
        };
        match &self.phase {
            RunPhase::Running => none,
            RunPhase::Waiting { until, awaits } => Columns {
                status: "waiting",
                wakes_at: until.map(micros),
                // Names are texts: that can't fail.
                awaits: Some(serde_json::to_string(awaits).unwrap_or_default()),
                ..none
            },
            RunPhase::Over { outcome, result } => {
                Columns { status: "over", outcome: Some(outcome), result: Some(result), ..none }
            }
        }
    }

    fn seal(&self) -> u32 {
        let phase = self.columns();
        Seal::after(0)
            .text(&self.id)
            .text(&self.machine)
            .text(&self.fingerprint)
            .maybe(self.key.as_deref())
            .text(phase.status)
            .maybe(phase.outcome)
            .maybe(phase.result)
            .number(phase.wakes_at.unwrap_or(u64::MAX))
            .maybe(phase.awaits.as_deref())
            .number(micros(self.began))
            .number(micros(self.changed))
            .number(u64::from(self.epochs))
            .number(self.records)
            .number(u64::from(self.chain))
            .number(u64::from(self.kept))
            .done()
    }
}
