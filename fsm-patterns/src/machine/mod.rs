//! State machines as files: YAML 1.2 or JSON in, a checked graph out, or everything that is wrong
//! with the file.
//!
//! ```
//! use fsm_core::{Effects, Input};
//! use fsm_patterns::machine::{self, MachineEvent, Registry};
//! use serde_json::json;
//!
//! let file = machine::load("turnstile.yaml", "
//! fsm: 1
//! name: turnstile
//! initial: locked
//! context: { paid: 0, passed: 0 }
//! states:
//!   locked:
//!     on:
//!       coin: { actions: { set: { paid: $context.paid + $event.value } } }
//!       push: { to: open, guard: $context.paid >= 100 }
//!   open:
//!     entry: { set: { paid: $context.paid - 100 } }
//!     on:
//!       push: { to: locked, actions: { set: { passed: $context.passed + 1 } } }
//!     after: { 30s: locked }
//! ")?;
//! let machine = file.bind(Registry::new())?;
//!
//! let (mut run, mut effects) = (machine.snapshot(file.context().clone(), 0), Effects::new());
//! let now = run.now();
//! machine.step(&mut run, now, &Input::Start, &mut effects, &mut ())?;
//! for event in [MachineEvent::with("coin", json!({"value": 150})), MachineEvent::new("push")] {
//!     machine.dispatch(&mut run, now, event, &mut effects, &mut ())?;
//! }
//! assert_eq!(run.context(), &json!({"paid": 50, "passed": 0}));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A file
//! | key | is |
//! |---|---|
//! | `fsm` | `1` |
//! | `name` | the machine's name, and its graph's |
//! | `initial` | the state that is entered first |
//! | `context` | what the machine begins with: an object; no expressions; names that begin with `$` are reserved |
//! | `states` | its states by name |
//! | `machines` | machines that states name in `machine`: each with `initial`, `context`, `states` |
//!
//! # A state
//! | key | is |
//! |---|---|
//! | `on` | transitions by event |
//! | `after` | transitions by the time since the state was entered: `500ms`, `5s`, a number of seconds |
//! | `entry`, `exit` | one action, or a list: when the state is entered and left |
//! | `always` | transitions that are taken at once: the state is a choice and waits for nothing |
//! | `initial`, `states` | the state holds states; the initial one is entered with it |
//! | `parallel: true` | its `states` are regions, all entered at once |
//! | `invoke` | work that Rust does: the name of an activity, or `activity`, `timeout`, `retry` (`count`, `delay`, `max_delay`, `max_wait`), `done`, `failed`, `timed_out` |
//! | `done` | transitions when the work is done, or when what lies within has come to its end |
//! | `failed`, `timed_out` | transitions when the work failed for good; without `timed_out`, `failed` is taken |
//! | `machine`, `in`, `out` | the state runs a machine of its own, see below |
//! | `validate` | `before`, `after`: what must hold when the state is entered and left, see below |
//! | `final: true` | the end of the machine, or of the state around |
//!
//! # A transition
//! A text is the state that it leads to; a map says more; a list is tried in order, and the first
//! whose guard holds is taken.
//!
//! | key | is |
//! |---|---|
//! | `to` | where it leads; without it the transition only acts, and no state is left; its own state: that is left and entered again; a list: states in different regions of a parallel state |
//! | `guard` | what must hold: an expression if there is a `$` in it, else the name of a guard |
//! | `priority` | a whole number, 0 without it: of one event in one state the highest is tried first, and the order of the file decides ties; an inner state still comes before an outer one |
//! | `transform` | a template (an object): the context becomes its value, before the actions run |
//! | `actions` | one action, or a list: the name of an action, or `{ set: { path: value } }` |
//!
//! An event that several regions act on is carried out region by region, in declared order: exits,
//! actions, and entries of one before those of the next. Timers that are due at one instant fire in
//! the order in which they were set, those of outer states first. `$event` in the `done` of a state
//! that holds states is the event that led to its end.
//!
//! A target is looked for beside the source, then around it, outwards; the innermost wins. `.name`
//! is a state within the source, and a whole path, `on.playing`, is always understood. Where a
//! name with a dot in it makes a target mean several states, that is a fault.
//!
//! # Expressions
//! `$context` is the context and `$event` what came with the event: in `done` and `failed` what the
//! activity gave, null where nothing came. In a guard ([`Condition`](crate::expr::Condition)) an
//! absent member is null, and a guard that can't be evaluated does not hold.
//!
//! In `set` a value is a template ([`Template`](crate::expr::Template)), or, as a string, a
//! computation ([`Computation`](crate::expr::Computation)): `$context.paid + $event.value`,
//! `$context.paid >= 100`. The path is names with dots between them; objects on the way are made.
//! Values are computed from the context as it was before this `set`. An absent member is an error
//! unless `{ value: $event.name, default: nobody }` says what stands in for it.
//!
//! # How deep states may lie
//! Lists and maps may lie in each other a hundred deep, which is room for 48 states within each
//! other; machines that states name begin again at the top of the file.
//!
//! # Nothing fails silently
//! A transition whose actions can't be carried out (an absent member, a sum with a text, a path
//! through a number) is not taken: the next one is tried, else the event is rejected, and
//! [`MachineFile::why`] says why. So are counted the actions on entry and exit of the states that
//! it enters and leaves. The graph has it as a guard, `can set paid`,
//! which drawings leave out unless they are asked for everything. Where there is no
//! transition to refuse (the entry actions of the first state, what regions do as all of them are
//! left at once, a second region that acts on the same event), the context stays as it was, and a
//! line is added to the list `$faults` in it, which keeps the last hundred.
//!
//! The graph's guards and actions are called what drawings show; two that mean something else and
//! would be called the same are told apart by a number: `can set paid (2)`. Those of a machine
//! within a machine begin with its state: `brewing: set made = $context.made + 1`.
//!
//! # Validators
//! `validate: { before: $context.coins > 0, after: [full, $context.cup == true] }`. What is
//! `before` a state must hold for the context as it will be when the state is entered, before its
//! entry actions run; what is `after` it must hold when it is left, as the context then is. A
//! transition for which it does not hold is not taken. Drawings show them in the guards of
//! the transitions concerned: `before(brewing): $context.coins > 0`. Nothing stops the start
//! of a machine, a cancellation, and what a whole parallel state leaves behind in its regions.
//!
//! # What guards leave out
//! What a file says can be sound and yet not be meant: guards of which none holds (`< 100` and
//! `> 100`), two that can both hold, one that never does. [`MachineFile::warnings`] tells these,
//! with values that prove them ([`MachineFile::guard_findings`]).
//!
//! # Machines within machines
//! ```yaml
//! brewing:
//!   machine: brewer          # a name under `machines`, or a machine right here
//!   in: { strength: $context.strength }
//!   out: { cups: $context.cups }
//!   done: ready
//! ```
//! Its states lie within the state: `brewing.grinding`. Inside it `$context` is a context of its
//! own. On entry that begins as the machine's `context` says, and `in` sets paths in it, over the
//! outer `$context` and `$event`. In a final state, `out` sets paths in the outer context, over
//! the inner one, and then `done` is taken. Its states can't be the targets of transitions from
//! outside. While the machine runs, its context lies in the outer one, under `$machines` and the
//! state's name; so a snapshot holds it.
//!
//! # Limits
//! States lie at most 100 deep in one another. With its machines unfolded a file has at most 100,000
//! states, 500,000 transitions and actions, and 64 MiB of names, expressions, and contexts; its
//! transitions leave and enter at most 2,000,000 states, all of them taken together. More than that
//! is a fault, so that a small file can't ask for a large memory.

