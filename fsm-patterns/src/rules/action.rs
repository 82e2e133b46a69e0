//! The way of a step that succeeds: it takes its data, is checked, is called, and keeps its output.

use std::sync::Arc;

use serde_json::Value;

use super::{FlowScene, Rules, micros};
use crate::context::{FlowContext, StepsOf};
use crate::event::FlowEvent;
use crate::plan::Unit;
use crate::spec::{Mode, Transform};
use crate::step::{StepStatus, Verdict};
use crate::usage::Receipt;

// The names of actions, as they are drawn.
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

impl Rules {
    pub(super) fn receive(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(unit) = self.unit_of(scene) else { return };
        // The first unit takes its data as the run begins.
        context.began.get_or_insert(scene.now);
        if let Unit::Endpoint(index) = unit
            && context.steps[index].began.is_some()
        {
            // A call that is made again goes on with the data of its step.
            return;
        }
        let data = match &self.proof {
            Some(proof) => proof.unknown.clone(),
            None => context.data_for(&self.plan, unit),
        };
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

    pub(super) fn check(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
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

    /// `$data` after `transform_input`.
    pub(crate) fn transformed(
        &self,
        context: &FlowContext,
        index: usize,
        raw: &Arc<Value>,
    ) -> Result<Arc<Value>, String> {
        let call = self.plan.endpoints[index].call();
        match call.and_then(|spec| spec.transform_input.as_ref()) {
            None => Ok(raw.clone()),
            Some(Transform::Code(code)) => (code.run)(raw).map(Arc::new),
            Some(Transform::Template(template)) => {
                let steps = StepsOf { plan: &self.plan, context };
                let rendered = template.render(&steps.scope(raw));
                rendered.map(Arc::new).map_err(|fault| fault.to_string())
            }
        }
    }

    /// Runs whenever a call's state is left. Should that come from outside, this is all that
    /// will be known of the step.
    pub(super) fn leave(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(index) = self.step_of(scene) else { return };
        let step = &mut context.steps[index];
        step.attempts = step.rounds.requests.saturating_add(scene.attempts);
        step.cut = scene.cut;
        if let Some(began) = step.began {
            step.elapsed_us = micros(scene.now.since(began));
        }
        if scene.cut {
            // Nobody is left to tell what went over the wire, save that something did.
            self.charge(
                context,
                index,
                &Receipt { requests: scene.attempts, ..Receipt::default() },
            );
        }
    }

    pub(super) fn keep_output(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
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
        if !answered.cached {
            self.remember(context, index);
        }
        self.carry(context, index);
    }

    /// Counts what a call used, which is more or less than the kernel's attempts: what was refused
    /// before it was sent is no request, and what was sent anew with fresh credentials is one more.
    pub(super) fn charge(&self, context: &mut FlowContext, index: usize, receipt: &Receipt) {
        let before = context.steps[index].rounds.requests;
        context.steps[index].attempts = before.saturating_add(receipt.requests);
        let resource = self.plan.endpoints[index].resource;
        // In a proof nothing is used.
        if let Some(usage) = resource.and_then(|resource| context.usage.get_mut(resource)) {
            match before {
                0 => usage.add(receipt),
                _ => usage.add_more(receipt),
            }
        }
    }

    /// Hands an output on along the chain.
    pub(super) fn carry(&self, context: &mut FlowContext, index: usize) {
        let container = self.plan.endpoints[index].container;
        match self.plan.containers[container].mode {
            Mode::Pipeline | Mode::Conditional => {
                let output = context.steps[index].output.clone().unwrap_or_default();
                context.containers[container].carried = output;
            }
            Mode::Sequential | Mode::Parallel | Mode::Fanout | Mode::Hybrid => {}
        }
    }

    pub(super) fn time_out(&self, context: &mut FlowContext, _: &FlowScene<'_>) {
        self.conclude(context, StepStatus::TimedOut);
        self.note_deadline(context);
    }
}
