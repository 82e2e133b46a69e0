//! `fsm schema`: what an editor needs to complete and explain the keys of flow files.

use fsm_patterns::schema::flow_schema;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::output;

/// Prints the JSON Schema of flow files.
pub(crate) fn perform() -> Result<Exit, CommandError> {
    output::print_json(&flow_schema())?;
    Ok(Exit::Completed)
}
