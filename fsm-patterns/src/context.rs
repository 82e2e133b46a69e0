//! The context of a running flow: what is known of every step. Plain data, part of the snapshot.

use std::sync::Arc;

use fsm_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::expr::{Scope, Steps};
use crate::plan::{Plan, Source, Unit};
use crate::session::Session;
use crate::spec::Mode;
use crate::step::{Block, StepError, StepRecord, StepStatus, Verdict};
use crate::undo::Undoing;
use crate::usage::Usage;

/// What a running flow knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowContext {
    pub(crate) run: String,
    pub(crate) input: Arc<Value>,
    /// When the first endpoint or group took its data.
    pub(crate) began: Option<Timestamp>,
    pub(crate) steps: Vec<StepRecord>,
    pub(crate) containers: Vec<ContainerRecord>,
    pub(crate) failed: u32,
    pub(crate) output: Value,
    pub(crate) error: Option<StepError>,
    /// By resource.
    #[serde(default)]
    pub(crate) usage: Vec<Usage>,
    #[serde(default, skip_serializing_if = "Undoing::is_empty")]
    pub(crate) undoing: Undoing,
    #[serde(skip)]
    pub(crate) session: Session,
}

/// What is known of the flow as a whole, or of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ContainerRecord {
    /// What flowed in.
    pub(crate) data: Arc<Value>,
    /// What the chain carries on.
    pub(crate) carried: Arc<Value>,
    /// Something within failed.
    pub(crate) broken: bool,
    pub(crate) verdict: Verdict,
    /// Its condition did not hold.
    pub(crate) declined: bool,
}

impl ContainerRecord {
    pub(crate) fn new(data: Arc<Value>) -> Self {
        let (carried, verdict) = (data.clone(), Verdict::default());
        Self { data, carried, broken: false, verdict, declined: false }
    }
}

impl FlowContext {
    pub(crate) fn new(plan: &Plan, run: String, input: Value) -> Self {
        let input = Arc::new(input);
        let null = Arc::new(Value::Null);
        let mut containers = vec![ContainerRecord::new(null); plan.containers.len()];
        containers[0] = ContainerRecord::new(input.clone());
        Self {
            run,
            input,
            began: None,
            steps: vec![StepRecord::default(); plan.endpoints.len()],
            containers,
            failed: 0,
            output: Value::Null,
            error: None,
            usage: vec![Usage::default(); plan.flow.resources.len()],
            undoing: Undoing::default(),
            session: Session::default(),
        }
    }

    /// The same, with why the run could not begin.
    pub(crate) fn with_error(self, error: StepError) -> Self {
        Self { error: Some(error), ..self }
    }

    /// `$data` of a unit that begins now.
    pub(crate) fn data_for(&self, plan: &Plan, unit: Unit) -> Arc<Value> {
        let around = &self.containers[plan.around(unit)];
        match plan.source(unit) {
            Source::Container => around.data.clone(),
            Source::Carried => around.carried.clone(),
            Source::Dependencies => match plan.depends_on(unit) {
                [one] => self.output_of(plan, *one),
                several => {
                    let mut object = Map::new();
                    for unit in several {
                        let name = plan.name(*unit).to_owned();
                        object.insert(name, Value::clone(&self.output_of(plan, *unit)));
                    }
                    Arc::new(Value::Object(object))
                }
            },
        }
    }

    /// What a settled unit gives to those that depend on it. A group gives what its chain
    /// carries, if it is a pipeline or conditional, else the outputs of its entries by name.
    fn output_of(&self, plan: &Plan, unit: Unit) -> Arc<Value> {
        let index = match unit {
            Unit::Endpoint(index) => {
                return self.steps[index].output.clone().unwrap_or_default();
            }
            Unit::Group(index) => index,
        };
        if self.containers[index].declined {
            return Arc::default();
        }
        match plan.containers[index].mode {
            Mode::Pipeline | Mode::Conditional => self.containers[index].carried.clone(),
            Mode::Sequential | Mode::Parallel | Mode::Fanout | Mode::Hybrid => {
                let outputs = plan.containers[index].units.iter().map(|unit| {
                    let output = Value::clone(&self.output_of(plan, *unit));
                    (plan.name(*unit).to_owned(), output)
                });
                Arc::new(Value::Object(outputs.collect()))
            }
        }
    }

