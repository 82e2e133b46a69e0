//! What a transition asks: the names of guards, as they are drawn, and what they look at.

use std::time::Duration;

use super::Rules;
use crate::context::{FlowContext, StepsOf};
use crate::duration;
use crate::plan::Unit;
use crate::spec::When;
use crate::step::Verdict;

pub(crate) const DEPENDENCY_FAILED: &str = "a dependency failed";
pub(crate) const CONDITION_FAULTY: &str = "the condition can't be told";
pub(crate) const UNKNOWN_OUTCOME: &str = "unknown outcome";
pub(crate) const RECOVERED: &str = "recovered";
pub(crate) const NOTHING_FAILED: &str = "nothing failed";

/// What an answer or a signal means to its step can't be told.
pub(crate) const LOOK_FAULTY: &str = "what came can't be told";

/// Something is done, and the call is not made again. The first words tell it from a condition of
/// the same text.
pub(crate) fn until(done: &When) -> String {
    format!("until: {}", condition(done))
}

/// Something failed, and the call is not made again.
pub(crate) fn fail_if(failed: &When) -> String {
    format!("fail_if: {}", condition(failed))
}

/// Another wait would pass the step's time.
pub(crate) fn too_late(limit: Duration) -> String {
    format!("no time left of {}", duration::format(limit))
}

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

impl Rules {
    /// Whether a unit's condition holds.
    pub(super) fn evaluate(&self, context: &FlowContext, unit: Unit) -> Verdict {
        let Some(condition) = self.plan.condition(unit) else { return Verdict::Go };
        if let Some(told) = self.proof.as_ref().and_then(|proof| proof.condition(unit)) {
            return told;
        }
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

    /// While failed / declared endpoints stays within the threshold.
    pub(super) fn is_tolerable(&self, context: &FlowContext) -> bool {
        self.tolerates(context.failed)
    }

    fn tolerates(&self, failed: u32) -> bool {
        let declared = self.plan.endpoints.len() as f64;
        let share = self.plan.flow.error_threshold.unwrap_or(0.0);
        f64::from(failed) / declared <= share
    }

    pub(super) fn is_well(&self, context: &FlowContext) -> bool {
        self.is_well_after(context.failed) && context.error.is_none()
    }

    fn is_well_after(&self, failed: u32) -> bool {
        match self.plan.flow.error_threshold {
            Some(_) if !self.plan.flow.fail_fast => self.tolerates(failed),
            Some(_) | None => failed == 0,
        }
    }

    /// The count of failures from which on nothing changes any more by others.
    pub(crate) fn most_failures(&self) -> u32 {
        let declared = u32::try_from(self.plan.endpoints.len()).unwrap_or(u32::MAX);
        (0..=declared).find(|failed| !self.is_well_after(*failed)).unwrap_or(declared)
    }
}
