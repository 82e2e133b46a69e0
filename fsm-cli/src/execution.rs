//! A run that is watched, and that a signal can end.

use std::future::Future;
use std::pin::pin;

use fsm_core::Observer;
use fsm_patterns::{
    DurableRun, Flow, FlowContext, FlowEvent, FlowRun, RunFault, RunReport, StepStatus,
};
use tokio::runtime;
use tokio::sync::watch::Receiver;

use crate::args::WatchArgs;
use crate::error::CommandError;
use crate::log::Log;
use crate::progress::{self, Progress};
use crate::watch::{Ending, Happening, Listener, Watch};

/// What is shown of a run while it is under way. Logs and progress on one terminal would
/// overwrite each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Nothing,
    Progress,
    Log,
}

impl View {
    /// What `args` ask for where the terminal is for something else.
    pub(crate) fn without_progress(args: &WatchArgs) -> Self {
        match args.log() {
            Some(_) => View::Log,
            None => View::Nothing,
        }
    }

    /// What `args` and the terminal ask for.
    pub(crate) fn of(args: &WatchArgs) -> Self {
        match args.log() {
            Some(_) => View::Log,
            None if args.quiet || !Progress::is_seen() => View::Nothing,
            None => View::Progress,
        }
    }
}

/// Performs a future on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(CommandError::Setup)?;
    let done = runtime.block_on(work);
    // A name that is being looked up can't be interrupted; nobody waits for it.
    runtime.shutdown_background();
    Ok(done)
}

/// Drives a run to its end, or until an end is asked for.
///
/// # Cancel safety
/// Dropping the future drops the calls that are under way.
pub(crate) async fn execute(
    flow: &Flow,
    run: FlowRun,
    view: View,
    interrupt: Receiver<bool>,
) -> RunReport {
    match view {
        View::Nothing => drive(run, interrupt).await.0,
        View::Progress => {
            let run = run.observer(Watch::new(flow, Progress::new(flow)));
            let (report, watch) = drive(run, interrupt).await;
            watch.listener.clear();
            report
        }
        View::Log => {
            let log = Log::new(run.run_id(), flow.endpoints());
            log.begins(flow.name());
            let (report, watch) = drive(run.observer(Watch::new(flow, log)), interrupt).await;
            watch.listener.ended(&report);
            report
        }
    }
}

async fn drive<O>(mut run: FlowRun<O>, mut interrupt: Receiver<bool>) -> (RunReport, O)
where
    O: Observer<FlowContext, FlowEvent>,
{
    let cancel = run.cancel_handle();
    let mut driven = pin!(run.drive_observed());
    let (report, observer, _) = tokio::select! {
        ended = &mut driven => ended,
        _ = interrupt.wait_for(|asked| *asked) => {
            cancel.cancel();
            driven.await
        }
    };
    (report, observer)
}

/// As [`execute`], of a run that is kept in a journal. `stood` is how it stood where it was taken up.
///
/// # Cancel safety
/// Dropping the future drops the calls that are under way; the run can be resumed.
pub(crate) async fn keep(
    flow: &Flow,
    run: DurableRun,
    stood: Option<&RunReport>,
    view: View,
    interrupt: Receiver<bool>,
) -> Result<RunReport, RunFault> {
    match view {
        View::Nothing => Ok(drive_kept(run, interrupt).await?.0),
        View::Progress => {
            let mut progress = Progress::new(flow);
            tell(flow, &mut progress, stood);
            let driven = drive_kept(run.observer(Watch::new(flow, progress)), interrupt).await;
            // A run that stopped took its observer along.
            progress::clear();
            Ok(driven?.0)
        }
        View::Log => {
            let log = Log::new(run.run_id(), flow.endpoints());
            log.begins(flow.name());
            let driven = drive_kept(run.observer(Watch::new(flow, log)), interrupt).await;
            let (report, watch) = driven?;
            watch.listener.ended(&report);
            Ok(report)
        }
    }
}

/// Tells what has become of steps before, those of the same name.
fn tell(flow: &Flow, listener: &mut impl Listener, stood: Option<&RunReport>) {
    let Some(stood) = stood else { return };
    for (endpoint, name) in flow.endpoints().enumerate() {
        let Some(step) = stood.steps.get(name) else { continue };
        let ending = match step.status {
            StepStatus::Ok => Ending::Ok,
            StepStatus::Cached => Ending::Cached,
            StepStatus::Recovered => Ending::Recovered,
            StepStatus::Skipped => Ending::Skipped,
            StepStatus::Failed => Ending::Failed,
            StepStatus::TimedOut => Ending::TimedOut,
            StepStatus::Cancelled => Ending::Cancelled,
            StepStatus::Pending | StepStatus::Running | StepStatus::Waiting => continue,
        };
        listener.happens(endpoint, &Happening::Ended(ending));
    }
}

async fn drive_kept<O>(
    mut run: DurableRun<O>,
    mut interrupt: Receiver<bool>,
) -> Result<(RunReport, O), RunFault>
where
    O: Observer<FlowContext, FlowEvent>,
{
    let cancel = run.cancel_handle();
    let mut driven = pin!(run.drive_observed());
    let (report, observer, _) = tokio::select! {
        ended = &mut driven => ended?,
        _ = interrupt.wait_for(|asked| *asked) => {
            cancel.cancel();
            driven.await?
        }
    };
    Ok((report, observer))
}
