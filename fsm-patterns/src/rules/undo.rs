//! What was completed is undone: which step is next, and what is kept of the calls that undo.

use fsm_core::Scene;
use fsm_http::ErrorKind;

use super::{FlowScene, Rules};
use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::plan::Plan;
use crate::step::StepError;
use crate::undo::{UndoRecord, UndoStatus};
use crate::usage::Receipt;

// The names of actions and guards, as they are drawn.
pub(crate) const LEAVE: &str = "leave undo";
pub(crate) const KEEP_UNDONE: &str = "keep undone";
pub(crate) const KEEP_NOT_UNDONE: &str = "keep failed undo";
pub(crate) const IS_LATE: &str = "the deadline has passed";

/// The guard before the undo of a step.
pub(crate) fn is_next(step: &str) -> String {
    format!("{step} is to be undone")
}

impl Rules {
    /// A step was completed: it is the first to be undone, should the run fail now.
    pub(super) fn remember(&self, context: &mut FlowContext, index: usize) {
        if self.plan.endpoints[index].undo.is_none() {
            return;
        }
        let completed = &mut context.undoing.completed;
        completed.push(index);
        if self.proof.is_some() {
            // Whichever was last, it is asked for where that matters.
            completed.sort_unstable();
        }
    }

    /// The deadline came: what was completed is undone all the same.
    pub(super) fn note_deadline(&self, context: &mut FlowContext) {
        if self.plan.undos.is_empty() {
            return;
        }
        context.undoing.is_late = true;
        if self.guesses(context) {
            context.undoing.completed = self.plan.undos.iter().map(|undo| undo.step).collect();
        }
    }

    /// Whether nobody knows what was completed: a proof need not look at every moment at which the
    /// deadline may cut calls that run side by side, so what they had come to by then may be
    /// anything. What ends a run early by itself is looked at wherever it may happen.
    fn guesses(&self, context: &FlowContext) -> bool {
        self.proof.is_some() && context.undoing.is_late && is_guessed(&self.plan)
    }

    /// Whether a step is the next to be undone: of those that were completed, the last one.
    pub(super) fn is_next(&self, context: &FlowContext, step: usize) -> bool {
        let completed = &context.undoing.completed;
        let Some(proof) = &self.proof else { return completed.last() == Some(&step) };
        // The guards are asked in declared order: if it is none of those before, it is the last.
        let is_last = completed.last() == Some(&step) && !self.guesses(context);
        is_last || completed.contains(&step) && proof.is_next(step)
    }

    /// Runs whenever the state of an undo is left. Should that come from outside, this is all that
    /// will be known of it.
    pub(super) fn leave_undo(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(number) = self.undo_of(scene) else { return };
        let record =
            UndoRecord { attempts: scene.attempts, cut: scene.cut, ..UndoRecord::cancelled() };
        self.keep(context, number, record);
        if scene.cut {
            let receipt = Receipt { requests: scene.attempts, ..Receipt::default() };
            self.charge_undo(context, number, &receipt);
        }
    }

    pub(super) fn keep_undone(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let (Some(number), Some(FlowEvent::Answered(answered))) =
            (self.undo_of(scene), scene.event)
        else {
            return;
        };
        let record = UndoRecord {
            status: UndoStatus::Ok,
            latency_us: answered.latency_us,
            http_status: Some(answered.http_status),
            ..UndoRecord::cancelled()
        };
        self.keep(context, number, record);
        self.charge_undo(context, number, &answered.receipt);
        context.undoing.settle(self.plan.undos[number].step);
    }

    pub(super) fn keep_not_undone(&self, context: &mut FlowContext, scene: &FlowScene<'_>) {
        let Some(number) = self.undo_of(scene) else { return };
        let failed = UndoRecord { status: UndoStatus::Failed, ..UndoRecord::cancelled() };
        let (record, receipt) = match scene.event {
            Some(FlowEvent::Refused(refusal)) => {
                let error = super::failure::final_error(refusal, scene, None);
                let record = UndoRecord {
                    latency_us: refusal.latency_us,
                    http_status: refusal.error.http_status,
                    error: Some(error),
                    ..failed
                };
                (record, refusal.receipt.clone())
            }
            Some(FlowEvent::Answered(_) | FlowEvent::Signal(_)) | None => {
                let message = "the call failed without saying why";
                let error = Some(StepError::new(ErrorKind::Contract, message));
                let receipt = Receipt { requests: scene.attempts, ..Receipt::default() };
                (UndoRecord { error, ..failed }, receipt)
            }
        };
        self.keep(context, number, record);
        self.charge_undo(context, number, &receipt);
        context.undoing.settle(self.plan.undos[number].step);
    }

    fn keep(&self, context: &mut FlowContext, number: usize, record: UndoRecord) {
        let step = &mut context.steps[self.plan.undos[number].step];
        step.undo = Some(Box::new(record));
    }

    fn charge_undo(&self, context: &mut FlowContext, number: usize, receipt: &Receipt) {
        let undo = &self.plan.undos[number];
        if let Some(record) = &mut context.steps[undo.step].undo {
            record.attempts = receipt.requests;
        }
        // In a proof nothing is used.
        let resource = undo.call.resource;
        if let Some(usage) = resource.and_then(|resource| context.usage.get_mut(resource)) {
            usage.add(receipt);
        }
    }

    fn undo_of(&self, scene: &Scene<'_, FlowEvent>) -> Option<usize> {
        self.undos.get(&scene.state).copied()
    }
}

/// Whether a proof leaves open what was completed when the deadline came: where calls run side by
/// side and none of them ends the run by itself.
pub(crate) fn is_guessed(plan: &Plan) -> bool {
    let has_branches = plan.containers.iter().any(|container| !container.mode.is_chain());
    has_branches && !plan.flow.fail_fast && plan.flow.error_threshold.is_none()
}
