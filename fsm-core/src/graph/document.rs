//! A graph as a document: names instead of numbers, so that it can be stored, read by people,
//! and checked again when it is loaded.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Graph, GraphBuilder, GraphFault, GraphFaults, JoinRule, Kind, RetryPolicy, StateId, Transition,
    TransitionId, Trigger,
};

/// The serialised form of a [`Graph`].
///
/// ```
/// use fsm_core::{Graph, GraphDocument};
///
/// let mut lamp = Graph::builder("lamp");
/// lamp.simple("off");
/// lamp.simple("on");
/// lamp.transition("off", "on").on("press");
/// lamp.transition("on", "off").on("press");
/// let graph = lamp.initial("off").build()?;
///
/// let text = serde_json::to_string(&GraphDocument::from(&graph))?;
/// let document: GraphDocument = serde_json::from_str(&text)?;
/// assert_eq!(Graph::try_from(document)?.fingerprint(), graph.fingerprint());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphDocument {
    name: String,
    initial: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_concurrent: Option<NonZeroU32>,
    states: Vec<StateDocument>,
    transitions: Vec<TransitionDocument>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateDocument {
    pub(crate) name: String,
    pub(crate) kind: KindDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) within: Option<String>,
    /// All regions of a parallel state, where they were declared in another order than they stand
    /// in here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) regions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entry: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exit: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry: Option<RetryPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindDocument {
    Simple,
    Activity(String),
    Choice,
    Fork { join: String },
    Split,
    Join(JoinDocument),
    Delay(Duration),
    Signal,
    Composite { initial: String },
    Parallel,
    Machine(Box<GraphDocument>),
    Final,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JoinDocument {
    All,
    Any,
    AtLeast(NonZeroU32),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransitionDocument {
    pub(crate) from: String,
    pub(crate) to: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) internal: bool,
    pub(crate) trigger: TriggerDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) guard: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) actions: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TriggerDocument {
    Event(String),
    Done,
    Failed,
    TimedOut,
    After(Duration),
    Always,
}

impl From<&Graph> for GraphDocument {
    /// # Complexity
    /// O(states + transitions); machines within are nested.
    fn from(graph: &Graph) -> Self {
        Self {
            name: graph.name().into(),
            initial: graph.name_of(graph.initial()).into(),
            max_concurrent: graph.max_concurrent(),
            states: graph.states().map(|state| StateDocument::of(graph, state)).collect(),
            transitions: graph
                .transitions()
                .map(|(id, edge)| TransitionDocument::of(graph, id, edge))
                .collect(),
        }
    }
}

impl StateDocument {
    pub(crate) fn of(graph: &Graph, state: StateId) -> Self {
        let name = |state: StateId| graph.name_of(state).to_owned();
        let extras = graph.extras_of(state);
        let actions = |sequence| {
            graph.sequence(sequence).iter().map(|a| graph.action_name(*a).to_owned()).collect()
        };
        Self {
            name: name(state),
            kind: KindDocument::of(graph, state),
            within: graph.parent(state).map(name),
            regions: match graph.regions(state) {
                regions if regions.is_sorted() => Vec::new(),
                regions => regions.iter().copied().map(name).collect(),
            },
            entry: actions(extras.entry),
            exit: actions(extras.exit),
            retry: extras.retry,
            timeout: extras.timeout,
        }
    }
}

impl KindDocument {
    pub(crate) fn of(graph: &Graph, state: StateId) -> Self {
        let name = |state: StateId| graph.name_of(state).to_owned();
        match graph.kind(state) {
            Kind::Simple => KindDocument::Simple,
            Kind::Activity(activity) => {
                KindDocument::Activity(graph.activity_name(activity).to_owned())
            }
            Kind::Choice => KindDocument::Choice,
            Kind::Fork(Some(join)) => KindDocument::Fork { join: name(join) },
            Kind::Fork(None) => KindDocument::Split,
            Kind::Join(JoinRule::All) => KindDocument::Join(JoinDocument::All),
            Kind::Join(JoinRule::Any) => KindDocument::Join(JoinDocument::Any),
            Kind::Join(JoinRule::AtLeast(n)) => KindDocument::Join(JoinDocument::AtLeast(n)),
            Kind::Delay(wait) => KindDocument::Delay(wait),
            Kind::Signal => KindDocument::Signal,
            Kind::Composite(initial) => KindDocument::Composite { initial: name(initial) },
            Kind::Parallel => KindDocument::Parallel,
            Kind::Machine(_) => {
                KindDocument::Machine(Box::new(GraphDocument::from(&*graph.inner[&state])))
            }
            Kind::Final => KindDocument::Final,
        }
    }
}

impl TransitionDocument {
    pub(crate) fn of(graph: &Graph, id: TransitionId, edge: &Transition) -> Self {
        Self {
            from: graph.name_of(edge.from()).into(),
            to: graph.name_of(edge.to()).into(),
            also: graph.also(id).iter().map(|state| graph.name_of(*state).into()).collect(),
            internal: edge.is_internal(),
            trigger: match edge.trigger() {
                Trigger::Event(event) => TriggerDocument::Event(graph.event_name(event).into()),
                Trigger::Done => TriggerDocument::Done,
                Trigger::Failed => TriggerDocument::Failed,
                Trigger::TimedOut => TriggerDocument::TimedOut,
                Trigger::After(wait) => TriggerDocument::After(wait),
                Trigger::Always => TriggerDocument::Always,
            },
            guard: edge.guard().map(|guard| graph.guard_name(guard).into()),
            actions: graph.actions_of(edge).map(str::to_owned).collect(),
        }
    }
}

