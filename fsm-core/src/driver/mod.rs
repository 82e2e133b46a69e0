//! The driver on tokio: performs the kernel's effects and feeds their outcomes back.
//!
//! A run is one future. Its activities are polled within it: calls need concurrency, not
//! threads; an activity that computes for long should spawn. Dropping the run drops everything
//! that it started.
//!
//! ```
//! use fsm_core::{Bindings, Graph, Machine, Outcome, Status};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut graph = Graph::builder("errand");
//! graph.activity("fetch");
//! graph.final_state("home");
//! graph.transition("fetch", "home").done().action("count");
//! let machine = Machine::<u32, ()>::bind(
//!     graph.initial("fetch").build()?,
//!     Bindings::new()
//!         .activity("fetch", |_, _| async { Outcome::done() })
//!         .action("count", |fetched, _| *fetched += 1),
//! )?;
//! let ended = machine.run(0).await;
//! assert!(matches!(ended.snapshot.status(), Status::Finished(_)));
//! assert_eq!(*ended.snapshot.context(), 1);
//! # Ok(())
//! # }
//! ```

mod clock;
mod handle;
mod inner;
mod observer;
mod timers;
mod works;

use std::collections::VecDeque;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::mpsc::UnboundedReceiver;

pub use self::clock::Clock;
use self::handle::Command;
pub use self::handle::{Handle, Inbox};
pub use self::observer::{Observer, Recorder};
use self::timers::Timers;
use self::works::Works;
use crate::event::Event;
use crate::kernel::{
    Effect, Effects, Input, Outcome, Snapshot, SnapshotFault, Status, StepError, Ticket,
};
use crate::machine::{Machine, Visit};
use crate::time::Timestamp;

/// After so many steps without a wait, other tasks get their turn.
const STEPS_BEFORE_YIELD: u32 = 128;

/// A run that is about to be driven: await it.
pub struct Run<C, E, O = ()> {
    machine: Machine<C, E>,
    snapshot: Snapshot<C>,
    observer: O,
    inbox: Option<Inbox<E>>,
    restored: Effects,
}

/// A run that was driven as far as it goes.
#[derive(Debug)]
pub struct Ended<C, O = ()> {
    /// Where it stands. [`Status::Running`] means that it waits for an event from outside, and
    /// nobody is left who could send one.
    pub snapshot: Snapshot<C>,
    /// What watched it.
    pub observer: O,
}

impl<C, E: Event> Machine<C, E> {
    /// A run from the start, with seed 0.
    pub fn run(&self, context: C) -> Run<C, E> {
        Run {
            machine: self.clone(),
            snapshot: self.snapshot(context, 0),
            observer: (),
            inbox: None,
            restored: Effects::new(),
        }
    }

    /// A run that goes on from a snapshot. Timers are points in time: those that came due meanwhile
    /// fire at once, before anything else happens, in the order in which they were due. What is
    /// then still under way is started again: the same attempt of the same visit, with the same
    /// ticket. An attempt whose timeout passed meanwhile has timed out and is not.
    ///
    /// # Errors
    /// As [`Machine::restore`].
    pub fn resume(&self, snapshot: Snapshot<C>) -> Result<Run<C, E>, SnapshotFault> {
        let mut restored = Effects::new();
        self.restore(&snapshot, &mut restored)?;
        Ok(Run { machine: self.clone(), snapshot, observer: (), inbox: None, restored })
    }

    /// Repeats a run from its inputs, without performing anything.
    ///
    /// # Errors
    /// The first input that is refused, unless it is an event: that was refused then, too.
    pub fn replay<'a>(
        &self,
        context: C,
        seed: u64,
        inputs: impl IntoIterator<Item = &'a (Timestamp, Input<E>)>,
    ) -> Result<Snapshot<C>, StepError>
    where
        E: 'a,
    {
        let mut snapshot = self.snapshot(context, seed);
        let mut effects = Effects::new();
        for (now, input) in inputs {
            match self.step(&mut snapshot, *now, input, &mut effects, &mut ()) {
                Err(refused) if !matches!(input, Input::Event(_)) => return Err(refused),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(snapshot)
    }
}

impl<C, E: Event, O> Run<C, E, O> {
    /// Sets what the jitter of retries is derived from; for a run that has not begun.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        if self.snapshot.status() == Status::New {
            self.snapshot.set_seed(seed);
        }
        self
    }

    /// Lets `observer` watch; it comes back with the end of the run.
    #[must_use]
    pub fn observer<P: Observer<C, E>>(self, observer: P) -> Run<C, E, P> {
        let Run { machine, snapshot, inbox, restored, .. } = self;
        Run { machine, snapshot, observer, inbox, restored }
    }

    /// Listens to the other end of a [`Handle`]. As long as a handle exists, a run that waits for
    /// events goes on waiting.
    #[must_use]
    pub fn inbox(mut self, inbox: Inbox<E>) -> Self {
        self.inbox = Some(inbox);
        self
    }

    /// Drives the run as far as it goes: to its end, or until it waits for an event that nobody
    /// is left to send.
    ///
    /// # Panics
    /// If a guard, an action, or an activity does.
    ///
    /// # Cancel safety
    /// Dropping the future drops all work under way and the run with it.
    pub async fn drive(self) -> Ended<C, O>
    where
        O: Observer<C, E>,
    {
        let Run { machine, snapshot, observer, inbox, restored } = self;
        let clock = Clock::start(snapshot.now());
        let mut driver = Driver {
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
        };
        driver.drive().await;
        Ended { snapshot: driver.snapshot, observer: driver.observer }
    }
}

