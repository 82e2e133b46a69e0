//! Where an expression begins: its root, and what the checks of a flow want to know of it.

use std::fmt;
use std::ops::Range;

use super::root_parser::root_name;

/// Which roots are known: a flow and a machine file speak of different things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `$inputs`, `$data`, `$steps`, `$response`, `$statusCode`, `$url`, `$method`, `$error`.
    #[default]
    Flow,
    /// `$context` and `$event`.
    Machine,
}

impl Dialect {
    /// The names of the roots, without the `$`.
    pub(super) fn roots(self) -> &'static [&'static str] {
        match self {
            Dialect::Flow => {
                &["inputs", "data", "steps", "response", "statusCode", "url", "method", "error"]
            }
            Dialect::Machine => &["context", "event"],
        }
    }

    /// Whether `text` begins with `$` and a known root.
    pub(crate) fn begins(self, text: &str) -> bool {
        text.strip_prefix('$').is_some_and(|rest| self.roots().contains(&root_name(rest)))
    }
}

/// What an expression begins with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// `$inputs`: what the run was started with.
    Inputs,
    /// `$data`: what flows in.
    Data,
    /// `$steps.NAME.FIELD`: what another step left behind.
    Step {
        /// The step.
        name: String,
        /// Which of its fields.
        field: StepField,
    },
    /// `$response.body`: the decoded answer.
    Body,
    /// `$response.header.NAME`: a header of the answer, in lower case here.
    Header(String),
    /// `$statusCode`: the status of the answer.
    StatusCode,
    /// `$url`: what was called.
    Url,
    /// `$method`: the method of the request.
    Method,
    /// `$error`: why the call failed.
    Error,
    /// `$context`: the context of a machine.
    Context,
    /// `$event`: the event that a machine looks at.
    Event,
}

/// What can be asked of another step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepField {
    /// Its output.
    Output,
    /// Its status, as text.
    Status,
    /// Its error.
    Error,
}

impl StepField {
    /// The name in expressions.
    pub fn name(self) -> &'static str {
        match self {
            StepField::Output => "output",
            StepField::Status => "status",
            StepField::Error => "error",
        }
    }
}

impl Root {
    /// Whether other members can lie inside; a text or a number has none.
    pub(super) fn has_members(&self) -> bool {
        match self {
            Root::Inputs | Root::Data | Root::Body | Root::Error | Root::Context | Root::Event => {
                true
            }
            Root::Step { field: StepField::Output | StepField::Error, .. } => true,
            Root::Step { field: StepField::Status, .. } => false,
            Root::Header(_) | Root::StatusCode | Root::Url | Root::Method => false,
        }
    }

    /// When the root has a value.
    pub(super) fn available(&self) -> &'static str {
        match self {
            Root::Inputs => "`$inputs` is known while a flow runs",
            Root::Data => "`$data` is known where data flows in",
            Root::Step { .. } => "`$steps` is known while a flow runs",
            Root::Body | Root::Header(_) => "`$response` is known once there is an answer",
            Root::StatusCode => "`$statusCode` is known once there is an answer",
            Root::Url => "`$url` is known once there is an answer",
            Root::Method => "`$method` is known once there is an answer",
            Root::Error => "`$error` is known only in an error_handler",
            Root::Context => "`$context` is known only in a machine",
            Root::Event => "`$event` is known only in a machine",
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Root::Inputs => f.write_str("$inputs"),
            Root::Data => f.write_str("$data"),
            Root::Step { name, field } => write!(f, "$steps.{name}.{}", field.name()),
            Root::Body => f.write_str("$response.body"),
            Root::Header(name) => write!(f, "$response.header.{name}"),
            Root::StatusCode => f.write_str("$statusCode"),
            Root::Url => f.write_str("$url"),
            Root::Method => f.write_str("$method"),
            Root::Error => f.write_str("$error"),
            Root::Context => f.write_str("$context"),
            Root::Event => f.write_str("$event"),
        }
    }
}

/// One expression inside a condition, template, or url: what it asks for, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it begins with.
    pub root: Root,
    /// The first member inside the root, where a name is written: `id` of `$inputs.id`.
    pub member: Option<String>,
    /// Which bytes of the string it takes up.
    pub span: Range<usize>,
    /// Which string of a template tree it stands in (RFC 6901); empty: the whole.
    pub pointer: String,
}

impl Reference {
    /// The step it speaks of.
    pub fn step(&self) -> Option<&str> {
        match &self.root {
            Root::Step { name, .. } => Some(name),
            Root::Inputs
            | Root::Data
            | Root::Body
            | Root::Header(_)
            | Root::StatusCode
            | Root::Url
            | Root::Method
            | Root::Error
            | Root::Context
            | Root::Event => None,
        }
    }
}
