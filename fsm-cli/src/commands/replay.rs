//! `fsm replay`: a run looked back at, record by record or at one point; or the same again, offline.

use std::path::{Path, PathBuf};

use clap::Args;
use fsm_core::journal::ReplayFault;
use fsm_patterns::{Answers, FlowStep, Moment, Retrace, RunReport};
use serde::Serialize;

use super::run;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::input::{self, InputSource};
use crate::journal::past::Past;
use crate::journal::{JournalArgs, Store, Trouble, detail, folder};
use crate::simulate::view::plain;
use crate::source::Source;
use crate::{diagnostics, output};

/// What is looked back at.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ReplayArgs {
    /// The run's id, or its beginning; with `--answers`, a flow file.
    #[arg(value_name = "RUN")]
    run: String,

    /// The folder of the journal.
    #[arg(long, value_name = "DIR", env = "FSM_JOURNAL", value_parser = folder,
          required_unless_present = "answers")]
    journal: Option<PathBuf>,

    /// Show how the run stood at this point: a step, for where it had ended; `before:STEP`, for where
    /// it began; the number of a record, for right after it.
    #[arg(long, value_name = "STEP", conflicts_with = "answers", value_parser = moment)]
    to: Option<Moment>,

    /// Print JSON.
    #[arg(long, conflicts_with = "answers")]
    json: bool,

    /// Draw the graph with the way that the run took up to there: SVG if the file's name ends in
    /// `.svg`, Mermaid for `.mmd`, else DOT.
    #[arg(long, value_name = "FILE", conflicts_with = "answers")]
    draw: Option<PathBuf>,

    /// Write what the run's calls were answered to this file, for `--answers`. It is as confidential as
    /// the journal.
    #[arg(long, value_name = "FILE", conflicts_with = "answers")]
    save_answers: Option<PathBuf>,

    /// Rehearse a flow file with the answers in this file: nothing is sent, and no time passes.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,

    /// The input of the rehearsal: JSON, `@FILE`, or `-` for stdin [default: that of the run].
    #[arg(short, long, value_name = "JSON", requires = "answers", allow_negative_numbers = true)]
    input: Option<String>,
}

const HELP: &str = "\
Nothing is sent, and nothing is changed. Without `--to`, all that happened is told, a line a record:
its number, when it came, what came, and which way the run went.

  fsm replay ID --to pay                        how the run stood when `pay` had ended
  fsm replay ID --save-answers run.json         keep the answers, and
  fsm replay --answers run.json flow.yaml       see what a changed flow would make of them

A rehearsal prints the result that the flow would return. A call without a recorded answer fails
with the kind `contract`; those calls, and the answers that nobody asked for, are listed on stderr.";

fn moment(text: &str) -> Result<Moment, String> {
    match text.is_empty() {
        true => Err("write the name of a step, or the number of a record".to_owned()),
        false => text.parse().map_err(|never: std::convert::Infallible| match never {}),
    }
}

/// Looks back at a run, or rehearses one.
pub(crate) fn perform(args: &ReplayArgs) -> Result<Exit, CommandError> {
    match (&args.answers, &args.journal) {
        (Some(answers), _) => rehearse(args, answers),
        (None, Some(dir)) => look_back(args, &JournalArgs { dir: dir.clone() }),
        // Arguments without either are refused before.
        (None, None) => Ok(Exit::Wrong),
    }
}

fn rehearse(args: &ReplayArgs, answers: &Path) -> Result<Exit, CommandError> {
    let text = Source::from(answers).text()?;
    let what = answers.display().to_string();
    let answers = Answers::from_json(&text)
        .map_err(|source| Trouble::Answers { what: what.clone(), source })?;
    let file = PathBuf::from(&args.run);
    let source = Source::from(file.as_path());
    let flow = source.flow()?;
    let input = match &args.input {
        Some(given) => input::read(Some(&InputSource::from(given.as_str())))?,
        None => answers.input().clone(),
    };
    let rehearsal = flow.rehearse(input, &answers);
    let rehearsal = rehearsal
        .map_err(|error| CommandError::InputUnfit { what: source.to_string(), source: error })?;
    output::print_json(&rehearsal.report)?;
    for call in &rehearsal.missing {
        diagnostics::note(&format!("no answer is recorded for {}", plain(&call.to_string())));
    }
    for call in &rehearsal.unused {
        diagnostics::note(&format!("the answer to {} was not asked for", plain(&call.to_string())));
    }
    for signal in &rehearsal.unheard {
        diagnostics::note(&format!("nothing heard the signal `{}`", plain(signal)));
    }
    Ok(run::exit(rehearsal.report.outcome))
}

