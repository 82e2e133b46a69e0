//! Writing a cassette: whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::document::Document;
use super::error::CassetteError;

/// Writes a cassette beside its place, and moves it there when it is whole. Folders are made.
pub(super) fn write(path: &Path, document: &Document) -> Result<(), CassetteError> {
    let refused = |source| CassetteError::Write { path: path.to_owned(), source };
    let mut text =
        serde_json::to_string_pretty(document).map_err(|error| refused(io::Error::other(error)))?;
    text.push('\n');
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(refused)?;
    }
    let beside = beside(path);
    let written = fill(&beside, &text).and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| {
        // What was not moved is of no use; that it can't be removed either is no news.
        let _ = fs::remove_file(&beside);
        refused(source)
    })
}

fn fill(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}
