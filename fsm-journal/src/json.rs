//! What programs put in, to JSON and back.

use serde::Serialize;
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

/// Writes a value as JSON into `text`, which is empty.
pub(crate) fn write<T: Serialize>(value: &T, text: String) -> serde_json::Result<String> {
    let mut bytes = text.into_bytes();
    serde_json::to_writer(&mut bytes, value)?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}
