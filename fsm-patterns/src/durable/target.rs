//! What makes a run complete for those who come later: its key, and the file that its result is
//! written to. Both are told from the input alone, before the run begins; the graph knows nothing of
//! them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::expr::{Scope, Template};
use crate::report::{RunOutcome, RunReport};
use crate::run::random;
use crate::spec::FlowSpec;

/// Why the key or the target of a run is no good.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetFault {
    /// The template gives nothing that can be used, for this input.
    #[error("`{setting}` gives nothing that can be used: {why}")]
    Unusable {
        /// `run_key` or `target`.
        setting: &'static str,
        /// What is wrong.
        why: String,
    },
    /// There is a file that this flow did not write.
    #[error(
        "the target {} is no result of `{flow}` ({why}); it is not overwritten",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The flow.
        flow: String,
        /// How it was told.
        why: String,
    },
    /// The file can't be read or written.
    #[error("the target {} can't be {what}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        what: &'static str,
        /// Why not.
        source: Arc<io::Error>,
    },
}

/// The key that the flow gives a run with this input.
pub(crate) fn key_of(flow: &FlowSpec, input: &Value) -> Result<Option<String>, TargetFault> {
    let Some(template) = &flow.run_key else { return Ok(None) };
    text("run_key", template, input).map(Some)
}

/// The file that the result of a run with this input is written to.
pub(crate) fn path_of(flow: &FlowSpec, input: &Value) -> Result<Option<PathBuf>, TargetFault> {
    let Some(template) = &flow.target else { return Ok(None) };
    let path = PathBuf::from(text("target", template, input)?);
    let unusable = |why: &str| {
        let why = format!("`{}` {why}", path.display());
        Err(TargetFault::Unusable { setting: "target", why })
    };
    if path.file_name().is_none() || path.to_string_lossy().ends_with('/') {
        return unusable("is no path of a file");
    }
    // Who writes the whole path as one expression leaves it to the input.
    let source = template.source();
    let is_free = source.starts_with('$') && !source.starts_with("$$");
    let ups = |path: &Path| path.components().filter(|part| *part == Component::ParentDir).count();
    if !is_free && ups(&path) > ups(Path::new(&source)) {
        return unusable("leads out of its folder");
    }
    if !is_free && path.is_absolute() && !Path::new(&source).is_absolute() {
        return unusable("is absolute, and `target` is not");
    }
    Ok(Some(path))
}

/// A template's value as text.
fn text(setting: &'static str, template: &Template, input: &Value) -> Result<String, TargetFault> {
    let unusable = |why: String| TargetFault::Unusable { setting, why };
    let value = template.render(&Scope::new().inputs(input));
    match value.map_err(|fault| unusable(fault.to_string()))? {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::String(_) => Err(unusable("it is empty".to_owned())),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(unusable(format!(
            "it must be a text or a number, not {}",
            crate::expr::kind(&other)
        ))),
    }
}

/// The result that is there already; `None` if there is no file.
pub(crate) fn read(path: &Path, flow: &str) -> Result<Option<RunReport>, TargetFault> {
    let foreign = |why: String| {
        let (path, flow) = (path.to_owned(), flow.to_owned());
        Err(TargetFault::Foreign { path, flow, why })
    };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_fault(path, "read", error)),
    };
    match serde_json::from_slice::<RunReport>(&bytes) {
        Err(error) => foreign(error.to_string()),
        Ok(report) if report.name != flow => foreign(format!("it is one of `{}`", report.name)),
        Ok(report) if report.outcome != RunOutcome::Completed => {
            foreign(format!("it is one of a run that is {}", report.outcome.as_str()))
        }
        Ok(report) => Ok(Some(report)),
    }
}

/// Writes a result whole: nobody ever sees a part of it, and it stays when this returns.
pub(crate) async fn write(path: PathBuf, report: &RunReport) -> Result<(), TargetFault> {
    let json = serde_json::to_vec(report);
    let at = path.clone();
    let written = tokio::task::spawn_blocking(move || write_whole(&path, &json?)).await;
    let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
    written.map_err(|error| io_fault(&at, "written", error))
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    let new: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(folder)?;
    // Its name does not grow with that of the target, which may be as long as names can be.
    let part = folder.join(format!(".fsm-{:016x}.tmp", random()));
    let written = write_part(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // What it is, nobody else needs; that it failed is told.
        let _ = fs::remove_file(&part);
    }
    written?;
    // A name is durable when the folder is that it is in.
    sync_folder(folder)?;
    new.into_iter().filter_map(Path::parent).try_for_each(sync_folder)
}

/// Elsewhere than on Unix a folder can't be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn write_part(part: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(part)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn io_fault(path: &Path, what: &'static str, error: io::Error) -> TargetFault {
    TargetFault::Io { path: path.to_owned(), what, source: Arc::new(error) }
}
