//! Flow files: YAML 1.2 or JSON in, a checked [`FlowSpec`] out, or everything that is wrong with it.
//!
//! Text becomes a tree of nodes that know their bytes (`tree`, `yaml`, `scalar`, `syntax`); the tree is read
//! key by key (`read`, `fields`, `values`, `limits`, `request`, `resource`, `auth`,
//! `login`, `secret`, `keys`);
//! what was read passes the checks that flows
//! built in Rust pass too ([`crate::check`]); and every fault goes back to its line and column
//! (`report`). No step stops at the first fault, and nothing is sent before all of them are gone.
//!
//! ```
//! # use fsm_patterns::file;
//! let text = "
//! fsm: 1
//! name: users
//! mode: sequential
//! endpoints:
//!   - name: users
//!     url: https://api.example.com/users
//!     methud: GET
//! ";
//! let report = file::load("users.yaml", text).unwrap_err();
//! assert_eq!(
//!     report.to_string(),
//!     "users.yaml:8:5: unknown key `methud` in an endpoint (did you mean `method`?)"
//! );
//! ```

mod auth;
pub(crate) mod fields;
pub(crate) mod keys;
mod limits;
mod lint;
mod login;
pub(crate) mod read;
pub(crate) mod report;
mod request;
mod resource;
mod scalar;
mod secret;
mod settings;
mod syntax;
pub(crate) mod tree;
pub(crate) mod values;
mod waits;
mod yaml;

use std::fmt;
use std::sync::Arc;

pub use report::{Finding, Report, Severity};
pub use settings::{Setting, SettingChange, context_settings};

use crate::check;
use crate::fault::{Fault, Place};
use crate::spec::FlowSpec;
use fields::Reader;
use report::Located;
use tree::{Kind, Node};

/// A flow file without faults.
#[derive(Clone)]
pub struct Loaded {
    /// What the file says.
    pub spec: FlowSpec,
    source: Source,
}

/// The text of a file with its tree, to find the places of faults that come later.
#[derive(Clone)]
struct Source {
    name: Arc<str>,
    text: Arc<str>,
    tree: Arc<Node>,
}

impl Loaded {
    /// Gives faults that were found after loading their places in the file.
    ///
    /// # Complexity
    /// Linear in the depth of each place and the number of keys on the way.
    pub fn report(&self, faults: impl IntoIterator<Item = Fault>) -> Report {
        let Source { name, text, tree } = &self.source;
        let located = faults.into_iter().map(|fault| Located::find(text, tree, fault)).collect();
        Report::new(name, text, located)
    }

    /// The bytes of the file at `place`; where there is no such place, those of the nearest one
    /// above it.
    pub fn span(&self, place: &Place) -> std::ops::Range<usize> {
        self.source.tree.nearest(place).node.span.clone()
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("name", &self.source.name).field("spec", &self.spec).finish()
    }
}

/// Reads and checks a flow file. A `name` that ends in `.json` must be JSON; any other is YAML.
///
/// # Errors
/// Everything that is wrong with the file, in the order of the file.
///
/// # Complexity
/// Linear in the size of the text.
pub fn load(name: &str, text: &str) -> Result<Loaded, Report> {
    let mut faults = Vec::new();
    let tree = match parse(name, text, "a flow", &mut faults) {
        Ok(tree) => tree,
        Err(fault) => return Err(Report::new(name, text, vec![*fault])),
    };
    if kind(&tree) == FileKind::Machine {
        let fault = Fault::new(Place::root(), "this is a machine, not a flow of calls")
            .hint("a machine is not run: try `fsm simulate`");
        return Err(Report::new(name, text, vec![Located::find(text, &tree, fault)]));
    }
    if let Some(fault) = read::other_version(&tree) {
        return Err(Report::new(name, text, vec![Located::find(text, &tree, fault)]));
    }
    let mut reader = Reader::new(text, &tree, faults);
    let partial = read::flow(&mut reader, &tree);
    if let Some(partial) = &partial {
        for fault in semantic(partial) {
            if !reader.is_unread(&fault.place) {
                reader.fault(fault);
            }
        }
    }
    hidden(text, &tree, &mut reader);
    match partial {
        Some(partial) if reader.faults.is_empty() => {
            let (name, text) = (name.into(), text.into());
            Ok(Loaded { spec: partial.spec, source: Source { name, text, tree: Arc::new(tree) } })
        }
        Some(_) | None => Err(Report::new(name, text, reader.faults)),
    }
}

/// Adds the faults that hide behind a faulty expression: a template with one can't be read, so the
/// names in its other expressions were not looked at.
fn hidden(text: &str, tree: &Node, reader: &mut Reader<'_>) {
    let faulty = reader.faults.iter().filter(|located| located.fault.part.is_some());
    let faulty: Vec<Place> = faulty.map(|located| located.fault.place.clone()).collect();
    if faulty.is_empty() {
        return;
    }
    let mut mended = tree.clone();
    faulty.iter().for_each(|place| mended.break_at(place));
    let mut again = Reader::new(text, &mended, Vec::new());
    let Some(partial) = read::flow(&mut again, &mended) else { return };
    for fault in semantic(&partial) {
        // Whatever lies elsewhere was looked at the first time, and what was broken just now is
        // wrong because of that.
        let was_hidden = reader.is_unread(&fault.place) && !again.is_unread(&fault.place);
        let was_hidden = was_hidden && !faulty.contains(&fault.place);
        if was_hidden && reader.faults.iter().all(|located| located.fault != fault) {
            reader.fault(fault);
        }
    }
}

/// What the checks find in what could be read.
fn semantic(partial: &read::Partial) -> Vec<Fault> {
    match partial.has_modes {
        true => check::check(&partial.spec),
        false => check::check_without_order(&partial.spec),
    }
}

/// What a file describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Calls and their order: [`load`] reads it.
    Flow,
    /// States and transitions: it is simulated and checked, and not run.
    Machine,
}

/// Tells a machine file, which has `states` or `initial` and no `mode`, from a flow file.
///
/// A text that cannot be read at all counts as a flow, so that [`load`] says what is wrong.
pub fn kind_of(text: &str) -> FileKind {
    match yaml::parse(text, &mut Vec::new()) {
        Ok(tree) => kind(&tree),
        Err(_) => FileKind::Flow,
    }
}

pub(crate) fn kind(tree: &Node) -> FileKind {
    let has = |key| tree.member(key).is_some();
    let is_machine = (has("states") || has("initial")) && !has("mode") && !has("endpoints");
    if is_machine { FileKind::Machine } else { FileKind::Flow }
}

/// Reads a file, which should be a map of keys; `what` says what it is to describe.
pub(crate) fn parse(
    name: &str,
    text: &str,
    what: &str,
    faults: &mut Vec<Located>,
) -> Result<Node, Box<Located>> {
    let is_json = name.to_ascii_lowercase().ends_with(".json");
    let tree = if is_json { yaml::parse_json(text, faults)? } else { yaml::parse(text, faults)? };
    match tree.kind {
        Kind::Map(_) => Ok(tree),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => {
            let message = format!("{what} must be a map of keys, not {}", tree.words());
            let fault = Fault::new(Place::root(), message).hint("begin the file with `fsm: 1`");
            Err(Box::new(Located::at(tree.span.start..tree.span.start, fault)))
        }
        Kind::Broken => Err(Box::new(faults.remove(0))),
    }
}

/// The value of a text, for tests that hold the schema to the reader.
#[cfg(test)]
pub(crate) fn value_of(text: &str) -> serde_json::Value {
    yaml::parse(text, &mut Vec::new()).map(|tree| tree.to_value()).unwrap_or_default()
}
