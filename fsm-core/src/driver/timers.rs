//! One heap of timers with one sleep.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::Sleep;

use super::clock::Clock;
use crate::kernel::Ticket;
use crate::time::Timestamp;

#[derive(Default)]
pub(super) struct Timers {
    /// By point in time; of several, the one that was set first.
    heap: BinaryHeap<Reverse<(Timestamp, u64, Ticket)>>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// What the sleep is set to.
    armed: Option<Timestamp>,
}

impl Timers {
    pub(super) fn set(&mut self, ticket: Ticket, at: Timestamp) {
        self.heap.push(Reverse((at, ticket.number(), ticket)));
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    /// How many timers are due at `now`.
    ///
    /// # Complexity
    /// O(timers).
    pub(super) fn count_due(&self, now: Timestamp) -> usize {
        self.heap.iter().filter(|Reverse((at, _, _))| *at <= now).count()
    }

    /// A timer that is due at `now`.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<Ticket> {
        match self.heap.peek() {
            Some(Reverse((at, _, ticket))) if *at <= now => {
                let ticket = *ticket;
                self.heap.pop();
                Some(ticket)
            }
            _ => None,
        }
    }

    /// The clock was changed.
    pub(super) fn rearm(&mut self) {
        self.armed = None;
    }

    /// Ready when the earliest timer is due.
    pub(super) fn poll(&mut self, clock: &Clock, task: &mut Context<'_>) -> Poll<()> {
        let Some(Reverse((at, _, _))) = self.heap.peek() else { return Poll::Pending };
        let deadline = clock.instant(*at);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if self.armed != Some(*at) {
            sleep.as_mut().reset(deadline);
            self.armed = Some(*at);
        }
        let ready = sleep.as_mut().poll(task);
        if ready.is_ready() {
            self.armed = None;
        }
        ready
    }
}
