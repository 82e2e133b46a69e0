//! Everything that the command itself can fail with. What goes wrong within a run is no error of
//! the command: it is in the run's result.

use std::io;

use fsm_core::PathFault;
use fsm_patterns::file::Report;
use fsm_patterns::{FlowError, InputError, RunError};

use crate::exit::Exit;
use crate::input::Purpose;
use crate::journal::Trouble;
use crate::log::FilterError;
use crate::simulate::item::ItemError;

/// Why a command could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A file, or stdin, could not be read.
    #[error("{what} can't be read: {}", in_words(.source))]
    Unreadable { what: String, source: io::Error },

    /// A file is larger than any flow file should be.
    #[error("{what} is larger than {} MiB", .limit / (1024 * 1024))]
    TooLarge { what: String, limit: u64 },

    /// A file is not UTF-8.
    #[error("{what} is not UTF-8 text: the byte 0x{byte:02x} in line {line} begins no character")]
    NotText { what: String, byte: u8, line: usize },

    /// A flow file has faults.
    #[error("{}", faults(.0))]
    Faults(Box<Report>),

    /// A flow file was given to a command that reads machines.
    #[error("{what} is a flow of calls, not a machine, and only machines are simulated")]
    Flow { what: String },

    /// A flow without faults could not be built.
    #[error("the flow in {what} can't be built: {source}")]
    Unbuildable { what: String, source: FlowError },

    /// A proof found what does not hold.
    #[error(
        "{what}: {refuted} of {all} properties {} not hold",
        if *.refuted == 1 { "does" } else { "do" }
    )]
    Refuted { what: String, refuted: usize, all: usize, can_be_drawn: bool },

    /// Several files were checked, and each fault was shown with its file.
    #[error("{faulty} of {all} files {}", if *.faulty == 1 { "is faulty" } else { "are faulty" })]
    FaultyFiles { faulty: usize, all: usize },

    /// Two things were to come from stdin.
    #[error("{what} can't both be read from stdin")]
    StdinTwice { what: &'static str, option: &'static str },

    /// A run that is kept in a journal, or the journal.
    #[error(transparent)]
    Journal(#[from] Trouble),

    /// There can't be such a breakpoint.
    #[error("--break: {0}")]
    Breakpoint(fsm_core::BreakpointFault),

    /// The input, or a context, is not JSON.
    #[error("{} ({what}) is not valid JSON: {source}", .purpose.noun())]
    InputSyntax { purpose: Purpose, what: String, source: serde_json::Error },

    /// A context is no object.
    #[error("the context must be a JSON object, not {found}")]
    ContextShape { found: &'static str },

    /// A context has members that only the machine itself makes.
    #[error(
        "the context (--context) can't have {}: names that begin with `$` are reserved",
        quoted(.names)
    )]
    ContextReserved { names: Vec<String> },

    /// An item of a simulation can't be read.
    #[error(transparent)]
    Item(#[from] ItemError),

    /// An assumption can't be read.
    #[error("`{text}` says of no guard whether it holds: write NAME=true or NAME=false")]
    Assumption { text: String },

    /// An assumption about a guard that is not there, or that the file itself has.
    #[error("{what} has no guard `{name}` that is Rust code{hint}")]
    UnknownGuard { what: String, name: String, hint: String },

    /// A simulation depends on guards that nobody has answered for.
    #[error(
        "what happens depends on {}, which {} Rust code that the file does not have",
        quoted(.guards),
        if .guards.len() == 1 { "is" } else { "are" }
    )]
    Unassumed { guards: Vec<String>, open: Vec<String> },

    /// Both of the files that are compared were to come from stdin.
    #[error("the old and the new file can't both be read from stdin")]
    BothFromStdin,

    /// A flow was to be compared with a machine.
    #[error("{old} and {new} can't be compared: one is a flow of calls, the other is a machine")]
    Incomparable { old: String, new: String },

    /// The graph can't be drawn as SVG.
    #[error(transparent)]
    Svg(#[from] fsm_core::SvgFault),

    /// The input does not fit the flow's `inputs`.
    #[error(
        "the input does not fit `inputs` of {what}; nothing was sent{}",
        .source.faults().iter().map(|fault| format!("\n  - {fault}")).collect::<String>()
    )]
    InputUnfit { what: String, source: InputError },

    /// A resource of the flow can't be used, or the HTTP client can't.
    #[error("{what} can't be run; nothing was sent: {source}")]
    NotReady { what: String, source: RunError },

    /// A way that is to stand out in a drawing is none.
    #[error(transparent)]
    Path(PathFault),

    /// The filter of the log can't be read.
    #[error(transparent)]
    Filter(#[from] FilterError),

    /// No demo has this name.
    #[error("there is no demo `{0}`")]
    UnknownDemo(String),

    /// The mock API could not be served.
    #[error("the mock API can't be served: {0}")]
    MockApi(io::Error),

    /// The runtime or the signals could not be set up.
    #[error("the run can't be set up: {}", in_words(.0))]
    Setup(io::Error),

    /// Nothing could be written to stdout.
    #[error("the result can't be written to stdout: {}", in_words(.0))]
    Stdout(io::Error),

    /// A file could not be written.
    #[error("{what} can't be written: {}", match .source.kind() {
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        _ => in_words(.source),
    })]
    Unwritable { what: String, source: io::Error },

    /// The run was made, and its metrics could not be written.
    #[error("the metrics of the run are lost: {0}")]
    MetricsLost(Box<CommandError>),
}

