//! A changed flow, and runs that began under the old one.
//!
//! A run's snapshot names nothing: its states, and the records of its steps, go by their numbers.
//! [`Flow::carry_over`] gives all of it the numbers of what has the same name in the changed flow.
//! Beside what the graph needs ([`fsm_core::Compatibility`]) a flow promises two things: a step
//! that is done never runs again, and one that is due is not passed over.
//!
//! | file | what it holds |
//! |---|---|
//! | `migration` | the new names of steps, and those whose results are given up |
//! | `obstacle` | what stands in the way, in words |
//! | `ahead` | which steps a run may still come to |
//! | `records` | what a run remembers, under new numbers |

mod ahead;
mod migration;
mod obstacle;
mod records;

use std::collections::HashSet;

use fsm_core::{GraphDiff, Obstacle, Snapshot, StateId, Status};

use crate::context::FlowContext;
use crate::flow::Flow;
use crate::plan::Unit;
pub use migration::Migration;
pub use obstacle::{CarryOverError, FlowObstacle};
use records::Names;

impl Flow {
    /// Whether every run that is under way on `old` can go on along this flow, wherever it stands,
    /// and if not, all that stands in the way: empty is compatible. Steps go by their names.
    ///
    /// What a step sends and how its answer is read (headers, params, bodies, transforms, handlers,
    /// limits) is no part of the graph, and is not looked at: a run uses what the flow says when it
    /// comes there. For flows from files [`Loaded::settings_since`](crate::file::Loaded::settings_since)
    /// lists it.
    ///
    /// # Complexity
    /// O(states * endpoints / 64), and what [`GraphDiff::between`] costs.
    pub fn compatibility_with(&self, old: &Flow) -> Vec<FlowObstacle> {
        if self.graph().fingerprint() == old.graph().fingerprint() {
            return Vec::new();
        }
        let diff = GraphDiff::between(old.graph(), self.graph());
        let graph = diff.compatibility().obstacles().iter().cloned();
        let mut obstacles: Vec<FlowObstacle> = graph.map(FlowObstacle::Graph).collect();
        let names = Names::between(&old.rules.plan, &self.rules.plan, &Migration::new());
        obstacles.extend(self.other_modes(old, &names));
        obstacles.extend(ahead::reordered(old.graph(), self.graph(), &names.steps_of_both()));
        obstacles
    }

    /// Lets a run that began under the flow `from` go on along this one.
    ///
    /// Any run can where [`compatibility_with`](Self::compatibility_with) finds nothing. Else it
    /// depends on where this one stands: the steps that are under way have to be in this flow, under
    /// the names that `migration` gives. Steps that are new and lie ahead will run; those whose
    /// place the run has passed are skipped, with that as their reason.
    ///
    /// # Errors
    /// [`CarryOverError`]: everything that stands in the way.
    ///
    /// # Examples
    /// ```
    /// use fsm_patterns::{Endpoint, Migration, Orchestration};
    ///
    /// let shop = |steps: &[&str]| {
    ///     let steps = steps.iter().map(|name| Endpoint::get(*name, "http://shop.test/x"));
    ///     steps.fold(Orchestration::sequential("shop"), |shop, step| shop.endpoint(step)).build()
    /// };
    /// let old = shop(&["cart", "pay"])?;
    /// let new = shop(&["cart", "charge", "ship"])?;
    /// assert_eq!(
    ///     new.compatibility_with(&old)[0].to_string(),
    ///     "`pay` is gone"
    /// );
    /// # let machine = new.machine_with(std::sync::Arc::new(Yes));
    /// # struct Yes;
    /// # impl fsm_patterns::Oracle for Yes {
    /// #     fn choose(&self, _: &str, _: &[&'static str]) -> usize { 0 }
    /// # }
    /// let run = old.machine_with(std::sync::Arc::new(Yes)).begin(old.unknown_context());
    /// let run = new.carry_over(run, &old, &Migration::new().rename("pay", "charge"))?;
    /// assert!(run.is_at(new.graph().state("cart").unwrap()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn carry_over(
        &self,
        snapshot: Snapshot<FlowContext>,
        from: &Flow,
        migration: &Migration,
    ) -> Result<Snapshot<FlowContext>, CarryOverError> {
        let (old, new) = (&from.rules.plan, &self.rules.plan);
        migration.check(old, new)?;
        let names = Names::between(old, new, migration);
        let states = migration.states(from.graph(), self.graph());
        let run = self.machine.carry_over(snapshot, from.graph(), &states)?;
        let mut obstacles = names.lost(run.context(), migration);
        if self.name() != from.name() {
            let (old, new) = (from.name().to_owned(), self.name().to_owned());
            obstacles.push(Obstacle::Name { old, new }.into());
        }
        obstacles.extend(names.not_undone(new, run.context()));
        if run.status() != Status::New {
            obstacles.extend(self.other_modes(from, &names));
        }
        let (ahead, standing) = self.prospects(&run);
        for (index, endpoint) in new.endpoints.iter().enumerate() {
            let Some(before) = names.endpoint(index) else { continue };
            let is_done = run.context().steps.get(before).is_some_and(|step| step.status.is_some());
            let step = endpoint.name.to_string();
            match (is_done, ahead.contains(&index), standing.contains(&index)) {
                (true, true, _) => obstacles.push(FlowObstacle::Again { step }),
                (false, false, false) => obstacles.push(FlowObstacle::Missed { step }),
                (true, false, _) | (false, _, _) => {}
            }
        }
        if !obstacles.is_empty() {
            return Err(CarryOverError::Steps(obstacles));
        }
        Ok(run.map_context(|context| {
            let mut context = names.carry(new, context);
            for (index, step) in context.steps.iter_mut().enumerate() {
                let is_new = names.endpoint(index).is_none();
                if is_new && !ahead.contains(&index) {
                    records::pass_over(step);
                }
            }
            context
        }))
    }

    /// The steps that a run may still come to, and those where it stands.
    fn prospects(&self, run: &Snapshot<FlowContext>) -> (HashSet<usize>, HashSet<usize>) {
        let (graph, plan) = (self.graph(), &self.rules.plan);
        let stands: Vec<StateId> = run.tokens().map(|(state, _)| state).collect();
        let states = match run.status() {
            Status::New => ahead::from_start(graph),
            _ => ahead::from(graph, &stands),
        };
        let step = |state: &StateId| plan.by_name.get(graph.name_of(*state)).copied();
        let unit = |state: &StateId| match self.rules.units.get(state.index()).copied().flatten() {
            Some(Unit::Endpoint(index)) => Some(index),
            Some(Unit::Group(_)) | None => None,
        };
        (states.iter().filter_map(step).collect(), stands.iter().filter_map(unit).collect())
    }

    /// What flows from step to step means something else under another mode.
    fn other_modes(&self, old: &Flow, names: &Names) -> Vec<FlowObstacle> {
        let (before, after) = (&old.rules.plan.containers, &self.rules.plan.containers);
        let pairs = after
            .iter()
            .enumerate()
            .filter_map(|(index, container)| Some((&before[names.container(index)?], container)));
        pairs
            .filter(|(before, after)| before.mode != after.mode)
            .map(|(before, after)| FlowObstacle::Mode {
                name: after.name.clone(),
                old: before.mode,
                new: after.mode,
            })
            .collect()
    }
}
