//! What is done to the context: by actions, by transforms, and around machines within machines.

use std::cell::Cell;
use std::sync::Arc;

use fsm_core::Scene;
use serde_json::{Map, Value};

use super::assignment::{Assignment, object};
use super::bind::Code;
use super::event::MachineEvent;
use crate::expr::{Doubt, Scope, Template, UNKNOWN, kind, unknown};

/// Where the contexts of inner machines are kept in that of the machine around.
pub(crate) const MACHINES: &str = "$machines";

/// Where it is noted that an action could not be carried out and nothing could stop the step.
pub(super) const FAULTS: &str = "$faults";

/// How many of these notes are kept: a machine may run for ever.
const MOST_FAULTS: usize = 100;

/// Which context is meant: the way from the outermost one through [`MACHINES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Home(Arc<[String]>);

impl Home {
    /// The context of the machine that the state `name` of this one runs.
    pub(super) fn within(&self, name: &str) -> Self {
        Self(self.0.iter().cloned().chain([name.to_owned()]).collect())
    }

    /// What labels begin with, so that they say whose context is meant.
    pub(super) fn prefix(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("{}: ", self.0.join(".")) }
    }

    /// The names of the states on the way, outermost first.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }

    /// The context itself; null where there is none.
    pub(super) fn of<'v>(&self, outermost: &'v Value) -> &'v Value {
        let inside = |value: &'v Value, name: &String| value.get(MACHINES)?.get(name);
        self.0.iter().try_fold(outermost, inside).unwrap_or(&Value::Null)
    }

    /// The context itself; it is made where there is none.
    pub(super) fn of_mut<'v>(&self, outermost: &'v mut Value) -> &'v mut Value {
        self.0.iter().fold(outermost, |value, name| {
            object(inner(value)).entry(name).or_insert_with(|| Value::Object(Map::new()))
        })
    }
}

fn inner(context: &mut Value) -> &mut Value {
    object(context).entry(MACHINES).or_insert_with(|| Value::Object(Map::new()))
}

/// One thing that is done to a context.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    /// Whose context.
    pub(super) home: Home,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// An action bound in Rust.
    Named(String),
    Set(Assignment),
    /// The context becomes this value.
    Transform(Template),
    /// The machine of a state begins: its context, and what is handed in.
    Begin {
        state: String,
        context: Map<String, Value>,
        input: Assignment,
    },
    /// What the machine of a state hands out when it has come to its end.
    Give {
        state: String,
        output: Assignment,
    },
    /// The machine of a state is left.
    End {
        state: String,
    },
}

/// Why something is not done, or does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// In words.
    Because(String),
    /// It hangs on Rust code that is not at hand.
    Unknown,
}

/// What stands behind names, and whether everything is known.
#[derive(Clone, Copy)]
pub(super) enum Bound<'a> {
    /// Nothing is at hand: whoever asks wants words.
    Nothing,
    /// Rust code, and what it is to see.
    Code(&'a Code, &'a Scene<'a, MachineEvent>),
    /// It is a proof: code may do and answer anything, and data may be unknown.
    Doubt(&'a Doubts),
}

impl<'a> Bound<'a> {
    pub(super) fn doubts(self) -> Option<&'a Doubts> {
        match self {
            Bound::Doubt(doubts) => Some(doubts),
            Bound::Nothing | Bound::Code(..) => None,
        }
    }
}

/// What could not be told in a proof.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Whether what must hold does.
    pub(super) tests: Cell<bool>,
    /// Whether what is done can be done.
    pub(super) deeds: Cell<Doubt>,
}

impl Doubts {
    pub(super) fn add(&self, doubt: Doubt) {
        self.deeds.set(self.deeds.get().or(doubt));
    }

    /// A value, after a note of the doubt in it.
    pub(super) fn of(&self, (value, doubt): (Value, Doubt)) -> Value {
        self.add(doubt);
        value
    }
}

impl Deed {
    /// Whether it can be done whatever is in the context.
    pub(super) fn is_total(&self) -> bool {
        match &self.what {
            What::Named(_) | What::End { .. } => true,
            What::Set(assignment)
            | What::Begin { input: assignment, .. }
            | What::Give { output: assignment, .. } => assignment.is_total(),
            What::Transform(template) => template.as_literal().is_some_and(Value::is_object),
        }
    }

    /// Whether it is done wholly or not at all, where its context is there.
    fn is_atomic(&self) -> bool {
        match &self.what {
            What::Set(assignment) | What::Give { output: assignment, .. } => assignment.is_atomic(),
            What::Named(_) | What::Transform(_) | What::Begin { .. } | What::End { .. } => true,
        }
    }

    /// How drawings show it.
    pub(super) fn label(&self) -> String {
        let text = match &self.what {
            What::Named(name) => name.clone(),
            What::Set(assignment) => format!("set {}", assignment.label()),
            What::Transform(template) => format!("transform {}", template.source()),
            What::Begin { state, context, input } => {
                let members = context.iter().filter(|(name, _)| !input.sets(name));
                let members = members.map(|(name, value)| format!("{name} = {value}"));
                let mut parts: Vec<String> = members.collect();
                parts.extend((!input.is_empty()).then(|| input.label()));
                match parts.is_empty() {
                    true => format!("begin {state}"),
                    false => format!("begin {state}: {}", parts.join(", ")),
                }
            }
            What::Give { state, output } => format!("{state} gives {}", output.label()),
            What::End { state } => format!("end {state}"),
        };
        format!("{}{text}", self.home.prefix())
    }

