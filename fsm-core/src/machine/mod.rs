//! The machine: a graph and the code behind its names, frozen into one.

mod bind;
mod dense;
mod embed;
mod table;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

pub(crate) use bind::{ActionFn, ActivityFn, GuardFn, InterruptedFn};
pub use bind::{BindFault, BindFaults, Bindings, Visit, Work};
pub(crate) use dense::Dense;
pub(crate) use table::{Edge, Key, NONE, Reach, Table};

use crate::graph::{EventId, Graph, TransitionId};
use crate::kernel::Token;
use crate::nearest::nearest;
use crate::time::Timestamp;

/// A graph with the code behind its names: what runs.
///
/// Written with Rust enums ([`Machine::builder`](crate::Machine::builder)) or bound to a graph
/// from anywhere ([`Machine::bind`]), it is one type. Clones share everything.
pub struct Machine<C, E> {
    pub(crate) frozen: Arc<Frozen<C, E>>,
}

pub(crate) struct Frozen<C, E> {
    pub(crate) graph: Graph,
    pub(crate) table: Table,
    pub(crate) guards: Vec<GuardFn<C, E>>,
    pub(crate) actions: Vec<ActionFn<C, E>>,
    pub(crate) activities: Vec<ActivityFn<C, E>>,
    /// By activity: how it is taken up after the process died.
    pub(crate) interrupted: Vec<Option<InterruptedFn<C, E>>>,
    pub(crate) dense: Dense<C, E>,
}

/// Checks the guard and, if it holds, acts; returns whether it held. The token stands where the
/// transition begins; the number is that of the visit that begins with it.
pub(crate) type FusedFn<C, E> =
    Box<dyn Fn(&mut C, &E, Timestamp, &Token, u64) -> bool + Send + Sync>;

/// Makes the code of a transition, once for each cell that it is laid down in.
pub(crate) type Fuse<C, E> = Box<dyn Fn() -> FusedFn<C, E> + Send + Sync>;

impl<C: 'static, E: 'static> Machine<C, E> {
    /// Binds the names of `graph` to code and freezes both.
    ///
    /// # Errors
    /// Every guard, action, and activity of the graph that has no code, and every variant of the
    /// event enum that is bound to two events of the graph, at once.
    ///
    /// # Complexity
    /// O(states + transitions * log).
    pub fn bind(graph: Graph, bindings: Bindings<C, E>) -> Result<Self, BindFaults> {
        Self::bind_fused(graph, bindings, HashMap::new())
    }

    pub(crate) fn bind_fused(
        graph: Graph,
        bindings: Bindings<C, E>,
        fused: HashMap<TransitionId, Fuse<C, E>>,
    ) -> Result<Self, BindFaults> {
        let mut faults = Vec::new();
        let guards = look_up("guard", graph.guards.iter(), &bindings.guards, &mut faults);
        let actions = look_up("action", graph.actions.iter(), &bindings.actions, &mut faults);
        let activities =
            look_up("activity", graph.activities.iter(), &bindings.activities, &mut faults);
        let interrupted = graph.activities.iter();
        let interrupted =
            interrupted.map(|name| bindings.interrupted.get(&**name).cloned()).collect();
        for (state, inner) in &graph.inner {
            let (name, drawn) = (graph.name_of(*state), inner.fingerprint());
            if let Some(bound) = bindings.machines.get(name).filter(|bound| **bound != drawn) {
                faults.push(BindFault::OtherGraph { name: name.into(), drawn, bound: *bound });
            }
        }
        let variants = variants(&graph, &bindings.variants, &mut faults);
        if !faults.is_empty() {
            return Err(BindFaults(faults));
        }
        let table = Table::freeze(&graph, variants);
        let dense = Dense::lay_out(&graph, &table, &fused, &guards, &actions);
        let frozen = Frozen { graph, table, dense, guards, actions, activities, interrupted };
        Ok(Self { frozen: Arc::new(frozen) })
    }
}

impl<C, E> Machine<C, E> {
    /// The graph that this machine runs.
    pub fn graph(&self) -> &Graph {
        &self.frozen.graph
    }
}

fn look_up<'a, F: Clone>(
    what: &'static str,
    names: impl Iterator<Item = &'a Box<str>>,
    bound: &HashMap<String, F>,
    faults: &mut Vec<BindFault>,
) -> Vec<F> {
    let mut found = Vec::new();
    for name in names {
        match bound.get(&**name) {
            Some(code) => found.push(code.clone()),
            None => faults.push(BindFault::Unbound {
                what,
                name: name.to_string(),
                nearest: nearest(name, bound.keys().map(String::as_str)),
            }),
        }
    }
    found
}

/// By variant of the event enum, which event of the graph it is.
fn variants(
    graph: &Graph,
    bound: &[(u64, String)],
    faults: &mut Vec<BindFault>,
) -> HashMap<u64, EventId> {
    let mut variants: HashMap<u64, EventId> = HashMap::new();
    for (variant, name) in bound {
        let Some(event) = graph.event(name) else { continue };
        let first = *variants.entry(*variant).or_insert(event);
        let fault = BindFault::TwoEvents {
            first: graph.event_name(first).to_owned(),
            second: name.clone(),
        };
        if first != event && !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    variants
}

impl<C, E> Clone for Machine<C, E> {
    fn clone(&self) -> Self {
        Self { frozen: self.frozen.clone() }
    }
}

impl<C, E> fmt::Debug for Machine<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("graph", &self.graph().name())
            .field("fingerprint", &self.graph().fingerprint())
            .finish()
    }
}
