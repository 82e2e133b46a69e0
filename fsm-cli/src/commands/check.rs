//! `fsm check`: every fault of every file, before anything is sent. No secret is read.

use std::path::PathBuf;

use clap::Args;
use fsm_patterns::file::{self, FileKind};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::source::{self, Source};
use crate::{diagnostics, output};

/// What is checked.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Flow files, in YAML or JSON; `-` reads from stdin.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Checks every file, also after one that is faulty.
pub(crate) fn perform(args: &CheckArgs) -> Result<Exit, CommandError> {
    let mut faulty = 0;
    for file in &args.files {
        match check(&Source::from(file.as_path())) {
            Ok(line) => output::print(&line)?,
            Err(error) => {
                faulty += 1;
                diagnostics::show(&error);
            }
        }
    }
    match (faulty, args.files.len()) {
        (0, _) => Ok(Exit::Completed),
        (_, 1) => Ok(Exit::Wrong),
        (faulty, all) => Err(CommandError::FaultyFiles { faulty, all }),
    }
}

/// One line on a file without faults.
fn check(source: &Source) -> Result<String, CommandError> {
    let text = source.text()?;
    let what = source.to_string();
    if file::kind_of(&text) == FileKind::Machine {
        return Err(CommandError::Machine { what, command: "check" });
    }
    let flow = source::flow(&what, &text)?;
    let endpoints = count(flow.endpoints().len(), "endpoint");
    let states = count(flow.graph().states().len(), "state");
    Ok(format!("{what}: ok, {endpoints}, {states}\n"))
}

fn count(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
