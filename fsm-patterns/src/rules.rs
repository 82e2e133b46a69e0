//! The code behind the guards and actions of a flow's graph. All of it is pure: it reads and
//! writes the [`FlowContext`], and sees the time only as it is told.

use std::sync::Arc;

use fsm_core::{Bindings, Cause, GaveUp, Scene, Timestamp};
use fsm_http::ErrorKind;
use serde_json::Value;

use crate::context::{FlowContext, StepsOf};
use crate::event::{FlowEvent, Refusal};
use crate::plan::{Plan, Unit};
use crate::spec::{Handler, Mode, When};
use crate::step::{StepError, StepStatus, Verdict};
use crate::usage::Receipt;

/// Names of actions, as they are drawn.
pub(crate) mod action {
    pub(crate) const RECEIVE: &str = "take data";
    pub(crate) const CHECK: &str = "check";
    pub(crate) const LEAVE: &str = "leave";
    pub(crate) const KEEP_OUTPUT: &str = "keep output";
    pub(crate) const KEEP_ERROR: &str = "keep error";
    pub(crate) const KEEP_ERROR_AND_SKIP: &str = "keep error, skip the rest";
    pub(crate) const SKIP_THE_REST: &str = "skip the rest";
    pub(crate) const SKIP: &str = "skip";
    pub(crate) const FAIL_GROUP: &str = "fail the group";
    pub(crate) const HANDLE: &str = "handle error";
    pub(crate) const CONCLUDE: &str = "conclude";
    pub(crate) const TIME_OUT: &str = "time out";
}

/// Names of guards, as they are drawn.
pub(crate) mod guard {
    use crate::spec::When;

    pub(crate) const DEPENDENCY_FAILED: &str = "a dependency failed";
    pub(crate) const CONDITION_FAULTY: &str = "the condition can't be told";
    pub(crate) const UNKNOWN_OUTCOME: &str = "unknown outcome";
    pub(crate) const RECOVERED: &str = "recovered";
    pub(crate) const NOTHING_FAILED: &str = "nothing failed";

    pub(crate) fn tolerable(share: f64) -> String {
        format!("at most {}% failed", percent(share))
    }

    pub(crate) fn beyond(share: f64) -> String {
        format!("more than {}% failed", percent(share))
    }

    fn percent(share: f64) -> f64 {
        (share * 1e6).round() / 1e4
    }

    /// A condition is drawn as it is written.
    pub(crate) fn condition(condition: &When) -> String {
        match condition {
            When::Expression(expression) => expression.source().to_owned(),
            When::Code(code) => format!("{}()", code.name),
        }
    }
}

