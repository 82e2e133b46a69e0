//! The input of a run, or the context of a simulation: JSON on the command line, in a file, or on
//! stdin.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::error::CommandError;

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The input of a run.
    Input,
    /// The context of a simulation.
    Context,
    /// What a signal brings.
    Signal,
}

impl Purpose {
    /// What people call it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Purpose::Input => "the input",
            Purpose::Context => "the context",
            Purpose::Signal => "what the signal brings",
        }
    }

    /// The option that gives it.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Purpose::Input => "--input",
            Purpose::Context => "--context",
            Purpose::Signal => "PAYLOAD",
        }
    }
}

/// Where the input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InputSource {
    /// JSON, as it is.
    Literal(String),
    /// A file: `@PATH`.
    File(PathBuf),
    /// Stdin: `-`.
    Stdin,
}

impl From<&str> for InputSource {
    fn from(argument: &str) -> Self {
        match argument.strip_prefix('@') {
            Some(path) => InputSource::File(path.into()),
            None if argument == "-" => InputSource::Stdin,
            None => InputSource::Literal(argument.to_owned()),
        }
    }
}

impl InputSource {
    /// Reads the value.
    pub(crate) fn read(&self, purpose: Purpose) -> Result<Value, CommandError> {
        let (what, bytes) = match self {
            InputSource::Literal(text) => {
                (purpose.option().to_owned(), Ok(text.clone().into_bytes()))
            }
            InputSource::File(path) => (path.display().to_string(), fs::read(path)),
            InputSource::Stdin => ("stdin".to_owned(), read_stdin()),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(source) => return Err(CommandError::Unreadable { what, source }),
        };
        // Editors on Windows begin files with a byte order mark.
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        serde_json::from_slice(text).map_err(|source| CommandError::InputSyntax {
            purpose,
            what,
            source,
        })
    }
}

/// Reads the input of a run; absent, it is an empty object.
pub(crate) fn read(source: Option<&InputSource>) -> Result<Value, CommandError> {
    match source {
        Some(source) => source.read(Purpose::Input),
        None => Ok(Value::Object(Map::new())),
    }
}

fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_absent_input_is_an_empty_object() {
        assert_eq!(read(None).unwrap(), json!({}));
    }

    #[test]
    fn what_is_neither_a_file_nor_stdin_is_json() {
        assert_eq!(InputSource::from("@a b.json"), InputSource::File("a b.json".into()));
        assert_eq!(InputSource::from("-"), InputSource::Stdin);
        let literal = InputSource::from("-1.5");
        assert_eq!(read(Some(&literal)).unwrap(), json!(-1.5));
    }

    #[test]
    fn broken_json_is_told_with_its_position() {
        let broken = InputSource::from("{\"id\": 1,\n \"name\" 2}");
        let error = read(Some(&broken)).unwrap_err().to_string();
        assert_eq!(error, "the input (--input) is not valid JSON: expected `:` at line 2 column 9");
    }
}
