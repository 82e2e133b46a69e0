//! Files of flows and machines, read from a path or from stdin and loaded.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fsm_core::{Drawing, Graph};
use fsm_patterns::file::{self, FileKind, Loaded, Report};
use fsm_patterns::machine::{self, MachineFile};
use fsm_patterns::{Flow, FlowError};

use crate::error::CommandError;

/// The largest file, in bytes.
const LIMIT: u64 = 32 * 1024 * 1024;

/// Where a flow or a machine comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file.
    Path(PathBuf),
    /// Stdin, which is written `-`.
    Stdin,
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        match path.as_os_str() == "-" {
            true => Source::Stdin,
            false => Source::Path(path.to_owned()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Path(path) => write!(f, "{}", path.display()),
            Source::Stdin => f.write_str("stdin"),
        }
    }
}

impl Source {
    /// The text of the file.
    pub(crate) fn text(&self) -> Result<String, CommandError> {
        let bytes = match self {
            Source::Path(path) => File::open(path).and_then(read),
            Source::Stdin => read(io::stdin().lock()),
        };
        let what = self.to_string();
        let bytes = match bytes {
            Ok(bytes) if bytes.len() as u64 > LIMIT => {
                return Err(CommandError::TooLarge { what, limit: LIMIT });
            }
            Ok(bytes) => bytes,
            Err(source) => return Err(CommandError::Unreadable { what, source }),
        };
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
            CommandError::NotText { what, byte: bytes[at], line }
        })
    }

    /// The flow that the file describes.
    pub(crate) fn flow(&self) -> Result<Flow, CommandError> {
        flow(&self.to_string(), &self.text()?)
    }
}

fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a file describes.
#[derive(Debug)]
pub(crate) enum Described {
    /// Calls and their order.
    Flow(Box<Flow>, Box<Loaded>),
    /// States and transitions.
    Machine(Box<MachineFile>),
}

impl Described {
    /// What `text` describes.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self, CommandError> {
        match file::kind_of(text) {
            FileKind::Flow => loaded(name, text)
                .map(|(file, flow)| Described::Flow(Box::new(flow), Box::new(file))),
            FileKind::Machine => {
                machine(name, text).map(|machine| Described::Machine(Box::new(machine)))
            }
        }
    }

    /// What is no fault and worth a second look.
    pub(crate) fn warnings(&self) -> Report {
        match self {
            Described::Flow(_, file) => file.warnings(),
            Described::Machine(machine) => machine.warnings(),
        }
    }

    /// The graph as it is drawn for people.
    pub(crate) fn drawing(&self) -> Drawing<'_> {
        match self {
            Described::Flow(flow, _) => flow.drawing(),
            Described::Machine(machine) => machine.drawing(),
        }
    }

    /// The graph that it runs on.
    pub(crate) fn graph(&self) -> &Graph {
        match self {
            Described::Flow(flow, _) => flow.graph(),
            Described::Machine(machine) => machine.graph(),
        }
    }
}

/// The machine that `text` describes.
pub(crate) fn machine(name: &str, text: &str) -> Result<MachineFile, CommandError> {
    machine::load(name, text).map_err(|report| CommandError::Faults(Box::new(report)))
}

/// The flow that `text` describes.
pub(crate) fn flow(name: &str, text: &str) -> Result<Flow, CommandError> {
    loaded(name, text).map(|(_, flow)| flow)
}

/// The flow that `text` describes, with the file as it was read.
pub(crate) fn loaded(name: &str, text: &str) -> Result<(Loaded, Flow), CommandError> {
    let loaded = file::load(name, text).map_err(|report| CommandError::Faults(Box::new(report)))?;
    match Flow::new(loaded.spec.clone()) {
        // A journal keeps the text, so that a run can go on without its file.
        Ok(flow) => Ok((loaded, flow.with_definition(text))),
        Err(error) => Err(unbuildable(name, &loaded, error)),
    }
}

fn unbuildable(name: &str, loaded: &Loaded, error: FlowError) -> CommandError {
    match error {
        FlowError::Faults(faults) => CommandError::Faults(Box::new(loaded.report(faults))),
        other => CommandError::Unbuildable { what: name.to_owned(), source: other },
    }
}
