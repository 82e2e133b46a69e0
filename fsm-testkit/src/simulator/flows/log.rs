//! What happened in a run of a flow, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Something that chance did to a run, and that a calmer run can do without: to which kind of
/// request, and to which of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulator) enum Disturbance {
    Ill(u64, u64),
    Slow(u64, u64),
}

/// The log of a run under way, shared by what writes to it.
#[derive(Clone, Debug)]
pub(super) struct Log {
    begun: Instant,
    /// Locked only to push, to count, and to take.
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) lines: Vec<(Duration, String)>,
    pub(super) disturbances: BTreeSet<Disturbance>,
    /// By route, how many requests it had: its script goes by that.
    pub(super) counts: Vec<usize>,
    /// By method and path, how many requests there were: chance goes by that.
    pub(super) kinds: BTreeMap<u64, u64>,
}

impl Log {
    pub(super) fn new(routes: usize) -> Self {
        let kept = Kept { counts: vec![0; routes], ..Kept::default() };
        Self { begun: Instant::now(), kept: Arc::new(Mutex::new(kept)) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self, line: String) {
        let at = self.begun.elapsed();
        self.lock().lines.push((at, line));
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Kept {
    /// Counts a request; which one of its route, and of its kind, it is, from 0.
    pub(super) fn count(&mut self, route: usize, kind: u64) -> (usize, u64) {
        let (of_route, of_kind) = (&mut self.counts[route], self.kinds.entry(kind).or_default());
        let numbers = (*of_route, *of_kind);
        *of_route += 1;
        *of_kind += 1;
        numbers
    }
}
