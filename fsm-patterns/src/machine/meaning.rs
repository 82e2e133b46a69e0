//! What the graph's guards ask for, as data: the conditions in them, as far as they see the context
//! as it is.

use std::sync::Arc;

use fsm_core::TransitionId;

use super::MachineFile;
use super::file::Content;
use super::plan::{Plan, Station, Test};
use super::spec::Guard;
use crate::analysis::{Guards, Part};

impl MachineFile {
    /// What the guards of the graph ask for, to find out which of them can hold together.
    ///
    /// # Complexity
    /// Linear in the size of the file with its machines unfolded.
    pub fn guards(&self) -> Guards {
        let content = &*self.inner;
        let below = Below::of(&content.stations);
        // By guard: a transition that asks for it, and whether anything is done on the way out of one.
        let mut asked: Vec<Option<(TransitionId, bool)>> = Vec::new();
        for (id, edge) in content.graph.transitions() {
            let Some(guard) = edge.guard() else { continue };
            if asked.len() <= guard.index() {
                asked.resize(guard.index() + 1, None);
            }
            let acts = below.acts_on_exit(content, &content.all_plans[id.index()]);
            let (_, known) = asked[guard.index()].get_or_insert((id, false));
            *known |= acts;
        }
        let parts = |asked: Option<(TransitionId, bool)>| -> Arc<[Part]> {
            let Some((id, acts)) = asked else { return Arc::new([]) };
            let guard = content.graph.transition(id).guard();
            let label = guard.map_or("", |guard| content.graph.guard_name(guard));
            of(content, &below, label, &content.all_plans[id.index()], acts).into()
        };
        Guards::new(asked.into_iter().map(parts).collect(), content.context.clone())
    }
}

/// By state: what lies within it, or is it.
struct Below {
    /// Whether anything is done on exit.
    acts: Vec<bool>,
    /// Whether anything is asked on exit of what lies within.
    asks: Vec<bool>,
}

impl Below {
    fn of(stations: &[Station]) -> Self {
        let mut acts: Vec<bool> = stations.iter().map(|it| !it.exit.is_empty()).collect();
        let mut asks = vec![false; stations.len()];
        // What lies within a state comes behind it.
        for (index, station) in stations.iter().enumerate().rev() {
            if let Some(parent) = station.parent {
                acts[parent] |= acts[index];
                asks[parent] |= asks[index] || !station.after.is_empty();
            }
        }
        Self { acts, asks }
    }

    fn acts_on_exit(&self, content: &Content, plan: &Plan) -> bool {
        plan.leaves
            && (self.acts[plan.from] || left(content, plan).any(|station| !station.exit.is_empty()))
    }
}

/// The states that a transition leaves, as far as that is the same for all tokens that take it.
fn left<'c>(content: &'c Content, plan: &Plan) -> impl Iterator<Item = &'c Station> {
    let stations = &content.stations;
    let domain = plan.domain;
    let chain = std::iter::successors(Some(plan.from), |at| stations[*at].parent);
    chain.take_while(move |at| Some(*at) != domain).map(|at| &stations[at])
}

/// What one guard asks for; that its actions can be carried out is left out.
fn of(content: &Content, below: &Below, label: &str, plan: &Plan, acts: bool) -> Vec<Part> {
    let stations = &content.stations;
    let mut parts: Vec<Part> = plan.test.iter().map(part).collect();
    if plan.leaves {
        parts.extend(left(content, plan).flat_map(|station| station.after.iter().map(part)));
        if below.asks[plan.from] {
            let name = &stations[plan.from].name;
            parts.push(Part::Code(format!("what is asked on leaving `{name}`").into()));
        }
    }
    // Empty where nothing is rehearsed: then nothing is asked there.
    let mut is_changed = acts || !plan.deeds.is_empty();
    for station in plan.entered.iter().map(|at| &stations[*at]) {
        parts.extend(station.before.iter().map(|test| match is_changed {
            false => part(test),
            // Of the context as it will be: each guard has its own.
            true => {
                let asked = format!("before({}): {}", station.name, test.guard.text());
                Part::Code(match asked == label {
                    true => asked.into(),
                    false => format!("{asked} (in {label})").into(),
                })
            }
        }));
        is_changed |= !station.entry.is_empty();
    }
    parts
}

fn part(test: &Test) -> Part {
    match &test.guard {
        Guard::Condition(condition) => Part::condition(condition, test.home.names()),
        Guard::Name(name) => Part::Code(format!("{}{}", test.home.prefix(), name.text).into()),
    }
}
