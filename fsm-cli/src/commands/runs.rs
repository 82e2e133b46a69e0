//! `fsm runs`: the runs of a journal as a list, one in detail, and the journal's own upkeep.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use console::Term;
use fsm_core::Marks;
use fsm_core::journal::{Journal, JournalError, RunFilter};
use fsm_journal::{Options, Retention};
use fsm_patterns::{FlowStep, RunReport};
use serde::Serialize;

use super::count;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::journal::line::{INTERRUPTED, Line, STATUSES, status};
use crate::journal::past::{self, Past};
use crate::journal::when::{self, Since};
use crate::journal::{JournalArgs, Store, Trouble, detail, table};
use crate::{diagnostics, output};

/// What is shown of a journal.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct RunsArgs {
    /// Show this run in detail: its id, or the beginning of it.
    run: Option<String>,

    #[command(flatten)]
    journal: JournalArgs,

    /// Print JSON: an array of runs, or one object with the report and the history of the run.
    #[arg(long)]
    json: bool,

    /// Only runs that stand so; may be given more than once.
    #[arg(long, value_name = "STATUS", value_parser = STATUSES, conflicts_with = "run")]
    status: Vec<String>,

    /// Only runs of this flow.
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    flow: Option<String>,

    /// Only the runs with this run key.
    #[arg(long, value_name = "KEY", conflicts_with = "run")]
    key: Option<String>,

    /// Only runs that began since then: `2h` or `30d` ago, `2026-11-21`, `2026-11-21T18:00:00Z`.
    #[arg(long, value_name = "WHEN", value_parser = when::since, conflicts_with = "run")]
    since: Option<Since>,

    /// At most so many runs, those that began last.
    #[arg(long, value_name = "COUNT", conflicts_with = "run")]
    limit: Option<usize>,

    /// Draw the run's graph with the way that it took: SVG if the file's name ends in `.svg`, Mermaid
    /// for `.mmd`, else DOT.
    #[arg(long, value_name = "FILE", requires = "run")]
    draw: Option<PathBuf>,

    /// Read the whole journal, hold it to its checks, and say what it has.
    #[arg(long, group = "upkeep", conflicts_with_all = ["run", "json"])]
    check: bool,

    /// Remove runs that ended so long ago (`30d`), and give the space back. Runs that are not over
    /// stay.
    #[arg(long, value_name = "AGE", group = "upkeep", value_parser = when::span,
          conflicts_with_all = ["run", "json"])]
    prune: Option<Duration>,

    /// Remove only what the runs did; their lines and results stay, and so their run keys count.
    #[arg(long, requires = "prune")]
    keep_results: bool,

    /// Where records were lost that had been durable, go on with what is there from now on.
    #[arg(long, conflicts_with = "run")]
    accept_loss: bool,
}

const HELP: &str = "\
Runs are listed with the last one first. On a terminal the columns fit its width; elsewhere each run
is a line of tab-separated values without a heading:
  id, flow, status, began, last written, signals it waits for, waits until, driver, run key
with `-` for what there is not, and points in time in UTC.

A run is `interrupted` if its process died while something was under way; `waiting` if it waits for
a signal or a point in time; `running` while a process drives it; else it has its outcome.";

/// Shows runs, or sees to the journal.
pub(crate) fn perform(args: &RunsArgs) -> Result<Exit, CommandError> {
    let options = match args.accept_loss {
        true => Options::new().accept_loss(),
        false => Options::new(),
    };
    let store = Store::open_with(&args.journal, options)?;
    if args.check {
        let checked = store.disk.check().map_err(|error| store.refused(error))?;
        let (runs, records) = (number(checked.runs, "run"), number(checked.records, "record"));
        output::print(&format!("{}: ok, {runs}, {records}\n", store.dir.display()))?;
        return Ok(Exit::Completed);
    }
    if let Some(age) = args.prune {
        return prune(args, &store, age);
    }
    match &args.run {
        Some(run) => one(args, &store, run),
        None => list(args, &store),
    }
}

