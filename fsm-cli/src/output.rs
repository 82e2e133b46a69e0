//! Results: written to stdout, or to a file as a whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::CommandError;

/// Writes a text to stdout.
///
/// A reader that has gone away (`fsm … | head`) has seen what it wanted: that is no error.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Stdout(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a value to stdout as JSON, in lines that people can read.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    print(&json(value)?)
}

/// A value as JSON, in lines that people can read.
pub(crate) fn json(value: &impl Serialize) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(value);
    Ok(text.map_err(|error| CommandError::Stdout(error.into()))? + "\n")
}

/// Writes a file as a whole: whoever reads it sees the old content or the new one, never a part.
///
/// What is no regular file (a pipe, `/dev/null`) is written to and not replaced.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), CommandError> {
    write(path, text, &|draft| File::create(draft))
}

/// As [`write_file`]; on Unix, nobody but its owner can read it.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), CommandError> {
    let create = |draft: &Path| {
        let mut how = File::options();
        how.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
        how.open(draft)
    };
    write(path, text, &create)
}

fn write(path: &Path, text: &str, create: Create<'_>) -> Result<(), CommandError> {
    let written = match fs::metadata(path) {
        Ok(found) if !found.is_file() => fs::write(path, text),
        Ok(_) | Err(_) => replace(path, text, create),
    };
    written.map_err(|source| CommandError::Unwritable { what: path.display().to_string(), source })
}

/// Makes sure that a file can be written later, and leaves what there is as it is.
pub(crate) fn probe_file(path: &Path) -> Result<(), CommandError> {
    let probed = match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => Ok(()),
        Ok(_) | Err(_) => draft_of(&resolved(path))
            .and_then(|draft| File::create(&draft).and_then(|_| fs::remove_file(&draft))),
    };
    probed.map_err(|source| CommandError::Unwritable { what: path.display().to_string(), source })
}

/// Makes a file that is to be written.
type Create<'a> = &'a dyn Fn(&Path) -> io::Result<File>;

fn replace(path: &Path, text: &str, create: Create<'_>) -> io::Result<()> {
    let path = resolved(path);
    let draft = draft_of(&path)?;
    let written = create(&draft)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, &path));
    if written.is_err() {
        // It may not be there at all.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// What a link leads to is replaced, not the link.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The name of the file that is written first, in the same folder: only there a rename is whole.
fn draft_of(path: &Path) -> io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut draft = std::ffi::OsString::from(".");
    draft.push(name);
    draft.push(format!(".{}", std::process::id()));
    Ok(path.with_file_name(draft))
}
