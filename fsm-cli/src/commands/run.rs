//! `fsm run`: one JSON object on stdout, everything else on stderr.

use std::path::PathBuf;

use clap::Args;
use fsm_patterns::{InputError, RunOutcome, RunReport};

use crate::args::WatchArgs;
use crate::debug::{self, DebugArgs, Dialog};
use crate::error::CommandError;
use crate::execution::{self, View};
use crate::exit::Exit;
use crate::input::{self, InputSource};
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
    let mut run =
        flow.run(input).map_err(|error| CommandError::of_run(source.to_string(), error))?;
    let interrupt = signals::listen().map_err(CommandError::Setup)?;
    let id = args.run_id.as_deref();
    let report = match args.debug.is_on() {
        false => {
            let view = View::of(&args.watch);
            execution::block_on(execution::execute(&flow, run, id, view, interrupt))?
        }
        true => {
            let debugger = run.debugger();
            args.debug.prepare(&debugger).map_err(CommandError::Breakpoint)?;
            let lines = debug::stdin().map_err(CommandError::Setup)?;
            let (flow, out) = (&flow, &mut std::io::stderr());
            let dialog = Dialog { flow, debugger, lines, interrupt: interrupt.clone(), out };
            let view = View::without_progress(&args.watch);
            let execution = execution::execute(flow, run, id, view, interrupt);
            execution::block_on(async { tokio::join!(execution, dialog.hold()) })?.0
        }
    };
    // First what was asked for by name: stdout may be closed by its reader.
    if let Some(path) = &args.metrics {
        let text = flow.services().metrics().to_prometheus();
        if let Err(error) = output::write_file(path, &text) {
            output::print_json(&report)?;
            return Err(CommandError::MetricsLost(Box::new(error)));
        }
    }
    output::print_json(&report)?;
    if let Some(why) = why_not_completed(&report).filter(|_| !args.watch.quiet) {
        diagnostics::note(&why);
    }
    Ok(exit(report.outcome))
}

/// One line that says how a run ended and what failed first, if it did not complete. The result says
/// it, too, but is long, and often goes elsewhere.
fn why_not_completed(report: &RunReport) -> Option<String> {
    let ended = match report.outcome {
        RunOutcome::Completed => return None,
        RunOutcome::Failed => "failed",
        RunOutcome::TimedOut => "timed out",
        RunOutcome::Cancelled => return Some(format!("run {} was cancelled", report.run)),
        RunOutcome::Waiting => return Some(format!("run {} is not over: it waits", report.run)),
    };
    let message = report.error.as_ref().map_or("", |error| &error.message);
    // It may quote a server: what is no text must not reach the terminal.
    let words = message.split(|it: char| it.is_control() || it.is_whitespace());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    Some(format!("run {} {ended}: {line}", report.run))
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

/// Two runs must never share an id by accident, so an empty one is refused: it comes from a
/// variable of the shell that is not set.
fn run_id(text: &str) -> Result<String, String> {
    match text.trim().is_empty() {
        true => Err("an id must not be empty".to_owned()),
        false => Ok(text.to_owned()),
    }
}
