//! How a run that was left is taken up.

use std::task::{Context, Poll, Waker};

use super::{Driver, forget};
use crate::driver::Observer;
use crate::event::Event;
use crate::journal::Letter;
use crate::kernel::{Effect, Input, Start};

impl<C, E: Event, O: Observer<C, E>> Driver<C, E, O> {
    /// Takes a restored run up: what came due meanwhile comes before what is started again, and work
    /// that must not be done twice ends before that, too.
    pub(super) async fn go_on(&mut self) {
        let under_way = self.held_back();
        let mut starts = Vec::new();
        // What these set in turn may be due at once, again and again: that has to wait until
        // commands are heard.
        for _ in 0..self.timers.count_due(self.now) {
            let Some(ticket) = self.timers.due(self.now) else { break };
            starts.append(&mut self.take_quietly(&Input::Timer(ticket)));
            if self.debugged.is_some() {
                self.halt_or_end().await;
            }
            if self.is_over() {
                break;
            }
            if self.is_busy() {
                tokio::task::yield_now().await;
                self.now = self.clock.now();
            }
        }
        self.hear_of_cancel();
        for start in under_way {
            let Start { ticket, activity, .. } = start;
            if self.is_over() || !self.snapshot.is_running(ticket) {
                continue;
            }
            let outcome = self.machine.frozen.interrupted[activity.index()]
                .as_ref()
                .and_then(|outcome| outcome(self.snapshot.context(), &self.visit(&start)));
            match outcome {
                None => starts.push(start),
                Some(outcome) => {
                    starts.append(&mut self.take_quietly(&Input::Outcome { ticket, outcome }));
                    if self.debugged.is_some() {
                        self.halt_or_end().await;
                    }
                }
            }
        }
        self.make_durable().await;
        if self.is_over() {
            return;
        }
        starts.retain(|start| self.snapshot.is_running(start.ticket));
        starts.sort_by_key(|start| start.ticket.number());
        self.effects.list.clear();
        self.effects.list.extend(starts.into_iter().map(Effect::Start));
        self.perform();
    }

    /// Ends a run before anything is started again, if somebody wished that while nobody drove it.
    fn hear_of_cancel(&mut self) {
        if let Some(letter) = self.wish_to_end() {
            // A run that goes on can be cancelled.
            let _ = self.step(&letter.input, Some(letter.number));
            self.effects.list.clear();
        }
    }

    /// Ends a run that somebody cancelled before its turn came: nothing of it is performed.
    pub(super) fn begin_and_end(&mut self, letter: &Letter<E>) {
        // A new run begins, and one that goes on can be cancelled.
        let _ = self.step(&Input::Start, None);
        let _ = self.step(&letter.input, Some(letter.number));
        self.effects.list.clear();
    }

    /// Looks for the wish that the run end among the letters that lie there. The others wait for their
    /// turn.
    pub(super) fn wish_to_end(&mut self) -> Option<Letter<E>> {
        let over = self.snapshot.status().is_over();
        let book = self.book.as_mut().filter(|_| !over)?;
        let mut task = Context::from_waker(Waker::noop());
        while let Poll::Ready(letter) = book.poll_letter(&mut task) {
            self.letters.push(letter);
        }
        self.tried = self.letters.is_empty();
        let wish = self.letters.iter().position(|letter| matches!(letter.input, Input::Cancel))?;
        Some(self.letters.remove(wish))
    }

    /// Takes an input of a run that is not taken up yet: the timers that it sets are set, and the
    /// work that it starts is given back.
    fn take_quietly(&mut self, input: &Input<E>) -> Vec<Start> {
        match self.step(input, None) {
            Ok(()) => self.held_back(),
            Err(refusal) => {
                forget(refusal);
                Vec::new()
            }
        }
    }

    /// Sets the timers of the effects, and gives the work back that they start.
    fn held_back(&mut self) -> Vec<Start> {
        let mut starts = Vec::new();
        for effect in std::mem::take(&mut self.effects.list) {
            match effect {
                Effect::Start(start) => starts.push(start),
                Effect::Timer { ticket, at } => self.timers.set(ticket, at),
                Effect::Cancel(_) | Effect::Finish => {}
            }
        }
        starts
    }
}
