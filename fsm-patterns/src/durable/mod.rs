//! One run with a journal: begun, or taken up where another process left it, driven, and told to the
//! journal when it is over.
//!
//! | file | what it holds |
//! |---|---|
//! | `resume` | a run that is taken up: from the journal's records to a run that goes on |
//! | `target` | its key, and the file that its result is written to |
//! | `fault` | what can go wrong with it |

mod fault;
mod resume;
pub(crate) mod target;

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use fault::{ResumeError, RunFault};
use fsm_core::journal::{Journal, JournalError, Logbook, NewRun, Standing};
use fsm_core::{Debugged, Debugger, Ended, Observer, Run, Snapshot, Status, Timestamp};
use fsm_http::ErrorKind;
use fsm_http::resource::Lifecycle;
pub(crate) use resume::Aim;
pub use target::TargetFault;

use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::flow::Flow;
use crate::open::Open;
use crate::report::{RunOutcome, RunReport};
use crate::run::{CancelHandle, Ears, FlowRun, random};
use crate::signal::SignalHandle;
use crate::step::StepError;

/// A journal of runs of flows.
pub type FlowJournal = Arc<dyn Journal<FlowContext, FlowEvent>>;

type Book = Box<dyn Logbook<FlowContext, FlowEvent>>;

/// A run that is kept in a journal: await it.
///
/// Everything that happens is durable before what follows from it is done, and the result is durable
/// before it is returned. So the process may die at any moment, and [`Flow::resume`] goes on.
///
/// ```
/// use std::sync::Arc;
/// use fsm_core::journal::{Journal, MemoryJournal};
/// use fsm_http::{MemoryTransport, Reply};
/// use fsm_patterns::{Endpoint, FlowJournal, Orchestration, RunOutcome};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let flow = Orchestration::pipeline("order")
///     .endpoint(Endpoint::get("stock", "http://shop.test/stock"))
///     .build_with(Arc::new(MemoryTransport::replying(|_| Reply::json(&json!(7)))))?;
/// let journal: FlowJournal = Arc::new(MemoryJournal::new());
///
/// let report = flow.run(json!({}))?.id("order-1").journal(journal.clone()).await?;
/// assert_eq!(report.outcome, RunOutcome::Completed);
/// assert!(journal.info("order-1")?.phase.is_over());
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// Dropping the future drops the calls that are under way, as when the process dies: the run can be
/// resumed.
pub struct DurableRun<O = ()> {
    flow: Flow,
    /// Needed unless the run is to end.
    open: Option<Arc<Open>>,
    journal: FlowJournal,
    id: String,
    stage: Stage,
    observer: O,
    ears: Option<Ears>,
    debugged: Option<Debugged<FlowContext, FlowEvent>>,
    patience: Option<Duration>,
    not_before: Timestamp,
    target: Option<PathBuf>,
    /// What its target holds: nothing is left to do.
    found: Option<Box<RunReport>>,
    /// Resources are set up and torn down around it.
    with_hooks: bool,
}

enum Stage {
    /// The journal knows nothing of it yet.
    New { first: Box<Snapshot<FlowContext>>, key: Option<String>, force: bool },
    /// It is in the journal, and driven here.
    Begun { run: Box<Snapshot<FlowContext>>, book: Book },
}

/// A run that was driven as far as it goes for now.
pub(crate) struct Driven<O> {
    pub(crate) report: RunReport,
    pub(crate) observer: O,
    pub(crate) snapshot: Snapshot<FlowContext>,
    /// The journal has heard that it is over; else it waits, and its lease is still held.
    pub(crate) is_over: bool,
    /// When it goes on by itself, if it waits.
    pub(crate) until: Option<Timestamp>,
}

impl<O> DurableRun<O> {
    pub(crate) fn new(run: FlowRun<O>, journal: FlowJournal) -> Self {
        let FlowRun { flow, open, id, input, seed, observer, ears, .. } = run;
        let FlowRun { debugged, key, target, found, .. } = run;
        let context = FlowContext::new(&flow.rules.plan, id.clone(), input);
        let first = flow.machine.snapshot(context, seed.unwrap_or_else(random));
        let stage = Stage::New { first: Box::new(first), key, force: false };
        let (patience, not_before) = (None, Timestamp::ZERO);
        let with_hooks = true;
        Self {
            flow,
            open: Some(open),
            journal,
            id,
            stage,
            observer,
            ears,
            debugged,
            patience,
            not_before,
            target,
            found,
            with_hooks,
        }
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.id
    }

