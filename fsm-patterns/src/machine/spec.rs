//! What a machine file says, as it was read: names are not yet looked up.

use std::time::Duration;

use fsm_core::RetryPolicy;
use serde_json::{Map, Value};

use super::assignment::Assignment;
use crate::expr::{Condition, Template};
use crate::fault::Place;

/// A whole file.
#[derive(Debug)]
pub(super) struct FileSpec {
    pub(super) name: String,
    pub(super) main: MachineSpec,
    /// Machines that states name.
    pub(super) machines: Vec<(String, MachineSpec)>,
}

/// The file's machine, or one within it.
#[derive(Debug)]
pub(super) struct MachineSpec {
    pub(super) place: Place,
    pub(super) initial: String,
    pub(super) context: Map<String, Value>,
    pub(super) states: Vec<StateSpec>,
}

#[derive(Debug)]
pub(super) struct StateSpec {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) shape: Shape,
    pub(super) entry: Vec<Action>,
    pub(super) exit: Vec<Action>,
    pub(super) before: Vec<Guard>,
    pub(super) after: Vec<Guard>,
    /// In the order in which they are tried.
    pub(super) edges: Vec<EdgeSpec>,
}

/// What kind of state it is, by the keys that it has.
#[derive(Debug)]
pub(super) enum Shape {
    Simple,
    Choice,
    Final,
    Composite { initial: String, states: Vec<StateSpec> },
    Parallel { states: Vec<StateSpec> },
    Work(Work),
    Machine(Inner),
}

/// Work that a state does.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) activity: Name,
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<RetryPolicy>,
}

/// A machine that a state runs, and what is handed in and out.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) machine: InnerMachine,
    pub(super) input: Assignment,
    pub(super) output: Assignment,
}

#[derive(Debug)]
pub(super) enum InnerMachine {
    Here(MachineSpec),
    Named(Name),
}

/// A name that something else must know, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) place: Place,
    pub(super) text: String,
}

#[derive(Debug)]
pub(super) struct EdgeSpec {
    pub(super) place: Place,
    pub(super) trigger: When,
    /// Where it leads; empty: nowhere, it only acts.
    pub(super) targets: Vec<Name>,
    pub(super) guard: Option<Guard>,
    pub(super) priority: i64,
    pub(super) transform: Option<Template>,
    pub(super) actions: Vec<Action>,
}

/// What makes a transition possible.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum When {
    Event(String),
    After(Duration),
    Done,
    Failed,
    TimedOut,
    Always,
}

impl When {
    /// As the graph's faults call it.
    pub(super) fn label(&self) -> String {
        match self {
            When::Event(name) => name.clone(),
            When::After(wait) => format!("after {wait:?}"),
            When::Done => "done".to_owned(),
            When::Failed => "failed".to_owned(),
            When::TimedOut => "timed out".to_owned(),
            When::Always => "at once".to_owned(),
        }
    }
}

/// What must hold.
#[derive(Clone, Debug)]
pub(super) enum Guard {
    Condition(Condition),
    Name(Name),
}

impl Guard {
    pub(super) fn text(&self) -> &str {
        match self {
            Guard::Condition(condition) => condition.source(),
            Guard::Name(name) => &name.text,
        }
    }
}

/// What is done.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Name(Name),
    Set(Assignment),
}
