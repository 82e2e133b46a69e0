//! What a run holds that is no data: its calls between their attempts, with their places in the
//! queues of the rate limits, and what is known of those that were cut. A snapshot does not carry
//! it; a run that is restored begins with none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fsm_core::{Start, StateId, Visit};
use fsm_http::caller::{Ongoing, Traffic};

/// The calls of one run that are between two attempts, and those that were given up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    // Locked only to put a call in or to take it out.
    calls: Arc<Mutex<Calls>>,
}

#[derive(Debug, Default)]
struct Calls {
    /// By the visit of their state.
    ongoing: HashMap<Key, Ongoing>,
    cut: Vec<GivenUp>,
    /// Calls that another process began, until they are made again.
    begun_before: HashMap<Key, BegunBefore>,
}

/// What is known of a call that another process began.
#[derive(Clone, Copy, Debug)]
struct BegunBefore {
    /// Attempts that were begun; each is taken for a request.
    attempts: u32,
    /// The last of them was under way when the process died.
    is_in_doubt: bool,
}

type Key = (StateId, u64);

/// A call that was dropped before its end.
#[derive(Debug)]
pub(crate) struct GivenUp {
    pub(crate) state: StateId,
    /// What it sent until then.
    pub(crate) traffic: Traffic,
    /// A request of it was under way, and may have left.
    pub(crate) is_in_doubt: bool,
}

/// A visit of a call's state, which finds what was kept for it.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    session: Session,
    key: Key,
}

/// An attempt at a call. If it is dropped before its end, the session hears what had been sent.
#[derive(Debug)]
pub(crate) struct Attempting {
    pub(crate) ongoing: Ongoing,
    /// Gone when the attempt has ended.
    seat: Option<Seat>,
}

impl Session {
    pub(crate) fn seat(&self, visit: &Visit<'_>) -> Seat {
        Seat { session: self.clone(), key: (visit.state, visit.number) }
    }

    /// Notes a call that another process began: its attempts count, too.
    pub(crate) fn note_begun(&self, start: &Start, is_in_doubt: bool) {
        let begun = BegunBefore { attempts: start.attempt, is_in_doubt };
        self.lock().begun_before.insert((start.state, start.visit), begun);
    }

    /// Gives every place in a queue back: the run is over. Says what was given up, while it was
    /// under way or while it waited.
    pub(crate) fn close(&self) -> Vec<GivenUp> {
        let Calls { ongoing, mut cut, begun_before } = std::mem::take(&mut *self.lock());
        let waited = ongoing.iter().map(|((state, _), ongoing)| GivenUp::now(*state, ongoing));
        cut.extend(waited);
        cut.extend(begun_before.into_iter().map(|((state, _), begun)| GivenUp {
            state,
            traffic: Traffic { requests: begun.attempts, ..Traffic::default() },
            is_in_doubt: begun.is_in_doubt,
        }));
        cut
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GivenUp {
    fn now(state: StateId, ongoing: &Ongoing) -> Self {
        let (traffic, is_in_doubt) = (ongoing.traffic_if_given_up(), ongoing.may_have_left());
        Self { state, traffic, is_in_doubt }
    }
}

impl Seat {
    /// Begins an attempt, with what was kept of the call; with nothing, if it is the first.
    pub(crate) fn attempt(self) -> Attempting {
        let mut calls = self.session.lock();
        let mut ongoing = match calls.ongoing.is_empty() {
            true => Ongoing::default(),
            false => calls.ongoing.remove(&self.key).unwrap_or_default(),
        };
        if let Some(begun) = calls.begun_before.remove(&self.key) {
            ongoing = Ongoing::after(begun.attempts);
        }
        drop(calls);
        Attempting { ongoing, seat: Some(self) }
    }

    /// Keeps a call that will be tried again.
    pub(crate) fn keep(&self, ongoing: Ongoing) {
        self.session.lock().ongoing.insert(self.key, ongoing);
    }
}

impl Attempting {
    /// The attempt has ended, and whoever asks tells of it.
    pub(crate) fn end(mut self) -> (Ongoing, Option<Seat>) {
        (std::mem::take(&mut self.ongoing), self.seat.take())
    }
}

impl Drop for Attempting {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            let cut = GivenUp::now(seat.key.0, &self.ongoing);
            seat.session.lock().cut.push(cut);
        }
    }
}

/// Two contexts are the same if their data is.
impl PartialEq for Session {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
