//! Who drives a run: locks that the system gives back when their process ends, however it ends.
//!
//! A journal that drives runs has a row in the table `drivers` and holds the lock of the file
//! `drivers/N.lock`. A driver whose lock can be had is dead, and what it drove is free.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use crate::mark::private;

/// The folder of the locks, in that of the journal.
pub(crate) const FOLDER: &str = "drivers";

/// This journal, as one that drives runs.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) number: i64,
    path: PathBuf,
    /// Locked.
    _file: File,
}

/// Why a driver could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnlistFault {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error("`{}`: {source}", path.display())]
    Lock { path: PathBuf, source: io::Error },
}

impl Driver {
    /// Makes one, within a transaction: the lock is held before anybody can see the row. What dead
    /// drivers left behind is removed.
    pub(crate) fn enlist(connection: &Connection, dir: &Path) -> Result<Self, EnlistFault> {
        bury(connection, dir)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = u64::try_from(since.as_micros()).unwrap_or(0);
        let sql = "INSERT INTO drivers VALUES (NULL, ?1, ?2)";
        connection.execute(sql, (std::process::id(), since))?;
        let number = connection.last_insert_rowid();
        let path = lock_path(dir, number);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let locked = options.open(&path).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        match locked {
            Ok(file) => Ok(Self { number, path, _file: file }),
            Err(source) => Err(EnlistFault::Lock { path, source }),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // A file that stays is removed by the next driver.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes dead drivers, their leases, and their locks.
fn bury(connection: &Connection, dir: &Path) -> rusqlite::Result<()> {
    let mut dead = Vec::new();
    {
        let mut statement = connection.prepare_cached("SELECT number FROM drivers")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            if !is_alive(dir, number) {
                dead.push(number);
            }
        }
    }
    for number in dead {
        connection.execute("DELETE FROM leases WHERE driver = ?1", [number])?;
        connection.execute("DELETE FROM drivers WHERE number = ?1", [number])?;
        // Numbers are never given twice, so the file is nobody else's.
        let _ = std::fs::remove_file(lock_path(dir, number));
    }
    Ok(())
}

fn lock_path(dir: &Path, number: i64) -> PathBuf {
    dir.join(FOLDER).join(format!("{number}.lock"))
}

/// Whether the lock is held. A file that can't be looked at counts as held: rather a run too few than
/// one twice.
fn is_alive(dir: &Path, number: i64) -> bool {
    match OpenOptions::new().read(true).open(lock_path(dir, number)) {
        Err(fault) => fault.kind() != ErrorKind::NotFound,
        // Shared, so that those who ask do not take each other for the driver.
        Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
    }
}

/// Which drivers are alive, each asked once.
pub(crate) struct Census<'a> {
    dir: &'a Path,
    known: HashMap<i64, Option<String>>,
}

impl<'a> Census<'a> {
    pub(crate) fn new(dir: &'a Path) -> Self {
        Self { dir, known: HashMap::new() }
    }

    /// How a driver that is alive is called; `None` for a dead one.
    pub(crate) fn name(
        &mut self,
        connection: &Connection,
        number: i64,
    ) -> rusqlite::Result<Option<String>> {
        if let Some(known) = self.known.get(&number) {
            return Ok(known.clone());
        }
        let name = match is_alive(self.dir, number) {
            false => None,
            true => {
                let mut pid =
                    connection.prepare_cached("SELECT pid FROM drivers WHERE number = ?1")?;
                let pid = pid.query_row([number], |row| row.get::<_, i64>(0));
                match pid {
                    Ok(pid) => Some(format!("process {pid}")),
                    Err(rusqlite::Error::QueryReturnedNoRows) => None,
                    Err(fault) => return Err(fault),
                }
            }
        };
        self.known.insert(number, name.clone());
        Ok(name)
    }
}
