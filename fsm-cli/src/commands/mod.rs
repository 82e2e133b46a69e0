//! The commands, one a module: each has its arguments and a `perform` that does the work.

pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod dot;
pub(crate) mod replay;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod signal;
pub(crate) mod simulate;

use crate::args::{Args, Command};
use crate::error::CommandError;
use crate::exit::Exit;

/// Does what the command line asks for.
pub(crate) fn perform(args: Args) -> Result<Exit, CommandError> {
    match args.command {
        Command::Run(args) => run::perform(&args),
        Command::Runs(args) => runs::perform(&args),
        Command::Resume(args) => resume::perform(&args),
        Command::Cancel(args) => cancel::perform(&args),
        Command::Signal(args) => signal::perform(&args),
        Command::Replay(args) => replay::perform(&args),
        Command::Check(args) => check::perform(&args),
        Command::Diff(args) => diff::perform(&args),
        Command::Dot(args) => dot::perform(&args),
        Command::Simulate(args) => simulate::perform(&args),
        Command::Schema(args) => schema::perform(&args),
        Command::Demo(args) => demo::perform(&args),
    }
}

/// A count with its noun.
pub(crate) fn count(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
