//! A machine file that was read and checked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use fsm_core::{Drawing, Graph, GuardId, StateId, TransitionId};
use serde_json::Value;

use super::bind::{Role, sorted};
use super::deed::{Bound, Deed, Home};
use super::event::MachineEvent;
use super::plan::{Plan, Station};
use super::spec::Name;
use crate::fault::{Fault, Place};
use crate::file::Report;
use crate::file::report::Located;
use crate::file::tree::Node;

/// A machine file without faults. Clones share everything.
#[derive(Clone)]
pub struct MachineFile {
    pub(super) inner: Arc<Content>,
}

pub(super) struct Content {
    pub(super) graph: Graph,
    /// What drawings say of guards whose names say more.
    pub(super) words: BTreeMap<GuardId, String>,
    pub(super) context: Value,
    pub(super) events: Vec<String>,
    pub(super) stations: Vec<Station>,
    /// By transition.
    pub(super) all_plans: Vec<Plan>,
    /// Where each transition is written.
    pub(super) places: Vec<Place>,
    /// What the graph's guards are called, and the plan behind each.
    pub(super) plans: Vec<(String, usize)>,
    pub(super) deeds: Vec<(String, Deed)>,
    pub(super) works: Vec<(String, (Home, String))>,
    /// Names that stand for Rust code.
    pub(super) uses: Vec<(Role, Name)>,
    pub(super) source: Source,
}

/// The text of a file with its tree, to find the places of faults that come later.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) tree: Node,
}

/// The names in a file that stand for Rust code, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unbound {
    /// Those of guards and validators.
    pub guards: Vec<String>,
    /// Those of actions.
    pub actions: Vec<String>,
    /// Those of activities.
    pub activities: Vec<String>,
}

impl MachineFile {
    /// The graph: what is drawn, checked, and run.
    pub fn graph(&self) -> &Graph {
        &self.inner.graph
    }

    /// The graph as a drawing that leaves out what holds of every transition: that it is taken
    /// only if its actions can be carried out. The guards of [`graph`](Self::graph) name it.
    pub fn drawing(&self) -> Drawing<'_> {
        self.inner.graph.drawing().with_guards(&self.inner.words)
    }

    /// The machine's name.
    pub fn name(&self) -> &str {
        self.inner.graph.name()
    }

    /// The context that a run begins with, as the file declares it: an object.
    pub fn context(&self) -> &Value {
        &self.inner.context
    }

    /// The events that some state accepts, each once, in the order of the file.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.inner.events.iter().map(|event| &**event)
    }

    /// The names that need Rust code before the machine can run.
    pub fn unbound(&self) -> Unbound {
        let of = |wanted: Role| {
            let uses = self.inner.uses.iter().filter(|(role, _)| *role == wanted);
            sorted(uses.map(|(_, name)| &name.text))
        };
        Unbound {
            guards: of(Role::Guard),
            actions: of(Role::Action),
            activities: of(Role::Activity),
        }
    }

    /// Why `transition` is refused to a token at the state where it starts, in words; `None` if
    /// nothing in the file refuses it, so that it is up to code bound in Rust, if to anything.
    pub fn why(
        &self,
        transition: TransitionId,
        context: &Value,
        event: Option<&MachineEvent>,
    ) -> Option<String> {
        let from = self.inner.graph.transition(transition).from();
        self.why_at(transition, from, context, event)
    }

    /// As [`why`](Self::why), for a token at `state`, which lies within the one where the
    /// transition starts: what is done and asked on leaving it counts, too.
    pub fn why_at(
        &self,
        transition: TransitionId,
        state: StateId,
        context: &Value,
        event: Option<&MachineEvent>,
    ) -> Option<String> {
        let plan = self.inner.all_plans.get(transition.index())?;
        let event = event.map_or(&Value::Null, |event| &event.data);
        let checked =
            plan.check(&self.inner.stations, state.index(), context, event, Bound::Nothing);
        checked.err()?.words()
    }

    pub(super) fn report(&self, faults: Vec<Fault>) -> Report {
        let Source { name, text, tree } = &self.inner.source;
        let located = faults.into_iter().map(|fault| Located::find(text, tree, fault)).collect();
        Report::new(name, text, located)
    }
}

impl fmt::Debug for MachineFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineFile")
            .field("name", &self.name())
            .field("fingerprint", &self.inner.graph.fingerprint())
            .field("unbound", &self.unbound())
            .finish()
    }
}
