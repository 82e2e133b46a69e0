//! The loop: an input is taken, written down, and what follows from it is performed; then it waits for
//! the next.

mod take_up;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use super::clock::Clock;
use super::debugger::{Debugged, Released};
use super::handle::Command;
use super::observer::Observer;
use super::timers::Timers;
use super::works::Works;
use super::{Ended, Run};
use crate::event::Event;
use crate::journal::{Entry, JournalError, Letter, Logbook, Standing, Trail};
use crate::kernel::{Effect, Effects, Input, Outcome, Snapshot, Start, Status, StepError, Ticket};
use crate::machine::{Machine, Visit};
use crate::time::Timestamp;

/// After so many steps without a wait, other tasks get their turn.
const STEPS_BEFORE_YIELD: u32 = 128;

/// A run that will stand still for so long is said to wait.
const A_WHILE: Duration = Duration::from_secs(1);

pub(super) struct Driver<C, E, O> {
    pub(super) machine: Machine<C, E>,
    pub(super) snapshot: Snapshot<C>,
    pub(super) observer: O,
    commands: Option<UnboundedReceiver<Command<E>>>,
    pub(super) effects: Effects,
    pub(super) clock: Clock,
    /// Read once a wake-up.
    pub(super) now: Timestamp,
    pub(super) works: Works<E>,
    pub(super) timers: Timers,
    pub(super) outcomes: VecDeque<(Ticket, Outcome<E>)>,
    /// Steps of outcomes and timers, for yielding.
    steps: u32,
    patience: Option<Duration>,
    pub(super) book: Option<Box<dyn Logbook<C, E>>>,
    /// Letters that the run did not accept when they came.
    pub(super) letters: Vec<Letter<E>>,
    /// Whether the letters were tried since the last step.
    pub(super) tried: bool,
    /// Whether the journal knows that the run stands still.
    pub(super) stands: bool,
    pub(super) fault: Option<JournalError>,
    /// Boxed, because hardly any run has one.
    pub(super) debugged: Option<Box<Debugged<C, E>>>,
}

/// What a wait ended with; outcomes lie ready.
enum Woken<E> {
    Outcomes,
    Timer,
    Command(Command<E>),
    Letter(Letter<E>),
    /// Whoever debugs the run wants it to pause or to end.
    Asked,
    /// Nothing can happen any more, or not soon.
    Idle,
}

/// What is left to do after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follow {
    /// Nothing: it was performed.
    Nothing,
    /// The effects, when the input is durable.
    Effects,
}

impl<C, E: Event, O: Observer<C, E>> Driver<C, E, O> {
    pub(super) fn new(run: Run<C, E, O>) -> Self {
        let Run { machine, snapshot, observer, inbox, restored, book, patience, debugged } = run;
        let clock = Clock::start(snapshot.now());
        Self {
            now: clock.now(),
            clock,
            machine,
            snapshot,
            observer,
            commands: inbox.map(|inbox| inbox.receiver),
            effects: restored,
            works: Works::new(),
            timers: Timers::default(),
            outcomes: VecDeque::new(),
            steps: 0,
            patience,
            book,
            letters: Vec::new(),
            tried: true,
            stands: false,
            fault: None,
            debugged,
        }
    }

    pub(super) fn into_ended(self) -> Ended<C, O> {
        Ended { snapshot: self.snapshot, observer: self.observer, fault: self.fault }
    }

    pub(super) fn take_book(&mut self) -> Option<Box<dyn Logbook<C, E>>> {
        self.book.take()
    }

    pub(super) async fn drive(&mut self) {
        if self.debugged.is_some() && !self.is_over() {
            self.halt_or_end().await;
        }
        match self.snapshot.status() {
            // The kernel takes the first input of a new run whatever the machine is.
            Status::New => {
                let follow = self.take(&Input::Start);
                self.follow(follow).await;
            }
            Status::Running => self.go_on().await,
            Status::Finished(_) | Status::Cancelled | Status::Stuck(_) => return,
        }
        while !self.is_over() {
            if let Some((ticket, outcome)) = self.outcomes.pop_front() {
                if self.is_busy() {
                    tokio::task::yield_now().await;
                    self.now = self.clock.now();
                }
                // A wait is counted from now, not from when this wake-up began.
                if !matches!(outcome, Outcome::Done(_)) {
                    self.now = self.clock.now();
                }
                // Outcomes are never refused: those that come late change nothing.
                let follow = self.take(&Input::Outcome { ticket, outcome });
                if follow != Follow::Nothing {
                    self.follow(follow).await;
                }
                continue;
            }
            if !self.tried {
                self.read_letters().await;
                continue;
            }
            let woken = poll_fn(|task| self.poll_wait(task)).await;
            self.now = self.clock.now();
            match woken {
                Woken::Outcomes => {}
                Woken::Timer => self.fire().await,
                Woken::Command(command) => self.obey(command).await,
                Woken::Letter(letter) => {
                    self.letters.push(letter);
                    self.tried = false;
                }
                Woken::Asked => {
                    if self.halt().await == Released::Cancel {
                        self.end().await;
                        self.perform();
                    }
                }
                Woken::Idle => {
                    self.stand_still();
                    break;
                }
            }
        }
        if self.fault.is_none() {
            self.make_durable().await;
        }
    }

