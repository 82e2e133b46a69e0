//! Activities: the queue of those that are ready, their outcomes, and their retries.

use std::time::Duration;

use super::effect::{Effect, Start};
use super::error::StepError;
use super::input::{Outcome, Retry, Ticket};
use super::scene::{Cause, GaveUp};
use super::snapshot::{Phase, Token};
use super::step::Stepper;
use super::trace::Trace;
use crate::event::Event;
use crate::graph::Kind;
use crate::machine::{Key, NONE};
use crate::time::Timestamp;

impl<'a, C, E: Event, T: Trace> Stepper<'a, C, E, T> {
    /// Starts an activity, or queues it where `max_concurrent` are under way.
    #[inline]
    pub(super) fn request_start(&mut self, slot: u32) {
        let number = self.run.fresh();
        self.run.token_mut(slot).number = number;
        if self.has_room() && self.run.ready.is_empty() {
            self.start(slot);
        } else {
            self.run.token_mut(slot).phase = Phase::Queued;
            self.run.enqueue(Ticket { slot, number });
        }
    }

    #[inline]
    fn has_room(&self) -> bool {
        let limit = self.frozen.graph.max_concurrent;
        limit.is_none_or(|limit| self.run.running < limit.get())
    }

    /// Starts queued activities, first come, first served.
    pub(super) fn fill(&mut self) {
        while !self.run.status.is_over() && self.has_room() {
            let Some(ticket) = self.run.ready.pop_front() else { break };
            // Those that were cancelled while they waited are passed over.
            if self.run.is_queued(ticket) {
                self.start(ticket.slot);
            }
        }
    }

    #[inline]
    fn start(&mut self, slot: u32) {
        self.run.running += 1;
        let now = self.run.now;
        let token = self.run.token_mut(slot);
        token.phase = Phase::Running;
        token.attempt = token.attempt.saturating_add(1);
        let Token { state, attempt, visit, number, .. } = *token;
        let (Kind::Activity(activity) | Kind::Machine(activity)) = self.frozen.graph.kind(state)
        else {
            return;
        };
        let ticket = Ticket { slot, number };
        self.out.list.push(Effect::Start(Start { ticket, state, activity, attempt, visit }));
        if self.frozen.table.row(state).policed
            && let Some(limit) = self.frozen.graph.timeout(state)
        {
            let at = now + limit;
            self.run.token_mut(slot).due = at;
            self.out.list.push(Effect::Timer { ticket, at });
        }
    }

    /// Drops the work of a token that leaves its state.
    #[inline(always)]
    pub(super) fn drop_work(&mut self, slot: u32) {
        if self.run.token(slot).phase == Phase::Running {
            self.cancel_work(slot);
        }
    }

    fn cancel_work(&mut self, slot: u32) {
        self.run.running -= 1;
        let unheard = self.has_just_started(self.run.token(slot));
        let token = self.run.token_mut(slot);
        token.phase = Phase::Moving;
        if unheard {
            // As if it had never been started: its effect is taken back at the end of the step.
            token.attempt = token.attempt.saturating_sub(1);
            self.undone = true;
            return;
        }
        let ticket = Ticket { slot, number: token.number };
        self.out.list.push(Effect::Cancel(ticket));
    }

    pub(super) fn outcome(&mut self, ticket: Ticket, outcome: &'a Outcome<E>) {
        let slot = ticket.slot;
        if self.run.awaiting(ticket).is_none_or(|token| token.phase != Phase::Running) {
            return self.trace.dropped(slot);
        }
        self.run.running -= 1;
        self.run.token_mut(slot).phase = Phase::Moving;
        match outcome {
            Outcome::Done(_) => {
                self.cause = Cause::Done;
                let state = self.run.token(slot).state;
                self.go_on(slot, state, Key::DONE);
            }
            Outcome::Failed { retry, .. } => self.fail(slot, *retry, false),
            Outcome::Postponed(at) => self.postpone(slot, *at),
        }
    }

    /// The activity has failed for good: takes the first enabled transition for one of `keys`.
    fn give_up(&mut self, slot: u32, keys: &[Key]) {
        let state = self.run.token(slot).state;
        match self.find(slot, state, keys) {
            Some(edge) => self.take(slot, edge),
            None => self.stuck(state),
        }
    }

    fn postpone(&mut self, slot: u32, at: Timestamp) {
        self.run.token_mut(slot).attempt -= 1;
        if self.deadline(slot).is_some_and(|deadline| deadline <= at) {
            self.cause = Cause::Failed(GaveUp::PastDeadline);
            return self.give_up(slot, &[Key::FAILED]);
        }
        self.await_timer(slot, Phase::Waiting, at);
    }

