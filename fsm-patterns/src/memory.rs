//! What a proof has to remember of a run. Two runs that stand at the same states go on alike if
//! they agree in what a guard can still look at, and a guard looks at very little: whether
//! something broke that a check will ask for, what status a condition will read, and how many
//! steps failed.

use std::collections::HashMap;

use fsm_core::{Graph, StateId};

use crate::context::{ContainerRecord, FlowContext};
use crate::plan::{Plan, Unit};
use crate::rules::Rules;
use crate::rules::proof::statuses_of;
use crate::spec::When;
use crate::step::StepRecord;
use crate::undo::Undoing;

/// Who looks at what.
#[derive(Debug)]
pub(crate) struct Memory {
    /// By endpoint: the checks that ask whether it broke.
    endpoints: Vec<Vec<StateId>>,
    /// By container: the same.
    containers: Vec<Vec<StateId>>,
    /// By endpoint: the checks whose condition reads its status.
    statuses: Vec<Vec<StateId>>,
    /// Where it is told how the run ends.
    settles: Option<StateId>,
    /// Where it is asked what is to be undone, and where it is told that nothing is.
    undoes: Vec<StateId>,
    /// As many failures as this are as good as more.
    most_failures: u32,
}

impl Memory {
    /// # Complexity
    /// O(endpoints + dependencies + what conditions read).
    pub(crate) fn new(rules: &Rules, graph: &Graph) -> Self {
        let plan = &rules.plan;
        let mut memory = Self {
            endpoints: vec![Vec::new(); plan.endpoints.len()],
            containers: vec![Vec::new(); plan.containers.len()],
            statuses: vec![Vec::new(); plan.endpoints.len()],
            settles: graph.state("run settles"),
            undoes: ["run undoes", "run failed", "run timed out"]
                .iter()
                .filter_map(|name| graph.state(name))
                .collect(),
            most_failures: rules.most_failures(),
        };
        let checks = checks(plan, graph);
        for (unit, check) in &checks {
            for before in plan.depends_on(*unit) {
                match before {
                    Unit::Endpoint(index) => memory.endpoints[*index].push(*check),
                    Unit::Group(index) => memory.containers[*index].push(*check),
                }
            }
            let Some(When::Expression(condition)) = plan.condition(*unit) else { continue };
            for name in statuses_of(condition).unwrap_or_default() {
                memory.statuses[plan.by_name[&name]].push(*check);
            }
        }
        memory
    }

    /// Whether any condition reads the status of an endpoint.
    pub(crate) fn is_status_read(&self, index: usize) -> bool {
        !self.statuses[index].is_empty()
    }

    /// Takes from a context what nobody can look at any more.
    pub(crate) fn forget(&self, context: &mut FlowContext, live: impl Fn(StateId) -> bool) {
        let lives = |states: &[StateId]| states.iter().any(|state| live(*state));
        for (index, step) in context.steps.iter_mut().enumerate() {
            let broken = step.broken && lives(&self.endpoints[index]);
            let status = step.status.filter(|_| lives(&self.statuses[index]));
            *step = StepRecord { broken, status, ..StepRecord::default() };
        }
        for (index, container) in context.containers.iter_mut().enumerate() {
            let broken = container.broken && lives(&self.containers[index]);
            let unknown = context.input.clone();
            *container = ContainerRecord { broken, ..ContainerRecord::new(unknown) };
        }
        let is_counted = self.settles.is_some_and(&live);
        context.failed = if is_counted { context.failed.min(self.most_failures) } else { 0 };
        if !lives(&self.undoes) {
            context.undoing = Undoing::default();
        }
        context.began = None;
        context.output = serde_json::Value::Null;
        context.error = None;
        context.usage.clear();
    }
}

/// The states where it is decided whether a unit begins.
fn checks(plan: &Plan, graph: &Graph) -> HashMap<Unit, StateId> {
    let endpoints = (0..plan.endpoints.len()).map(Unit::Endpoint);
    let units = endpoints.chain((0..plan.containers.len()).map(Unit::Group));
    let checked = units.filter(|unit| plan.is_checked(*unit));
    checked
        .filter_map(|unit| Some((unit, graph.state(&format!("{}.check", plan.name(unit)))?)))
        .collect()
}
