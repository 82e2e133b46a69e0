//! A run in the journal, until it is over: taken up where nobody drives it, else waited for.

use std::time::Duration;

use fsm_core::journal::{Journal, JournalError, RunPhase};
use fsm_patterns::{DurableRun, Flow, Migration, RunFault, RunReport};
use tokio::sync::watch::Receiver;

use super::past::{self, Past};
use super::{Store, line};
use crate::error::CommandError;
use crate::execution::{self, View};

/// A run that would stand still for longer than this only waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the process that drives a run is still there is asked so often.
const GLANCE: Duration = Duration::from_millis(500);

/// How a run is attended to.
#[derive(Clone, Debug)]
pub(crate) struct Attendance {
    pub(crate) view: View,
    /// Come back when the run only waits.
    pub(crate) no_wait: bool,
    /// Whether somebody wants it to end.
    pub(crate) interrupt: Receiver<bool>,
}

/// Where a run goes on.
#[derive(Clone, Debug)]
pub(crate) enum Along {
    /// The flow that the journal holds.
    Its,
    /// A changed one.
    Changed { flow: Box<Flow>, migration: Migration },
}

/// A run that is about to be driven here.
pub(crate) struct TakenUp {
    flow: Flow,
    run: DurableRun,
    /// How it stood.
    stood: Option<RunReport>,
}

impl Store {
    /// Takes a run up that nobody drives.
    ///
    /// # Errors
    /// Among others [`JournalError::Driven`] and [`JournalError::Over`].
    pub(crate) fn take_up(&self, run: &str, along: &Along) -> Result<TakenUp, CommandError> {
        let mut past = Past::read(self, run);
        let (flow, resumed) = match along {
            Along::Its => {
                let its = past?;
                let flow = its.last().0.clone();
                past = Ok(its);
                (flow.clone(), flow.resume(self.shared(), run))
            }
            Along::Changed { flow, migration } => {
                ((**flow).clone(), flow.resume_with(self.shared(), run, migration))
            }
        };
        match resumed {
            Ok(run) => {
                // What can't be told is only not shown as done.
                let stood = past.and_then(|past| past.report(self)).ok();
                Ok(TakenUp { flow, run, stood })
            }
            Err(error) => Err(self.not_resumed(run, error)),
        }
    }

    /// Drives a run that was taken up.
    pub(crate) async fn go_on(
        &self,
        run: &str,
        taken_up: TakenUp,
        how: Attendance,
    ) -> Result<RunReport, CommandError> {
        let TakenUp { flow, run: resumed, stood } = taken_up;
        let resumed = match how.no_wait {
            true => resumed.until_waiting(PATIENCE),
            false => resumed,
        };
        let driven = execution::keep(&flow, resumed, stood.as_ref(), how.view, how.interrupt).await;
        driven.map_err(|fault: RunFault| self.stopped(run, fault))
    }

    /// Waits for the end of a run that others may drive, and takes it up where they do not any more.
    ///
    /// Somebody who wants the run to end is heard also where another process drives it.
    pub(crate) async fn attend(
        &self,
        run: &str,
        mut how: Attendance,
    ) -> Result<RunReport, CommandError> {
        let mut changes = self.disk.changes();
        let mut is_asked = false;
        loop {
            changes.mark_unchanged();
            let info = self.disk.info(run).map_err(|error| self.refused(error))?;
            if let Some(report) = past::result(&info)? {
                return Ok(report);
            }
            let stands_still = matches!(info.phase, RunPhase::Waiting { .. });
            if how.no_wait && stands_still {
                return Past::read(self, run)?.report(self);
            }
            if info.driver.is_none() {
                match self.take_up(run, &Along::Its) {
                    Ok(taken_up) => return self.go_on(run, taken_up, how).await,
                    // Somebody was faster, or it has just ended.
                    Err(error) if is_lost_race(&error) => continue,
                    Err(error) => return Err(error),
                }
            }
            tracing::debug!(run, status = line::status(&info), "waiting for its driver");
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(GLANCE) => {}
                _ = how.interrupt.wait_for(|asked| *asked), if !is_asked => {
                    is_asked = true;
                    let posted = self.disk.post(run, &fsm_core::Input::Cancel);
                    match posted {
                        Ok(_) | Err(JournalError::Over { .. }) => {}
                        Err(error) => return Err(self.refused(error)),
                    }
                }
            }
        }
    }
}

fn is_lost_race(error: &CommandError) -> bool {
    matches!(
        error,
        CommandError::Journal(super::Trouble::Journal {
            source: JournalError::Driven { .. } | JournalError::Over { .. },
            ..
        })
    )
}
