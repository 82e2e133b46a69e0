//! How a run stands that is not over: what each step does, and what those that wait wait for. It
//! follows from the snapshot alone.

use std::collections::HashMap;

use fsm_core::{Phase, Snapshot, StateId, Timestamp};

use crate::context::FlowContext;
use crate::flow::Flow;
use crate::plan::Unit;
use crate::report::{RunOutcome, RunReport, WaitsFor, report};
use crate::rules::micros;
use crate::step::StepStatus;

/// How a step stands where a token is.
struct Standing {
    status: StepStatus,
    waits_for: Option<WaitsFor>,
    attempts: u32,
}

impl Flow {
    /// The report of a run that goes on.
    ///
    /// # Complexity
    /// O(endpoints + tokens + timers * log(timers)).
    pub(crate) fn standing(&self, snapshot: &Snapshot<FlowContext>) -> RunReport {
        let mut standings = self.standings(snapshot);
        let mut context = snapshot.context().clone();
        for (index, step) in context.steps.iter_mut().enumerate() {
            let Some(standing) = standings.get(&index) else { continue };
            step.attempts += standing.attempts;
            step.elapsed_us = step.began.map_or(0, |began| micros(snapshot.now().since(began)));
        }
        let is_open: Vec<bool> = context.steps.iter().map(|step| step.status.is_none()).collect();
        let mut report = report(&self.rules.plan, context, RunOutcome::Waiting);
        for (index, step) in report.steps.values_mut().enumerate() {
            match standings.remove(&index) {
                Some(standing) => {
                    step.status = standing.status;
                    step.waits_for = standing.waits_for;
                }
                None if is_open[index] => step.status = StepStatus::Pending,
                None => {}
            }
        }
        report
    }

    /// The steps where tokens are, by index.
    fn standings(&self, snapshot: &Snapshot<FlowContext>) -> HashMap<usize, Standing> {
        let timers = self.machine.timers(snapshot);
        let mut due: HashMap<StateId, Timestamp> = HashMap::new();
        for timer in timers {
            due.entry(timer.state).or_insert(timer.at);
        }
        let standings = snapshot.tokens().filter_map(|(state, phase)| {
            let Some(Unit::Endpoint(index)) = self.rules.units[state.index()] else { return None };
            let status = match phase {
                Phase::Queued => StepStatus::Pending,
                Phase::Running => StepStatus::Running,
                Phase::Resting | Phase::Waiting | Phase::Delaying => StepStatus::Waiting,
                Phase::Owning | Phase::Moving | Phase::Free => return None,
            };
            let until = due.get(&state).copied();
            let signal = self.rules.plan.endpoints[index].signal();
            let signal = signal.map(|signal| signal.name.clone());
            let waits_for = (status == StepStatus::Waiting).then_some(WaitsFor { signal, until });
            let attempts = snapshot.attempts_at(state);
            Some((index, Standing { status, waits_for, attempts }))
        });
        standings.collect()
    }
}
