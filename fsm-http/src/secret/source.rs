//! Where a secret is found.

use std::{
    env::{self, VarError},
    fs, io,
    path::PathBuf,
};

use super::value::Secret;

/// Where a secret is found. A declaration holds this and not the secret, so that it can be stored,
/// drawn, and shown.
///
/// # Examples
///
/// ```
/// use fsm_http::secret::SecretSource;
///
/// let error = SecretSource::Env("NO_SUCH_TOKEN".into()).read().expect_err("it is not set");
/// assert_eq!(error.to_string(), "the environment variable `NO_SUCH_TOKEN` is not set");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The environment variable of this name, as it is.
    Env(String),
    /// The file at this path, without one line break at its end. A relative path starts at the
    /// working directory.
    File(PathBuf),
    /// The secret itself, for programs that have it from somewhere else. `Debug` does not show it.
    Value(Secret),
}

impl SecretSource {
    /// Reads the secret.
    ///
    /// # Errors
    ///
    /// A [`SecretError`] where there is none, where it is empty, or where it is not UTF-8.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Env(name) => match env::var(name) {
                Ok(text) if text.is_empty() => {
                    Err(SecretError::EmptyVariable { name: name.clone() })
                }
                Ok(text) => Ok(Secret::new(text)),
                Err(VarError::NotPresent) => Err(SecretError::NoVariable { name: name.clone() }),
                // What the variable holds is left out: it is the secret.
                Err(VarError::NotUnicode(_)) => {
                    Err(SecretError::VariableNotUtf8 { name: name.clone() })
                }
            },
            Self::File(path) => {
                let bytes = fs::read(path)
                    .map_err(|source| SecretError::Unreadable { path: path.clone(), source })?;
                let mut text = String::from_utf8(bytes)
                    .map_err(|_| SecretError::FileNotUtf8 { path: path.clone() })?;
                if text.ends_with('\n') {
                    text.pop();
                    if text.ends_with('\r') {
                        text.pop();
                    }
                }
                if text.is_empty() {
                    return Err(SecretError::EmptyFile { path: path.clone() });
                }
                Ok(Secret::new(text))
            }
            Self::Value(secret) if secret.expose().is_empty() => Err(SecretError::EmptyValue),
            Self::Value(secret) => Ok(secret.clone()),
        }
    }
}

impl From<Secret> for SecretSource {
    fn from(secret: Secret) -> Self {
        Self::Value(secret)
    }
}

/// Why a secret could not be read. The messages name the place and never what was found there.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable does not exist.
    #[error("the environment variable `{name}` is not set")]
    NoVariable {
        /// The name of the variable.
        name: String,
    },
    /// The variable is set to nothing.
    #[error("the environment variable `{name}` is empty")]
    EmptyVariable {
        /// The name of the variable.
        name: String,
    },
    /// The variable holds bytes that are no text.
    #[error("the environment variable `{name}` is not UTF-8")]
    VariableNotUtf8 {
        /// The name of the variable.
        name: String,
    },
    /// The file does not exist, or may not be read.
    #[error("the file `{}` can't be read: {source}", path.display())]
    Unreadable {
        /// The path as it was declared.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds nothing but, at most, a line break.
    #[error("the file `{}` is empty", path.display())]
    EmptyFile {
        /// The path as it was declared.
        path: PathBuf,
    },
    /// The file holds bytes that are no text.
    #[error("the file `{}` is not UTF-8", path.display())]
    FileNotUtf8 {
        /// The path as it was declared.
        path: PathBuf,
    },
    /// The value that the program gave is empty.
    #[error("the value that was given is empty")]
    EmptyValue,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What reading a file with this content gives.
    fn read(name: &str, content: &[u8]) -> Result<Secret, SecretError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        SecretSource::File(path).read()
    }

    #[test]
    fn one_line_break_at_the_end_of_a_file_is_not_part_of_its_secret() {
        let table: [(&str, &[u8], &str); 5] = [
            ("bare", b"hunter2", "hunter2"),
            ("unix", b"hunter2\n", "hunter2"),
            ("windows", b"hunter2\r\n", "hunter2"),
            ("two", b"hunter2\n\n", "hunter2\n"),
            ("spaces", b" hunter2 ", " hunter2 "),
        ];
        for (name, content, expected) in table {
            let secret = read(name, content).expect("a secret");
            assert_eq!(secret.expose(), expected, "{name}");
        }
    }

    #[test]
    fn what_is_missing_empty_or_no_text_is_named_and_not_quoted() {
        let error = |source: SecretSource| source.read().expect_err("no secret").to_string();
        for (name, content, end) in [
            ("nothing", &b""[..], "is empty"),
            ("break", b"\r\n", "is empty"),
            ("binary", b"hunter2\xff", "is not UTF-8"),
        ] {
            let shown = read(name, content).expect_err("no secret").to_string();
            assert!(shown.starts_with("the file `") && shown.ends_with(end), "{shown}");
            assert!(shown.contains(name) && !shown.contains("hunter2"), "{shown}");
        }
        let shown = error(SecretSource::File("/no/such/secret".into()));
        assert!(shown.starts_with("the file `/no/such/secret` can't be read: No such"), "{shown}");
        let shown = error(SecretSource::Env("FSM_HTTP_NO_SUCH_VARIABLE".into()));
        assert_eq!(shown, "the environment variable `FSM_HTTP_NO_SUCH_VARIABLE` is not set");
        assert_eq!(error(Secret::new("").into()), "the value that was given is empty");
    }

    #[test]
    fn a_variable_is_read_as_it_is() {
        let path = env::var("PATH").expect("every process of a test has one");
        assert_eq!(SecretSource::Env("PATH".into()).read().expect("it is set").expose(), path);
    }
}
