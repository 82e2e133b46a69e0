//! `fsm cancel`: a run is ended, whoever drives it, and its result is printed.

use clap::Args;
use fsm_core::Input;
use fsm_core::journal::Journal;
use fsm_patterns::RunOutcome;

use super::run;
use crate::args::WatchArgs;
use crate::error::CommandError;
use crate::execution::{self, View};
use crate::exit::Exit;
use crate::journal::attend::Attendance;
use crate::journal::{JournalArgs, Store};
use crate::{log, output, signals};

/// Which run is ended.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct CancelArgs {
    /// The run's id, or its beginning.
    run: String,

    #[command(flatten)]
    journal: JournalArgs,

    #[command(flatten)]
    watch: WatchArgs,
}

const HELP: &str = "\
A process that drives the run ends it; a run that nobody drives is ended here. Calls under way are
cut. Nothing is undone: the result, which is printed when the run is over, says what is left undone.
The exit code is 0 if the run was cancelled, 1 if it ended otherwise meanwhile. A run that was over
before is refused with 2.";

/// Ends a run.
pub(crate) fn perform(args: &CancelArgs) -> Result<Exit, CommandError> {
    log::start(&args.watch)?;
    let store = Store::open(&args.journal)?;
    let id = store.find(&args.run)?.id;
    store.disk.post(&id, &Input::Cancel).map_err(|error| store.refused(error))?;
    let interrupt = signals::listen().map_err(CommandError::Setup)?;
    let how = Attendance { view: View::of(&args.watch), no_wait: false, interrupt };
    let report = execution::block_on(store.attend(&id, how))??;
    output::print_json(&report)?;
    if report.outcome == RunOutcome::Cancelled {
        return Ok(Exit::Completed);
    }
    run::conclude(&report, args.watch.quiet, Some(&store.dir));
    Ok(Exit::NotCompleted)
}