    /// Tells the journal how a run that is over ended.
    pub(super) async fn close(&mut self) {
        let outcome = match self.snapshot.status() {
            Status::New | Status::Running => return,
            Status::Finished(state) => self.machine.graph().name_of(state),
            Status::Cancelled => "cancelled",
            Status::Stuck(_) => "stuck",
        };
        if let Some(book) = self.book.as_mut().filter(|_| self.fault.is_none()) {
            book.stand(Standing::Over { outcome, result: "" }, &self.snapshot);
            self.make_durable().await;
        }
    }

    fn is_over(&self) -> bool {
        self.fault.is_some() || self.snapshot.status().is_over()
    }

    /// Fires timers that are due, in the order in which they are, and stops where others have to
    /// get their turn.
    async fn fire(&mut self) {
        while !self.is_over()
            && let Some(ticket) = self.timers.due(self.now)
        {
            // Due by the clock that set it, so it is not early.
            let follow = self.take(&Input::Timer(ticket));
            if follow != Follow::Nothing {
                self.follow(follow).await;
            }
            if self.is_busy() {
                tokio::task::yield_now().await;
                self.now = self.clock.now();
                return;
            }
        }
    }

    async fn obey(&mut self, command: Command<E>) {
        match command {
            Command::Cancel => {
                let follow = self.take(&Input::Cancel);
                self.follow(follow).await;
            }
            Command::Event(event, answer) => {
                let taken = self.step(&Input::Event(event), None);
                if taken.is_ok() {
                    // Whoever sent it may forget it when it hears that it was taken.
                    self.follow(Follow::Effects).await;
                }
                // Whoever sent the event may have stopped listening.
                let _ = answer.send(taken);
            }
        }
    }

    /// Tries the letters that lie here, in the order in which they came; those that the run does not
    /// accept now stay.
    async fn read_letters(&mut self) {
        self.tried = true;
        for letter in std::mem::take(&mut self.letters) {
            let is_heard = !self.is_over()
                && match &letter.input {
                    Input::Event(event) => {
                        let ways = self.machine.ways(&self.snapshot, Some(event), self.now);
                        ways.iter().any(|way| way.is_open)
                    }
                    _ => true,
                };
            if is_heard && self.step(&letter.input, Some(letter.number)).is_ok() {
                self.follow(Follow::Effects).await;
            } else {
                self.letters.push(letter);
            }
        }
        // Those that stayed are tried again after the next step.
        self.tried = true;
    }

    /// Whether so much happened without a wait that other tasks should get their turn.
    #[inline]
    fn is_busy(&mut self) -> bool {
        self.steps = self.steps.wrapping_add(1);
        self.steps.is_multiple_of(STEPS_BEFORE_YIELD)
    }

    fn poll_wait(&mut self, task: &mut Context<'_>) -> Poll<Woken<E>> {
        let mut more = self.commands.is_some();
        if let Some(commands) = &mut self.commands {
            match commands.poll_recv(task) {
                Poll::Ready(Some(command)) => return Poll::Ready(Woken::Command(command)),
                Poll::Ready(None) => {
                    self.commands = None;
                    more = false;
                }
                Poll::Pending => {}
            }
        }
        if let Some(book) = &mut self.book {
            more = true;
            if let Poll::Ready(letter) = book.poll_letter(task) {
                return Poll::Ready(Woken::Letter(letter));
            }
        }
        if let Some(debugged) = &mut self.debugged
            && debugged.poll_asked(task).is_ready()
        {
            return Poll::Ready(Woken::Asked);
        }
        if self.timers.poll(&self.clock, task).is_ready() {
            return Poll::Ready(Woken::Timer);
        }
        let outcomes = &mut self.outcomes;
        if self.works.poll(task, |ticket, outcome| outcomes.push_back((ticket, outcome))) {
            return Poll::Ready(Woken::Outcomes);
        }
        if self.works.is_empty() {
            let until = self.timers.next();
            if until.is_none() && !more || self.is_out_of_patience(until) {
                return Poll::Ready(Woken::Idle);
            }
            if until.is_none_or(|until| until.since(self.now) >= A_WHILE) {
                self.stand_still();
            }
        }
        Poll::Pending
    }

