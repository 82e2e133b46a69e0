//! The command line, as clap reads it. Each command's own arguments are in its module.

use clap::{Args as Arguments, Parser, Subcommand};

use crate::commands::{check, demo, dot, run};

/// Run, check, and draw flows of API calls.
#[derive(Debug, Parser)]
#[command(name = "fsm", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  completed
  1  any other outcome of a run
  2  the file or the arguments are wrong; nothing was sent";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a flow and print its result as one JSON object.
    Run(run::RunArgs),
    /// Check flow files without sending anything.
    Check(check::CheckArgs),
    /// Draw the graph that a flow runs on.
    Dot(dot::DotArgs),
    /// Print the JSON Schema of flow files, for editors.
    Schema,
    /// Run example flows against an API on this machine.
    Demo(demo::DemoArgs),
}

/// What a run shows of itself while it is under way.
#[derive(Debug, Arguments)]
pub(crate) struct WatchArgs {
    /// Show no progress on the terminal, nor the lines that `log_requests` and `log_responses` of a
    /// flow ask for.
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
