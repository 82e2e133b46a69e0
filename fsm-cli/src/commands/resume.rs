//! `fsm resume`: a run goes on where it was left, or all of them do.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use fsm_core::journal::{Journal, RunFilter};
use fsm_patterns::{Engine, EngineError, EngineOptions, Migration, RunOutcome, RunReport};
use indicatif::ProgressBar;
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;

use super::{count, run};
use crate::args::WatchArgs;
use crate::error::CommandError;
use crate::execution::{self, View};
use crate::exit::Exit;
use crate::journal::attend::{Along, Attendance, PATIENCE};
use crate::journal::{self, JournalArgs, Store, Trouble, for_shell, past};
use crate::source::Source;
use crate::{diagnostics, log, output, signals};

/// Which runs go on, and how.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ResumeArgs {
    /// The run's id, or its beginning.
    #[arg(required_unless_present = "all")]
    run: Option<String>,

    /// Go on with every run that is not over and that nobody drives; print the result of each as
    /// one line of JSON when it is over.
    #[arg(long, conflicts_with = "run")]
    all: bool,

    #[command(flatten)]
    journal: JournalArgs,

    /// Come back where the run only waits, for a signal or for longer than a second; with `--all`,
    /// where all that are left only wait.
    #[arg(long)]
    no_wait: bool,

    /// Go on along this changed flow file instead of the one that the journal holds.
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    flow: Option<PathBuf>,

    /// What a step, or a group, of the old flow is called in the changed one.
    #[arg(long, value_name = "OLD=NEW", requires = "flow", value_parser = renaming)]
    rename: Vec<(String, String)>,

    /// Give up the result of a step that is done and gone from the changed flow.
    #[arg(long, value_name = "NAME", requires = "flow")]
    drop: Vec<String>,

    #[command(flatten)]
    watch: WatchArgs,
}

const HELP: &str = "\
Steps that were completed are not made again; attempts, waits, and deadlines go on. A call that was
under way is made again where that does no harm, else it ends as `unknown_outcome`. The flow's file
is not needed: the journal holds its text. Secrets are read anew, and paths count from the current
folder.

Of a run that is over, the result is printed again. SIGINT cancels a run that is resumed alone; with
`--all` it cancels nothing: the runs are left as they are, to be resumed. SIGTERM always leaves them.
`--all` ends when all of its runs are over, with 0 if all of them completed; with `--no-wait`, those
that wait don't count.";

fn renaming(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => {
            Ok((old.to_owned(), new.to_owned()))
        }
        Some(_) | None => Err("write OLD=NEW, two names of steps".to_owned()),
    }
}

/// Goes on with runs.
pub(crate) fn perform(args: &ResumeArgs) -> Result<Exit, CommandError> {
    log::start(&args.watch)?;
    let store = Store::open(&args.journal)?;
    match &args.run {
        Some(run) => one(args, &store, run),
        None => {
            let interrupt = signals::listen().map_err(CommandError::Setup)?;
            execution::block_on(all(args, &store, interrupt))?
        }
    }
}

fn one(args: &ResumeArgs, store: &Store, run: &str) -> Result<Exit, CommandError> {
    let along = match &args.flow {
        None => Along::Its,
        Some(file) => {
            let flow = Source::from(file.as_path()).flow()?;
            let mut migration = Migration::new();
            for (old, new) in &args.rename {
                migration = migration.rename(old, new);
            }
            let migration = args.drop.iter().fold(migration, |it, name| it.drop(name));
            Along::Changed { flow: Box::new(flow), migration }
        }
    };
    let info = store.find(run)?;
    let report = match past::result(&info)? {
        Some(report) => report,
        None => {
            let note = (!args.watch.quiet).then(|| journal::left(&info.id, &store.dir));
            let interrupt = signals::listen_leaving(note).map_err(CommandError::Setup)?;
            let taken_up = store.take_up(&info.id, &along)?;
            let view = View::of(&args.watch);
            let how = Attendance { view, no_wait: args.no_wait, interrupt };
            execution::block_on(store.go_on(&info.id, taken_up, how))??
        }
    };
    output::print_json(&report)?;
    run::conclude(&report, args.watch.quiet, Some(&store.dir));
    Ok(run::exit(report.outcome))
}

/// What has become of many runs.
#[derive(Debug, Default)]
struct Tally {
    all: usize,
    completed: usize,
    otherwise: usize,
    stopped: usize,
    is_journal: bool,
}

