//! The code behind the guards and actions of a flow's graph. All of it is pure: it reads and
//! writes the [`FlowContext`], and sees the time only as it is told.
//!
//! | module | what it holds |
//! |---|---|
//! | `guard` | what a transition asks |
//! | `action` | a step takes its data, is checked, and keeps its output |
//! | `failure` | what is left of a step that does not succeed: its error, its handler, what it skips |
//! | `wait` | a step waits, and something comes, or does not |
//! | `undo` | what was completed is undone, if the run fails |
//! | `proof` | what stands in for data, where the rules are proven and not run |

pub(crate) mod action;
mod failure;
pub(crate) mod guard;
pub(crate) mod proof;
pub(crate) mod undo;
pub(crate) mod wait;

use std::collections::HashMap;
use std::sync::Arc;

use fsm_core::{Bindings, Scene, StateId};
use fsm_http::ErrorKind;

use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::plan::{Endpoint, Errand, Plan, Unit};
use crate::step::{Look, StepStatus, Verdict};
use proof::Proof;

type FlowScene<'a> = Scene<'a, FlowEvent>;
type Act = fn(&Rules, &mut FlowContext, &FlowScene<'_>);
type Holds = fn(&Rules, &FlowContext, &FlowScene<'_>) -> bool;

/// The rules of one flow: its plan, and which unit each state belongs to.
pub(crate) struct Rules {
    pub(crate) plan: Arc<Plan>,
    pub(crate) units: Arc<[Option<Unit>]>,
    /// The states that undo, each with its number among the plan's undos.
    pub(crate) undos: Arc<HashMap<StateId, usize>>,
    /// Set where there is no data: the same rules, and an oracle for what only data could tell.
    pub(crate) proof: Option<Proof>,
}

impl Rules {
    /// Binds every guard and action that the compiler writes.
    pub(crate) fn bind(
        self: &Arc<Self>,
        mut bindings: Bindings<FlowContext, FlowEvent>,
    ) -> Bindings<FlowContext, FlowEvent> {
        let actions: [(&str, Act); 18] = [
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
            (wait::KEEP_DATA, Rules::keep_data),
            (wait::TAKE_SIGNAL, Rules::take_signal),
            (wait::LOOK, Rules::look),
            (undo::LEAVE, Rules::leave_undo),
            (undo::KEEP_UNDONE, Rules::keep_undone),
            (undo::KEEP_NOT_UNDONE, Rules::keep_not_undone),
        ];
        for (name, act) in actions {
            let rules = self.clone();
            bindings = bindings.action(name, move |context, scene| act(&rules, context, scene));
        }
        let guards: [(&str, Holds); 7] = [
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
            (guard::LOOK_FAULTY, |rules, context, scene| {
                matches!(rules.looked(context, scene), Look::Faulty(_))
            }),
            (undo::IS_LATE, |_, context, _| context.undoing.is_late),
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
        for undo in &self.plan.undos {
            let (rules, step) = (self.clone(), undo.step);
            let name = undo::is_next(&self.plan.endpoints[step].name);
            bindings = bindings.guard(name, move |context, _| rules.is_next(context, step));
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
        self.bind_polls(bindings)
    }

    fn bind_polls(
        self: &Arc<Self>,
        mut bindings: Bindings<FlowContext, FlowEvent>,
    ) -> Bindings<FlowContext, FlowEvent> {
        for poll in self.plan.endpoints.iter().filter_map(Endpoint::poll) {
            let found = [
                Some((guard::until(&poll.until), Look::Done)),
                poll.fail_if.as_ref().map(|failed| (guard::fail_if(failed), Look::Lost)),
                poll.timeout.map(|limit| (guard::too_late(limit), Look::Late)),
            ];
            for (name, look) in found.into_iter().flatten() {
                let rules = self.clone();
                bindings = bindings
                    .guard(name, move |context, scene| *rules.looked(context, scene) == look);
            }
        }
        bindings
    }

    fn unit_of(&self, scene: &FlowScene<'_>) -> Option<Unit> {
        self.units.get(scene.state.index()).copied().flatten()
    }

    /// What the state of a call is there for; `None` for any other state.
    pub(crate) fn errand(&self, state: StateId) -> Option<Errand> {
        match self.units.get(state.index()).copied().flatten() {
            Some(Unit::Endpoint(index)) => Some(Errand::Step(index)),
            Some(Unit::Group(_)) => None,
            None => self.undos.get(&state).copied().map(Errand::Undo),
        }
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
}

pub(crate) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
