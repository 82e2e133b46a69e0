//! Guards, actions, and activities in Rust for the names in a machine file.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use fsm_core::{Bindings, Machine, Outcome, Scene, Visit, Work};
use serde_json::Value;

use super::MachineFile;
use super::deed::{Bound, Refusal};
use super::event::MachineEvent;
use super::file::Unbound;
use crate::check::spelling;
use crate::fault::{Fault, Place};
use crate::file::Report;

type GuardCode = Arc<dyn Fn(&Value, &Scene<'_, MachineEvent>) -> bool + Send + Sync>;
type ActionCode = Arc<dyn Fn(&mut Value, &Scene<'_, MachineEvent>) + Send + Sync>;
type ActivityCode = Arc<dyn Fn(&Value, &Visit<'_>) -> Work<MachineEvent> + Send + Sync>;

/// The code behind names.
#[derive(Clone, Default)]
pub(super) struct Code {
    pub(super) guards: HashMap<String, GuardCode>,
    pub(super) actions: HashMap<String, ActionCode>,
    pub(super) activities: HashMap<String, ActivityCode>,
}

/// The Rust code for the names in a machine file.
///
/// Guards and actions run inside the pure kernel: the same context and event must give the same
/// answer, so they read no clock and perform no I/O. What a guard or an action of a machine
/// within a machine sees is the context of that machine. An action may be called once more on a
/// copy of the context, where a transition is tried before it is taken.
///
/// ```
/// # use fsm_patterns::machine::{self, MachineEvent, Registry};
/// # use serde_json::json;
/// let file = machine::load("door.yaml", "
/// fsm: 1
/// name: door
/// initial: closed
/// states:
///   closed: { on: { push: { to: open, guard: unlocked, actions: ring } } }
///   open: { on: { pull: closed } }
/// ")?;
/// let registry = Registry::new()
///     .guard("unlocked", |context, _| context["locked"] != json!(true))
///     .action("ring", |context, _| context["rang"] = json!(true));
/// let machine = file.bind(registry)?;
/// let mut effects = fsm_core::Effects::new();
/// let mut run = machine.snapshot(json!({}), 0);
/// let now = run.now();
/// machine.step(&mut run, now, &fsm_core::Input::Start, &mut effects, &mut ())?;
/// machine.dispatch(&mut run, now, MachineEvent::new("push"), &mut effects, &mut ())?;
/// assert_eq!(run.context()["rang"], true);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    code: Code,
}

impl Registry {
    /// No code at all: enough for a file that is a whole machine.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the guard called `name` its code. A second one of a name replaces the first.
    #[must_use]
    pub fn guard(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&Value, &Scene<'_, MachineEvent>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.code.guards.insert(name.into(), Arc::new(holds));
        self
    }

    /// Gives the action called `name` its code.
    #[must_use]
    pub fn action(
        mut self,
        name: impl Into<String>,
        act: impl Fn(&mut Value, &Scene<'_, MachineEvent>) + Send + Sync + 'static,
    ) -> Self {
        self.code.actions.insert(name.into(), Arc::new(act));
        self
    }

    /// Gives the activity called `name` its code: it reads the context and returns the work.
    #[must_use]
    pub fn activity<F>(
        mut self,
        name: impl Into<String>,
        start: impl Fn(&Value, &Visit<'_>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Outcome<MachineEvent>> + Send + 'static,
    {
        let start = move |context: &Value, visit: &Visit<'_>| -> Work<MachineEvent> {
            Box::pin(start(context, visit))
        };
        self.code.activities.insert(name.into(), Arc::new(start));
        self
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = Unbound {
            guards: sorted(self.code.guards.keys()),
            actions: sorted(self.code.actions.keys()),
            activities: sorted(self.code.activities.keys()),
        };
        f.debug_struct("Registry")
            .field("guards", &bound.guards)
            .field("actions", &bound.actions)
            .field("activities", &bound.activities)
            .finish()
    }
}

pub(super) fn sorted<'n>(names: impl Iterator<Item = &'n String>) -> Vec<String> {
    let mut names: Vec<String> = names.cloned().collect();
    names.sort();
    names.dedup();
    names
}

/// Which kind of code a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Guard,
    Action,
    Activity,
}

impl Role {
    const ALL: [Role; 3] = [Role::Guard, Role::Action, Role::Activity];

    fn word(self) -> &'static str {
        match self {
            Role::Guard => "guard",
            Role::Action => "action",
            Role::Activity => "activity",
        }
    }

    fn knows(self, code: &Code, name: &str) -> bool {
        match self {
            Role::Guard => code.guards.contains_key(name),
            Role::Action => code.actions.contains_key(name),
            Role::Activity => code.activities.contains_key(name),
        }
    }

    fn names(self, code: &Code) -> Vec<&str> {
        let mut names: Vec<&str> = match self {
            Role::Guard => code.guards.keys().map(|name| &**name).collect(),
            Role::Action => code.actions.keys().map(|name| &**name).collect(),
            Role::Activity => code.activities.keys().map(|name| &**name).collect(),
        };
        names.sort_unstable();
        names
    }
}

impl MachineFile {
    /// Gives the names in the file their code and freezes both to a machine.
    ///
    /// # Errors
    /// Every name that `registry` does not know, with its line and the nearest name that it does.
    pub fn bind(&self, registry: Registry) -> Result<Machine<Value, MachineEvent>, Report> {
        let code = Arc::new(registry.code);
        let unknown: Vec<Fault> = self
            .inner
            .uses
            .iter()
            .filter(|(role, name)| !role.knows(&code, &name.text))
            .map(|(role, name)| unknown(*role, &name.text, &name.place, &code))
            .collect();
        if !unknown.is_empty() {
            return Err(self.report(unknown));
        }
        let bindings = self.bindings(&code);
        Machine::bind(self.inner.graph.clone(), bindings).map_err(|faults| {
            let fault = |fault: &fsm_core::BindFault| Fault::new(Place::root(), fault.to_string());
            self.report(faults.faults().iter().map(fault).collect())
        })
    }

    fn bindings(&self, code: &Arc<Code>) -> Bindings<Value, MachineEvent> {
        let mut bindings = Bindings::new();
        for (label, plan) in &self.inner.plans {
            let (inner, code, plan) = (self.inner.clone(), code.clone(), *plan);
            bindings = bindings.guard(label, move |context, scene| {
                let (event, leaf) = (data(scene), scene.state.index());
                let plan = &inner.all_plans[plan];
                plan.check(&inner.stations, leaf, context, event, Bound::Code(&code, scene)).is_ok()
            });
        }
        for (label, deed) in &self.inner.deeds {
            let (deed, code) = (deed.clone(), code.clone());
            bindings = bindings.action(label, move |context, scene| {
                deed.perform_or_note(context, data(scene), Bound::Code(&code, scene));
            });
        }
        for (label, (home, name)) in &self.inner.works {
            let Some(start) = code.activities.get(name).cloned() else { continue };
            let home = home.clone();
            bindings = bindings
                .activity_boxed(label, move |context, visit| start(home.of(context), visit));
        }
        bindings
    }
}

/// What `$event` is.
pub(super) fn data<'a>(scene: &Scene<'a, MachineEvent>) -> &'a Value {
    scene.event.map_or(&Value::Null, |event| &event.data)
}

fn unknown(role: Role, name: &str, place: &Place, code: &Code) -> Fault {
    let word = role.word();
    let fault = Fault::new(place.clone(), format!("{word} `{name}` is not bound"));
    if let Some(close) = spelling::closest(name, role.names(code)) {
        return fault.hint(format!("did you mean `{close}`?"));
    }
    let other = Role::ALL.iter().find(|other| other.knows(code, name));
    if let Some(other) = other {
        return fault.hint(format!(
            "the name is bound as {}",
            match other {
                Role::Guard => "a guard",
                Role::Action => "an action",
                Role::Activity => "an activity",
            }
        ));
    }
    let is_expression = name.contains(['=', '<', '>', '&', '|', '!']);
    if role == Role::Guard && is_expression {
        return fault.hint("an expression speaks of `$context` or `$event`");
    }
    fault.hint(format!("bind it with `Registry::{word}`"))
}

impl Refusal {
    /// The words, if there are some.
    pub(super) fn words(self) -> Option<String> {
        match self {
            Refusal::Because(why) => Some(why),
            Refusal::Unknown => None,
        }
    }
}