impl Tally {
    /// Prints a result as one line.
    fn over(&mut self, report: &RunReport, bar: &ProgressBar) -> Result<(), CommandError> {
        match report.outcome {
            RunOutcome::Completed => self.completed += 1,
            RunOutcome::Failed
            | RunOutcome::TimedOut
            | RunOutcome::Cancelled
            | RunOutcome::Waiting => self.otherwise += 1,
        }
        let line = serde_json::to_string(report);
        let line = line.map_err(|error| CommandError::Stdout(error.into()))? + "\n";
        bar.suspend(|| output::print(&line))
    }

    fn stopped(&mut self, store: &Store, run: &str, error: EngineError, bar: &ProgressBar) {
        self.stopped += 1;
        let error = store.of_engine(run, error);
        self.is_journal |= error.exit() == Exit::NoJournal;
        bar.suspend(|| diagnostics::show(&error));
    }

    fn told(&self, engine: &Engine) -> String {
        let Tally { all, completed, otherwise, stopped, .. } = self;
        let (driven, waiting) = (engine.driven(), engine.waiting());
        let mut text = format!("{completed} of {all} runs completed, {driven} under way");
        for (number, word) in [(waiting, "waiting"), (*otherwise, "not"), (*stopped, "stopped")] {
            if number > 0 {
                text += &format!(", {number} {word}");
            }
        }
        text
    }
}

async fn all(
    args: &ResumeArgs,
    store: &Store,
    mut interrupt: Receiver<bool>,
) -> Result<Exit, CommandError> {
    let engine = Engine::with_options(store.shared(), EngineOptions::new().patience(PATIENCE));
    let ids = engine.resume_all(&RunFilter::all()).map_err(|error| store.of_engine("", error))?;
    let mut tally = Tally { all: ids.len(), ..Tally::default() };
    let bar = match View::of(&args.watch) {
        View::Progress => ProgressBar::new_spinner(),
        View::Nothing | View::Log => ProgressBar::hidden(),
    };
    let mut ends = JoinSet::new();
    let mut open: HashSet<String> = ids.iter().cloned().collect();
    for id in ids {
        let engine = engine.clone();
        ends.spawn(async move {
            let ended = engine.outcome(&id).await;
            (id, ended)
        });
    }
    let mut is_interrupted = false;
    while !open.is_empty() {
        bar.set_message(tally.told(&engine));
        bar.tick();
        tokio::select! {
            biased;
            _ = interrupt.wait_for(|asked| *asked) => {
                is_interrupted = true;
                break;
            }
            Some(ended) = ends.join_next() => {
                // Who waits for a run neither panics nor is aborted before the loop ends.
                let Ok((id, ended)) = ended else { continue };
                open.remove(&id);
                match ended {
                    Ok(report) => tally.over(&report, &bar)?,
                    Err(error) => tally.stopped(store, &id, error, &bar),
                }
            }
            () = engine.until_idle(), if args.no_wait => break,
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
    }
    ends.abort_all();
    engine.shutdown().await.map_err(|error| store.of_engine("", error))?;
    // What ended while nobody looked.
    let failures = engine.failures();
    for (id, error) in failures {
        if open.contains(&id) && !matches!(error, EngineError::ShutDown) {
            open.remove(&id);
            tally.stopped(store, &id, error, &bar);
        }
    }
    let mut left = 0;
    for id in &open {
        let info = store.disk.info(id).map_err(|error| store.refused(error))?;
        match past::result(&info)? {
            Some(report) => tally.over(&report, &bar)?,
            None => left += 1,
        }
    }
    bar.finish_and_clear();
    conclude(args, store, &tally, left, is_interrupted)
}

fn conclude(
    args: &ResumeArgs,
    store: &Store,
    tally: &Tally,
    left: usize,
    is_interrupted: bool,
) -> Result<Exit, CommandError> {
    if left > 0 && !args.watch.quiet {
        let dir = for_shell(&store.dir.display().to_string());
        let (runs, verb) = (count(left, "run"), if left == 1 { "waits" } else { "wait" });
        let (stay, them) =
            if left == 1 { ("stays as it is", "it") } else { ("stay as they are", "them") };
        diagnostics::note(&match is_interrupted {
            true => {
                format!("{runs} {stay}: `fsm resume --all --journal {dir}` goes on with {them}")
            }
            false => format!("{runs} only {verb}: `fsm runs --status waiting --journal {dir}`"),
        });
    }
    let Tally { all, stopped, is_journal, .. } = *tally;
    match (stopped, tally.otherwise) {
        (0, 0) if !is_interrupted => Ok(Exit::Completed),
        (0, _) => Ok(Exit::NotCompleted),
        _ => Err(Trouble::SomeStopped { stopped, all, is_journal }.into()),
    }
}
