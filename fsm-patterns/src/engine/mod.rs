//! Many runs over one journal: they are started, resumed, signalled, and cancelled; those that wait
//! hold no task, and next to no memory.
//!
//! | file | what it holds |
//! |---|---|
//! | `options` | how an engine runs, and how a run begins |
//! | `state` | what is remembered of each run |
//! | `drive` | the tasks: one a run that is driven, one warden for all that wait |
//! | `start` | a run begins, or is found by its key |
//! | `flows` | which flow a run follows |
//! | `handle` | a run, seen from outside |
//! | `clock`, `error` | |
//!
//! ```
//! use std::sync::Arc;
//! use fsm_core::journal::MemoryJournal;
//! use fsm_http::{MemoryTransport, Reply};
//! use fsm_patterns::{AwaitSignal, Endpoint, Engine, Orchestration, RunOutcome};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let flow = Orchestration::pipeline("refund")
//!     .await_signal(AwaitSignal::new("approval", "approved"))
//!     .endpoint(Endpoint::get("order", "http://shop.test/orders/7"))
//!     .build_with(Arc::new(MemoryTransport::replying(|_| Reply::json(&json!("paid")))))?;
//!
//! let engine = Engine::new(Arc::new(MemoryJournal::new()));
//! let run = engine.start(&flow, json!({}))?;
//! engine.until_idle().await;
//! assert_eq!(engine.waiting(), 1);
//!
//! run.signal("approved", json!({"by": "Ada"}))?;
//! let report = run.await?;
//! assert_eq!(report.outcome, RunOutcome::Completed);
//! # Ok(())
//! # }
//! ```

mod clock;
mod drive;
mod error;
mod flows;
mod handle;
mod options;
mod start;
mod state;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fsm_core::Input;
use fsm_core::journal::{JournalError, RunFilter, RunInfo, RunPhase};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use self::clock::Clock;
pub use self::error::EngineError;
pub use self::handle::RunHandle;
pub use self::options::{EngineOptions, StartOptions};
use self::state::{Id, Job, State};
use crate::change::Migration;
use crate::durable::FlowJournal;
use crate::flow::Flow;
use crate::report::RunReport;

/// Drives runs of flows over a journal. Clones are the same engine; when the last of them and of its
/// handles is dropped, its runs are left where they are, as if the process had died: its tasks end when
/// the runtime comes round to them. [`shutdown`](Self::shutdown) waits for that, and gives leases back.
///
/// It has to be used within a tokio runtime.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    _life: Arc<Life>,
}

/// What the tasks of an engine share.
struct Shared {
    journal: FlowJournal,
    options: EngineOptions,
    // Never held across an await, nor while the journal is asked.
    state: Mutex<State>,
    /// Rings when the warden has to look.
    alarm: Notify,
    counts: watch::Sender<Counts>,
    clock: Clock,
}

/// How many runs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// That are driven, or queued for it.
    driven: usize,
    parked: usize,
}

