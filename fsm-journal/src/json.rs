//! What programs put in, read back from JSON.

use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Error};

/// Reads what was written. How deep it is nested is not bounded here: it was so deep in memory, and an
/// answer that serde just took lies deeper within a record.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut reader = Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}