impl CommandError {
    /// Why the flow of the file `what` can't be run.
    pub(crate) fn of_run(what: String, error: RunError) -> Self {
        match error {
            RunError::Input(source) => CommandError::InputUnfit { what, source },
            source => CommandError::NotReady { what, source },
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            CommandError::TooLarge { .. } => "is it a flow file?",
            CommandError::NotText { .. } => "save the file as UTF-8",
            CommandError::Flow { .. } => "a flow is run: try `fsm run`",
            CommandError::StdinTwice { option, .. } => return Some(format!("give `{option}`")),
            CommandError::InputSyntax { purpose, what, .. } if what == purpose.option() => {
                return Some(format!(
                    "put single quotes around it, so that the shell leaves it alone: \
                     {what} '{{\"id\": 1}}'; or give {what} @FILE, or {what} - for stdin"
                ));
            }
            CommandError::Item(error) => return error.hint(),
            CommandError::Journal(trouble) => return trouble.hint(),
            CommandError::Unassumed { open, .. } => {
                let options: Vec<String> =
                    open.iter().map(|guard| format!("--assume '{guard}=true'")).collect();
                return Some(format!("say what they answer, true or false: {}", options.join(" ")));
            }
            CommandError::Refuted { can_be_drawn: true, .. } => {
                "the way to it stands above; `--draw way.svg` draws it"
            }
            CommandError::Refuted { can_be_drawn: false, .. } => return None,
            CommandError::BothFromStdin => "write one of them to a file",
            CommandError::InputSyntax { .. } => return None,
            CommandError::Path(_) => "the option takes names of states, parted by commas",
            CommandError::Svg(_) => "try `--format dot`",
            CommandError::Filter(error) => error.hint(),
            CommandError::UnknownDemo(_) => "`fsm demo --list` lists them",
            CommandError::MockApi(error) if error.kind() == io::ErrorKind::AddrInUse => {
                "choose another port with `--port`, or 0 for a free one"
            }
            CommandError::Unreadable { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "is the path right, seen from the current folder?",
                _ => return None,
            },
            CommandError::Faults(_)
            | CommandError::Unbuildable { .. }
            | CommandError::FaultyFiles { .. }
            | CommandError::Incomparable { .. }
            | CommandError::InputUnfit { .. }
            | CommandError::ContextShape { .. }
            | CommandError::ContextReserved { .. }
            | CommandError::Assumption { .. }
            | CommandError::UnknownGuard { .. }
            | CommandError::NotReady { .. }
            | CommandError::MockApi(_)
            | CommandError::Setup(_)
            | CommandError::Stdout(_)
            | CommandError::Unwritable { .. }
            | CommandError::Breakpoint(_)
            | CommandError::MetricsLost(_) => return None,
        };
        Some(hint.to_owned())
    }

    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            CommandError::Journal(trouble) => trouble.exit(),
            // Whatever ran before, its result is lost, or a part of it.
            CommandError::Stdout(_) | CommandError::MetricsLost(_) => Exit::NotCompleted,
            CommandError::Unreadable { .. }
            | CommandError::TooLarge { .. }
            | CommandError::NotText { .. }
            | CommandError::Faults(_)
            | CommandError::Unbuildable { .. }
            | CommandError::Refuted { .. }
            | CommandError::FaultyFiles { .. }
            | CommandError::Flow { .. }
            | CommandError::StdinTwice { .. }
            | CommandError::Breakpoint(_)
            | CommandError::BothFromStdin
            | CommandError::Incomparable { .. }
            | CommandError::Svg(_)
            | CommandError::InputSyntax { .. }
            | CommandError::ContextShape { .. }
            | CommandError::ContextReserved { .. }
            | CommandError::Item(_)
            | CommandError::Assumption { .. }
            | CommandError::UnknownGuard { .. }
            | CommandError::Unassumed { .. }
            | CommandError::InputUnfit { .. }
            | CommandError::NotReady { .. }
            | CommandError::Path(_)
            | CommandError::Filter(_)
            | CommandError::UnknownDemo(_)
            | CommandError::MockApi(_)
            | CommandError::Setup(_)
            | CommandError::Unwritable { .. } => Exit::Wrong,
        }
    }
}

fn faults(report: &Report) -> String {
    match report.findings().len() {
        1 => format!("{} has a fault", report.name()),
        count => format!("{} has {count} faults", report.name()),
    }
}

/// Names in backticks.
fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// An error of the system, without its number.
fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        _ => {
            let text = error.to_string();
            match text.rfind(" (os error ") {
                Some(end) => text[..end].to_owned(),
                None => text,
            }
        }
    }
}
