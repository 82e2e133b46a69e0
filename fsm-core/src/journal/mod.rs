//! Runs that survive: what is kept of a run, so that another process can go on with it.
//!
//! The kernel is pure, so a run *is* the list of its inputs. A [`Journal`] keeps it: the snapshot
//! that the run began with, every [`Input`] that the kernel took with its point in time, and now and
//! then a snapshot, so that nobody has to start from the beginning. The driver hands each input over
//! before it performs what follows from it ([`Run::journal`](crate::Run::journal)): what was begun is
//! always known.
//!
//! | type | is |
//! |---|---|
//! | [`Journal`] | many runs: begun, taken up, read, listed, written to from outside |
//! | [`Logbook`] | the journal of one run that is driven here, to be written |
//! | [`History`] | what a journal holds of one run, to be read |
//! | [`Replay`] | the run at any point of its history |
//! | [`Step`] | one record of it in words |
//! | [`RunInfo`] | one line of a list of runs |
//! | [`Letter`] | what somebody outside sends to a run: an event, or the wish that it end |
//! | [`MemoryJournal`] | a journal that lasts as long as the process |
//!
//! A journal on disk is in the crate `fsm-journal`.
//!
//! ```
//! use fsm_core::journal::{Journal, MemoryJournal, NewRun};
//! use fsm_core::{Bindings, Graph, Machine, Outcome, Status};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut graph = Graph::builder("errand");
//! graph.activity("fetch");
//! graph.final_state("home");
//! graph.transition("fetch", "home").done();
//! let machine = Machine::<(), ()>::bind(
//!     graph.initial("fetch").build()?,
//!     Bindings::new().activity("fetch", |_, _| async { Outcome::done() }),
//! )?;
//!
//! let journal = MemoryJournal::new();
//! let first = machine.snapshot((), 0);
//! let book = journal.begin(NewRun::new("errand-1", machine.graph()), &first)?;
//! let ended = machine.resume(first)?.journal(book).await;
//! assert!(ended.fault.is_none());
//!
//! let history = journal.read("errand-1")?;
//! assert_eq!(history.last().replay(&machine)?, ended.snapshot);
//! # Ok(())
//! # }
//! ```

mod error;
mod history;
mod info;
mod logbook;
mod memory;
mod replay;
mod step;
mod trail;
mod way;

pub use error::{JournalError, ReplayFault};
pub use history::{Epoch, History, Record};
pub use info::{RunFilter, RunInfo, RunPhase};
pub use logbook::{Entry, Letter, Logbook, Standing};
pub use memory::MemoryJournal;
pub use replay::Replay;
pub(crate) use step::Teller;
pub use step::{Passing, Standpoint, Step};
use tokio::sync::watch;
pub(crate) use trail::Trail;

use crate::graph::{Fingerprint, Graph};
use crate::kernel::{Input, Snapshot};

/// Where runs are kept.
///
/// The functions may wait for a disk, as long as a read of it takes; what is handed over to a
/// [`Logbook`] waits for nothing. A journal knows which of its runs are driven by this value of it and
/// which by others (the *lease* of a run): nobody else can take up a run that is driven.
pub trait Journal<C, E>: Send + Sync {
    /// Begins the journal of a run that has not begun; from now on it is driven here. A run with a key
    /// is durable when this returns, another one when the book's first entry is.
    ///
    /// # Errors
    /// [`JournalError::Exists`] if there is a run of this id; [`JournalError::KeyTaken`] if a run of
    /// the same machine and key has not failed.
    fn begin(
        &self,
        run: NewRun<'_>,
        first: &Snapshot<C>,
    ) -> Result<Box<dyn Logbook<C, E>>, JournalError>;

    /// Takes a run up that nobody drives. The history begins with the last snapshot.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], [`JournalError::Driven`] if somebody drives it,
    /// [`JournalError::Damaged`].
    fn take_up(&self, run: &str) -> Result<TakenUp<C, E>, JournalError>;

    /// Everything that is kept of a run, whoever drives it.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], [`JournalError::Damaged`], [`JournalError::Pruned`].
    fn read(&self, run: &str) -> Result<History<C, E>, JournalError>;

    /// One line of the list.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`].
    fn info(&self, run: &str) -> Result<RunInfo, JournalError>;

    /// The runs that `filter` asks for, those that began last first.
    ///
    /// # Errors
    /// If the journal can't be read.
    fn list(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError>;

    /// Takes the leases of all runs that `filter` asks for, that are not over, and that nobody drives;
    /// in the order in which they began. They are not read: [`take_up`](Self::take_up) does, when there
    /// is something to do for them.
    ///
    /// # Errors
    /// If the journal can't be written.
    fn adopt(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError>;

    /// Gives the lease of a run back: others may take it up.
    ///
    /// # Errors
    /// If the journal can't be written.
    fn release(&self, run: &str) -> Result<(), JournalError>;

    /// As [`release`](Self::release), for many runs; a journal on disk needs one commit for all.
    ///
    /// # Errors
    /// The first lease that could not be given back; the others are, where one by one they can be.
    fn release_all(&self, runs: &[&str]) -> Result<(), JournalError> {
        let mut first = Ok(());
        for run in runs {
            first = first.and(self.release(run));
        }
        first
    }

    /// Sends something to a run, whoever drives it. It is kept until the run takes it. Returns its
    /// number when it is durable.
    ///
    /// # Errors
    /// [`JournalError::NoSuchRun`], [`JournalError::Over`].
    fn post(&self, run: &str, message: &Input<E>) -> Result<u64, JournalError>;

    /// The letters with a number above `number` that no run has taken yet, each with its run.
    ///
    /// # Errors
    /// If the journal can't be read.
    fn posted_after(&self, number: u64) -> Result<Vec<(u64, String)>, JournalError>;

    /// Changes whenever a letter may have come, or a run may have ended, also by another process.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// A run that was taken up.
pub struct TakenUp<C, E> {
    /// What happened so far, from the last snapshot on.
    pub history: History<C, E>,
    /// To go on with.
    pub book: Box<dyn Logbook<C, E>>,
}

/// What is known of a run before it begins.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// Its id, unique in the journal.
    pub id: &'a str,
    /// The name of its machine.
    pub machine: &'a str,
    /// The fingerprint of its graph.
    pub fingerprint: Fingerprint,
    /// What the machine was made from, so that others can make it: the text of a file. May be empty.
    pub definition: &'a str,
    /// The run key: of one machine, no second run with this key begins unless the first has ended
    /// otherwise than as completed.
    pub key: Option<&'a str>,
    /// Whether a completed run with this key loses it to this one. One that is under way keeps it.
    pub force: bool,
}

impl<'a> NewRun<'a> {
    /// A run along `graph`, without a key and without a definition.
    pub fn new(id: &'a str, graph: &'a Graph) -> Self {
        let (machine, fingerprint) = (graph.name(), graph.fingerprint());
        Self { id, machine, fingerprint, definition: "", key: None, force: false }
    }

    /// With what the machine was made from.
    #[must_use]
    pub fn definition(self, definition: &'a str) -> Self {
        Self { definition, ..self }
    }

    /// With a run key.
    #[must_use]
    pub fn key(self, key: Option<&'a str>) -> Self {
        Self { key, ..self }
    }

    /// Takes the run key from the completed run that has it.
    #[must_use]
    pub fn force(self) -> Self {
        Self { force: true, ..self }
    }
}
