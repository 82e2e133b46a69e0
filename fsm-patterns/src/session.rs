//! What a run holds that is no data: its calls between their attempts, with their places in the
//! queues of the rate limits. A snapshot does not carry it; a run that is restored begins with none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fsm_core::{StateId, Visit};
use fsm_http::caller::Ongoing;

/// The calls of one run that are between two attempts, by the visit of their state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    // Locked only to put a call in or to take it out.
    ongoing: Arc<Mutex<HashMap<Key, Ongoing>>>,
}

type Key = (StateId, u64);

/// A visit of a call's state, which finds what was kept for it.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    session: Session,
    key: Key,
}

impl Session {
    pub(crate) fn seat(&self, visit: &Visit<'_>) -> Seat {
        Seat { session: self.clone(), key: (visit.state, visit.number) }
    }

    /// Gives every place in a queue back: the run is over.
    pub(crate) fn close(&self) {
        drop(std::mem::take(&mut *self.lock()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Ongoing>> {
        self.ongoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// What was kept of the call; nothing, if this is its first attempt.
    pub(crate) fn take(&self) -> Ongoing {
        let mut ongoing = self.session.lock();
        if ongoing.is_empty() {
            return Ongoing::default();
        }
        ongoing.remove(&self.key).unwrap_or_default()
    }

    /// Keeps a call that will be tried again.
    pub(crate) fn keep(&self, ongoing: Ongoing) {
        self.session.lock().insert(self.key, ongoing);
    }
}

/// Two contexts are the same if their data is.
impl PartialEq for Session {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