/// Stops the tasks when nobody is left who could ask for anything.
struct Life(Arc<Shared>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Engine {
    /// An engine over `journal`, with default options.
    pub fn new(journal: FlowJournal) -> Self {
        Self::with_options(journal, EngineOptions::default())
    }

    /// An engine over `journal`.
    pub fn with_options(journal: FlowJournal, options: EngineOptions) -> Self {
        let shared = Arc::new(Shared {
            journal,
            options,
            state: Mutex::default(),
            alarm: Notify::new(),
            counts: watch::Sender::new(Counts::default()),
            clock: Clock::new(),
        });
        Self { _life: Arc::new(Life(shared.clone())), shared }
    }

    /// The journal.
    pub fn journal(&self) -> &FlowJournal {
        &self.shared.journal
    }

    /// Makes a flow known, so that its runs can be resumed: needed for flows that are written in Rust
    /// and for those whose secrets or transport the engine does not have. A run finds its flow by name
    /// and graph; others are made from the text that the journal holds.
    pub fn register(&self, flow: &Flow) {
        self.shared.state().flows.register(flow);
    }

    /// Goes on with a run that nobody drives; one that this engine holds goes on anyway.
    ///
    /// # Errors
    /// [`EngineError::Journal`] if there is no such run, it is over, or another process drives it;
    /// [`EngineError::Resume`] if its flow has changed.
    pub fn resume(&self, run: &str) -> Result<RunHandle, EngineError> {
        let shared = &self.shared;
        if !shared.state().holds(run) {
            match shared.take_up(run) {
                Ok(ready) => shared.admit(run.into(), Job::Ready(Box::new(ready)))?,
                // Somebody else here was faster.
                Err(EngineError::Journal(JournalError::Driven { .. }))
                    if shared.state().holds(run) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(RunHandle::new(self.clone(), run.to_owned()))
    }

    /// Goes on with a run as a run of `flow`, which is not what it was when the run began: the run is
    /// carried over to its graph. `migration` says what became of steps that have changed.
    ///
    /// # Errors
    /// As [`resume`](Self::resume); [`EngineError::Journal`] also if this engine holds the run.
    pub fn resume_as(
        &self,
        flow: &Flow,
        run: &str,
        migration: &Migration,
    ) -> Result<RunHandle, EngineError> {
        let shared = &self.shared;
        if shared.state().holds(run) {
            let (run, by) = (run.to_owned(), "this engine".to_owned());
            return Err(JournalError::Driven { run, by }.into());
        }
        self.register(flow);
        let ready = flow.resume_with(shared.journal.clone(), run, migration)?;
        shared.admit(run.into(), Job::Ready(Box::new(ready)))?;
        Ok(RunHandle::new(self.clone(), run.to_owned()))
    }

    /// Goes on with all runs that `filter` asks for, that are not over, and that nobody drives; their
    /// ids, in the order in which they began. Those that wait are not read before they are due, or
    /// before a letter comes.
    ///
    /// # Errors
    /// If the journal can't be used.
    pub fn resume_all(&self, filter: &RunFilter) -> Result<Vec<String>, EngineError> {
        let shared = &self.shared;
        let adopted = shared.journal.adopt(filter)?;
        let posted = shared.journal.posted_after(0)?;
        let last = posted.last().map_or(0, |(number, _)| *number);
        let posted: HashSet<String> = posted.into_iter().map(|(_, run)| run).collect();
        let now = shared.clock.now();
        let mut ids = Vec::with_capacity(adopted.len());
        let mut state = shared.state();
        if state.is_closed {
            drop(state);
            for RunInfo { id, .. } in adopted {
                shared.journal.release(&id)?;
            }
            return Err(EngineError::ShutDown);
        }
        for RunInfo { id, phase, .. } in adopted {
            if !state.holds(&id) {
                match phase {
                    RunPhase::Waiting { until, .. }
                        if until.is_none_or(|until| until > now) && !posted.contains(&id) =>
                    {
                        state.failed.remove(id.as_str());
                        state.park(id.as_str().into(), until);
                    }
                    RunPhase::Waiting { .. } | RunPhase::Running | RunPhase::Over { .. } => {
                        state.enqueue(id.as_str().into(), Job::Parked);
                    }
                }
            }
            ids.push(id);
        }
        drop(state);
        // The warden passed over letters that came before the runs were parked.
        let since = shared.journal.posted_after(last);
        if let Ok(since) = &since {
            let mut state = shared.state();
            for (_, run) in since {
                state.wake(run);
            }
        }
        shared.go();
        since?;
        Ok(ids)
    }

    /// Ends a run: calls under way are cut, and the outcome is `cancelled`. One that another process
    /// drives is ended by that process; one that nobody drives is ended here, without another call.
    /// Returns when the wish is durable; [`outcome`](Self::outcome) waits for the end.
    ///
    /// # Errors
    /// [`EngineError::Journal`] if there is no such run, or it is over.
    pub fn cancel(&self, run: &str) -> Result<(), EngineError> {
        let shared = &self.shared;
        shared.journal.post(run, &Input::Cancel)?;
        let is_ours = {
            let mut state = shared.state();
            state.cancelled.insert(run.into());
            state.wake(run) || state.holds(run)
        };
        shared.go();
        if is_ours {
            return Ok(());
        }
        match self.resume(run) {
            // Over meanwhile, or its driver hears of it.
            Err(EngineError::Journal(JournalError::Driven { .. } | JournalError::Over { .. })) => {
                shared.state().cancelled.remove(run);
                Ok(())
            }
            resumed => resumed.map(drop),
        }
    }

    /// Tells a run something. What no step waits for yet is kept until one does; each signal is heard
    /// once. Returns when it is durable.
    ///
    /// # Errors
    /// [`EngineError::Signal`] if no step of the flow waits for it, ever, with the signals that there
    /// are; [`EngineError::Journal`] if there is no such run, or it is over.
    pub fn signal(&self, run: &str, name: &str, payload: Value) -> Result<(), EngineError> {
        let info = self.shared.journal.info(run)?;
        if let RunPhase::Over { outcome, .. } = info.phase {
            return Err(JournalError::Over { run: run.to_owned(), outcome }.into());
        }
        let event = self.flow_of(&info)?.signal(name, payload)?;
        self.shared.journal.post(run, &Input::Event(event))?;
        self.shared.state().wake(run);
        self.shared.go();
        Ok(())
    }

    /// The flow that a run follows.
    fn flow_of(&self, info: &RunInfo) -> Result<Flow, EngineError> {
        let shared = &self.shared;
        if let Some(flow) = shared.state().flows.registered(&info.machine, info.fingerprint) {
            return Ok(flow.clone());
        }
        let history = shared.journal.read(&info.id)?;
        shared.state().flows.of_run(info, history.last(), &shared.options.services)
    }

    /// Waits for the end of a run, whoever drives it. One that nobody drives is waited for until
    /// somebody has driven it to its end.
    ///
    /// # Errors
    /// [`EngineError`] if there is no such run, or if it stops here before its end.
    ///
    /// # Cancel safety
    /// The run goes on without who waits.
    pub async fn outcome(&self, run: &str) -> Result<RunReport, EngineError> {
        let mut changes = self.shared.journal.changes();
        loop {
            changes.mark_unchanged();
            let end = {
                let mut state = self.shared.state();
                if let Some(error) = state.failed.get(run) {
                    return Err(error.clone());
                }
                state.holds(run).then(|| state.listen(run))
            };
            if let Some(end) = end {
                return end.await.unwrap_or(Err(EngineError::ShutDown));
            }
            if let RunPhase::Over { result, .. } = self.shared.journal.info(run)?.phase {
                return stored(run, &result);
            }
            if changes.changed().await.is_err() {
                return Err(EngineError::ShutDown);
            }
        }
    }

    /// How many runs are driven, or queued for it.
    pub fn driven(&self) -> usize {
        self.shared.counts.borrow().driven
    }

    /// How many runs wait without a task.
    pub fn waiting(&self) -> usize {
        self.shared.counts.borrow().parked
    }

    /// The runs that stopped before their end, with why, and were not resumed since.
    pub fn failures(&self) -> Vec<(String, EngineError)> {
        let state = self.shared.state();
        state.failed.iter().map(|(id, error)| (id.to_string(), error.clone())).collect()
    }

    /// Waits until no run is driven: each is over, has stopped, or waits for longer than the engine's
    /// patience.
    pub async fn until_idle(&self) {
        self.until(|counts| counts.driven == 0).await;
    }

    /// Waits until no run is left: none is driven, and none waits.
    pub async fn until_over(&self) {
        self.until(|counts| *counts == Counts::default()).await;
    }

    async fn until(&self, holds: impl FnMut(&Counts) -> bool) {
        // The sender is ours, so it is there.
        let _ = self.shared.counts.subscribe().wait_for(holds).await;
    }

    /// Stops driving, and gives all leases back: the runs can be resumed, here by another engine or by
    /// another process. Calls under way are cut.
    ///
    /// # Errors
    /// The first lease that could not be given back; the others are.
    pub async fn shutdown(&self) -> Result<(), EngineError> {
        let parked = self.shared.close();
        self.until(|counts| counts.driven == 0).await;
        let parked: Vec<&str> = parked.iter().map(|id| &**id).collect();
        Ok(self.shared.journal.release_all(&parked)?)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ensure_open(&self) -> Result<(), EngineError> {
        if self.state().is_closed { Err(EngineError::ShutDown) } else { Ok(()) }
    }

    /// Takes a run that is to be driven.
    fn admit(self: &Arc<Self>, id: Id, job: Job) -> Result<(), EngineError> {
        let mut state = self.state();
        if state.is_closed {
            drop(state);
            // The job first: its journal is closed then.
            drop(job);
            self.journal.release(&id)?;
            return Err(EngineError::ShutDown);
        }
        state.enqueue(id, job);
        drop(state);
        self.go();
        Ok(())
    }

    /// Begins what is queued, and sees to those that wait.
    fn go(self: &Arc<Self>) {
        let is_new = {
            let mut state = self.state();
            !state.is_closed && !std::mem::replace(&mut state.has_warden, true)
        };
        if is_new {
            tokio::spawn(self.clone().warden());
        }
        self.pump();
        self.alarm.notify_one();
    }

    fn count(&self, state: &State) {
        let counts = Counts { driven: state.driven.len(), parked: state.parked.len() };
        self.counts.send_if_modified(|known| std::mem::replace(known, counts) != counts);
    }

    /// Stops all tasks; the runs that were parked or queued.
    fn close(&self) -> Vec<Id> {
        let mut state = self.state();
        state.is_closed = true;
        let mut left: Vec<Id> = std::mem::take(&mut state.parked).into_keys().collect();
        let queued = std::mem::take(&mut state.queue);
        for (id, job) in queued {
            state.driven.remove(&id);
            drop(job);
            left.push(id);
        }
        for id in &left {
            state.tell(id, &Err(EngineError::ShutDown));
        }
        let tasks = state.driven.values().filter_map(|driving| driving.task.clone());
        let tasks: Vec<_> = tasks.collect();
        self.count(&state);
        drop(state);
        tasks.iter().for_each(tokio::task::AbortHandle::abort);
        self.alarm.notify_one();
        left
    }
}

/// The result that the journal holds of a run.
fn stored(run: &str, result: &str) -> Result<RunReport, EngineError> {
    let mut reader = serde_json::Deserializer::from_str(result);
    // An output may be as deep as an answer can be, and lies deeper here.
    reader.disable_recursion_limit();
    RunReport::deserialize(&mut reader)
        .map_err(|why| EngineError::NoResult { run: run.to_owned(), why: why.to_string() })
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("counts", &*self.shared.counts.borrow()).finish()
    }
}