    /// The first dependency that failed, or was skipped because of a failure, if there is one.
    pub(crate) fn broken_dependency(&self, plan: &Plan, unit: Unit) -> Option<Block> {
        let broken = |unit: &&Unit| match **unit {
            Unit::Endpoint(index) => self.steps[index].broken,
            Unit::Group(index) => self.containers[index].broken,
        };
        let dependency = *plan.depends_on(unit).iter().find(broken)?;
        let verdict = match dependency {
            Unit::Endpoint(index) => &self.steps[index].verdict,
            Unit::Group(index) => &self.containers[index].verdict,
        };
        let because = match verdict {
            Verdict::Blocked(Block { by, because }) => Some(because.as_ref().unwrap_or(by).clone()),
            Verdict::Open | Verdict::Go | Verdict::Declined | Verdict::Faulty(_) => None,
        };
        Some(Block { by: plan.name(dependency).to_owned(), because })
    }

    /// Writes down that what is within `container`, and around it, is no longer whole.
    pub(crate) fn break_around(&mut self, plan: &Plan, container: usize) {
        let mut level = Some(container);
        while let Some(index) = level {
            self.containers[index].broken = true;
            level = plan.containers[index].parent;
        }
    }

    /// The outputs of all endpoints with their names, in declared order, without a copy.
    pub(crate) fn named_outputs(&self, plan: &Plan) -> Vec<(Arc<str>, Arc<Value>)> {
        let outputs = plan.endpoints.iter().zip(&self.steps).map(|(endpoint, step)| {
            (endpoint.name.clone(), step.output.clone().unwrap_or_default())
        });
        outputs.collect()
    }

    /// The outputs of all endpoints by name, in declared order.
    pub(crate) fn outputs(&self, plan: &Plan) -> Map<String, Value> {
        let outputs = plan.endpoints.iter().zip(&self.steps).map(|(endpoint, step)| {
            let output = step.output.as_ref().map_or(Value::Null, |output| Value::clone(output));
            (endpoint.name.to_string(), output)
        });
        outputs.collect()
    }
}

/// `$steps` over a context.
pub(crate) struct StepsOf<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) context: &'a FlowContext,
}

impl StepsOf<'_> {
    fn record(&self, step: &str) -> Option<&StepRecord> {
        self.plan.by_name.get(step).map(|index| &self.context.steps[*index])
    }

    /// A scope with `$inputs`, `$steps`, and `$data`.
    pub(crate) fn scope<'a>(&'a self, data: &'a Value) -> Scope<'a> {
        Scope::new().inputs(&self.context.input).steps(self).data(data)
    }
}

impl Steps for StepsOf<'_> {
    fn output(&self, step: &str) -> Option<&Value> {
        self.record(step)?.output.as_deref()
    }

    fn status(&self, step: &str) -> Option<&str> {
        self.record(step)?.status.map(StepStatus::as_str)
    }

    fn error(&self, step: &str) -> Option<&Value> {
        self.record(step)?.error_value.as_ref()
    }
}

/// `$steps` as they stood when a call began, for what is evaluated while it is under way: only
/// the steps that are read there.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepsThen(Vec<(String, StepRecord)>);

impl StepsThen {
    pub(crate) fn of(plan: &Plan, context: &FlowContext, reads: &[usize]) -> Self {
        let read = |index: &usize| {
            let name = plan.endpoints[*index].name.to_string();
            (name, context.steps[*index].clone())
        };
        Self(reads.iter().map(read).collect())
    }

    fn record(&self, step: &str) -> Option<&StepRecord> {
        self.0.iter().find(|(name, _)| name == step).map(|(_, record)| record)
    }
}

impl Steps for StepsThen {
    fn output(&self, step: &str) -> Option<&Value> {
        self.record(step)?.output.as_deref()
    }

    fn status(&self, step: &str) -> Option<&str> {
        self.record(step)?.status.map(StepStatus::as_str)
    }

    fn error(&self, step: &str) -> Option<&Value> {
        self.record(step)?.error_value.as_ref()
    }
}
