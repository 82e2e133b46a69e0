//! `fsm run`: one JSON object on stdout, everything else on stderr.

use std::path::{Path, PathBuf};

use clap::Args;
use fsm_core::Timestamp;
use fsm_core::journal::{Journal, JournalError};
use fsm_patterns::{Flow, FlowRun, InputError, RunFault, RunOutcome, RunReport};
use tokio::sync::watch::Receiver;

use crate::args::WatchArgs;
use crate::debug::{self, DebugArgs, Dialog};
use crate::error::CommandError;
use crate::execution::{self, View};
use crate::exit::Exit;
use crate::input::{self, InputSource};
use crate::journal::attend::{Attendance, PATIENCE};
use crate::journal::{self, Store, Trouble, past};
use crate::source::Source;
use crate::{diagnostics, log, output, signals};

/// What is run, with what.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The flow file, in YAML or JSON; `-` reads it from stdin.
    file: PathBuf,

    /// The input: JSON, `@FILE`, or `-` for stdin [default: {}].
    #[arg(short, long, value_name = "JSON", allow_negative_numbers = true)]
    input: Option<String>,

    /// Print the requests that can be known beforehand, and send nothing.
    #[arg(long)]
    dry_run: bool,

    /// The id of the run; idempotency keys are derived from it [default: random].
    #[arg(long, value_name = "ID", value_parser = run_id)]
    run_id: Option<String>,

    /// Keep the run in the journal in this folder, so that it survives the end of this process:
    /// `fsm resume` goes on with it. The folder is made where there is none.
    #[arg(long, value_name = "DIR", env = "FSM_JOURNAL", value_parser = journal::folder)]
    journal: Option<PathBuf>,

    /// What makes two runs of the flow the same: where a run with this key is completed, its result
    /// is returned without a call; where one is under way, it is joined [default: what the flow says].
    #[arg(long, value_name = "KEY", requires = "journal", value_parser = run_key)]
    run_key: Option<String>,

    /// Run anew also where a completed run has the key, or the target is there.
    #[arg(long)]
    force: bool,

    /// Come back where the run only waits, for a signal or for longer than a second; its outcome is
    /// `waiting` then, and `fsm resume` goes on with it.
    #[arg(long, requires = "journal")]
    no_wait: bool,

    /// Write counts and latencies of the run to this file at its end, as text for Prometheus.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run", value_parser = metrics_file)]
    metrics: Option<PathBuf>,

    #[command(flatten)]
    debug: DebugArgs,

    #[command(flatten)]
    watch: WatchArgs,
}

/// Runs a flow and prints its result.
pub(crate) fn perform(args: &RunArgs) -> Result<Exit, CommandError> {
    let source = Source::from(args.file.as_path());
    let input = args.input.as_deref().map(InputSource::from);
    if source == Source::Stdin && input == Some(InputSource::Stdin) {
        return Err(CommandError::StdinTwice {
            what: "the flow and its input",
            option: "--input @FILE",
        });
    }
    if args.debug.is_on() {
        if source == Source::Stdin {
            let what = "the flow and what the debugger is told";
            return Err(CommandError::StdinTwice { what, option: "FILE" });
        }
        if input == Some(InputSource::Stdin) {
            let what = "the input and what the debugger is told";
            return Err(CommandError::StdinTwice { what, option: "--input @FILE" });
        }
    }
    log::start(&args.watch)?;
    let flow = source.flow()?;
    let input = input::read(input.as_ref())?;
    let unfit =
        |error: InputError| CommandError::InputUnfit { what: source.to_string(), source: error };
    if args.dry_run {
        output::print_json(&flow.dry_run(&input).map_err(unfit)?)?;
        return Ok(Exit::Completed);
    }
    if let Some(path) = &args.metrics {
        output::probe_file(path)?;
    }
    if let (None, Some(wait)) = (&args.journal, flow.unbounded_waits().first()) {
        let (step, signal) = (wait.step.to_owned(), wait.signal.to_owned());
        let what = source.to_string();
        return Err(Trouble::NobodyCouldSignal { what, step, signal }.into());
    }
    let store = args.journal.as_deref().map(Store::make).transpose()?;
    let mut run = match args.force {
        true => flow.run_anew(input),
        false => flow.run(input),
    }
    .map_err(|error| CommandError::of_run(source.to_string(), error))?;
    if let Some(id) = &args.run_id {
        run = run.id(id);
    }
    let is_found = run.found().is_some();
    let interrupt = match &store {
        None => signals::listen(),
        Some(store) => {
            let note = journal::left(run.run_id(), &store.dir);
            signals::listen_leaving((!args.watch.quiet).then_some(note))
        }
    };
    let interrupt = interrupt.map_err(CommandError::Setup)?;
    let report = match args.debug.is_on() {
        false => {
            let view = View::of(&args.watch);
            execution::block_on(drive(args, &flow, run, store.as_ref(), view, interrupt))?
        }
        true => {
            let debugger = run.debugger();
            args.debug.prepare(&debugger).map_err(CommandError::Breakpoint)?;
            let lines = debug::stdin().map_err(CommandError::Setup)?;
            let out = &mut std::io::stderr();
            let dialog = Dialog { flow: &flow, debugger, lines, interrupt: interrupt.clone(), out };
            let view = View::without_progress(&args.watch);
            let execution = drive(args, &flow, run, store.as_ref(), view, interrupt);
            execution::block_on(async { tokio::join!(execution, dialog.hold()) })?.0
        }
    };
    let (report, is_joined) = report?;
    // First what was asked for by name: stdout may be closed by its reader.
    if let Some(path) = &args.metrics {
        let text = flow.services().metrics().to_prometheus();
        if let Err(error) = output::write_file(path, &text) {
            output::print_json(&report)?;
            return Err(CommandError::MetricsLost(Box::new(error)));
        }
    }
    output::print_json(&report)?;
    if (is_found || is_joined) && !args.watch.quiet {
        diagnostics::note(&format!("nothing was sent: this is the result of run {}", report.run));
    }
    conclude(&report, args.watch.quiet, args.journal.as_deref());
    Ok(exit(report.outcome))
}

