//! A journal on disk: runs survive the end of their process, by whatever end.
//!
//! [`SqliteJournal`] is a [`Journal`](fsm_core::journal::Journal) in a folder. It is a SQLite database,
//! so any tool can read it, and other processes list, signal, and cancel runs while they go on;
//! `FORMAT.md` beside this crate says what is in it.
//!
//! | promise | kept by |
//! |---|---|
//! | what was acknowledged is on the disk | write-ahead log, a sync for each commit |
//! | many runs share a sync | one writer, which commits all that came while it was busy |
//! | nothing is replayed wrongly | each record carries a check over itself and the one before |
//! | lost records are told | a high-water mark beside the database |
//! | a run is driven once | a lock that the system gives back when its process ends |
//!
//! After a write or a sync that failed the journal writes no more; it has to be opened anew.
//!
//! ```
//! use fsm_core::journal::{Journal, NewRun, RunFilter};
//! use fsm_core::{Bindings, Graph, Machine, Outcome};
//! use fsm_journal::SqliteJournal;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let dir = folder.path();
//! let mut graph = Graph::builder("errand");
//! graph.activity("fetch");
//! graph.final_state("home");
//! graph.transition("fetch", "home").done();
//! let machine = Machine::<(), ()>::bind(
//!     graph.initial("fetch").build()?,
//!     Bindings::new().activity("fetch", |_, _| async { Outcome::done() }),
//! )?;
//!
//! let journal = SqliteJournal::open(dir)?;
//! let first = machine.snapshot((), 0);
//! let book = journal.begin(NewRun::new("errand-1", machine.graph()), &first)?;
//! let ended = machine.resume(first)?.journal(book).await;
//! assert!(ended.fault.is_none());
//! drop(journal);
//!
//! let journal = SqliteJournal::<(), ()>::open(dir)?;
//! assert_eq!(journal.list(&RunFilter::all())?.len(), 1);
//! assert_eq!(journal.read("errand-1")?.last().replay(&machine)?, ended.snapshot);
//! # Ok(())
//! # }
//! ```

mod bell;
mod book;
mod chain;
mod counters;
mod desk;
mod fault;
mod format;
mod head;
mod journal;
mod json;
mod lease;
mod mark;
mod options;
mod post;
mod retention;
mod rows;
mod shared;
mod store;
mod tails;
mod verify;
mod writer;

pub use fsm_core::journal::JournalError;
pub use journal::SqliteJournal;
pub use options::{Disk, Options};
pub use retention::{Pruned, Retention};
pub use verify::Checked;
