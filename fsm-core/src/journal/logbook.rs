//! The journal of one run that is driven here.

use std::task::{Context, Poll};

use super::JournalError;
use crate::graph::Fingerprint;
use crate::kernel::{Input, Snapshot};
use crate::time::Timestamp;

/// The journal of one run, to be written by who drives it. Order in the journal is the order of the
/// calls.
///
/// Dropping a book ends the writing, not the lease: a run that waits may be kept for later
/// ([`Journal::release`](super::Journal::release) gives the lease back, and so does the end of the
/// run, or of the process).
pub trait Logbook<C, E>: Send {
    /// Hands over an input that the kernel took. It waits for nothing; whether it is durable tells
    /// [`poll_durable`](Self::poll_durable). Now and then the book keeps the snapshot as well.
    fn append(&mut self, entry: Entry<'_, C, E>);

    /// Ready when everything that was handed over is durable.
    ///
    /// # Errors
    /// What was handed over since the last success may be lost, and nothing more can be written.
    fn poll_durable(&mut self, task: &mut Context<'_>) -> Poll<Result<(), JournalError>>;

    /// The next letter, in the order in which they came; each is given once. Pending where there is
    /// none, or where the run is no longer written.
    fn poll_letter(&mut self, task: &mut Context<'_>) -> Poll<Letter<E>>;

    /// Says how the run stands. A run that stands still (waiting, over) is kept with its snapshot.
    fn stand(&mut self, standing: Standing<'_>, run: &Snapshot<C>);

    /// Begins a new epoch: the run follows another graph from now on.
    fn carry_over(&mut self, fingerprint: Fingerprint, definition: &str, run: &Snapshot<C>);
}

/// An input that the kernel took.
#[derive(Debug)]
pub struct Entry<'a, C, E> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub input: &'a Input<E>,
    /// Tells which way the run went.
    pub trail: u32,
    /// The letter that it came in; with this entry the letter is gone.
    pub letter: Option<u64>,
    /// The run after it.
    pub run: &'a Snapshot<C>,
}

/// What somebody outside sent to a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter<E> {
    /// Its number in the journal.
    pub number: u64,
    /// What is to be taken: [`Input::Event`] or [`Input::Cancel`].
    pub input: Input<E>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Nothing is under way.
    Waiting {
        /// The next point in time at which it goes on by itself.
        until: Option<Timestamp>,
        /// The names of the events that it would hear.
        awaits: &'a [&'a str],
    },
    /// It is over. The lease ends.
    Over {
        /// How it ended.
        outcome: &'a str,
        /// What it returned.
        result: &'a str,
    },
}
