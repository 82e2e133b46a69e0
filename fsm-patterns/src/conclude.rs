//! The end of a run: what was not done is settled, and the output is evaluated. Pure, like every
//! rule of a flow.

use fsm_http::ErrorKind;
use serde_json::Value;

use crate::context::{FlowContext, StepsOf};
use crate::plan::{Endpoint, Work};
use crate::request;
use crate::rules::Rules;
use crate::spec::Output;
use crate::step::{StepError, StepRecord, StepStatus};

impl Rules {
    /// Settles what is left as `rest` and evaluates the output.
    pub(crate) fn conclude(&self, context: &mut FlowContext, rest: StepStatus) {
        for (step, endpoint) in context.steps.iter_mut().zip(&self.plan.endpoints) {
            if step.status.is_some() {
                continue;
            }
            step.status = Some(rest);
            step.broken = true;
            // Nobody reads why in a proof.
            if self.proof.is_none() {
                let error = unfinished(step, endpoint, rest);
                step.error_value = Some(error.to_value());
                step.error = Some(error);
            }
        }
        context.error = None;
        let output = match (&self.proof, &self.plan.flow.output) {
            (Some(proof), _) => proof.output(rest),
            // The report names every step's output anyway; it is put together there.
            (None, None) => Ok(Value::Null),
            (None, Some(Output::Code(code))) => (code.run)(&context.outputs(&self.plan)),
            (None, Some(Output::Template(template))) => {
                let steps = StepsOf { plan: &self.plan, context };
                template.render(&steps.scope(&Value::Null)).map_err(|fault| fault.to_string())
            }
        };
        match output {
            Ok(output) => context.output = output,
            Err(why) => {
                let message = format!("`output` can't be made: {why}");
                context.error = Some(StepError::new(ErrorKind::Transform, message));
            }
        }
    }
}

/// Why a step was not done when the run ended.
pub(crate) fn unfinished(step: &StepRecord, endpoint: &Endpoint, rest: StepStatus) -> StepError {
    if step.cut && endpoint.call().is_some_and(request::is_unrepeatable) {
        return StepError::new(
            ErrorKind::UnknownOutcome,
            "the call was cut while it was under way; the server may have carried it out",
        );
    }
    let (kind, what) = match rest {
        StepStatus::TimedOut => (ErrorKind::Timeout, "the run's `total_timeout` passed"),
        _ => (ErrorKind::Cancelled, "the run was stopped"),
    };
    let when = match (&endpoint.work, step.attempts, step.began) {
        (Work::Call(_), 0, _) => "before the call began",
        (Work::Call(_), _, _) => "before the call was done",
        (Work::Wait(_), _, None) => "before the wait began",
        (Work::Wait(_), _, Some(_)) => "before the wait was over",
    };
    StepError::new(kind, format!("{what} {when}"))
}
