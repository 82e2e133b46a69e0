//! What the threads of a journal share.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use fsm_core::journal::JournalError;
use tokio::sync::watch;

use crate::bell::Bell;
use crate::desk::{Desks, lock};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) desks: Desks,
    pub(crate) bell: Bell,
    /// What the writer failed with first.
    stopped: OnceLock<String>,
    // Ids of runs that were begun here and are not durable yet.
    fresh: Mutex<HashSet<String>>,
    /// Messages that were handed to the writer, and those that it has answered.
    handed: AtomicU64,
    answered: AtomicU64,
    /// The number of this journal as a driver; 0: it drives nothing yet.
    driver: AtomicI64,
    changes: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            desks: Desks::default(),
            bell: Bell::default(),
            stopped: OnceLock::new(),
            fresh: Mutex::default(),
            handed: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            driver: AtomicI64::new(0),
            changes: watch::Sender::new(0),
        }
    }

    pub(crate) fn stop(&self, fault: &JournalError) {
        // The first one is the cause.
        let _ = self.stopped.set(fault.to_string());
    }

    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.get().is_some()
    }

    /// What is said to those who come after the failure.
    pub(crate) fn stopped(&self) -> JournalError {
        let first = self.stopped.get().cloned();
        JournalError::Stopped { first: first.unwrap_or_else(|| "it was closed".to_owned()) }
    }

    pub(crate) fn handed(&self) {
        self.handed.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Release);
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_settled(&self) -> bool {
        // In this order: what is handed over in between is not answered yet.
        let answered = self.answered.load(Ordering::Acquire);
        self.handed.load(Ordering::Acquire) == answered
    }

    /// Takes an id for a new run; false where it is taken by one that is not durable yet.
    pub(crate) fn reserve(&self, run: &str) -> bool {
        lock(&self.fresh).insert(run.to_owned())
    }

    pub(crate) fn unreserve(&self, run: &str) {
        lock(&self.fresh).remove(run);
    }

    pub(crate) fn driver(&self) -> i64 {
        self.driver.load(Ordering::Acquire)
    }

    pub(crate) fn set_driver(&self, number: i64) {
        self.driver.store(number, Ordering::Release);
    }

    /// Tells those who listen that something may be new.
    pub(crate) fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn has_listeners(&self) -> bool {
        self.changes.receiver_count() > 0
    }
}