    fn fail(&mut self, slot: u32, retry: Retry, timed_out: bool) {
        match self.next_attempt(slot, retry) {
            Ok(wait) => {
                let Token { state, attempt, .. } = *self.run.token(slot);
                self.trace.retrying(state, attempt, wait);
                self.await_timer(slot, Phase::Waiting, self.run.now + wait);
            }
            Err(gave_up) if timed_out => {
                self.cause = Cause::TimedOut(gave_up);
                self.give_up(slot, &[Key::TIMED_OUT, Key::FAILED]);
            }
            Err(gave_up) => {
                self.cause = Cause::Failed(gave_up);
                self.give_up(slot, &[Key::FAILED]);
            }
        }
    }

    /// How long to wait before the next attempt, or why there is none.
    fn next_attempt(&self, slot: u32, retry: Retry) -> Result<Duration, GaveUp> {
        let Token { state, attempt, .. } = *self.run.token(slot);
        let Retry::Allowed(after) = retry else { return Err(GaveUp::NotRetryable) };
        let policy = self.frozen.graph.retry(state).ok_or(GaveUp::Exhausted)?;
        if attempt > policy.count {
            return Err(GaveUp::Exhausted);
        }
        if after.zip(policy.max_wait).is_some_and(|(after, longest)| after > longest) {
            return Err(GaveUp::WaitTooLong);
        }
        let wait = policy.wait(self.run.seed, state.0, attempt - 1, after);
        match self.deadline(slot) {
            Some(deadline) if deadline <= self.run.now + wait => Err(GaveUp::PastDeadline),
            _ => Ok(wait),
        }
    }

    /// The earliest timer that will take the token from its state for certain.
    fn deadline(&self, slot: u32) -> Option<Timestamp> {
        let mut earliest: Option<Timestamp> = None;
        let mut level = Some(slot);
        while let Some(slot) = level {
            for ((_, edge), alarm) in self.run.alarms.range((slot, 0)..=(slot, NONE)) {
                if self.frozen.table.leaves_for_certain(*edge as usize) {
                    earliest = Some(earliest.map_or(alarm.due, |due| due.min(alarm.due)));
                }
            }
            let scope = self.run.token(slot).scope;
            level = (scope != NONE).then(|| self.run.scopes[scope as usize].owner);
        }
        earliest
    }

    pub(super) fn timer(&mut self, ticket: Ticket) -> Result<(), StepError> {
        let slot = ticket.slot;
        let Some(token) = self.run.awaiting(ticket).copied() else { return self.alarm(ticket) };
        let awaited = match token.phase {
            Phase::Waiting | Phase::Delaying => true,
            // The ticket of an activity without a timeout names no timer.
            Phase::Running => self.frozen.table.row(token.state).policed,
            Phase::Resting | Phase::Queued | Phase::Owning | Phase::Moving | Phase::Free => false,
        };
        if !awaited {
            return Ok(());
        }
        if self.run.now < token.due {
            return Err(StepError::TimerEarly);
        }
        match token.phase {
            Phase::Waiting => self.request_start(slot),
            Phase::Delaying => {
                self.cause = Cause::Done;
                let token = self.run.token_mut(slot);
                token.phase = Phase::Moving;
                let state = token.state;
                self.go_on(slot, state, Key::DONE);
            }
            Phase::Running => {
                self.drop_work(slot);
                self.fail(slot, Retry::Allowed(None), true);
            }
            Phase::Resting | Phase::Queued | Phase::Owning | Phase::Moving | Phase::Free => {}
        }
        Ok(())
    }

    /// A timer of a state around, or one that is no longer awaited: a quiet no-op.
    fn alarm(&mut self, ticket: Ticket) -> Result<(), StepError> {
        let slot = ticket.slot;
        let found = self
            .run
            .alarms
            .range((slot, 0)..=(slot, NONE))
            .find(|(_, alarm)| alarm.number == ticket.number)
            .map(|(key, alarm)| (*key, *alarm));
        let Some((key, alarm)) = found else { return Ok(()) };
        if self.run.now < alarm.due {
            return Err(StepError::TimerEarly);
        }
        self.run.alarms.remove(&key);
        self.cause = Cause::After;
        let frozen = self.frozen;
        let mut waited = frozen.table.timed_with(key.1 as usize).iter();
        if let Some(edge) = waited.find(|edge| self.holds(slot, edge)) {
            self.take(slot, edge);
        }
        Ok(())
    }
}
