//! Steps that wait: a delay that is over, a signal that is heard, and the answers of a call that is
//! made until something is done.

use std::sync::Arc;

use fsm_core::Timestamp;
use fsm_http::ErrorKind;
use serde_json::Value;

use super::{FlowScene, Rules};
use crate::context::{FlowContext, StepsOf};
use crate::duration;
use crate::event::FlowEvent;
use crate::spec::{PollSpec, SignalSpec, Transform, When};
use crate::step::{Look, Rounds, StepError, StepStatus};

// The names of actions, as they are drawn.
pub(crate) const KEEP_DATA: &str = "keep data";
pub(crate) const TAKE_SIGNAL: &str = "take signal";
pub(crate) const LOOK: &str = "look at the answer";

impl Rules {
    /// A delay is over: what flowed in flows on.
    pub(super) fn keep_data(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(index) = self.step_of(scene) else { return };
        let data = context.steps[index].data.clone().unwrap_or_default();
        self.succeed(context, index, data);
    }

    pub(super) fn take_signal(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let (Some(index), Some(FlowEvent::Signal(heard))) = (self.step_of(scene), scene.event)
        else {
            return;
        };
        let Some(signal) = self.plan.endpoints[index].signal() else { return };
        match self.output_of_signal(context, index, signal, &heard.payload) {
            Ok(output) => self.succeed(context, index, output),
            Err(why) => context.steps[index].look = Look::Faulty(why),
        }
    }

    fn output_of_signal(
        &self,
        context: &FlowContext,
        index: usize,
        signal: &SignalSpec,
        payload: &Arc<Value>,
    ) -> Result<Arc<Value>, String> {
        match (&self.proof, &signal.transform_output) {
            (_, None) => Ok(payload.clone()),
            (Some(proof), Some(_)) => proof.transformed(index),
            (None, Some(Transform::Code(code))) => (code.run)(payload).map(Arc::new),
            (None, Some(Transform::Template(template))) => {
                let steps = StepsOf { plan: &self.plan, context };
                let rendered = template.render(&steps.scope(payload));
                rendered.map(Arc::new).map_err(|fault| fault.to_string())
            }
        }
    }

    /// Takes note of a good answer of a call that may be made again, and tells what it means.
    pub(super) fn look(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let (Some(index), Some(FlowEvent::Answered(answered))) = (self.step_of(scene), scene.event)
        else {
            return;
        };
        let Some(poll) = self.plan.endpoints[index].poll() else { return };
        self.charge(context, index, &answered.receipt);
        let look = match &self.proof {
            Some(proof) => proof.look(index),
            None => self.look_at(context, index, poll, &answered.output, scene.now),
        };
        let step = &mut context.steps[index];
        step.rounds = Rounds { requests: step.attempts, good: step.rounds.good.saturating_add(1) };
        step.http_status = Some(answered.http_status);
        step.latency_us = answered.latency_us;
        if look == Look::Done {
            self.succeed(context, index, answered.output.clone());
        }
        context.steps[index].look = look;
    }

    fn look_at(
        &self,
        context: &FlowContext,
        index: usize,
        poll: &PollSpec,
        output: &Value,
        now: Timestamp,
    ) -> Look {
        let holds = |condition: &When| match condition {
            When::Code(code) => Ok((code.run)(output)),
            When::Expression(expression) => {
                let steps = StepsOf { plan: &self.plan, context };
                expression.eval(&steps.scope(output)).map_err(|fault| fault.to_string())
            }
        };
        match holds(&poll.until) {
            Ok(true) => return Look::Done,
            Ok(false) => {}
            Err(why) => return Look::Faulty(format!("`until` can't be told: {why}")),
        }
        match poll.fail_if.as_ref().map(holds).transpose() {
            Ok(Some(true)) => return Look::Lost,
            Ok(Some(false) | None) => {}
            Err(why) => return Look::Faulty(format!("`fail_if` can't be told: {why}")),
        }
        let began = context.steps[index].began;
        match began.zip(poll.timeout) {
            Some((began, limit)) if now + poll.every > began + limit => Look::Late,
            Some(_) | None => Look::NotYet,
        }
    }

    fn succeed(&self, context: &mut FlowContext, index: usize, output: Arc<Value>) {
        let step = &mut context.steps[index];
        step.status = Some(StepStatus::Ok);
        step.output = Some(output);
        self.remember(context, index);
        self.carry(context, index);
    }

    /// The error of a step that has waited in vain.
    pub(super) fn in_vain(&self, context: &FlowContext, index: usize) -> Option<StepError> {
        let (endpoint, step) = (&self.plan.endpoints[index], &context.steps[index]);
        if let Some(signal) = endpoint.signal() {
            return Some(match &step.look {
                Look::Faulty(why) => {
                    StepError::new(ErrorKind::Transform, format!("transform_output: {why}"))
                }
                Look::NotYet | Look::Done | Look::Lost | Look::Late => {
                    let (name, limit) = (&signal.name, signal.timeout.unwrap_or_default());
                    let limit = duration::format(limit);
                    let message = format!("the signal `{name}` did not come within {limit}");
                    StepError::new(ErrorKind::Timeout, message)
                }
            });
        }
        let poll = endpoint.poll()?;
        let (kind, message) = match &step.look {
            Look::NotYet | Look::Done => return None,
            Look::Faulty(why) => (ErrorKind::Condition, why.clone()),
            Look::Lost => {
                let condition = poll.fail_if.as_ref().map(super::guard::condition);
                let condition = condition.unwrap_or_default();
                (ErrorKind::Contract, format!("the answer says that it failed: {condition}"))
            }
            Look::Late => {
                let limit = duration::format(poll.timeout.unwrap_or_default());
                let until = super::guard::condition(&poll.until);
                (ErrorKind::Timeout, format!("within {limit} it did not come to {until}"))
            }
        };
        Some(StepError { http_status: step.http_status, ..StepError::new(kind, message) })
    }

    /// What was found when the answer, or the signal, of the step was looked at.
    pub(super) fn looked<'a>(&self, context: &'a FlowContext, scene: &FlowScene<'_>) -> &'a Look {
        match self.step_of(scene) {
            Some(index) => &context.steps[index].look,
            None => &Look::NotYet,
        }
    }
}
