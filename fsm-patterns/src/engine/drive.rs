//! The tasks of an engine: one for each run that is driven, and one warden for all that wait.

use std::sync::Arc;
use std::time::Duration;

use fsm_core::Timestamp;
use fsm_core::journal::JournalError;

use super::state::{Id, Job};
use super::{EngineError, Shared};
use crate::change::Migration;
use crate::durable::{Aim, Driven, DurableRun};

/// The warden looks at the wall clock at least so often: it may have jumped.
const GLANCE: Duration = Duration::from_secs(60);

impl Shared {
    /// Begins what is queued, as far as there is room.
    pub(super) fn pump(self: &Arc<Self>) {
        while let Some((id, job)) = self.next_job() {
            let seat = Seat { shared: self.clone(), id: id.clone(), is_told: false };
            // Not under the lock: a runtime that shuts down drops the task at once, and its seat.
            let task = tokio::spawn(drive(job, seat)).abort_handle();
            let mut state = self.state();
            if state.is_closed {
                task.abort();
            } else if let Some(driving) = state.driven.get_mut(&id) {
                driving.task = Some(task);
            }
        }
    }

    fn next_job(&self) -> Option<(Id, Job)> {
        let mut state = self.state();
        let has_room = state.tasks < self.options.max_driven.get() && !state.is_closed;
        let next = if has_room { state.queue.pop_front() } else { None };
        state.tasks += usize::from(next.is_some());
        self.count(&state);
        next
    }

    /// The run that a job speaks of, ready to be driven until it waits.
    fn ready(&self, id: &str, job: Job) -> Result<DurableRun, EngineError> {
        let run = match job {
            Job::Ready(run) => *run,
            Job::Parked => self.take_up(id)?,
        };
        let run = match self.state().cancelled.contains(id) {
            true => run.without_hooks(),
            false => run,
        };
        Ok(run.until_waiting(self.options.patience).not_before(self.clock.now()))
    }

    /// Takes a run up, with the flow that it follows. If that fails, its lease is given back.
    pub(super) fn take_up(&self, id: &str) -> Result<DurableRun, EngineError> {
        let taken_up = self.journal.take_up(id)?;
        let (info, epoch) = (&taken_up.history.info, taken_up.history.last());
        let flow = self.state().flows.of_run(info, epoch, &self.options.services);
        let flow = match flow {
            Ok(flow) => flow,
            Err(error) => {
                drop(taken_up);
                self.journal.release(id)?;
                return Err(error);
            }
        };
        let aim = if self.state().cancelled.contains(id) { Aim::End } else { Aim::Further };
        match flow.go_on(self.journal.clone(), taken_up, &Migration::new(), aim) {
            Ok(run) => Ok(run),
            Err(error) => {
                self.journal.release(id)?;
                Err(error.into())
            }
        }
    }

    /// The run has ended, or stands still, or can't go on.
    fn settle(self: &Arc<Self>, id: &Id, driven: Result<Driven<()>, EngineError>) {
        let mut state = self.state();
        state.tasks -= 1;
        let letter = state.driven.remove(id).and_then(|driving| driving.letter);
        state.cancelled.remove(id);
        match driven {
            Ok(driven) if driven.is_over => {
                state.tell(id, &Ok(driven.report));
                drop(state);
            }
            Ok(_) if state.is_closed => {
                drop(state);
                self.give_back(id, EngineError::ShutDown);
            }
            Ok(Driven { until, .. }) => {
                state.park(id.clone(), until);
                let is_next = until.is_some() && state.next_due() == until;
                drop(state);
                if is_next {
                    self.alarm.notify_one();
                }
                if letter.is_some_and(|letter| self.has_letter(id, letter)) {
                    self.state().wake(id);
                }
            }
            Err(EngineError::ShutDown) => {
                drop(state);
                self.give_back(id, EngineError::ShutDown);
                self.count(&self.state());
                // A runtime that shuts down drops what is spawned at once, and so on: nothing is.
                return;
            }
            Err(error) => {
                drop(state);
                tracing::warn!(run = &**id, "{error}");
                self.give_back(id, error);
            }
        }
        self.pump();
    }

    /// Nobody drives the run here any more, because of `error`.
    fn give_back(&self, id: &Id, error: EngineError) {
        // A journal that failed may refuse; then the lease lapses when the process ends.
        if let Err(error) = self.journal.release(id) {
            tracing::warn!(run = &**id, "the lease was not given back: {error}");
        }
        let mut state = self.state();
        state.failed.insert(id.clone(), error.clone());
        state.tell(id, &Err(error));
    }

    /// Whether a letter of this number or a later one waits for the run.
    fn has_letter(&self, id: &str, number: u64) -> bool {
        match self.journal.posted_after(number.saturating_sub(1)) {
            Ok(posted) => posted.iter().any(|(_, run)| run == id),
            // To look once too often does no harm.
            Err(_) => true,
        }
    }

    /// Wakes those whom letters came for.
    fn deliver(&self) -> Result<(), JournalError> {
        let last = self.state().letter;
        let posted = self.journal.posted_after(last)?;
        let mut state = self.state();
        for (number, run) in posted {
            state.letter = state.letter.max(number);
            if !state.wake(&run)
                && let Some(driving) = state.driven.get_mut(run.as_str())
            {
                driving.letter.get_or_insert(number);
            }
        }
        Ok(())
    }

    /// Wakes the runs that wait, each when it is time.
    pub(super) async fn warden(self: Arc<Self>) {
        let mut changes = self.journal.changes();
        let (mut hears, mut looks) = (true, true);
        loop {
            if looks && let Err(error) = self.deliver() {
                tracing::warn!("letters can't be read: {error}");
            }
            looks = false;
            let now = self.clock.now();
            let next = {
                let mut state = self.state();
                if state.is_closed {
                    return;
                }
                state.wake_due(now)
            };
            self.pump();
            let pause = next.map(|at: Timestamp| at.since(now).min(GLANCE));
            tokio::select! {
                () = self.alarm.notified() => {}
                changed = changes.changed(), if hears => {
                    hears = changed.is_ok();
                    looks = hears;
                }
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
    }
}

/// A run's place among those that are driven. If its task ends early, it is given back.
struct Seat {
    shared: Arc<Shared>,
    id: Id,
    is_told: bool,
}

/// Drives a run as far as it goes for now. The job comes first, so that its journal is closed before
/// the seat is given back.
async fn drive(job: Job, mut seat: Seat) {
    let driven = match seat.shared.ready(&seat.id, job) {
        Ok(run) => run.advance().await.map_err(EngineError::from),
        Err(error) => Err(error),
    };
    seat.is_told = true;
    seat.shared.settle(&seat.id, driven);
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        let run = self.id.to_string();
        let error = match std::thread::panicking() {
            true => EngineError::Panicked { run },
            false => EngineError::ShutDown,
        };
        self.shared.settle(&self.id, Err(error));
    }
}