/// How a run stood.
#[derive(Serialize)]
struct Stood<'a> {
    run: &'a str,
    flow: &'a str,
    /// The record that led there.
    step: Option<&'a FlowStep>,
    report: &'a RunReport,
}

/// What happened to a run.
#[derive(Serialize)]
struct Happened<'a> {
    run: &'a str,
    flow: &'a str,
    history: &'a [FlowStep],
}

fn look_back(args: &ReplayArgs, journal: &JournalArgs) -> Result<Exit, CommandError> {
    let store = Store::open(journal)?;
    let info = store.find(&args.run)?;
    let past = Past::read(&store, &info.id)?;
    if let Some(path) = &args.save_answers {
        let (flow, epoch) = past.last();
        let answers = Answers::of(flow, epoch).map_err(|source| {
            let what = format!("the answers of run `{}` can't be kept", info.id);
            Trouble::Answers { what, source }
        })?;
        output::write_private(path, &(answers.to_json() + "\n"))?;
    }
    let (run, flow) = (info.id.as_str(), info.machine.as_str());
    let text = match &args.to {
        Some(moment) => {
            let (retrace, step) = travel(&past, moment)?;
            if let Some(path) = &args.draw {
                draw(&past, &retrace, path)?;
            }
            let report = retrace.report();
            match args.json {
                true => output::json(&Stood { run, flow, step: step.as_ref(), report: &report })?,
                false => stood(moment, step.as_ref(), &report),
            }
        }
        None => {
            let history = past.steps()?;
            if let Some(path) = &args.draw {
                let (flow, epoch) = past.last();
                let mut retrace = flow.retrace(epoch).map_err(|it| past.unrepeatable(it))?;
                while retrace.step().map_err(|it| past.unrepeatable(it))?.is_some() {}
                draw(&past, &retrace, path)?;
            }
            match args.json {
                true => output::json(&Happened { run, flow, history: &history })?,
                false => detail::history(&history),
            }
        }
    };
    output::print(&text)?;
    Ok(Exit::Completed)
}

fn stood(moment: &Moment, step: Option<&FlowStep>, report: &RunReport) -> String {
    let at = match step {
        Some(step) => step.to_string(),
        None => "the beginning".to_owned(),
    };
    format!("at {}: {}\n\nsteps\n{}", plain(&moment.to_string()), plain(&at), detail::steps(report))
}

fn draw(past: &Past, retrace: &Retrace<'_>, path: &Path) -> Result<(), CommandError> {
    let marks = retrace.way().map_err(|fault| past.unrepeatable(fault))?;
    detail::draw(retrace.flow(), &marks, path)
}

/// Goes to a point of the history, in whichever flow the run followed then.
fn travel<'a>(
    past: &'a Past,
    moment: &Moment,
) -> Result<(Retrace<'a>, Option<FlowStep>), CommandError> {
    let mut refused = None;
    let mut is_known = false;
    let mut first_held = None;
    for (flow, epoch) in past.epochs() {
        let mut retrace = flow.retrace(epoch).map_err(|fault| past.unrepeatable(fault))?;
        match retrace.to(moment) {
            Ok(Some(step)) => return Ok((retrace, Some(past.counted(step)))),
            Ok(None) if *moment == Moment::After(0) => return Ok((retrace, None)),
            Ok(None) => is_known = true,
            // Another flow that the run followed may have it.
            Err(ReplayFault::NoSuchRecord { record, first, last }) => {
                let first = *first_held.get_or_insert(first);
                refused = Some(ReplayFault::NoSuchRecord { record, first, last });
            }
            Err(fault @ ReplayFault::NoSuchState { .. }) => refused = Some(fault),
            Err(fault) => return Err(past.unrepeatable(fault)),
        }
    }
    let run = past.history.info.id.clone();
    match refused {
        Some(source) if !is_known => Err(Trouble::NoSuchMoment { source }.into()),
        Some(_) | None => Err(Trouble::NeverThere { run, moment: moment.to_string() }.into()),
    }
}
