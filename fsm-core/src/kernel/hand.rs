//! Driving a run by hand: no clock, no tokio. Events are sent, time is said to pass, and what an
//! activity would have given is told. For machines that only hear events, for tests, and for
//! programs with a loop of their own.
//!
//! What a run waits for is not lost between the calls: it is in the snapshot
//! ([`Machine::under_way`], [`Machine::timers`]), so a run that was driven by hand can go on under
//! [`Machine::resume`] and the reverse.
//!
//! ```
//! use std::time::Duration;
//! use fsm_core::{Event, Machine};
//!
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! enum Lamp { Off, On }
//!
//! #[derive(Debug)]
//! struct Press;
//! impl Event for Press {}
//!
//! let machine = Machine::<(), Press>::builder("lamp")
//!     .on(Lamp::Off, Press).to(Lamp::On)
//!     .after(Lamp::On, Duration::from_secs(30)).to(Lamp::Off)
//!     .build(Lamp::Off)?;
//! let mut lamp = machine.begin(());
//! machine.send(&mut lamp, Press)?;
//! machine.pass(&mut lamp, Duration::from_secs(29))?;
//! assert_eq!(machine.state(&lamp), Lamp::On);
//! machine.pass(&mut lamp, Duration::from_secs(1))?;
//! assert_eq!(machine.state(&lamp), Lamp::Off);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::Duration;

use super::effect::{Effects, Start};
use super::error::StepError;
use super::input::{Input, Outcome};
use super::snapshot::{Snapshot, Status};
use crate::event::Event;
use crate::graph::StateId;
use crate::machine::Machine;
use crate::time::Timestamp;

/// More timers than this at one point in time are a machine that goes round and round.
const MOST_AT_ONCE: u32 = 100_000;

impl<C, E: Event> Machine<C, E> {
    /// A run that has begun, to be driven by hand. Seed 0, time 0.
    ///
    /// # Panics
    /// If an action does.
    pub fn begin(&self, context: C) -> Snapshot<C> {
        let mut run = self.snapshot(context, 0);
        // A new run accepts its start, whatever the machine is.
        drop(self.step(&mut run, Timestamp::ZERO, &Input::Start, &mut Effects::new(), &mut ()));
        run
    }

    /// Sends an event to a run that is driven by hand. Time stands still: it is
    /// [`pass`](Self::pass) that moves it on, and fires timers.
    ///
    /// No activity is started. One that the run enters is waited for until
    /// [`answer`](Self::answer) tells how it ended.
    ///
    /// # Errors
    /// As [`Machine::step`].
    ///
    /// # Panics
    /// If a guard or an action does; the run then refuses every further step.
    #[inline(always)]
    pub fn send(&self, run: &mut Snapshot<C>, event: E) -> Result<(), StepError> {
        match self.dispatch_plain(run, run.now, &event, &mut ()) {
            true => Ok(()),
            false => self.send_fully(run, event),
        }
    }

    #[inline(never)]
    fn send_fully(&self, run: &mut Snapshot<C>, event: E) -> Result<(), StepError> {
        self.step(run, run.now, &Input::Event(event), &mut Effects::new(), &mut ())
    }

    /// Lets `wait` pass in a run that is driven by hand: timers fire one after another, each at its
    /// point in time, those due at the end among them.
    ///
    /// # Errors
    /// [`StepError::Endless`] where 100,000 timers have fired at one point in time and another is due
    /// then: timers of no length that set each other go round for ever. The run stays where the last
    /// of them took it.
    ///
    /// Else as [`Machine::step`]. Time that passes after the end of a run is no error.
    ///
    /// # Panics
    /// If a guard or an action does; the run then refuses every further step.
    ///
    /// # Complexity
    /// As [`timers`](Self::timers), for each timer that fires.
    pub fn pass(&self, run: &mut Snapshot<C>, wait: Duration) -> Result<(), StepError> {
        self.own(run)?;
        if run.status == Status::New {
            return Err(StepError::NotStarted);
        }
        let end = run.now + wait;
        let mut effects = Effects::new();
        let (mut at, mut fired) = (run.now, 0);
        while let Some(timer) = self.timers(run).first().filter(|timer| timer.at <= end) {
            fired = if timer.at > at { 1 } else { fired + 1 };
            if fired > MOST_AT_ONCE {
                return Err(StepError::Endless { limit: MOST_AT_ONCE });
            }
            at = at.max(timer.at);
            self.step(run, timer.at, &Input::Timer(timer.ticket), &mut effects, &mut ())?;
        }
        run.now = end;
        Ok(())
    }

    /// Says how the activity of `state` ended, in a run that is driven by hand.
    ///
    /// # Errors
    /// [`StepError::Idle`] where none of that state is under way; else as [`Machine::step`].
    ///
    /// # Panics
    /// If a guard or an action does; the run then refuses every further step.
    pub fn answer(
        &self,
        run: &mut Snapshot<C>,
        state: StateId,
        outcome: Outcome<E>,
    ) -> Result<(), StepError> {
        self.own(run)?;
        let at_work = self.under_way(run).into_iter().find(|start| start.state == state);
        let Some(Start { ticket, .. }) = at_work else {
            return Err(StepError::Idle { state: self.graph().name_of(state).into() });
        };
        let input = Input::Outcome { ticket, outcome };
        self.step(run, run.now, &input, &mut Effects::new(), &mut ())
    }
}