type FlowScene<'a> = Scene<'a, FlowEvent>;
type Act = fn(&Rules, &mut FlowContext, &FlowScene<'_>);
type Holds = fn(&Rules, &FlowContext, &FlowScene<'_>) -> bool;

/// The rules of one flow: its plan, and which unit each state belongs to.
pub(crate) struct Rules {
    pub(crate) plan: Plan,
    pub(crate) units: Vec<Option<Unit>>,
}

impl Rules {
    /// Binds every guard and action that the compiler writes.
    pub(crate) fn bind(
        self: &Arc<Self>,
        mut bindings: Bindings<FlowContext, FlowEvent>,
    ) -> Bindings<FlowContext, FlowEvent> {
        let actions: [(&str, Act); 12] = [
            (action::RECEIVE, Rules::receive),
            (action::CHECK, Rules::check),
            (action::LEAVE, Rules::leave),
            (action::KEEP_OUTPUT, Rules::keep_output),
            (action::KEEP_ERROR, Rules::keep_error),
            (action::KEEP_ERROR_AND_SKIP, Rules::keep_error_and_skip),
            (action::SKIP_THE_REST, Rules::skip_the_rest),
            (action::SKIP, Rules::skip),
            (action::FAIL_GROUP, Rules::fail_group),
            (action::HANDLE, Rules::handle),
            (action::CONCLUDE, |rules, context, _| rules.conclude(context, StepStatus::Cancelled)),
            (action::TIME_OUT, Rules::time_out),
        ];
        for (name, act) in actions {
            let rules = self.clone();
            bindings = bindings.action(name, move |context, scene| act(&rules, context, scene));
        }
        let guards: [(&str, Holds); 5] = [
            (guard::DEPENDENCY_FAILED, |rules, context, scene| {
                matches!(rules.verdict(context, scene), Verdict::Blocked(_))
            }),
            (guard::CONDITION_FAULTY, |rules, context, scene| {
                matches!(rules.verdict(context, scene), Verdict::Faulty(_))
            }),
            (guard::UNKNOWN_OUTCOME, |_, _, scene| {
                matches!(scene.event, Some(FlowEvent::Refused(refusal))
                    if refusal.error.kind == ErrorKind::UnknownOutcome)
            }),
            (guard::RECOVERED, |rules, context, scene| {
                let status = rules.step_of(scene).and_then(|step| context.steps[step].status);
                status == Some(StepStatus::Recovered)
            }),
            (guard::NOTHING_FAILED, |rules, context, _| rules.is_well(context)),
        ];
        for (name, holds) in guards {
            let rules = self.clone();
            bindings = bindings.guard(name, move |context, scene| holds(&rules, context, scene));
        }
        if let Some(share) = self.plan.flow.error_threshold {
            let rules = self.clone();
            bindings =
                bindings.guard(guard::tolerable(share), move |context, _| rules.is_well(context));
            let rules = self.clone();
            bindings = bindings
                .guard(guard::beyond(share), move |context, _| !rules.is_tolerable(context));
        }
        let units = (0..self.plan.endpoints.len()).map(Unit::Endpoint);
        for unit in units.chain((0..self.plan.containers.len()).map(Unit::Group)) {
            if let Some(condition) = self.plan.condition(unit) {
                let rules = self.clone();
                bindings = bindings.guard(guard::condition(condition), move |context, scene| {
                    matches!(rules.verdict(context, scene), Verdict::Go)
                });
            }
        }
        bindings
    }

    fn unit_of(&self, scene: &FlowScene<'_>) -> Option<Unit> {
        self.units.get(scene.state.index()).copied().flatten()
    }

    fn step_of(&self, scene: &FlowScene<'_>) -> Option<usize> {
        match self.unit_of(scene)? {
            Unit::Endpoint(index) => Some(index),
            Unit::Group(_) => None,
        }
    }

    fn verdict<'a>(&self, context: &'a FlowContext, scene: &FlowScene<'_>) -> &'a Verdict {
        match self.unit_of(scene) {
            Some(Unit::Endpoint(index)) => &context.steps[index].verdict,
            Some(Unit::Group(index)) => &context.containers[index].verdict,
            None => &Verdict::Open,
        }
    }

    fn receive(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(unit) = self.unit_of(scene) else { return };
        // The first unit takes its data as the run begins.
        context.began.get_or_insert(scene.now);
        let data = context.data_for(&self.plan, unit);
        match unit {
            Unit::Endpoint(index) => {
                let step = &mut context.steps[index];
                step.data = Some(data);
                step.began = Some(scene.now);
            }
            Unit::Group(index) => {
                context.containers[index].carried = data.clone();
                context.containers[index].data = data;
            }
        }
    }

    fn check(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(unit) = self.unit_of(scene) else { return };
        self.receive(context, scene);
        let verdict = match context.broken_dependency(&self.plan, unit) {
            Some(block) => Verdict::Blocked(block),
            None => self.evaluate(context, unit),
        };
        match unit {
            Unit::Endpoint(index) => context.steps[index].verdict = verdict,
            Unit::Group(index) => context.containers[index].verdict = verdict,
        }
    }

    fn evaluate(&self, context: &FlowContext, unit: Unit) -> Verdict {
        let Some(condition) = self.plan.condition(unit) else { return Verdict::Go };
        let data = match unit {
            Unit::Endpoint(index) => context.steps[index].data.clone().unwrap_or_default(),
            Unit::Group(index) => context.containers[index].data.clone(),
        };
        let held = match condition {
            When::Code(code) => Ok((code.run)(&data)),
            When::Expression(expression) => {
                let steps = StepsOf { plan: &self.plan, context };
                expression.eval(&steps.scope(&data))
            }
        };
        match held {
            Ok(true) => Verdict::Go,
            Ok(false) => Verdict::Declined,
            Err(fault) => Verdict::Faulty(fault.to_string()),
        }
    }

    /// Runs whenever a call's state is left. Should that come from outside, this is all that
    /// will be known of the step.
    fn leave(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(index) = self.step_of(scene) else { return };
        let step = &mut context.steps[index];
        step.attempts = scene.attempts;
        step.cut = scene.cut;
        if let Some(began) = step.began {
            step.elapsed_us = micros(scene.now.since(began));
        }
    }

    fn keep_output(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let (Some(index), Some(FlowEvent::Answered(answered))) = (self.step_of(scene), scene.event)
        else {
            return;
        };
        let step = &mut context.steps[index];
        step.status = Some(if answered.cached { StepStatus::Cached } else { StepStatus::Ok });
        step.output = Some(answered.output.clone());
        step.http_status = Some(answered.http_status);
        step.latency_us = answered.latency_us;
        self.charge(context, index, &answered.receipt);
        self.carry(context, index);
    }

    /// Counts what a call used, which is more or less than the kernel's attempts: what was refused
    /// before it was sent is no request, and what was sent anew with fresh credentials is one more.
    fn charge(&self, context: &mut FlowContext, index: usize, receipt: &Receipt) {
        context.steps[index].attempts = receipt.requests;
        if let Some(resource) = self.plan.endpoints[index].resource {
            context.usage[resource].add(receipt);
        }
    }

    /// Hands an output on along the chain.
    fn carry(&self, context: &mut FlowContext, index: usize) {
        let container = self.plan.endpoints[index].container;
        match self.plan.containers[container].mode {
            Mode::Pipeline | Mode::Conditional => {
                let output = context.steps[index].output.clone().unwrap_or_default();
                context.containers[container].carried = output;
            }
            Mode::Sequential | Mode::Parallel | Mode::Fanout | Mode::Hybrid => {}
        }
    }

    fn keep_error(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(index) = self.step_of(scene) else { return };
        // The verdict first: a check may run in the step of another call's refusal, whose event
        // is none of its business.
        let ends = context.began.zip(self.plan.flow.total_timeout);
        let ends = ends.map(|(began, limit)| began + limit);
        let error = match (&context.steps[index].verdict, scene.event) {
            (Verdict::Faulty(why), _) => {
                StepError::new(ErrorKind::Condition, format!("the condition can't be told: {why}"))
            }
            (_, Some(FlowEvent::Refused(refusal))) => {
                let step = &mut context.steps[index];
                step.http_status = refusal.error.http_status;
                step.latency_us = refusal.latency_us;
                self.charge(context, index, &refusal.receipt);
                final_error(refusal, scene, ends)
            }
            (_, None) if scene.cause == Cause::Failed(GaveUp::PastDeadline) => StepError::new(
                ErrorKind::RateLimited,
                "the rate limit allows the next request only past the end of `total_timeout`",
            ),
            (_, Some(FlowEvent::Answered(_)) | None) => {
                StepError::new(ErrorKind::Contract, "the call failed without saying why")
            }
        };
        self.fail(context, index, error);
    }

    fn fail(&self, context: &mut FlowContext, index: usize, error: StepError) {
        let step = &mut context.steps[index];
        step.status = Some(StepStatus::Failed);
        step.error_value = Some(error.to_value());
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

    fn handle(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(index) = self.step_of(scene) else { return };
        let Some(handler) = self.plan.handler(index) else { return };
        let step = &context.steps[index];
        let Some(error) = step.error.clone() else { return };
        let handled = match handler {
            Handler::Code(code) => (code.run)(&error),
            Handler::Template(template) => {
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
                step.error_value = Some(both.to_value());
                step.error = Some(both);
                self.lose(context, index);
            }
        }
    }

    /// `$data` after `transform_input`.
    pub(crate) fn transformed(
        &self,
        context: &FlowContext,
        index: usize,
        raw: &Arc<Value>,
    ) -> Result<Arc<Value>, String> {
        use crate::spec::Transform;
        match &self.plan.endpoints[index].spec.transform_input {
            None => Ok(raw.clone()),
            Some(Transform::Code(code)) => (code.run)(raw).map(Arc::new),
            Some(Transform::Template(template)) => {
                let steps = StepsOf { plan: &self.plan, context };
                let rendered = template.render(&steps.scope(raw));
                rendered.map(Arc::new).map_err(|fault| fault.to_string())
            }
        }
    }

    fn skip(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
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

    fn skip_step(&self, context: &mut FlowContext, index: usize, reason: &str, broken: bool) {
        let step = &mut context.steps[index];
        step.status = Some(StepStatus::Skipped);
        step.reason = Some(reason.to_owned());
        step.broken = broken;
    }

    fn fail_group(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
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

    fn keep_error_and_skip(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        self.keep_error(context, scene);
        self.skip_the_rest(context, scene);
    }

    /// In a pipeline: what comes after a failure is skipped.
    fn skip_the_rest(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(failed) = self.step_of(scene) else { return };
        let container = self.plan.endpoints[failed].container;
        let reason = format!("`{}` failed", self.plan.endpoints[failed].spec.name);
        for unit in &self.plan.containers[container].units {
            for index in self.plan.endpoints_in(*unit) {
                if context.steps[index].status.is_none() {
                    self.skip_step(context, index, &reason, true);
                }
            }
        }
    }

    /// While failed / declared endpoints stays within the threshold.
    fn is_tolerable(&self, context: &FlowContext) -> bool {
        let declared = self.plan.endpoints.len() as f64;
        let share = self.plan.flow.error_threshold.unwrap_or(0.0);
        f64::from(context.failed) / declared <= share
    }

    fn is_well(&self, context: &FlowContext) -> bool {
        let tolerable = match self.plan.flow.error_threshold {
            Some(_) if !self.plan.flow.fail_fast => self.is_tolerable(context),
            Some(_) | None => context.failed == 0,
        };
        tolerable && context.error.is_none()
    }

    fn time_out(&self, context: &mut FlowContext, _: &FlowScene<'_>) {
        self.conclude(context, StepStatus::TimedOut);
    }
}

/// The last error of a call, or `rate_limited` where a server asked for a longer wait than there
/// may be: where our own wait is the one that passes the end of the run, it is not to blame.
fn final_error(refusal: &Refusal, scene: &FlowScene<'_>, ends: Option<Timestamp>) -> StepError {
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
    let after = crate::duration::format(after);
    let message = format!("the server asks to wait {after}, {why}: {}", error.message);
    StepError { kind: ErrorKind::RateLimited, message, ..error }
}

pub(crate) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
