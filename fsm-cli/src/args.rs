//! The command line, as clap reads it. Each command's own arguments are in its module.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args as Arguments, CommandFactory, Parser, Subcommand};

use crate::commands::{
    cancel, check, demo, diff, dot, replay, resume, run, runs, schema, signal, simulate,
};
use crate::nearest::nearest;

/// Run, check, and draw flows of API calls; simulate machines.
#[derive(Debug, Parser)]
#[command(name = "fsm", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Reads the command line. Where it is wrong, says why on stderr and ends with 2.
pub(crate) fn parse() -> Args {
    Args::try_parse().unwrap_or_else(|error| with_nearest(error).exit())
}

/// Adds the command that was meant: clap's own measure does not see two letters the wrong way round
/// in a short word.
fn with_nearest(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(meant) =
            nearest(given, Args::command().get_subcommands().map(|it| it.get_name()))
    {
        let meant = ContextValue::Strings(vec![meant.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, meant);
    }
    error
}

const EXIT_CODES: &str = "\
Exit codes:
  0  completed; `cancel`: the run was cancelled; `check`: no fault, and nothing refuted; `simulate`: always, refusals are in its result
  1  any other outcome of a run; a difference, if `diff --exit-code` asks for it
  2  the file or the arguments are wrong, or `check --deep` refuted something; nothing was sent
  3  the journal can't be used: what was written before is safe";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a flow and print its result as one JSON object.
    Run(run::RunArgs),
    /// List runs of a journal, or show one in detail.
    Runs(runs::RunsArgs),
    /// Go on with a run that was interrupted or waits, or with all of them.
    Resume(resume::ResumeArgs),
    /// End a run, whoever drives it.
    Cancel(cancel::CancelArgs),
    /// Tell a run what it waits for.
    Signal(signal::SignalArgs),
    /// Look back at a run: record by record, at any point of it, or again offline.
    Replay(replay::ReplayArgs),
    /// Check files of flows or machines without sending anything.
    Check(check::CheckArgs),
    /// Draw the graph that a flow or a machine runs on.
    Dot(dot::DotArgs),
    /// Drive a machine from a file by hand, or by a list of events.
    Simulate(simulate::SimulateArgs),
    /// List or draw what a change to a flow or a machine adds, removes, and alters.
    Diff(diff::DiffArgs),
    /// Print the JSON Schema of flow files, or of machine files, for editors.
    Schema(schema::SchemaArgs),
    /// Run example flows against an API on this machine.
    Demo(demo::DemoArgs),
}

/// What a run shows of itself while it is under way.
#[derive(Debug, Arguments)]
pub(crate) struct WatchArgs {
    /// Show no progress on the terminal, nor the lines that `log_requests` and `log_responses` of a
    /// flow ask for, nor why a run did not complete.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Log to stderr instead of showing progress: a level (error, warn, info, debug, trace), or
    /// directives such as `fsm=debug,hyper=info`.
    #[arg(long, value_name = "FILTER", env = "FSM_LOG", hide_env_values = true)]
    pub(crate) log: Option<String>,
}

impl WatchArgs {
    /// The filter of the log. An empty one, as an empty variable gives, asks for nothing.
    pub(crate) fn log(&self) -> Option<&str> {
        self.log.as_deref().filter(|filter| !filter.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_command_is_told_what_was_meant() {
        let table = [
            ("rnu", Some("run")),
            ("chekc", Some("check")),
            ("shcema", Some("schema")),
            ("dor", Some("dot")),
            ("walk", None),
        ];
        for (given, meant) in table {
            let error = Args::try_parse_from(["fsm", given]).expect_err("no such command");
            let text = with_nearest(error).to_string();
            match meant {
                Some(meant) => {
                    let tip = format!("tip: a similar subcommand exists: '{meant}'");
                    assert!(text.contains(&tip), "{text}");
                }
                None => assert!(!text.contains("similar"), "{text}"),
            }
        }
    }
}