impl<C, E, O> IntoFuture for Run<C, E, O>
where
    C: Send + 'static,
    E: Event + Send + Sync + 'static,
    O: Observer<C, E> + Send + 'static,
{
    type Output = Ended<C, O>;
    type IntoFuture = Pin<Box<dyn Future<Output = Ended<C, O>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.drive())
    }
}

struct Driver<C, E, O> {
    machine: Machine<C, E>,
    snapshot: Snapshot<C>,
    observer: O,
    commands: Option<UnboundedReceiver<Command<E>>>,
    effects: Effects,
    clock: Clock,
    /// Read once a wake-up.
    now: Timestamp,
    works: Works<E>,
    timers: Timers,
    outcomes: VecDeque<(Ticket, Outcome<E>)>,
    /// Steps of outcomes and timers, for yielding.
    steps: u32,
}

/// What a wait ended with; outcomes lie ready.
enum Woken<E> {
    Outcomes,
    Timer,
    Command(Command<E>),
    /// Nothing can happen any more.
    Idle,
}

impl<C, E: Event, O: Observer<C, E>> Driver<C, E, O> {
    async fn drive(&mut self) {
        match self.snapshot.status() {
            // The kernel takes the first input of a new run whatever the machine is.
            Status::New => self.take(&Input::Start),
            Status::Running => self.go_on().await,
            Status::Finished(_) | Status::Cancelled | Status::Stuck(_) => return,
        }
        while !self.snapshot.status().is_over() {
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
                self.take(&Input::Outcome { ticket, outcome });
                continue;
            }
            let woken = poll_fn(|task| self.poll_wait(task)).await;
            self.now = self.clock.now();
            match woken {
                Woken::Outcomes => {}
                Woken::Timer => self.fire().await,
                Woken::Command(Command::Cancel) => self.take(&Input::Cancel),
                Woken::Command(Command::Event(event, answer)) => {
                    let taken = self.step(&Input::Event(event));
                    // Whoever sent the event may have stopped listening.
                    let _ = answer.send(taken);
                }
                Woken::Idle => return,
            }
        }
    }

    /// Takes a restored run up: what came due meanwhile comes before what is started again.
    async fn go_on(&mut self) {
        let mut awaited = std::mem::take(&mut self.effects);
        for effect in awaited.as_slice() {
            if let Effect::Timer { ticket, at } = effect {
                self.timers.set(*ticket, *at);
            }
        }
        // What these set in turn may be due at once, again and again: that has to wait until
        // commands are heard.
        for _ in 0..self.timers.count_due(self.now) {
            let Some(ticket) = self.timers.due(self.now) else { break };
            self.take(&Input::Timer(ticket));
            if self.snapshot.status().is_over() {
                return;
            }
            if self.is_busy() {
                tokio::task::yield_now().await;
                self.now = self.clock.now();
            }
        }
        awaited.list.retain(|effect| match effect {
            Effect::Start(start) => self.snapshot.is_running(start.ticket),
            Effect::Timer { .. } | Effect::Cancel(_) | Effect::Finish => false,
        });
        self.effects = awaited;
        self.perform();
    }

    /// Fires timers that are due, in the order in which they are, and stops where others have to
    /// get their turn.
    async fn fire(&mut self) {
        while !self.snapshot.status().is_over()
            && let Some(ticket) = self.timers.due(self.now)
        {
            // Due by the clock that set it, so it is not early.
            self.take(&Input::Timer(ticket));
            if self.is_busy() {
                tokio::task::yield_now().await;
                self.now = self.clock.now();
                return;
            }
        }
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
        if self.timers.poll(&self.clock, task).is_ready() {
            return Poll::Ready(Woken::Timer);
        }
        let outcomes = &mut self.outcomes;
        if self.works.poll(task, |ticket, outcome| outcomes.push_back((ticket, outcome))) {
            return Poll::Ready(Woken::Outcomes);
        }
        if self.works.is_empty() && self.timers.is_empty() && !more {
            return Poll::Ready(Woken::Idle);
        }
        Poll::Pending
    }

    /// Takes an input that nobody waits for to hear of.
    #[inline]
    fn take(&mut self, input: &Input<E>) {
        if let Err(refusal) = self.step(input) {
            forget(refusal);
        }
    }

    fn step(&mut self, input: &Input<E>) -> Result<(), StepError> {
        self.observer.before(self.now, input, &self.snapshot);
        self.machine.step(
            &mut self.snapshot,
            self.now,
            input,
            &mut self.effects,
            &mut self.observer,
        )?;
        self.observer.after(&self.snapshot, self.effects.as_slice());
        self.perform();
        Ok(())
    }

    fn perform(&mut self) {
        self.outcomes.reserve(self.effects.as_slice().len());
        for index in 0..self.effects.as_slice().len() {
            match self.effects.as_slice()[index] {
                Effect::Start(start) => {
                    let frozen = &self.machine.frozen;
                    let visit = Visit {
                        state: start.state,
                        name: frozen.graph.name_of(start.state),
                        number: start.visit,
                        attempt: start.attempt,
                        seed: self.snapshot.seed(),
                        now: self.now,
                        clock: self.clock,
                    };
                    let activity = &frozen.activities[start.activity.index()];
                    let work = activity(self.snapshot.context(), &visit);
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
fn forget(_: StepError) {}