    /// The result that the run's target holds, where it was there: nothing will be called, and the
    /// journal hears nothing.
    pub fn found(&self) -> Option<&RunReport> {
        self.found.as_deref()
    }

    /// Gives a new run a key, instead of the one that the flow says: of one flow, no second run with
    /// this key begins unless the first has ended otherwise than as completed. No effect on a run
    /// that is resumed.
    #[must_use]
    pub fn key(mut self, to: impl Into<String>) -> Self {
        if let Stage::New { key, .. } = &mut self.stage {
            *key = Some(to.into());
        }
        self
    }

    /// Begins a new run also where a completed one has its key, which loses it. No effect on a run
    /// that is resumed.
    #[must_use]
    pub fn force(mut self) -> Self {
        if let Stage::New { force, .. } = &mut self.stage {
            *force = true;
        }
        self
    }

    /// Lets `observer` watch every input, effect, and move from here on.
    #[must_use]
    pub fn observer<P: Observer<FlowContext, FlowEvent>>(self, observer: P) -> DurableRun<P> {
        let DurableRun { flow, open, journal, id, stage, ears, debugged, target, found, .. } = self;
        let (patience, not_before, with_hooks) = (self.patience, self.not_before, self.with_hooks);
        DurableRun {
            flow,
            open,
            journal,
            id,
            stage,
            observer,
            ears,
            debugged,
            patience,
            not_before,
            target,
            found,
            with_hooks,
        }
    }

    /// A way to debug the run, as [`FlowRun::debugger`].
    pub fn debugger(&mut self) -> Debugger<FlowContext, FlowEvent> {
        let (debugger, debugged) = self.flow.machine.debugger();
        self.debugged = Some(debugged);
        debugger
    }

    /// A way to end the run from this process; others post a letter.
    pub fn cancel_handle(&mut self) -> CancelHandle {
        CancelHandle(Ears::handle(&mut self.ears))
    }

    /// A way to send signals to the run from this process; others post a letter.
    pub fn signal_handle(&mut self) -> SignalHandle {
        SignalHandle { flow: self.flow.clone(), handle: Ears::handle(&mut self.ears) }
    }

    /// Ends the drive also where the run only waits: nothing is under way, and nothing is due within
    /// `patience`. Its report has the outcome `waiting`, and it can be resumed.
    #[must_use]
    pub fn until_waiting(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Lets nothing happen before `at`, also where the wall clock says that it is earlier: for who
    /// wakes a run because something is due then, and goes by another clock.
    #[must_use]
    pub fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = at;
        self
    }

    /// Drives the run to its end, or until it waits.
    ///
    /// # Errors
    /// [`RunFault`]: the run is not over, and what followed from its last steps was not done.
    pub async fn drive(self) -> Result<RunReport, RunFault>
    where
        O: Observer<FlowContext, FlowEvent>,
    {
        Ok(self.drive_observed().await?.0)
    }

    /// As [`drive`](Self::drive); the observer and the last snapshot come back with the report.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub async fn drive_observed(self) -> Result<(RunReport, O, Snapshot<FlowContext>), RunFault>
    where
        O: Observer<FlowContext, FlowEvent>,
    {
        let (journal, id) = (self.journal.clone(), self.id.clone());
        let driven = self.advance().await;
        let is_over = driven.as_ref().is_ok_and(|driven| driven.is_over);
        if !is_over && let Err(error) = journal.release(&id) {
            // It lapses when the process ends; what the run came to is not touched by that.
            tracing::warn!(run = id, "the lease was not given back: {error}");
        }
        let Driven { report, observer, snapshot, .. } = driven?;
        Ok((report, observer, snapshot))
    }

    /// Leaves resources as they are: the run is to end, and nothing is called.
    pub(crate) fn without_hooks(self) -> Self {
        Self { with_hooks: false, ..self }
    }

    /// Begins the run in the journal, unless it has begun.
    pub(crate) fn begin(&mut self) -> Result<(), JournalError> {
        let Stage::New { first, key, force } = &self.stage else { return Ok(()) };
        let mut new = NewRun::new(&self.id, self.flow.graph())
            .definition(self.flow.definition().unwrap_or_default())
            .key(key.as_deref());
        if *force {
            new = new.force();
        }
        let book = self.journal.begin(new, first)?;
        self.stage = Stage::Begun { run: first.clone(), book };
        Ok(())
    }

