//! What a run that stands still will hear of by itself: outcomes of activities under way, and
//! timers. It follows from the snapshot, so that a run can be taken up from nothing else.

use super::effect::Start;
use super::input::Ticket;
use super::snapshot::{Alarm, Phase, Snapshot, Status, Token};
use crate::graph::{Kind, StateId, TransitionId};
use crate::machine::Machine;
use crate::time::Timestamp;

/// A timer that a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Goes back with the timer's input.
    pub ticket: Ticket,
    /// When it is due.
    pub at: Timestamp,
    /// The state that it belongs to.
    pub state: StateId,
    /// What comes when it fires.
    pub wait: Wait,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A delay is over.
    Delay,
    /// An activity has taken too long.
    Timeout,
    /// An activity that failed, or was postponed, is started again.
    Retry,
    /// A transition of a state around is tried.
    After(TransitionId),
}

impl<C, E> Machine<C, E> {
    /// The activities of a run that are under way, as they were started.
    ///
    /// # Panics
    /// Only on a snapshot that [`restore`](Self::restore) refuses.
    ///
    /// # Complexity
    /// O(tokens).
    pub fn under_way(&self, run: &Snapshot<C>) -> Vec<Start> {
        let graph = self.graph();
        let started = |slot: u32| {
            let Token { state, phase, attempt, visit, number, .. } = *run.token(slot);
            match (phase, graph.kind(state)) {
                (Phase::Running, Kind::Activity(activity) | Kind::Machine(activity)) => {
                    let ticket = Ticket { slot, number };
                    Some(Start { ticket, state, activity, attempt, visit })
                }
                _ => None,
            }
        };
        slots(run).filter_map(started).collect()
    }

    /// The activities of a run that have begun and not ended, each with the last attempt that was
    /// begun: besides those under way, those that wait for another attempt, or for room to make it.
    ///
    /// # Panics
    /// Only on a snapshot that [`restore`](Self::restore) refuses.
    ///
    /// # Complexity
    /// O(tokens).
    pub fn begun(&self, run: &Snapshot<C>) -> Vec<Start> {
        let graph = self.graph();
        let begun = |slot: u32| {
            let Token { state, phase, attempt, visit, number, .. } = *run.token(slot);
            match (phase, graph.kind(state)) {
                (
                    Phase::Running | Phase::Waiting | Phase::Queued,
                    Kind::Activity(activity) | Kind::Machine(activity),
                ) if attempt > 0 => {
                    let ticket = Ticket { slot, number };
                    Some(Start { ticket, state, activity, attempt, visit })
                }
                _ => None,
            }
        };
        slots(run).filter_map(begun).collect()
    }

    /// Whether an activity is under way in a run, as it was started.
    pub fn is_under_way(&self, run: &Snapshot<C>, start: &Start) -> bool {
        run.is_running(start.ticket)
    }

    /// The timers that a run waits for, in the order in which they fire: by their points in time, and
    /// of several due at one, the one that was set first.
    ///
    /// # Panics
    /// Only on a snapshot that [`restore`](Self::restore) refuses.
    ///
    /// # Complexity
    /// O(tokens + timers * log(timers)).
    pub fn timers(&self, run: &Snapshot<C>) -> Vec<Timer> {
        let alarms = run.alarms.iter().map(|(place, alarm)| self.alarm(*place, *alarm));
        let alarms = alarms.filter(|_| run.status == Status::Running);
        let mut timers: Vec<Timer> =
            slots(run).filter_map(|slot| self.awaited(run, slot)).chain(alarms).collect();
        timers.sort_by_key(|timer| (timer.at, timer.ticket.number));
        timers
    }

    /// The timer that a ticket speaks of, if the run waits for it.
    pub(super) fn timer(&self, run: &Snapshot<C>, ticket: Ticket) -> Option<Timer> {
        if !slots(run).contains(&ticket.slot) {
            return None;
        }
        let own = self.awaited(run, ticket.slot);
        let alarms = run.alarms.range((ticket.slot, 0)..=(ticket.slot, u32::MAX));
        let alarms = alarms.map(|(place, alarm)| self.alarm(*place, *alarm));
        own.into_iter().chain(alarms).find(|timer| timer.ticket == ticket)
    }

    /// The timer of what the token in `slot` does, if it has one.
    fn awaited(&self, run: &Snapshot<C>, slot: u32) -> Option<Timer> {
        let Token { state, phase, number, due, .. } = *run.token(slot);
        let wait = match phase {
            Phase::Running if self.graph().timeout(state).is_some() => Wait::Timeout,
            Phase::Waiting => Wait::Retry,
            Phase::Delaying => Wait::Delay,
            Phase::Running
            | Phase::Resting
            | Phase::Queued
            | Phase::Owning
            | Phase::Moving
            | Phase::Free => return None,
        };
        Some(Timer { ticket: Ticket { slot, number }, at: due, state, wait })
    }

    fn alarm(&self, (slot, edge): (u32, u32), alarm: Alarm) -> Timer {
        let edge = &self.frozen.table.edges[edge as usize];
        let ticket = Ticket { slot, number: alarm.number };
        let wait = Wait::After(TransitionId(edge.transition));
        Timer { ticket, at: alarm.due, state: edge.from, wait }
    }
}

/// The places of tokens in a run that goes on.
fn slots<C>(run: &Snapshot<C>) -> std::ops::Range<u32> {
    match run.status {
        Status::Running => 0..run.slots(),
        Status::New | Status::Finished(_) | Status::Cancelled | Status::Stuck(_) => 0..0,
    }
}
