//! `fsm signal`: a run is told what it waits for.

use clap::Args;
use fsm_core::Input;
use fsm_core::journal::{Journal, JournalError, RunPhase};
use fsm_patterns::EngineError;
use serde_json::Value;

use crate::diagnostics;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::input::{InputSource, Purpose};
use crate::journal::past::Past;
use crate::journal::{self, JournalArgs, Store, Trouble};

/// Who is told what.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct SignalArgs {
    /// The run's id, or its beginning.
    run: String,

    /// The signal's name.
    name: String,

    /// What it brings: JSON, `@FILE`, or `-` for stdin [default: null].
    #[arg(allow_negative_numbers = true)]
    payload: Option<String>,

    #[command(flatten)]
    journal: JournalArgs,

    /// Say nothing about when the signal will be heard.
    #[arg(short, long)]
    quiet: bool,
}

const HELP: &str = "\
The signal is durable when the command returns. A process that drives the run hears it at once; where
nobody does, it is heard as soon as the run is resumed. What no step waits for yet is kept until one
does.";

/// Sends a signal.
pub(crate) fn perform(args: &SignalArgs) -> Result<Exit, CommandError> {
    let payload = match &args.payload {
        Some(payload) => InputSource::from(payload.as_str()).read(Purpose::Signal)?,
        None => Value::Null,
    };
    let store = Store::open(&args.journal)?;
    let info = store.find(&args.run)?;
    if let RunPhase::Over { outcome, .. } = &info.phase {
        let (run, outcome) = (info.id.clone(), outcome.clone());
        return Err(store.refused(JournalError::Over { run, outcome }));
    }
    let past = Past::read(&store, &info.id)?;
    let flow = past.last().0;
    let event = flow.signal(&args.name, payload);
    let event = event.map_err(|error| Trouble::Engine(EngineError::Signal(error)))?;
    let snapshot = flow.snapshot_of(&past.history);
    let snapshot = snapshot.map_err(|error| store.not_resumed(&info.id, error))?;
    let is_awaited = flow.awaited(&snapshot).iter().any(|it| it.signal == args.name);
    store.disk.post(&info.id, &Input::Event(event)).map_err(|error| store.refused(error))?;
    if args.quiet {
        return Ok(Exit::Completed);
    }
    let (run, name) = (&info.id, &args.name);
    if !is_awaited {
        diagnostics::note(&format!(
            "no step of run {run} waits for `{name}` yet: it is kept until one does"
        ));
    }
    if info.driver.is_none() {
        let command = journal::command("resume", run, &store.dir);
        diagnostics::note(&format!("nobody drives run {run}: `{command}` goes on with it"));
    }
    Ok(Exit::Completed)
}
