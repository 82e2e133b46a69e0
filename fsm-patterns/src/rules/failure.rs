//! What is left of a step that does not succeed: its error, its handler, and the steps that are
//! skipped because of it.

use std::sync::Arc;

use fsm_core::{Cause, GaveUp, Timestamp};
use fsm_http::{ErrorKind, InWords};
use serde_json::Value;

use super::{FlowScene, Rules, guard};
use crate::context::{FlowContext, StepsOf};
use crate::event::{FlowEvent, Refusal};
use crate::plan::Unit;
use crate::spec::Handler;
use crate::step::{StepError, StepStatus, Verdict};
use crate::usage::Receipt;

impl Rules {
    pub(super) fn keep_error(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(index) = self.step_of(scene) else { return };
        // The verdict first: a check may run in the step of another call's refusal, whose event
        // is none of its business.
        let ends = context.began.zip(self.plan.flow.total_timeout);
        let ends = ends.map(|(began, limit)| began + limit);
        let in_vain = self.in_vain(context, index);
        let error = match (&context.steps[index].verdict, in_vain, scene.event) {
            (Verdict::Faulty(why), _, _) => {
                StepError::new(ErrorKind::Condition, format!("the condition can't be told: {why}"))
            }
            (_, Some(error), _) => error,
            (_, None, Some(FlowEvent::Refused(refusal))) => {
                let step = &mut context.steps[index];
                step.http_status = refusal.error.http_status;
                step.latency_us = refusal.latency_us;
                self.charge(context, index, &refusal.receipt);
                final_error(refusal, scene, ends)
            }
            (_, None, None) if scene.cause == Cause::Failed(GaveUp::PastDeadline) => {
                // Nobody tells of the attempts before, save the kernel.
                let receipt = Receipt { requests: scene.attempts, ..Receipt::default() };
                self.charge(context, index, &receipt);
                StepError::new(
                    ErrorKind::RateLimited,
                    "the rate limit allows the next request only past the end of `total_timeout`",
                )
            }
            (_, None, Some(FlowEvent::Answered(_) | FlowEvent::Signal(_)) | None) => {
                StepError::new(ErrorKind::Contract, "the call failed without saying why")
            }
        };
        self.fail(context, index, error);
    }

    fn fail(&self, context: &mut FlowContext, index: usize, error: StepError) {
        let step = &mut context.steps[index];
        step.status = Some(StepStatus::Failed);
        step.error_value = self.shown(&error);
        step.error = Some(error);
        // A handler may still stand in for it.
        if self.plan.handler(index).is_none() {
            self.lose(context, index);
        }
    }

    /// Counts a step as failed for good.
    fn lose(&self, context: &mut FlowContext, index: usize) {
        context.failed += 1;
        context.steps[index].broken = true;
        context.break_around(&self.plan, self.plan.endpoints[index].container);
    }

    pub(super) fn handle(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(index) = self.step_of(scene) else { return };
        let Some(handler) = self.plan.handler(index) else { return };
        let step = &context.steps[index];
        let Some(error) = step.error.clone() else { return };
        let handled = match (&self.proof, handler) {
            (Some(proof), _) => proof.handled(index),
            (None, Handler::Code(code)) => (code.run)(&error),
            (None, Handler::Template(template)) => {
                let steps = StepsOf { plan: &self.plan, context };
                let raw = step.data.clone().unwrap_or_default();
                let data = self.transformed(context, index, &raw).unwrap_or(raw);
                let object = error.to_value();
                template
                    .render(&steps.scope(&data).error(&object))
                    .map_err(|fault| fault.to_string())
            }
        };
        match handled {
            Ok(output) => {
                let step = &mut context.steps[index];
                step.status = Some(StepStatus::Recovered);
                step.output = Some(Arc::new(output));
                self.carry(context, index);
            }
            Err(why) => {
                let step = &mut context.steps[index];
                let message = format!("the error handler failed: {why}; it was to handle: {error}");
                let both = StepError { kind: ErrorKind::Transform, message, ..error };
                step.error_value = self.shown(&both);
                step.error = Some(both);
                self.lose(context, index);
            }
        }
    }

    pub(super) fn fail_group(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(unit) = self.unit_of(scene) else { return };
        let Verdict::Faulty(why) = self.verdict(context, scene).clone() else { return };
        for index in self.plan.endpoints_in(unit) {
            let name = self.plan.name(unit);
            let message = format!("the condition of group `{name}` can't be told: {why}");
            self.fail(context, index, StepError::new(ErrorKind::Condition, message));
            if self.plan.handler(index).is_some() {
                self.lose(context, index);
            }
        }
    }

    pub(super) fn keep_error_and_skip(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        self.keep_error(context, scene);
        self.skip_the_rest(context, scene);
    }

    /// In a pipeline: what comes after a failure is skipped.
    pub(super) fn skip_the_rest(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(failed) = self.step_of(scene) else { return };
        let container = self.plan.endpoints[failed].container;
        let reason = format!("`{}` failed", self.plan.endpoints[failed].name);
        for unit in &self.plan.containers[container].units {
            for index in self.plan.endpoints_in(*unit) {
                if context.steps[index].status.is_none() {
                    self.skip_step(context, index, &reason, true);
                }
            }
        }
    }

    pub(super) fn skip(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(unit) = self.unit_of(scene) else { return };
        let (reason, broken) = match self.verdict(context, scene) {
            Verdict::Blocked(block) => (block.to_string(), true),
            Verdict::Open | Verdict::Go | Verdict::Declined | Verdict::Faulty(_) => {
                let source = self.plan.condition(unit).map(guard::condition).unwrap_or_default();
                (format!("condition does not hold: {source}"), false)
            }
        };
        if let Unit::Group(index) = unit {
            context.containers[index].declined = true;
            context.containers[index].broken = broken;
        }
        for step in self.plan.endpoints_in(unit) {
            self.skip_step(context, step, &reason, broken);
        }
    }

    /// What `$steps.NAME.error` stands for; a proof has nobody who reads it.
    fn shown(&self, error: &StepError) -> Option<Value> {
        self.proof.is_none().then(|| error.to_value())
    }

    fn skip_step(&self, context: &mut FlowContext, index: usize, reason: &str, broken: bool) {
        let step = &mut context.steps[index];
        step.status = Some(StepStatus::Skipped);
        step.reason = Some(reason.to_owned());
        step.broken = broken;
    }
}

/// The last error of a call, or `rate_limited` where a server asked for a longer wait than there
/// may be: where our own wait is the one that passes the end of the run, it is not to blame.
pub(super) fn final_error(
    refusal: &Refusal,
    scene: &FlowScene<'_>,
    ends: Option<Timestamp>,
) -> StepError {
    let gave_up = match scene.cause {
        Cause::Failed(gave_up) | Cause::TimedOut(gave_up) => gave_up,
        Cause::Always | Cause::Event | Cause::Done | Cause::After | Cause::Cancel => {
            GaveUp::NotRetryable
        }
    };
    let error = refusal.error.clone();
    let Some(after) = refusal.retry_after else { return error };
    let why = match gave_up {
        GaveUp::WaitTooLong => "longer than `retry_max_wait`",
        GaveUp::PastDeadline if ends.is_some_and(|ends| ends <= scene.now + after) => {
            "past the end of `total_timeout`"
        }
        GaveUp::PastDeadline | GaveUp::NotRetryable | GaveUp::Exhausted => return error,
    };
    let wait = InWords(after);
    let message = format!("the server asks to wait {wait}, {why}: {}", error.message);
    StepError { kind: ErrorKind::RateLimited, message, ..error }
}
