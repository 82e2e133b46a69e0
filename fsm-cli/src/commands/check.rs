//! `fsm check`: every fault of every file, before anything is sent. No secret is read.

use std::path::PathBuf;

use clap::Args;
use fsm_patterns::machine::MachineFile;

use super::count;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::source::{Described, Source};
use crate::{diagnostics, output};

/// What is checked.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files of flows or machines, in YAML or JSON; `-` reads from stdin.
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
    let described = Described::read(&what, &text)?;
    let states = count(described.graph().states().len(), "state");
    match &described {
        Described::Flow(flow) => {
            let endpoints = count(flow.endpoints().len(), "endpoint");
            Ok(format!("{what}: ok, {endpoints}, {states}\n"))
        }
        Described::Machine(machine) => {
            let transitions = count(machine.graph().transitions().len(), "transition");
            let unbound = unbound(machine);
            Ok(format!("{what}: ok, {states}, {transitions}{unbound}\n"))
        }
    }
}

/// The names that the file leaves to Rust code.
fn unbound(machine: &MachineFile) -> String {
    let unbound = machine.unbound();
    let parts: Vec<String> =
        [("guard", unbound.guards), ("action", unbound.actions), ("activity", unbound.activities)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(noun, names)| {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("{noun} {}", names.join(", "))
            })
            .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!("; to be bound in Rust: {}", parts.join("; ")),
    }
}
