//! Who sleeps in a queue, and who of them keeps the time.
//!
//! Only the first sleeper has a timer; all others are woken. When it is served or leaves, it wakes
//! the next, who then keeps the time. So there is one timer a bucket, whoever waits, and nobody
//! wakes up for nothing. The first one also tells the others when their patience has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

/// The waiting tasks of a queue, by the number of their place.
#[derive(Default)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Sleepers {
    tasks: BTreeMap<u64, Sleeper>,
    /// Until when who is ready to wait.
    deadlines: BTreeSet<(u64, u64)>,
}

#[cfg_attr(test, derive(Clone))]
struct Sleeper {
    waker: Waker,
    deadline: Option<u64>,
}

/// What is to be woken or dropped when no lock is held any more: a waker runs foreign code.
#[derive(Default)]
pub(super) struct Woken {
    wake: Vec<Waker>,
    drop: Vec<Waker>,
}

impl Woken {
    /// Wakes them. To be called without a lock.
    pub(super) fn ring(self) {
        self.wake.into_iter().for_each(Waker::wake);
        drop(self.drop);
    }
}

impl Sleepers {
    /// Whether a task sleeps before a place; `None` is behind all places.
    pub(super) fn is_anyone_before(&self, place: Option<u64>) -> bool {
        let first = self.first();
        first.is_some_and(|first| place.is_none_or(|place| first < place))
    }

    /// Lies down, or goes on sleeping with another waker.
    pub(super) fn lie_down(
        &mut self,
        place: u64,
        waker: &Waker,
        deadline: Option<u64>,
        woken: &mut Woken,
    ) {
        if let Some(sleeper) = self.tasks.get_mut(&place) {
            if !sleeper.waker.will_wake(waker) {
                woken.drop.push(std::mem::replace(&mut sleeper.waker, waker.clone()));
            }
            return;
        }
        self.tasks.insert(place, Sleeper { waker: waker.clone(), deadline });
        if let Some(deadline) = deadline {
            // It is not due before the first, whose timer therefore rings before this deadline.
            self.deadlines.insert((deadline, place));
        }
    }

    /// Gets up; who is first then keeps the time.
    pub(super) fn get_up(&mut self, place: u64, woken: &mut Woken) {
        let was_first = self.first() == Some(place);
        let Some(sleeper) = self.tasks.remove(&place) else { return };
        if let Some(deadline) = sleeper.deadline {
            self.deadlines.remove(&(deadline, place));
        }
        woken.drop.push(sleeper.waker);
        if was_first {
            self.wake_first(woken);
        }
    }

    /// A place was given back: who keeps the time may be served earlier if it is behind it.
    pub(super) fn move_up(&mut self, place: u64, woken: &mut Woken) {
        if self.first().is_some_and(|first| first > place) {
            self.wake_first(woken);
        }
    }

    /// The point in time for the timer of the first sleeper, who is due at `due`; `None` for all
    /// others. Wakes whose patience has ended before `now`.
    pub(super) fn alarm(
        &mut self,
        place: u64,
        due: u64,
        now: u64,
        woken: &mut Woken,
    ) -> Option<u64> {
        if self.first() != Some(place) {
            return None;
        }
        while let Some((deadline, impatient)) = self.deadlines.first().copied() {
            if deadline >= now {
                break;
            }
            self.deadlines.pop_first();
            if let Some(sleeper) = self.tasks.get(&impatient).filter(|_| impatient != place) {
                woken.wake.push(sleeper.waker.clone());
            }
        }
        // Who becomes due at its deadline is served, so it has ended only after it.
        let deadline = self.deadlines.first().map(|(deadline, _)| deadline.saturating_add(1));
        Some(deadline.map_or(due, |deadline| due.min(deadline)))
    }

    fn first(&self) -> Option<u64> {
        self.tasks.first_key_value().map(|(place, _)| *place)
    }

    /// Makes the first one look again when it is due.
    pub(super) fn wake_first(&self, woken: &mut Woken) {
        if let Some((_, sleeper)) = self.tasks.first_key_value() {
            woken.wake.push(sleeper.waker.clone());
        }
    }
}

#[cfg(test)]
impl Sleepers {
    /// The places of all that sleep, in order.
    pub(super) fn asleep(&self) -> impl Iterator<Item = u64> + '_ {
        self.tasks.keys().copied()
    }
}