impl StateDocument {
    pub(crate) fn declare(self, builder: &mut GraphBuilder) -> Result<(), GraphFaults> {
        let name = self.name.as_str();
        let mut written = match self.kind {
            KindDocument::Simple => builder.simple(name),
            KindDocument::Activity(activity) => builder.activity_running(name, &activity),
            KindDocument::Choice => builder.choice(name),
            KindDocument::Fork { join } => builder.fork(name, &join),
            KindDocument::Split => builder.split(name),
            KindDocument::Join(JoinDocument::All) => builder.join(name, JoinRule::All),
            KindDocument::Join(JoinDocument::Any) => builder.join(name, JoinRule::Any),
            KindDocument::Join(JoinDocument::AtLeast(n)) => {
                builder.join(name, JoinRule::AtLeast(n))
            }
            KindDocument::Delay(wait) => builder.delay(name, wait),
            KindDocument::Signal => builder.signal(name),
            KindDocument::Composite { initial } => builder.composite(name, &initial),
            KindDocument::Parallel => builder.parallel(name),
            KindDocument::Machine(inner) => builder.machine(name, Graph::try_from(*inner)?),
            KindDocument::Final => builder.final_state(name),
        };
        if let Some(parent) = &self.within {
            written = written.within(parent);
        }
        for action in &self.entry {
            written = written.entry(action);
        }
        for action in &self.exit {
            written = written.exit(action);
        }
        if let Some(policy) = self.retry {
            written = written.retry(policy);
        }
        if let Some(limit) = self.timeout {
            written.timeout(limit);
        }
        Ok(())
    }
}

impl TransitionDocument {
    pub(crate) fn declare(&self, builder: &mut GraphBuilder) {
        let trigger = match &self.trigger {
            TriggerDocument::Event(name) => Trigger::Event(builder.event_id(name)),
            TriggerDocument::Done => Trigger::Done,
            TriggerDocument::Failed => Trigger::Failed,
            TriggerDocument::TimedOut => Trigger::TimedOut,
            TriggerDocument::After(wait) => Trigger::After(*wait),
            TriggerDocument::Always => Trigger::Always,
        };
        let mut written = builder.transition(&self.from, &self.to).trigger(trigger);
        if self.internal {
            written = written.stays();
        }
        for state in &self.also {
            written = written.also(state);
        }
        if let Some(guard) = &self.guard {
            written = written.guard(guard);
        }
        for action in &self.actions {
            written = written.action(action);
        }
    }
}

impl TryFrom<GraphDocument> for Graph {
    type Error = GraphFaults;

    /// # Errors
    /// As [`GraphBuilder::build`]: a document is checked like any other graph.
    fn try_from(document: GraphDocument) -> Result<Self, GraphFaults> {
        let mut builder = GraphBuilder::new(Arc::from(document.name));
        // Ids follow the document's order, whatever refers to what.
        for state in &document.states {
            builder.reference(&state.name);
        }
        for state in by_region(document.states, &mut builder) {
            state.declare(&mut builder)?;
        }
        for edge in &document.transitions {
            edge.declare(&mut builder);
        }
        if let Some(count) = document.max_concurrent {
            builder.max_concurrent(count);
        }
        builder.initial(&document.initial).build()
    }
}

/// The states in an order in which regions stand as they are listed.
fn by_region(mut states: Vec<StateDocument>, builder: &mut GraphBuilder) -> Vec<StateDocument> {
    let mut regions: HashMap<&str, Vec<&str>> = HashMap::new();
    for state in &states {
        if let Some(outer) = &state.within {
            regions.entry(outer).or_default().push(&state.name);
        }
    }
    let mut ranks: HashMap<String, usize> = HashMap::new();
    for parallel in states.iter().filter(|state| !state.regions.is_empty()) {
        if !matches!(parallel.kind, KindDocument::Parallel) {
            builder.fault(GraphFault::IdleRegions { state: parallel.name.clone() });
            continue;
        }
        let within = regions.get(parallel.name.as_str()).map_or(&[][..], Vec::as_slice);
        for why in misread(&parallel.regions, within) {
            builder.fault(GraphFault::BadRegion { parallel: parallel.name.clone(), why });
        }
        for (rank, region) in parallel.regions.iter().enumerate() {
            ranks.insert(region.clone(), rank);
        }
    }
    states.sort_by_key(|state| ranks.get(&state.name).copied().unwrap_or(0));
    states
}

/// What is wrong with a list of regions; `within` are those that lie in the parallel state.
fn misread(listed: &[String], within: &[&str]) -> Vec<String> {
    let regions: HashSet<&str> = within.iter().copied().collect();
    let mut seen = HashSet::new();
    let mut faults = Vec::new();
    for region in listed.iter().map(String::as_str) {
        if !regions.contains(region) {
            faults.push(format!("`{region}` is listed as its region and lies elsewhere"));
        } else if !seen.insert(region) {
            faults.push(format!("its region `{region}` is listed twice"));
        }
    }
    for region in within.iter().filter(|region| !seen.contains(*region)) {
        faults.push(format!("its region `{region}` is missing from the list of its regions"));
    }
    faults
}
