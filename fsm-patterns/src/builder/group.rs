//! A group that is being written.

use super::{AwaitSignal, Delay, Endpoint, Member, expression_fault};
use crate::bases::Bases;
use crate::expr::Condition;
use crate::fault::{Fault, Place};
use crate::spec::{GroupSpec, Mode, When};

/// Entries of a hybrid flow that run in a mode of their own.
#[must_use = "a group is added by `Orchestration::group`"]
#[derive(Debug)]
pub struct Group {
    name: String,
    mode: Mode,
    members: Vec<Member>,
    depends_on: Vec<String>,
    condition: Option<String>,
}

impl Group {
    /// A group called `name`, in `mode`.
    pub fn new(name: impl Into<String>, mode: Mode) -> Self {
        let (members, depends_on) = (Vec::new(), Vec::new());
        Self { name: name.into(), mode, members, depends_on, condition: None }
    }

    /// Adds a call.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.members.push(Member::Endpoint(Box::new(endpoint)));
        self
    }

    /// Adds a step that lets some time pass.
    pub fn delay(mut self, delay: Delay) -> Self {
        self.members.push(Member::Delay(delay));
        self
    }

    /// Adds a step that waits until a signal comes from outside.
    pub fn await_signal(mut self, wait: AwaitSignal) -> Self {
        self.members.push(Member::AwaitSignal(Box::new(wait)));
        self
    }

    /// Adds a group within this one, which must be hybrid.
    pub fn group(mut self, group: Group) -> Self {
        self.members.push(Member::Group(group));
        self
    }

    /// Waits for siblings: entries beside the group.
    pub fn depends_on<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.depends_on.extend(names.into_iter().map(Into::into));
        self
    }

    /// Runs the group only if the expression holds; else all of it is skipped.
    pub fn condition(mut self, expression: impl Into<String>) -> Self {
        self.condition = Some(expression.into());
        self
    }

    /// The group with `change` made to every endpoint in it.
    pub(super) fn changed(mut self, change: &mut dyn FnMut(Endpoint) -> Endpoint) -> Self {
        self.members = super::changed(self.members, change);
        self
    }

    pub(super) fn into_spec(
        self,
        place: &Place,
        bases: &Bases<'_>,
        faults: &mut Vec<Fault>,
    ) -> GroupSpec {
        let entries = super::entries(self.members, place, bases, faults);
        let condition = self.condition.and_then(|text| match Condition::parse(&text) {
            Ok(condition) => Some(When::Expression(condition)),
            Err(error) => {
                faults.push(expression_fault(&place.key("condition"), error));
                None
            }
        });
        let (name, mode, depends_on) = (self.name, self.mode, self.depends_on);
        GroupSpec { name, mode, entries, depends_on, condition }
    }
}