    /// What it does, without the values: `set total`.
    pub(super) fn brief(&self) -> String {
        match &self.what {
            What::Named(name) => name.clone(),
            What::Set(assignment) => format!("set {}", assignment.paths()),
            What::Transform(_) => "transform".to_owned(),
            What::Begin { state, .. } => format!("begin {state}"),
            What::Give { output, .. } => format!("give {}", output.paths()),
            What::End { state } => format!("end {state}"),
        }
    }

    /// Does it, to the context of the outermost machine.
    ///
    /// # Errors
    /// Says why it can't be done; the context is then to be thrown away.
    pub(super) fn perform(
        &self,
        outermost: &mut Value,
        event: &Value,
        bound: Bound<'_>,
    ) -> Result<(), Refusal> {
        let doubts = bound.doubts();
        match &self.what {
            What::Named(name) => match bound {
                Bound::Nothing => Err(Refusal::Unknown),
                Bound::Code(code, scene) => {
                    let act = code.actions.get(name).ok_or(Refusal::Unknown)?;
                    act(self.home.of_mut(outermost), scene);
                    Ok(())
                }
                Bound::Doubt(_) => {
                    overwrite(self.home.of_mut(outermost), Map::new(), true);
                    Ok(())
                }
            },
            What::Set(assignment) => {
                let context = self.home.of_mut(outermost);
                let values = assignment.values(context, event, doubts).map_err(Refusal::Because)?;
                assignment.place(context, values, doubts).map_err(Refusal::Because)
            }
            What::Transform(template) => {
                let context = self.home.of_mut(outermost);
                let scope = Scope::new().context(context).event(event);
                let value = match doubts {
                    None => template.render(&scope),
                    Some(doubts) => template.render_in_doubt(&scope).map(|value| doubts.of(value)),
                };
                let value = value.map_err(|error| because(format!("`transform`: {error}")))?;
                replace(context, value, doubts)
            }
            What::Begin { state, context, input } => {
                let outer = self.home.of_mut(outermost);
                let values = input.values(outer, event, doubts).map_err(Refusal::Because)?;
                let mut begun = Value::Object(context.clone());
                input.place(&mut begun, values, doubts).map_err(Refusal::Because)?;
                object(inner(outer)).insert(state.clone(), begun);
                Ok(())
            }
            What::Give { state, output } => {
                let given = self.home.within(state).of(outermost);
                let values = output.values(given, event, doubts).map_err(Refusal::Because)?;
                let outer = self.home.of_mut(outermost);
                output.place(outer, values, doubts).map_err(Refusal::Because)
            }
            What::End { state } => {
                let outer = self.home.of_mut(outermost);
                let machines = object(inner(outer));
                machines.remove(state);
                if machines.is_empty() {
                    object(outer).remove(MACHINES);
                }
                Ok(())
            }
        }
    }

    /// Does it where nothing can stop the step any more; if it can't be done, nothing changes but
    /// that [`FAULTS`] says so.
    pub(super) fn perform_or_note(&self, outermost: &mut Value, event: &Value, bound: Bound<'_>) {
        let performed = match self.is_atomic() && self.home.of(outermost).is_object() {
            true => self.perform(outermost, event, bound),
            false => {
                let mut after = outermost.clone();
                self.perform(&mut after, event, bound).map(|()| *outermost = after)
            }
        };
        let why = match performed {
            Ok(()) => return,
            Err(Refusal::Because(why)) => why,
            Err(Refusal::Unknown) => "the action is not bound".to_owned(),
        };
        match bound {
            Bound::Doubt(_) => note_anything(outermost),
            Bound::Nothing | Bound::Code(..) => note(outermost, format!("{}: {why}", self.label())),
        }
    }
}

/// Adds a line to [`FAULTS`], and drops the oldest where there are too many.
fn note(outermost: &mut Value, line: String) {
    let faults = object(outermost).entry(FAULTS).or_insert(Value::Null);
    if let Value::Array(faults) = faults {
        let surplus = (faults.len() + 1).saturating_sub(MOST_FAULTS);
        faults.drain(..surplus);
        return faults.push(Value::String(line));
    }
    // What else stands there was put there by code that has no business with it.
    *faults = Value::Array(vec![Value::String(line)]);
}

/// Something may have been added to [`FAULTS`].
pub(super) fn note_anything(outermost: &mut Value) {
    object(outermost).insert(FAULTS.to_owned(), unknown());
}

fn because(why: String) -> Refusal {
    Refusal::Because(why)
}

/// Replaces a context by `value`, which must be an object; what is reserved stays.
fn replace(context: &mut Value, value: Value, doubts: Option<&Doubts>) -> Result<(), Refusal> {
    let found = kind(&value);
    let is_open = doubts.is_some() && value.get(UNKNOWN).is_some();
    if let Some(doubts) = doubts.filter(|_| value == unknown()) {
        doubts.add(Doubt { context: true, event: true });
    }
    let Value::Object(members) = value else {
        return Err(because(format!("`transform` gives {found}, and a context is an object")));
    };
    overwrite(context, members, is_open);
    Ok(())
}

/// Gives a context these members; what is reserved stays. `is_open`: others are there that nobody
/// knows.
fn overwrite(context: &mut Value, mut members: Map<String, Value>, is_open: bool) {
    members.retain(|name, _| !name.starts_with('$'));
    let before = std::mem::take(object(context));
    members.extend(before.into_iter().filter(|(name, _)| name.starts_with('$')));
    match is_open {
        true => drop(members.insert(UNKNOWN.to_owned(), Value::Null)),
        false => drop(members.shift_remove(UNKNOWN)),
    }
    *context = Value::Object(members);
}
