//! A run that is debugged: each of its inputs is told, and it may stand still after any.

use std::collections::VecDeque;
use std::future::poll_fn;

use tokio::time::Instant;

use super::debugger::Released;
use super::drive::{Driver, forget};
use super::observer::Observer;
use crate::event::Event;
use crate::journal::{Entry, Trail};
use crate::kernel::{Input, Outcome, Status, StepError, Ticket, Trace};

impl<C, E: Event, O: Observer<C, E>> Driver<C, E, O> {
    /// As `step`, and whoever debugs the run hears of it.
    #[cold]
    pub(super) fn step_debugged(
        &mut self,
        input: &Input<E>,
        letter: Option<u64>,
    ) -> Result<(), StepError> {
        let Some(debugged) = &mut self.debugged else { return Ok(()) };
        let (at, run, effects) = (self.now, &mut self.snapshot, &mut self.effects);
        self.observer.before(at, input, run);
        debugged.before(at, input, run);
        let observer: &mut dyn Trace = &mut self.observer;
        let mut both = (observer, &mut debugged.passages);
        let mut trail = Trail::new(&mut both);
        self.machine.step(run, at, input, effects, &mut trail)?;
        let trail = trail.sum();
        if let Some(book) = &mut self.book {
            book.append(Entry { at, input, trail, letter, run });
            self.stands = false;
            self.tried = self.letters.is_empty();
        }
        debugged.after(run);
        self.observer.after(&self.snapshot, self.effects.as_slice());
        Ok(())
    }

    /// Stands still if the last input, or whoever debugs the run, asks for it. On
    /// [`Released::Cancel`] the caller brings the end about.
    #[cold]
    pub(super) async fn halt(&mut self) -> Released {
        let Some(debugged) = &mut self.debugged else { return Released::GoOn };
        let Some(mut released) = debugged.begin_pause(&self.snapshot) else {
            return Released::GoOn;
        };
        if released == Released::GoOn {
            let begin = Instant::now();
            let (works, outcomes) = (&mut self.works, &mut self.outcomes);
            let pause = poll_fn(|task| {
                works.poll(task, |ticket, outcome| outcomes.push_back((ticket, outcome)));
                debugged.poll_released(task)
            });
            released = pause.await;
            self.clock.stand_still(begin.elapsed());
            self.timers.rearm();
            self.now = self.clock.now();
        }
        // A run that has not begun begins first; then it is asked again, with nothing performed.
        if released == Released::GoOn || self.snapshot.status() == Status::New {
            return Released::GoOn;
        }
        debugged.cancelled();
        Released::Cancel
    }

    /// As [`halt`](Self::halt), where nothing of the last input is to be performed but its end.
    #[cold]
    pub(super) async fn halt_or_end(&mut self) {
        if self.halt().await == Released::Cancel {
            self.end().await;
        }
    }

    /// As [`halt`](Self::halt), between an input and what follows from it.
    #[cold]
    pub(super) async fn halt_before_effects(&mut self) {
        if self.halt().await == Released::GoOn {
            return;
        }
        // What was not started is no attempt. Where there is room now, more would be started.
        let mut starts: VecDeque<Ticket> = self.effects.starts().map(|it| it.ticket).collect();
        while let Some(ticket) = starts.pop_front() {
            let outcome = Outcome::Postponed(self.now);
            self.step_or_forget(&Input::Outcome { ticket, outcome });
            starts.extend(self.effects.starts().map(|it| it.ticket));
        }
        self.end().await;
    }

    /// Ends the run as cancelled; that is what is to be performed then.
    pub(super) async fn end(&mut self) {
        self.step_or_forget(&Input::Cancel);
        self.make_durable().await;
    }

    fn step_or_forget(&mut self, input: &Input<E>) {
        if let Err(refusal) = self.step(input, None) {
            // It is over already.
            forget(refusal);
        }
    }
}
