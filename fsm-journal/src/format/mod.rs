//! The format on disk: tables, versions, and how a database is opened. `FORMAT.md` says it in words.

mod schema;

use std::cell::Cell;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fsm_core::journal::JournalError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use self::schema::{MIGRATIONS, SCHEMA};
use crate::counters::Counters;
use crate::fault::{Missing, damaged, sqlite};
use crate::lease;
use crate::mark::{Level, Mark, private, storage};

pub(crate) const FILE: &str = "journal.db";

/// "fsmj", so that `file` and SQLite's tools can tell what it is.
const APPLICATION: i32 = 0x6673_6d6a;

/// The newest format that is understood, and the one that is written.
pub(crate) const FORMAT: u32 = 1 + MIGRATIONS.len() as u32;

/// Pages of the write-ahead log from which on it is worked off.
pub(crate) const LOG_PAGES: i32 = 1_000;

thread_local! {
    /// So long a connection on this thread waits for others.
    static PATIENCE: Cell<Duration> = const { Cell::new(Duration::from_secs(60)) };
}

/// Does something that is not worth waiting for as long as usual.
pub(crate) fn with_patience<T>(patience: Duration, work: impl FnOnce() -> T) -> T {
    let usual = PATIENCE.replace(patience);
    let done = work();
    PATIENCE.set(usual);
    done
}

pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// The folder, if it has to be made.
pub(crate) fn make(dir: &Path) -> Result<(), JournalError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = || -> io::Result<()> {
        let new = dir.ancestors().take_while(|folder| !folder.exists()).count();
        builder.create(dir)?;
        builder.create(dir.join(lease::FOLDER))?;
        // The name of a folder is durable when the folder around it is.
        dir.ancestors().skip(1).take(new).try_for_each(sync_folder)
    };
    made().map_err(|fault| storage("make the folder", dir, fault))
}

/// Makes the names in a folder durable; elsewhere than on Unix a folder can't be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

pub(crate) fn exists(dir: &Path) -> Result<(), JournalError> {
    let missing = || JournalError::storage("be opened", Missing { dir: dir.display().to_string() });
    let path = path(dir);
    match fs::metadata(&path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(missing()),
        Err(fault) => match fault.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Err(missing()),
            // It may be there: who must not look does not know.
            _ => Err(storage("look at", &path, fault)),
        },
    }
}

/// Opens the database for the writer: made, brought to this format, and not behind its mark.
pub(crate) fn open(
    dir: &Path,
    mark: &Mark,
    accept_loss: bool,
) -> Result<(Connection, Counters), JournalError> {
    mark.lock()?;
    // Before the database: it may only be ahead.
    let level = mark.read()?;
    let opened = prepare(dir).and_then(|(connection, counters)| {
        compare(&level, &counters, mark, accept_loss)?;
        Ok((connection, counters))
    });
    mark.unlock()?;
    opened
}

fn prepare(dir: &Path) -> Result<(Connection, Counters), JournalError> {
    let path = path(dir);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private(&mut options);
    options.open(&path).map_err(|fault| storage("open", &path, fault))?;

    let what = format!("open `{}`", path.display());
    let mut connection = connect(dir)?;
    let format = format_of(&connection).map_err(|fault| sqlite(&what, &fault))?;
    match format {
        Format::None => found(&mut connection).map_err(|fault| sqlite(&what, &fault))?,
        Format::Foreign => {
            return Err(damaged(format!(
                "`{}` is a database of another program; choose another folder",
                path.display()
            )));
        }
        Format::Number(FORMAT) => {}
        Format::Number(found) if found > FORMAT => {
            return Err(JournalError::Format { found, understood: FORMAT });
        }
        Format::Number(found) => {
            migrate(&mut connection, found).map_err(|fault| sqlite(&what, &fault))?;
        }
    }
    let counters = Counters::read(&connection)?;
    Ok((connection, counters))
}

/// A connection that waits for others, and syncs what it writes.
pub(crate) fn connect(dir: &Path) -> Result<Connection, JournalError> {
    let path = path(dir);
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags)?;
        // SQLite's own handler waits longer and longer: beside a process that writes all the time, it
        // would seldom get its turn.
        let mut since = Instant::now();
        connection.busy_handler(Some(move |tries| {
            if tries == 0 {
                since = Instant::now();
            }
            std::thread::sleep(Duration::from_micros(300));
            since.elapsed() < PATIENCE.get()
        }))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Counts only before the first table is there.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cell_size_check", true)?;
        // The writer works the log off and hears of it if that fails.
        connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    open().map_err(|fault| sqlite(&format!("open `{}`", path.display()), &fault))
}

/// A connection that only reads.
pub(crate) fn connect_reader(dir: &Path) -> Result<Connection, JournalError> {
    let connection = connect(dir)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|fault| sqlite(&format!("open `{}`", path(dir).display()), &fault))?;
    Ok(connection)
}

/// Closes a connection. Where writing failed, the log is left as it is: nothing is tried again.
pub(crate) fn close(connection: Connection, stopped: bool) {
    if stopped {
        // Without it the last connection works the log off, as it would after a crash.
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
    drop(connection);
}

enum Format {
    /// An empty file.
    None,
    /// Not ours.
    Foreign,
    Number(u32),
}

fn format_of(connection: &Connection) -> rusqlite::Result<Format> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let (application, version): (i32, u32) = (number("application_id")?, {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))?
    });
    if application == APPLICATION {
        return Ok(Format::Number(version));
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(if tables == 0 { Format::None } else { Format::Foreign })
}

/// Makes the tables of an empty database.
fn found(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(SCHEMA)?;
    Counters::begin(&transaction)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// Brings an older format to this one, step by step, in one transaction.
fn migrate(connection: &mut Connection, found: u32) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in pending(MIGRATIONS, found) {
        step(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// Brings a database from one format to the next.
type Migration = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// The steps that are left for a database of format `found`: the first of all steps leads from 1 to 2.
fn pending(all: &[Migration], found: u32) -> &[Migration] {
    all.get(found.saturating_sub(1) as usize..).unwrap_or_default()
}

/// Holds the database to its mark.
fn compare(
    level: &Level,
    counters: &Counters,
    mark: &Mark,
    accept_loss: bool,
) -> Result<(), JournalError> {
    let found = counters.written;
    let fault = match level {
        Level::Written { journal, count } if *journal == counters.journal => {
            if *count <= found {
                return Ok(());
            }
            JournalError::Lost { acknowledged: *count, found }
        }
        Level::Empty if found == 0 => return mark.found(&counters.journal, 0),
        Level::Empty => damaged(
            "`journal.mark` is missing, so nobody can say whether records were lost; \
             copy the whole folder, or accept a loss",
        ),
        Level::Garbled => damaged(
            "`journal.mark` can't be read, so nobody can say whether records were lost; \
             copy the whole folder, or accept a loss",
        ),
        Level::Written { .. } => damaged(
            "`journal.mark` belongs to another journal, so nobody can say whether records were lost; \
             copy the whole folder, or accept a loss",
        ),
    };
    match accept_loss {
        true => mark.found(&counters.journal, found),
        false => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_format_takes_only_the_steps_that_are_left() {
        let step: Migration = |_| Ok(());
        let all = [step; 3];
        assert_eq!(pending(&all, 1).len(), 3);
        assert_eq!(pending(&all, 3).len(), 1);
        assert_eq!(pending(&all, 4).len(), 0);
        assert_eq!(pending(&all, 9).len(), 0);
    }
}
