//! What a run remembers, under the numbers of a changed flow.

use std::collections::HashMap;
use std::sync::Arc;

use super::migration::Migration;
use super::obstacle::FlowObstacle;
use crate::context::{ContainerRecord, FlowContext};
use crate::plan::Plan;
use crate::step::{StepRecord, StepStatus};
use crate::undo::Undoing;
use crate::usage::Usage;

/// By number in the new flow, the number in the old one.
type Numbers = Vec<Option<usize>>;

/// What of the old flow is what of the new one.
pub(super) struct Names {
    endpoints: Numbers,
    containers: Numbers,
    resources: Numbers,
    /// Steps of the old flow that are gone: number and name.
    gone: Vec<(usize, String)>,
    /// The names of the steps that both flows have, in the old one and in the new one.
    both: Vec<(String, String)>,
}

impl Names {
    pub(super) fn between(old: &Plan, new: &Plan, migration: &Migration) -> Self {
        let numbered = |names: &mut dyn Iterator<Item = &str>| -> HashMap<String, usize> {
            let renamed = names.map(|name| migration.new_name(name).to_owned());
            renamed.enumerate().map(|(number, name)| (name, number)).collect()
        };
        let steps = numbered(&mut old.endpoints.iter().map(|endpoint| &*endpoint.name));
        let endpoints: Numbers =
            new.endpoints.iter().map(|endpoint| steps.get(&*endpoint.name).copied()).collect();
        let groups = numbered(&mut old.containers[1..].iter().map(|group| group.name.as_str()));
        // The flow itself comes first, whatever it is called.
        let in_flow = new.containers[1..].iter();
        let within = in_flow.map(|group| groups.get(&group.name).map(|number| number + 1));
        let containers = std::iter::once(Some(0)).chain(within).collect();
        let resource = |name: &str| old.flow.resources.iter().position(|known| known.name == name);
        let resources = new.flow.resources.iter().map(|known| resource(&known.name)).collect();
        let gone = old.endpoints.iter().enumerate().filter_map(|(number, endpoint)| {
            let name = migration.new_name(&endpoint.name);
            (!new.by_name.contains_key(name)).then(|| (number, endpoint.name.to_string()))
        });
        let both = endpoints.iter().zip(&new.endpoints).filter_map(|(before, endpoint)| {
            Some((old.endpoints[(*before)?].name.to_string(), endpoint.name.to_string()))
        });
        let (gone, both) = (gone.collect(), both.collect());
        Self { endpoints, containers, resources, gone, both }
    }

    pub(super) fn endpoint(&self, index: usize) -> Option<usize> {
        self.endpoints[index]
    }

    pub(super) fn container(&self, index: usize) -> Option<usize> {
        self.containers[index]
    }

    pub(super) fn steps_of_both(&self) -> Vec<(&str, &str)> {
        self.both.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect()
    }

    /// The steps whose results have no place in the new flow.
    pub(super) fn lost(&self, context: &FlowContext, migration: &Migration) -> Vec<FlowObstacle> {
        let is_done =
            |number: &usize| context.steps.get(*number).is_some_and(|step| step.status.is_some());
        let lost = self
            .gone
            .iter()
            .filter(|(number, name)| is_done(number) && !migration.is_dropped(name));
        lost.map(|(_, step)| FlowObstacle::Lost { step: step.clone() }).collect()
    }

    /// The steps that are to be undone should the run fail, and that the new flow can't undo.
    pub(super) fn not_undone(&self, new: &Plan, context: &FlowContext) -> Vec<FlowObstacle> {
        let left = |number: &&usize| {
            !self.gone.iter().any(|(gone, _)| gone == *number)
                && self.undoes(new, **number).is_none()
        };
        let steps = context.undoing.completed.iter().filter(left);
        let names = steps.filter_map(|number| {
            let index = self.endpoints.iter().position(|before| *before == Some(*number))?;
            Some(new.endpoints[index].name.to_string())
        });
        names.map(|step| FlowObstacle::NotUndone { step }).collect()
    }

    /// The step of the new flow that is the one with this number in the old flow, if it has an undo.
    fn undoes(&self, new: &Plan, number: usize) -> Option<usize> {
        let index = self.endpoints.iter().position(|before| *before == Some(number))?;
        new.endpoints[index].undo.map(|_| index)
    }

    /// The same context, as the new flow numbers it: a line for each list.
    pub(super) fn carry(&self, new: &Plan, context: FlowContext) -> FlowContext {
        let fresh = FlowContext::new(new, context.run.clone(), serde_json::Value::Null);
        let failed = |step: &&StepRecord| {
            matches!(step.status, Some(StepStatus::Failed | StepStatus::TimedOut))
        };
        let gone = self.gone.iter().filter_map(|(number, _)| context.steps.get(*number));
        let forgotten = u32::try_from(gone.filter(failed).count()).unwrap_or(u32::MAX);
        let none = ContainerRecord::new(Arc::default());
        let completed = context.undoing.completed.iter();
        let completed = completed.filter_map(|number| self.undoes(new, *number)).collect();
        FlowContext {
            steps: renumbered(&self.endpoints, context.steps, &StepRecord::default()),
            containers: renumbered(&self.containers, context.containers, &none),
            usage: renumbered(&self.resources, context.usage, &Usage::default()),
            undoing: Undoing { completed, ..context.undoing },
            failed: context.failed.saturating_sub(forgotten),
            input: context.input,
            began: context.began,
            output: context.output,
            error: context.error,
            session: context.session,
            ..fresh
        }
    }
}

/// A list of the old flow as one of the new flow, with `fresh` for what that one has alone.
fn renumbered<T: Clone>(numbers: &Numbers, old: Vec<T>, fresh: &T) -> Vec<T> {
    let mut old: Vec<Option<T>> = old.into_iter().map(Some).collect();
    let take = |number: &Option<usize>| {
        number.and_then(|number| old.get_mut(number)?.take()).unwrap_or_else(|| fresh.clone())
    };
    numbers.iter().map(take).collect()
}

/// A step that the flow got behind the back of a run.
pub(super) fn pass_over(step: &mut StepRecord) {
    step.status = Some(StepStatus::Skipped);
    step.reason = Some("the flow got this step when the run had passed its place".to_owned());
}
