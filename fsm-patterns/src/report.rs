//! What a run returns, in the words of the flow contract.

use fsm_core::Timestamp;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::context::FlowContext;
use crate::output::Output;
use crate::plan::Plan;
use crate::step::{StepError, StepRecord, StepStatus};
use crate::undo::{Left, UndoRecord, UndoStatus, left_undone};
use crate::usage::Usage;

/// How a run ended, or that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// As it should.
    Completed,
    /// With more failures than there may be.
    Failed,
    /// At its deadline.
    TimedOut,
    /// From outside.
    Cancelled,
    /// It is not over: it waits, and something may be under way.
    Waiting,
}

impl RunOutcome {
    /// The name in results.
    pub fn as_str(self) -> &'static str {
        match self {
            RunOutcome::Completed => "completed",
            RunOutcome::Failed => "failed",
            RunOutcome::TimedOut => "timed_out",
            RunOutcome::Cancelled => "cancelled",
            RunOutcome::Waiting => "waiting",
        }
    }
}

/// The result of a run. Serialised, it is the JSON object that the command prints; that of a run which
/// is over can be read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run's id.
    pub run: String,
    /// The flow's name.
    pub name: String,
    /// How it ended; [`RunOutcome::Waiting`] where it has not.
    pub outcome: RunOutcome,
    /// The value of the output template or merger, else the outputs by name; null while the run
    /// goes on.
    pub output: Output,
    /// Why it did not complete.
    pub error: Option<StepError>,
    /// Every endpoint by name, in declared order.
    pub steps: IndexMap<String, StepReport>,
    /// The steps whose effect stands, or may stand, though the run did not complete: those that
    /// were completed and not undone, and those that have an undo and whose call may have been
    /// carried out. In declared order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_undone: Vec<String>,
    /// What was used of each resource, by name, in declared order.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub usage: IndexMap<String, Usage>,
    /// Counts and latencies, unless the flow switches them off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
}

/// The result of one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// How it ended, or how it stands.
    pub status: StepStatus,
    /// What it waits for, where it does; a step of a run that is over waits for nothing.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsFor>,
    /// Requests sent.
    pub attempts: u32,
    /// The last attempt, from sending to decoded, in milliseconds.
    pub latency_ms: Option<f64>,
    /// The whole step with its waits, in milliseconds.
    pub elapsed_ms: f64,
    /// The status of the last answer.
    pub http_status: Option<u16>,
    /// What it gave.
    pub output: Output,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it failed; kept also where a handler stood in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
    /// What became of its undo, where one was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoReport>,
}

/// What became of the undo of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UndoReport {
    /// How it ended.
    pub status: UndoStatus,
    /// Requests sent.
    pub attempts: u32,
    /// The last attempt, from sending to decoded, in milliseconds.
    pub latency_ms: Option<f64>,
    /// The status of the last answer.
    pub http_status: Option<u16>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
}

/// What a step waits for. Where it names both, whichever comes first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WaitsFor {
    /// A signal from outside, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// A point in time, serialised as RFC 3339 has it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub until: Option<Timestamp>,
}

/// Counts and latencies of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Requests sent, all attempts counted.
    pub total_requests: u64,
    /// Successful attempts in percent of all; `None` without any.
    pub success_rate: Option<f64>,
    /// Failed attempts as a fraction of all; `None` without any.
    pub error_rate: Option<f64>,
    /// The mean latency of each endpoint's last attempt, in milliseconds; `None` without any.
    pub avg_latency_ms: Option<f64>,
}

pub(crate) fn report(plan: &Plan, mut context: FlowContext, outcome: RunOutcome) -> RunReport {
    // What is still to be undone will not be, once the run is over.
    let is_over = outcome != RunOutcome::Waiting;
    for step in std::mem::take(&mut context.undoing.completed) {
        let undo = &mut context.steps[step].undo;
        let was_due = is_over && outcome != RunOutcome::Completed;
        *undo = undo.take().or_else(|| was_due.then(|| Box::new(UndoRecord::cancelled())));
    }
    let left = left_undone(plan, &context, outcome);
    let metrics = plan.flow.metrics_enabled.then(|| metrics(&context.steps));
    let error = match outcome {
        RunOutcome::Completed | RunOutcome::Waiting => None,
        RunOutcome::Failed => Some(first_error(plan, &context)),
        RunOutcome::TimedOut => {
            let limit = plan.flow.total_timeout.map(crate::duration::format).unwrap_or_default();
            let message = format!("the run did not end within `total_timeout` ({limit})");
            Some(StepError::new(fsm_http::ErrorKind::Timeout, message))
        }
        RunOutcome::Cancelled => {
            Some(StepError::new(fsm_http::ErrorKind::Cancelled, "the run was cancelled"))
        }
    };
    let error = error.map(|error| with_left(plan, error, &left));
    let output = match plan.flow.output {
        _ if outcome == RunOutcome::Waiting => Output::from(Value::Null),
        Some(_) => Output::from(std::mem::take(&mut context.output)),
        None => Output::by_name(context.named_outputs(plan)),
    };
    let resources = plan.flow.resources.iter().map(|resource| resource.name.clone());
    let usage = resources.zip(std::mem::take(&mut context.usage)).collect();
    let names = plan.endpoints.iter().map(|endpoint| endpoint.name.to_string());
    let steps = names.zip(context.steps.into_iter().map(step)).collect();
    RunReport {
        run: context.run,
        name: plan.flow.name.clone(),
        outcome,
        output,
        error,
        steps,
        left_undone: left.iter().map(|left| name_of(plan, left).to_owned()).collect(),
        usage,
        metrics,
    }
}

