//! The high-water mark: how much was durable, in a file of its own beside the database.
//!
//! A database whose log was cut, or is missing because only one file of three was copied, is a good
//! database: it is only older. The mark tells. It is synced when the journal is made, and written over
//! after each commit without a sync, so it may be behind, and is never ahead, of what is durable.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fsm_core::journal::JournalError;

use crate::chain::Seal;

pub(crate) const FILE: &str = "journal.mark";

/// How long what is written is: over it goes what is written next.
const LENGTH: usize = "fsm-journal 0123456789abcdef 01234567890123456789 01234567\n".len();

/// The file.
pub(crate) struct Mark {
    path: PathBuf,
    file: File,
}

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Nothing: the file is new.
    Empty,
    /// Nothing that can be read.
    Garbled,
    /// So much was durable.
    Written {
        /// The name of the journal.
        journal: String,
        /// How many writes.
        count: u64,
    },
}

impl Mark {
    /// Opens the file, or makes it.
    pub(crate) fn open(dir: &Path) -> Result<Self, JournalError> {
        let path = dir.join(FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        match options.open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(fault) => Err(storage("open", &path, fault)),
        }
    }

    /// Waits until nobody else opens the journal or writes the mark.
    pub(crate) fn lock(&self) -> Result<(), JournalError> {
        self.file.lock().map_err(|fault| storage("lock", &self.path, fault))
    }

    pub(crate) fn unlock(&self) -> Result<(), JournalError> {
        self.file.unlock().map_err(|fault| storage("unlock", &self.path, fault))
    }

    pub(crate) fn read(&self) -> Result<Level, JournalError> {
        self.level().map_err(|fault| storage("read", &self.path, fault))
    }

    /// Writes the mark, whatever it said.
    fn set(&self, journal: &str, count: u64) -> Result<(), JournalError> {
        self.write(journal, count).map_err(|fault| storage("write", &self.path, fault))
    }

    /// Writes a mark that is there also after a power cut, so that its absence means something. What is
    /// written over it later may be older then, and is never half of it.
    pub(crate) fn found(&self, journal: &str, count: u64) -> Result<(), JournalError> {
        self.set(journal, count)?;
        self.file.sync_all().map_err(|fault| storage("sync", &self.path, fault))
    }

    /// Writes the mark unless another process has written a higher one meanwhile.
    pub(crate) fn raise(&self, journal: &str, count: u64) -> Result<(), JournalError> {
        self.lock()?;
        let raised = match self.read()? {
            Level::Written { count: other, .. } if other >= count => Ok(()),
            Level::Empty | Level::Garbled | Level::Written { .. } => self.set(journal, count),
        };
        self.unlock()?;
        raised
    }

    fn level(&self) -> io::Result<Level> {
        let mut bytes = Vec::with_capacity(LENGTH);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        file.take(4 * LENGTH as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(Level::Empty);
        }
        Ok(std::str::from_utf8(&bytes).ok().and_then(parse).unwrap_or(Level::Garbled))
    }

    fn write(&self, journal: &str, count: u64) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(format!("{}\n", line(journal, count)).as_bytes())
    }
}

fn line(journal: &str, count: u64) -> String {
    let check = Seal::after(0).text(journal).number(count).done();
    format!("fsm-journal {journal} {count:020} {check:08x}")
}

fn parse(text: &str) -> Option<Level> {
    let text = text.strip_suffix('\n')?;
    let mut words = text.split(' ').skip(1);
    let (journal, count) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
    (line(&journal, count) == text).then_some(Level::Written { journal, count })
}

/// Outputs of runs are personal data: their files are for their owner.
pub(crate) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

pub(crate) fn storage(what: &str, path: &Path, fault: io::Error) -> JournalError {
    JournalError::storage(format!("{what} `{}`", path.display()), fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_only_rises_and_a_garbled_one_is_none() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let mark = Mark::open(dir.path())?;
        assert_eq!(mark.read()?, Level::Empty);

        let name = "0123456789abcdef";
        mark.raise(name, 7)?;
        mark.raise(name, 5)?;
        let seven = Level::Written { journal: name.to_owned(), count: 7 };
        assert_eq!(mark.read()?, seven);

        let path = dir.path().join(FILE);
        let whole = std::fs::read(&path)?;
        assert_eq!(whole.len(), LENGTH);
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes)?;
            assert_eq!(Mark::open(dir.path())?.read()?, Level::Garbled, "byte {at}");
        }
        Ok(())
    }
}