fn number(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

fn prune(args: &RunsArgs, store: &Store, age: Duration) -> Result<Exit, CommandError> {
    let retention = Retention::new().completed_after(age).failed_after(age);
    let retention = match args.keep_results {
        true => retention.keep_results(),
        false => retention,
    };
    let pruned = store.disk.prune(&retention).map_err(|error| store.refused(error))?;
    let (runs, records) = (number(pruned.runs, "run"), number(pruned.records, "record"));
    let what = if args.keep_results { "the records of" } else { "removed" };
    let told = match args.keep_results {
        true => format!("removed {what} {runs}: {records}"),
        false => format!("{what} {runs}, {records}"),
    };
    let dir = store.dir.display();
    output::print(&format!("{dir}: {told}; {} KiB less\n", pruned.bytes / 1024))?;
    Ok(Exit::Completed)
}

fn list(args: &RunsArgs, store: &Store) -> Result<Exit, CommandError> {
    // The journal takes an interrupted run for one that runs; who is alive is known with its line.
    let needs_look = args.status.iter().any(|it| it == INTERRUPTED || it == "running");
    let asked = args.status.iter().map(|it| if it == INTERRUPTED { "running" } else { it });
    let mut asked: Vec<String> = asked.map(str::to_owned).collect();
    asked.dedup();
    let filter = RunFilter {
        machine: args.flow.clone(),
        key: args.key.clone(),
        status: asked,
        since: args.since.map(|Since(at)| at),
        limit: args.limit.filter(|_| !needs_look),
    };
    let mut runs = store.disk.list(&filter).map_err(|error| store.refused(error))?;
    if needs_look {
        runs.retain(|run| args.status.iter().any(|asked| asked == status(run)));
        runs.truncate(args.limit.unwrap_or(usize::MAX));
    }
    let lines: Vec<Line> = runs.iter().map(Line::from).collect();
    if args.json {
        output::print_json(&lines)?;
        return Ok(Exit::Completed);
    }
    let terminal = Term::stdout();
    if !terminal.is_term() {
        output::print(&table::for_scripts(&lines))?;
        return Ok(Exit::Completed);
    }
    match lines.is_empty() {
        true => diagnostics::note("there is no such run"),
        false => {
            let width = usize::from(terminal.size().1);
            output::print(&table::for_people(&lines, when::now(), width))?;
        }
    }
    Ok(Exit::Completed)
}

/// A run as one object.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    line: &'a Line,
    /// `None` of a run that is not over and whose steps are not known.
    report: Option<&'a RunReport>,
    /// `None` where the records were removed, or where the journal does not hold the flow.
    history: Option<&'a [FlowStep]>,
}

fn one(args: &RunsArgs, store: &Store, run: &str) -> Result<Exit, CommandError> {
    let info = store.find(run)?;
    let (past, unknown) = match Past::read(store, &info.id) {
        Ok(past) => (Some(past), ""),
        Err(CommandError::Journal(trouble)) if args.draw.is_none() => match *trouble {
            Trouble::Journal { source: JournalError::Pruned { .. }, .. } => {
                (None, "  its records were removed\n")
            }
            Trouble::NoText { .. } | Trouble::BadText { .. } => {
                (None, "  the journal does not hold the flow that it follows\n")
            }
            other => return Err(other.into()),
        },
        Err(error) => return Err(error),
    };
    let line = Line::from(past.as_ref().map_or(&info, |past| &past.history.info));
    let report = match &past {
        Some(past) => Some(past.report(store)?),
        None => past::result(&info)?,
    };
    let steps = past.as_ref().map(Past::steps).transpose()?;
    if let (Some(path), Some(past)) = (&args.draw, &past) {
        let (flow, epoch) = past.last();
        let mut retrace = flow.retrace(epoch).map_err(|fault| past.unrepeatable(fault))?;
        while retrace.step().map_err(|fault| past.unrepeatable(fault))?.is_some() {}
        let marks: Marks = retrace.way().map_err(|fault| past.unrepeatable(fault))?;
        detail::draw(flow, &marks, path)?;
    }
    if args.json {
        let (report, history) = (report.as_ref(), steps.as_deref());
        output::print_json(&Told { line: &line, report, history })?;
        return Ok(Exit::Completed);
    }
    let head = detail::head(&line, store, when::now());
    let done = report.as_ref().map_or(unknown.to_owned(), detail::steps);
    let history = steps.as_deref().map_or(unknown.to_owned(), detail::history);
    output::print(&format!("{head}\nsteps\n{done}\nhistory\n{history}"))?;
    Ok(Exit::Completed)
}
