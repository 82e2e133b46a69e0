//! `fsm schema`: what an editor needs to complete and explain the keys of files.

use clap::Args;
use fsm_patterns::schema::{flow_schema, machine_schema};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::output;

/// Which schema is printed.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// That of machine files instead of that of flow files.
    #[arg(long)]
    machine: bool,
}

/// Prints a JSON Schema.
pub(crate) fn perform(args: &SchemaArgs) -> Result<Exit, CommandError> {
    let schema = if args.machine { machine_schema() } else { flow_schema() };
    output::print_json(&schema)?;
    Ok(Exit::Completed)
}
