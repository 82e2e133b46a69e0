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

mod breakpoint;
mod clock;
mod debugger;
mod drive;
mod halt;
mod handle;
mod hooks;
mod inner;
mod observer;
mod timers;
mod works;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

pub use self::breakpoint::{Breakpoint, BreakpointFault};
pub use self::clock::Clock;
pub use self::debugger::{Debugged, Debugger, Pause, PauseReason};
use self::drive::Driver;
pub use self::handle::{Handle, Inbox};
pub use self::hooks::{Failing, Hooks, Taking};
pub use self::observer::{Observer, Recorder};
use crate::event::Event;
use crate::journal::{JournalError, Logbook};
use crate::kernel::{Effects, Input, Outcome, Snapshot, SnapshotFault, Start, Status, StepError};
use crate::machine::{Machine, Visit};
use crate::time::Timestamp;

/// A run that is about to be driven: await it.
pub struct Run<C, E, O = ()> {
    machine: Machine<C, E>,
    snapshot: Snapshot<C>,
    observer: O,
    inbox: Option<Inbox<E>>,
    restored: Effects,
    book: Option<Box<dyn Logbook<C, E>>>,
    patience: Option<Duration>,
    debugged: Option<Box<Debugged<C, E>>>,
}

/// A run that was driven as far as it goes.
#[derive(Debug)]
pub struct Ended<C, O = ()> {
    /// Where it stands. [`Status::Running`] means that it waits for an event from outside, and
    /// nobody is left who could send one; that it was told not to wait
    /// ([`Run::until_waiting`]); or that its journal failed.
    pub snapshot: Snapshot<C>,
    /// What watched it.
    pub observer: O,
    /// Why its journal could not be written. What followed from the last inputs was not performed:
    /// the snapshot may be ahead of what the journal holds.
    pub fault: Option<JournalError>,
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
            book: None,
            patience: None,
            debugged: None,
        }
    }

    /// A run that goes on from a snapshot. Timers are points in time: those that came due meanwhile
    /// fire at once, before anything else happens, in the order in which they were due. What is
    /// then still under way is started again: the same attempt of the same visit, with the same
    /// ticket, unless [`Bindings::interrupted`](crate::Bindings::interrupted) says otherwise. An
    /// attempt whose timeout passed meanwhile has timed out and is not.
    ///
    /// A snapshot of a run that has not begun begins.
    ///
    /// # Errors
    /// As [`Machine::restore`].
    pub fn resume(&self, snapshot: Snapshot<C>) -> Result<Run<C, E>, SnapshotFault> {
        let mut restored = Effects::new();
        self.restore(&snapshot, &mut restored)?;
        let machine = self.clone();
        let (inbox, book, patience, debugged) = (None, None, None, None);
        Ok(Run { machine, snapshot, observer: (), inbox, restored, book, patience, debugged })
    }

    /// How an activity that was under way ends when its run is taken up, as
    /// [`Bindings::interrupted`](crate::Bindings::interrupted) says; `None`: it is started again.
    pub fn interrupted(&self, run: &Snapshot<C>, start: &Start) -> Option<Outcome<E>> {
        let outcome = self.frozen.interrupted[start.activity.index()].as_ref()?;
        let visit = Visit {
            state: start.state,
            name: self.graph().name_of(start.state),
            number: start.visit,
            attempt: start.attempt,
            seed: run.seed(),
            now: run.now(),
            clock: Clock::start(run.now()),
        };
        outcome(run.context(), &visit)
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
        let Run { machine, snapshot, inbox, restored, book, patience, debugged, .. } = self;
        Run { machine, snapshot, observer, inbox, restored, book, patience, debugged }
    }

    /// Listens to the other end of a [`Handle`]. As long as a handle exists, a run that waits for
    /// events goes on waiting.
    #[must_use]
    pub fn inbox(mut self, inbox: Inbox<E>) -> Self {
        self.inbox = Some(inbox);
        self
    }

    /// Writes every input into `book` before what follows from it is performed, and takes the letters
    /// that come to it. A letter with an event stays until the run accepts it. A run with a journal
    /// that waits for events goes on waiting, because somebody may write to it. At the end the
    /// journal hears the name of the final state, or `cancelled`, or `stuck`.
    #[must_use]
    pub fn journal(mut self, book: Box<dyn Logbook<C, E>>) -> Self {
        self.book = Some(book);
        self
    }

    /// Ends the drive also where the run only waits: nothing is under way, and no timer is due within
    /// `patience`. The run can be resumed from the snapshot.
    #[must_use]
    pub fn until_waiting(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Lets nothing happen before `at`, also where the wall clock says that it is earlier: for who
    /// wakes a run because it is due then, and goes by another clock.
    #[must_use]
    pub fn not_before(mut self, at: Timestamp) -> Self {
        self.snapshot.advance(at);
        self
    }

    /// Lets whoever holds the other end debug the run: it pauses at breakpoints, takes single steps,
    /// and tells what it did. With a [`Debugger`] that was made by [`Machine::debugger`].
    ///
    /// # Panics
    /// If the debugger was made for another machine.
    #[must_use]
    pub fn debugger(mut self, debugged: Debugged<C, E>) -> Self {
        let (own, other) = (self.machine.graph(), debugged.machine.graph());
        assert!(
            own.fingerprint() == other.fingerprint(),
            "the debugger was made for the machine `{}`, the run is one of `{}`",
            other.name(),
            own.name()
        );
        self.debugged = Some(Box::new(debugged));
        self
    }

    /// Drives the run as far as it goes: to its end, or until it waits for an event that nobody
    /// is left to send.
    ///
    /// # Panics
    /// If a guard, an action, or an activity does.
    ///
    /// # Cancel safety
    /// Dropping the future drops all work under way and the run with it. A run with a journal can be
    /// taken up from there.
    pub async fn drive(self) -> Ended<C, O>
    where
        O: Observer<C, E>,
    {
        let mut driver = Driver::new(self);
        driver.drive().await;
        driver.close().await;
        driver.into_ended()
    }

    /// As [`drive`](Self::drive), for who has more to say of a run that is over than where it ended:
    /// the journal comes back, and has not heard that it is.
    pub async fn drive_journaled(self) -> (Ended<C, O>, Option<Box<dyn Logbook<C, E>>>)
    where
        O: Observer<C, E>,
    {
        let mut driver = Driver::new(self);
        driver.drive().await;
        let book = driver.take_book();
        (driver.into_ended(), book)
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
