//! How a journal is opened, and what stands between it and the disk.

use std::io;

/// How a journal is opened.
///
/// ```
/// use fsm_journal::Options;
///
/// let options = Options::new().max_size(100 * 1024 * 1024);
/// # let _ = options;
/// ```
#[derive(Debug, Default)]
pub struct Options {
    pub(crate) accept_loss: bool,
    pub(crate) max_size: Option<u64>,
    pub(crate) disk: Option<Box<dyn Disk>>,
}

impl Options {
    /// As [`SqliteJournal::open`](crate::SqliteJournal::open) has them: a loss is refused, the size
    /// is not bounded.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with what is there where records were lost that had been durable. Their loss is not
    /// told again.
    #[must_use]
    pub fn accept_loss(mut self) -> Self {
        self.accept_loss = true;
        self
    }

    /// The database grows to so many bytes at most (it is never made smaller by this, and the
    /// write-ahead log beside it is not counted). A journal that is full stops as one on a full disk
    /// does.
    #[must_use]
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// Puts something between the journal and the disk: for tests of what happens when it fails.
    #[must_use]
    pub fn disk(mut self, disk: impl Disk + 'static) -> Self {
        self.disk = Some(Box::new(disk));
        self
    }
}

/// What stands between a journal and the disk; it may fail in the disk's place.
pub trait Disk: Send + std::fmt::Debug {
    /// Before a group of records is committed; an error stands for a disk that takes no more: nothing
    /// of the group is there.
    ///
    /// # Errors
    /// As the disk would.
    fn write(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// After a group of records was committed, before anybody hears of it; an error stands for a sync
    /// that failed: nobody knows whether the group is there.
    ///
    /// # Errors
    /// As the disk would.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