    fn is_out_of_patience(&self, until: Option<Timestamp>) -> bool {
        let wait = until.map(|until| until.since(self.clock.now()));
        self.patience.is_some_and(|patience| wait.is_none_or(|wait| wait > patience))
    }

    /// Tells the journal that the run waits.
    fn stand_still(&mut self) {
        let Some(book) = self.book.as_mut().filter(|_| !self.stands) else { return };
        self.stands = true;
        let until = self.machine.timers(&self.snapshot).first().map(|timer| timer.at);
        let awaits = self.machine.awaited_events(&self.snapshot);
        book.stand(Standing::Waiting { until, awaits: &awaits }, &self.snapshot);
    }

    /// Takes an input that nobody waits for to hear of. What follows from it is performed, or, where
    /// the journal has to be waited for, left to [`follow`](Self::follow).
    #[inline]
    fn take(&mut self, input: &Input<E>) -> Follow {
        if let Err(refusal) = self.step(input, None) {
            forget(refusal);
            return Follow::Nothing;
        }
        let waits = |effect: &Effect| !matches!(effect, Effect::Timer { .. });
        let is_written = self.book.is_some() && self.effects.list.iter().any(waits);
        if is_written && !self.is_durable_already() || self.debugged.is_some() {
            return Follow::Effects;
        }
        self.perform();
        Follow::Nothing
    }

    /// Whether the journal need not be waited for, as one in memory need not.
    fn is_durable_already(&mut self) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        let durable = self.book.as_mut().map(|book| book.poll_durable(&mut nobody));
        matches!(durable, None | Some(Poll::Ready(Ok(()))))
    }

    /// Performs what follows from the last input once that is durable.
    async fn follow(&mut self, follow: Follow) {
        if follow == Follow::Nothing {
            return;
        }
        if self.book.is_some() {
            self.make_durable().await;
            self.now = self.clock.now();
        }
        if self.debugged.is_some() && self.fault.is_none() {
            self.halt_before_effects().await;
        }
        if self.fault.is_none() {
            self.perform();
        }
    }

    /// Waits until the journal holds everything; work under way goes on meanwhile.
    pub(super) async fn make_durable(&mut self) {
        let Some(book) = &mut self.book else { return };
        let (works, outcomes) = (&mut self.works, &mut self.outcomes);
        let durable = poll_fn(|task| {
            works.poll(task, |ticket, outcome| outcomes.push_back((ticket, outcome)));
            book.poll_durable(task)
        });
        if let Err(fault) = durable.await {
            self.fault = Some(fault);
        }
    }

    #[inline]
    pub(super) fn step(&mut self, input: &Input<E>, letter: Option<u64>) -> Result<(), StepError> {
        if self.debugged.is_some() {
            return self.step_debugged(input, letter);
        }
        self.observer.before(self.now, input, &self.snapshot);
        let (run, effects) = (&mut self.snapshot, &mut self.effects);
        match &mut self.book {
            None => self.machine.step(run, self.now, input, effects, &mut self.observer)?,
            Some(book) => {
                let mut trail = Trail::new(&mut self.observer);
                self.machine.step(run, self.now, input, effects, &mut trail)?;
                let trail = trail.sum();
                book.append(Entry { at: self.now, input, trail, letter, run });
                self.stands = false;
                self.tried = self.letters.is_empty();
            }
        }
        self.observer.after(&self.snapshot, self.effects.as_slice());
        Ok(())
    }

    fn visit(&self, start: &Start) -> Visit<'_> {
        Visit {
            state: start.state,
            name: self.machine.graph().name_of(start.state),
            number: start.visit,
            attempt: start.attempt,
            seed: self.snapshot.seed(),
            now: self.now,
            clock: self.clock,
        }
    }

    fn perform(&mut self) {
        self.outcomes.reserve(self.effects.as_slice().len());
        for index in 0..self.effects.as_slice().len() {
            match self.effects.as_slice()[index] {
                Effect::Start(start) => {
                    let activity = &self.machine.frozen.activities[start.activity.index()];
                    let work = activity(self.snapshot.context(), &self.visit(&start));
                    if let Some(outcome) = self.works.start(start.ticket, work) {
                        self.outcomes.push_back((start.ticket, outcome));
                    }
                }
                Effect::Timer { ticket, at } => self.timers.set(ticket, at),
                Effect::Cancel(ticket) => self.works.cancel(ticket),
                Effect::Finish => {}
            }
        }
    }
}

/// Taken out of the way of what happens at every step.
#[cold]
pub(super) fn forget(_: StepError) {}