/// Drives the run, in the journal if there is one; whether the result is that of a run with the same
/// key that was completed before.
async fn drive(
    args: &RunArgs,
    flow: &Flow,
    run: FlowRun,
    store: Option<&Store>,
    view: View,
    interrupt: Receiver<bool>,
) -> Result<(RunReport, bool), CommandError> {
    let Some(store) = store else {
        return Ok((execution::execute(flow, run, view, interrupt).await, false));
    };
    let mut run = run.journal(store.shared());
    if let Some(key) = &args.run_key {
        run = run.key(key);
    }
    if args.force {
        run = run.force();
    }
    if args.no_wait {
        run = run.until_waiting(PATIENCE);
    }
    let id = run.run_id().to_owned();
    let driven = execution::keep(flow, run, None, view, interrupt.clone()).await;
    let other =
        match driven {
            Ok(report) => return Ok((report, false)),
            Err(RunFault::Journal {
                source: JournalError::KeyTaken { run: other, .. }, ..
            }) if !args.force => other,
            Err(fault) => return Err(store.stopped(&id, fault)),
        };
    let info = store.disk.info(&other).map_err(|error| store.refused(error))?;
    if let Some(report) = past::result(&info)? {
        return Ok((report, true));
    }
    if view != View::Nothing || !args.watch.quiet {
        diagnostics::note(&format!("run {other} has the key and is under way: this one joins it"));
    }
    let how = Attendance { view, no_wait: args.no_wait, interrupt };
    Ok((store.attend(&other, how).await?, false))
}

/// Says on stderr how a run ended that did not complete, or how to go on with one that waits.
pub(super) fn conclude(report: &RunReport, is_quiet: bool, journal: Option<&Path>) {
    let Some(why) = why_not_completed(report).filter(|_| !is_quiet) else { return };
    match journal {
        Some(dir) if report.outcome == RunOutcome::Waiting => {
            let command = journal::command("resume", &report.run, dir);
            diagnostics::note(&format!("{why}; `{command}` goes on"));
        }
        Some(_) | None => diagnostics::note(&why),
    }
}

/// One line that says how a run ended and what failed first, if it did not complete. The result says
/// it, too, but is long, and often goes elsewhere.
fn why_not_completed(report: &RunReport) -> Option<String> {
    let ended = match report.outcome {
        RunOutcome::Completed => return None,
        RunOutcome::Failed => "failed",
        RunOutcome::TimedOut => "timed out",
        RunOutcome::Cancelled if report.left_undone.is_empty() => {
            return Some(format!("run {} was cancelled", report.run));
        }
        RunOutcome::Cancelled => {
            let left = report.left_undone.join(", ");
            return Some(format!("run {} was cancelled; left undone: {left}", report.run));
        }
        RunOutcome::Waiting => {
            return Some(format!("run {} is not over: it waits{}", report.run, for_what(report)));
        }
    };
    let message = report.error.as_ref().map_or("", |error| &error.message);
    // It may quote a server: what is no text must not reach the terminal.
    let words = message.split(|it: char| it.is_control() || it.is_whitespace());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    Some(format!("run {} {ended}: {line}", report.run))
}

/// What a run waits for, as far as its steps tell.
fn for_what(report: &RunReport) -> String {
    let waits = report.steps.values().filter_map(|step| step.waits_for.as_ref());
    let mut words: Vec<String> = Vec::new();
    for wait in waits {
        words.extend(wait.signal.iter().map(|signal| format!("the signal `{signal}`")));
        if wait.signal.is_none() {
            words.extend(wait.until.map(Timestamp::to_rfc3339));
        }
    }
    words.dedup();
    match words.is_empty() {
        true => String::new(),
        false => format!(" for {}", words.join(", ")),
    }
}

/// The exit code of a run that was made.
pub(super) fn exit(outcome: RunOutcome) -> Exit {
    match outcome {
        RunOutcome::Completed => Exit::Completed,
        RunOutcome::Failed | RunOutcome::TimedOut | RunOutcome::Cancelled | RunOutcome::Waiting => {
            Exit::NotCompleted
        }
    }
}

/// Stdout is for the result alone.
fn metrics_file(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("metrics go to a file: stdout carries the result and nothing else".to_owned()),
        "" => Err("the name of a file must not be empty".to_owned()),
        _ => Ok(text.into()),
    }
}

/// An empty key comes from a variable of the shell that is not set.
fn run_key(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("a key must not be empty".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Two runs must never share an id by accident, so an empty one is refused: it comes from a
/// variable of the shell that is not set.
fn run_id(text: &str) -> Result<String, String> {
    match text.trim().is_empty() {
        true => Err("an id must not be empty".to_owned()),
        false => Ok(text.to_owned()),
    }
}