    /// Drives the run; of one that waits, the lease is kept.
    pub(crate) async fn advance(mut self) -> Result<Driven<O>, RunFault>
    where
        O: Observer<FlowContext, FlowEvent>,
    {
        let in_journal = |id: &str| {
            let run = id.to_owned();
            move |source| RunFault::Journal { run, source }
        };
        if let (Some(report), Stage::New { first, .. }) = (self.found.take(), &self.stage) {
            let (report, snapshot) = (*report, (**first).clone());
            let observer = self.observer;
            return Ok(Driven { report, observer, snapshot, is_over: true, until: None });
        }
        self.begin().map_err(in_journal(&self.id))?;
        let DurableRun { flow, open, id, stage, observer, ears, patience, target, .. } = self;
        let debugged = self.debugged;
        let Stage::Begun { run, mut book } = stage else {
            return Err(RunFault::NotBegun { run: id });
        };
        let needs_hooks = self.with_hooks && !run.status().is_over();
        let open = open.filter(|_| needs_hooks);
        let clients = open.as_ref().map_or(Vec::new(), |open| open.clients.clone());
        let lifecycle = match Lifecycle::set_up(clients).await {
            Ok(lifecycle) => lifecycle,
            Err(error) => {
                let message = error.to_string();
                let message = open.map_or(message.clone(), |open| open.scrub(&message));
                // A run that is under way is not lost because an API is down for the moment.
                if run.status() != Status::New {
                    return Err(RunFault::Resources { run: id, message });
                }
                let error = StepError::new(ErrorKind::Contract, message);
                let snapshot = run.map_context(|context| context.with_error(error));
                let report = flow.report_of(snapshot.clone(), &[]);
                close(&mut book, &report, &snapshot).await.map_err(in_journal(&id))?;
                return Ok(Driven { report, observer, snapshot, is_over: true, until: None });
            }
        };
        let session = run.context().session.clone();
        let mut drive = flow.resumed(*run, &id)?.not_before(self.not_before);
        if let Some(ears) = ears {
            drive = drive.inbox(ears.inbox);
        }
        if let Some(debugged) = debugged {
            drive = drive.debugger(debugged);
        }
        if let Some(patience) = patience {
            drive = drive.until_waiting(patience);
        }
        let (ended, book) = drive.journal(book).observer(observer).drive_journaled().await;
        let given_up = session.close();
        for error in lifecycle.tear_down().await {
            tracing::warn!(run = id, "{error}");
        }
        let Ended { snapshot, observer, fault } = ended;
        if let Some(source) = fault {
            return Err(RunFault::Journal { run: id, source });
        }
        let until = flow.machine.timers(&snapshot).first().map(|timer| timer.at);
        let is_over = snapshot.status().is_over();
        let report = flow.report_of(snapshot.clone(), &given_up);
        let target = target.filter(|_| report.outcome == RunOutcome::Completed);
        if let Some(path) = target
            && let Err(source) = target::write(path, &report).await
        {
            return Err(RunFault::Target { run: id, source });
        }
        if let Some(mut book) = book.filter(|_| is_over) {
            close(&mut book, &report, &snapshot).await.map_err(in_journal(&id))?;
        }
        Ok(Driven { report, observer, snapshot, is_over, until })
    }
}

impl Flow {
    fn resumed(
        &self,
        run: Snapshot<FlowContext>,
        id: &str,
    ) -> Result<Run<FlowContext, FlowEvent>, RunFault> {
        self.machine.resume(run).map_err(|source| RunFault::Snapshot { run: id.to_owned(), source })
    }
}

/// Tells the journal how the run ended, and waits until that is durable.
async fn close(
    book: &mut Book,
    report: &RunReport,
    snapshot: &Snapshot<FlowContext>,
) -> Result<(), JournalError> {
    let result = serde_json::to_string(report)
        .map_err(|error| JournalError::storage("write a result as JSON", error))?;
    let outcome = report.outcome.as_str();
    book.stand(Standing::Over { outcome, result: &result }, snapshot);
    poll_fn(|task| book.poll_durable(task)).await
}

impl<O> IntoFuture for DurableRun<O>
where
    O: Observer<FlowContext, FlowEvent> + Send + 'static,
{
    type Output = Result<RunReport, RunFault>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.drive())
    }
}

impl<O> fmt::Debug for DurableRun<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableRun")
            .field("flow", &self.flow)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