/// The error of a run, with what it leaves behind.
fn with_left(plan: &Plan, error: StepError, left: &[Left]) -> StepError {
    if left.is_empty() {
        return error;
    }
    let names = left.iter().map(|left| format!("{} ({})", name_of(plan, left), left.why));
    let names = names.collect::<Vec<_>>().join(", ");
    StepError { message: format!("{}; left undone: {names}", error.message), ..error }
}

fn name_of<'a>(plan: &'a Plan, left: &Left) -> &'a str {
    &plan.endpoints[left.step].name
}

/// The error of the run as a whole, or of the first endpoint that failed.
fn first_error(plan: &Plan, context: &FlowContext) -> StepError {
    if let Some(error) = &context.error {
        return error.clone();
    }
    let mut steps = plan.endpoints.iter().zip(&context.steps);
    let failed = steps.find(|(_, step)| step.status == Some(StepStatus::Failed));
    match failed.and_then(|(endpoint, step)| Some((endpoint, step.error.clone()?))) {
        Some((endpoint, error)) => {
            let message = format!("`{}` failed: {}", endpoint.name, error.message);
            StepError { message, ..error }
        }
        None => StepError::new(fsm_http::ErrorKind::Contract, "the run failed"),
    }
}

fn step(record: StepRecord) -> StepReport {
    StepReport {
        status: record.status.unwrap_or(StepStatus::Cancelled),
        waits_for: None,
        attempts: record.attempts,
        latency_ms: record.latency_us.map(millis),
        elapsed_ms: millis(record.elapsed_us),
        http_status: record.http_status,
        output: record.output.unwrap_or_default().into(),
        reason: record.reason,
        error: record.error,
        undo: record.undo.map(|undo| UndoReport {
            status: undo.status,
            attempts: undo.attempts,
            latency_ms: undo.latency_us.map(millis),
            http_status: undo.http_status,
            error: undo.error,
        }),
    }
}

fn rfc3339<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::to_rfc3339).serialize(serializer)
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

fn metrics(steps: &[StepRecord]) -> Metrics {
    let undos = || steps.iter().filter_map(|step| step.undo.as_deref());
    let attempts = steps.iter().map(|step| step.attempts);
    let attempts = attempts.chain(undos().map(|undo| undo.attempts));
    let total: u64 = attempts.map(u64::from).sum();
    // An answer that the server said is still good was asked for, too.
    let is_good = |step: &&StepRecord| {
        matches!(step.status, Some(StepStatus::Ok | StepStatus::Cached)) && step.attempts > 0
    };
    // Of a call that is made again, every answer that says "not yet" is one.
    let good = steps.iter().map(|step| match step.rounds.good {
        0 => u64::from(is_good(&step)),
        answers => u64::from(answers),
    });
    let undone = undos().filter(|undo| undo.status == UndoStatus::Ok).count() as u64;
    let good: u64 = good.sum::<u64>() + undone;
    let latencies = steps.iter().filter_map(|step| step.latency_us);
    let latencies: Vec<u64> = latencies.chain(undos().filter_map(|undo| undo.latency_us)).collect();
    // Divided last, so that 1 of 10 is 0.1 and not 0.09999999999999998.
    let share = |of: u64| (total > 0).then(|| of as f64 / total as f64);
    let mean = |sum: u64| millis(sum) / latencies.len() as f64;
    Metrics {
        total_requests: total,
        success_rate: share(good * 100),
        error_rate: share(total.saturating_sub(good)),
        avg_latency_ms: (!latencies.is_empty()).then(|| mean(latencies.iter().sum())),
    }
}
