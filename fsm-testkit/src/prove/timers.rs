//! Which timers may be the next to fire, where time is abstract.

use std::cmp::Ordering;
use std::time::Duration;

use fsm_core::{Kind, Snapshot, Timer, Trigger, Wait};

use super::subject::Subject;
use super::world::World;

impl<S: Subject> World<'_, S> {
    /// The timers that may be the next to fire: of those that one token set as it entered one
    /// state, the shortest, and none that is as long as one of a state around, which was set before
    /// it.
    pub(super) fn next_timers(&self, run: &Snapshot<S::Context>) -> Vec<Timer> {
        let machine = self.subject.machine();
        let timers = machine.timers(run);
        let is_next = |timer: &Timer| {
            let own = self.length(timer);
            !timers.iter().any(|other| {
                let is_beside = other.ticket.slot() == timer.ticket.slot()
                    && other.state == timer.state
                    && other.ticket != timer.ticket;
                let is_retry = timer.wait == Wait::Retry || other.wait == Wait::Retry;
                // An attempt begins no earlier than its state was entered.
                let is_first = match (self.length(other), own) {
                    (Some(other), Some(own)) if timer.wait == Wait::Timeout => other <= own,
                    (Some(other_length), Some(own)) => match other_length.cmp(&own) {
                        Ordering::Less => other.wait != Wait::Timeout,
                        Ordering::Equal => {
                            matches!(timer.wait, Wait::Delay) && other.wait != Wait::Timeout
                        }
                        Ordering::Greater => false,
                    },
                    (None, _) | (_, None) => false,
                };
                let is_around = matches!(other.wait, Wait::After(_))
                    && self.is_set_around(other, timer)
                    && self.length(other).zip(own).is_some_and(|(other, own)| other <= own);
                is_around || is_beside && !is_retry && is_first
            })
        };
        timers.iter().filter(|timer| is_next(timer)).copied().collect()
    }

    /// Whether `outer` is of a state around that of `inner`, and was set before it: by the same
    /// token, or by one that owns the scope in which that lives.
    fn is_set_around(&self, outer: &Timer, inner: &Timer) -> bool {
        let graph = self.subject.machine().graph();
        let mut is_owned = outer.ticket.slot() == inner.ticket.slot();
        let mut level = graph.parent(inner.state);
        while let Some(state) = level {
            is_owned |= matches!(graph.kind(state), Kind::Fork(_) | Kind::Parallel);
            if state == outer.state {
                return is_owned;
            }
            level = graph.parent(state);
        }
        false
    }

    /// How long a timer runs, where that is known.
    pub(super) fn length(&self, timer: &Timer) -> Option<Duration> {
        let graph = self.subject.machine().graph();
        match timer.wait {
            Wait::Delay => match graph.kind(timer.state) {
                Kind::Delay(wait) => Some(wait),
                _ => None,
            },
            Wait::Timeout => graph.timeout(timer.state),
            Wait::Retry => None,
            Wait::After(transition) => match graph.transition(transition).trigger() {
                Trigger::After(wait) => Some(wait),
                _ => None,
            },
        }
    }

    pub(super) fn takes_no_time(&self, timer: &Timer) -> bool {
        timer.wait != Wait::Timeout && self.length(timer) == Some(Duration::ZERO)
    }
}