mod assignment;
mod bind;
mod build;
mod deed;
mod edges;
mod event;
mod file;
mod findings;
pub(crate) mod keys;
mod label;
mod layout;
mod meaning;
mod names;
mod plan;
mod proof;
mod read;
mod reason;
mod room;
mod shape;
mod spec;
mod way;

use std::sync::Arc;

pub use bind::Registry;
pub(crate) use deed::MACHINES;
pub use event::MachineEvent;
pub use file::{MachineFile, Unbound};
pub use findings::{GuardFinding, GuardProblem};
pub use proof::unknown;

use crate::fault::{Fault, Place};
use crate::file::fields::Reader;
use crate::file::report::Located;
use crate::file::tree::Node;
use crate::file::{self as files, FileKind, Report};

/// Reads and checks a machine file. A `name` that ends in `.json` must be JSON; any other is YAML.
///
/// # Errors
/// Everything that is wrong with the file, in the order of the file. What is wrong with the graph
/// as a whole (states that nothing leads to, and the like) is looked for when all else is right.
///
/// # Complexity
/// Linear in the size of the text, and in the number of states that machines unfold to, times
/// their nesting.
pub fn load(name: &str, text: &str) -> Result<MachineFile, Report> {
    let mut faults = Vec::new();
    let tree = match files::parse(name, text, "a machine", &mut faults) {
        Ok(tree) => tree,
        Err(fault) => return Err(Report::new(name, text, vec![*fault])),
    };
    let located = |tree: &Node, faults: Vec<Fault>| {
        let located = faults.into_iter().map(|fault| Located::find(text, tree, fault)).collect();
        Report::new(name, text, located)
    };
    if files::kind(&tree) == FileKind::Flow && tree.member("mode").is_some() {
        let fault = Fault::new(Place::root(), "this is a flow of calls, not a machine");
        return Err(located(&tree, vec![fault.hint("a machine has `initial` and `states`")]));
    }
    if let Some(fault) = files::read::other_version(&tree) {
        return Err(located(&tree, vec![fault]));
    }
    let mut reader = Reader::new(text, &tree, faults);
    let spec = read::file(&mut reader, &tree);
    let mut faults = reader.faults;
    let Some(spec) = spec else { return Err(Report::new(name, text, faults)) };
    let layout = match layout::lay(&spec) {
        Ok(layout) => layout,
        Err(found) => {
            faults.extend(found.into_iter().map(|fault| Located::find(text, &tree, fault)));
            return Err(Report::new(name, text, faults));
        }
    };
    if !faults.is_empty() {
        return Err(Report::new(name, text, faults));
    }
    let source = file::Source { name: name.to_owned(), text: text.to_owned(), tree: tree.clone() };
    match build::build(&spec, &layout, source) {
        Ok(content) => Ok(MachineFile { inner: Arc::new(content) }),
        Err(faults) => Err(located(&tree, faults)),
    }
}
