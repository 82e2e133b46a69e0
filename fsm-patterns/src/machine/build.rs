//! The layout as a graph, and the code behind the names that the graph's guards and actions get.
//!
//! A guard or action of the graph is called what drawings show; where two that mean something
//! else would be called the same, the second gets a number.

use std::collections::HashMap;

use fsm_core::{Graph, GraphBuilder, GraphFault, GraphFaults, TransitionBuilder};
use serde_json::Value;

use super::bind::Role;
use super::deed::{Deed, Home};
use super::file::{Content, Source};
use super::layout::{Laid, LaidEdge, LaidForm, Layout};
use super::plan::{Plan, Station};
use super::room::WayRoom;
use super::spec::{
    Action, FileSpec, Guard, InnerMachine, MachineSpec, Name, Shape, StateSpec, When,
};
use super::way::Outline;
use crate::fault::{Fault, Place};

/// Builds the graph of a file, with all that is behind it.
///
/// # Errors
/// What is wrong with the graph, at its places in the file.
pub(super) fn build(
    file: &FileSpec,
    layout: &Layout<'_>,
    source: Source,
) -> Result<Content, Vec<Fault>> {
    let outline = Outline::of(layout);
    let mut room = WayRoom::new();
    let all_plans = layout.edges.iter().map(|edge| Plan::of(layout, &outline, &mut room, edge));
    let all_plans: Vec<Plan> = all_plans.collect::<Result<_, Fault>>().map_err(|it| vec![it])?;
    let mut plans = Labels::default();
    let mut deeds = Labels::default();
    let mut works = Labels::default();
    let mut graph = Graph::builder(&*file.name);
    let mut action = |deed: &Deed| {
        // What the label does not say: that a name is one.
        let identity = format!("{:?} {}", std::mem::discriminant(&deed.what), deed.label());
        deeds.give(deed.label(), identity, || deed.clone())
    };
    for state in &layout.states {
        graph.reference(&state.name);
    }
    graph.initial(&layout.states[layout.initial].name);
    for state in &layout.states {
        declare(&mut graph, layout, state, &mut action, &mut works);
    }
    for (index, edge) in layout.edges.iter().enumerate() {
        let plan = &all_plans[index];
        let mut transition = begin(&mut graph, layout, edge);
        if !plan.label.is_empty() {
            let label = plans.give(plan.label.clone(), plan.identity(), || index);
            transition = transition.guard(&label);
        }
        for deed in &edge.deeds {
            transition = transition.action(&action(deed));
        }
    }
    let graph = graph.build().map_err(|faults| placed(&faults, layout))?;
    let stations = graph.states().zip(&layout.states).map(|(id, state)| Station::new(id, state));
    let stations = stations.collect();
    let mut events: Vec<String> = Vec::new();
    for edge in &layout.edges {
        if let When::Event(name) = edge.trigger
            && graph.event(name).is_some_and(|event| event.index() == events.len())
        {
            events.push(name.clone());
        }
    }
    let context = Value::Object(file.main.context.clone());
    let (plans, deeds, works) = (plans.codes, deeds.codes, works.codes);
    let uses = uses(file);
    let words = all_plans.iter().zip(graph.transitions()).filter_map(|(plan, (_, edge))| {
        let guard = edge.guard().filter(|_| plan.brief != plan.label)?;
        Some((guard, plan.brief.clone()))
    });
    let words = words.collect();
    Ok(Content {
        graph,
        words,
        context,
        events,
        stations,
        all_plans,
        places: layout.edges.iter().map(|edge| edge.place.clone()).collect(),
        plans,
        deeds,
        works,
        uses,
        source,
    })
}

fn declare(
    graph: &mut GraphBuilder,
    layout: &Layout<'_>,
    state: &Laid<'_>,
    action: &mut impl FnMut(&Deed) -> String,
    works: &mut Labels<(Home, String)>,
) {
    let name = &state.name;
    let mut declared = match state.form {
        LaidForm::Simple => graph.simple(name),
        LaidForm::Choice => graph.choice(name),
        LaidForm::Final => graph.final_state(name),
        LaidForm::Composite(initial) => graph.composite(name, &layout.states[initial].name),
        LaidForm::Parallel => graph.parallel(name),
        LaidForm::Work(work) => {
            let activity = &work.activity.text;
            let label = format!("{}{activity}", state.home.prefix());
            let identity = format!("{:?} {activity}", state.home);
            let label = works.give(label, identity, || (state.home.clone(), activity.clone()));
            let mut declared = graph.activity_running(name, &label);
            if let Some(timeout) = work.timeout {
                declared = declared.timeout(timeout);
            }
            if let Some(retry) = work.retry {
                declared = declared.retry(retry);
            }
            declared
        }
    };
    if let Some(parent) = state.parent {
        declared = declared.within(&layout.states[parent].name);
    }
    for deed in &state.entry {
        declared = declared.entry(&action(deed));
    }
    for deed in &state.exit {
        declared = declared.exit(&action(deed));
    }
}

fn begin<'b>(
    graph: &'b mut GraphBuilder,
    layout: &Layout<'_>,
    edge: &LaidEdge<'_>,
) -> TransitionBuilder<'b> {
    let name = |index: usize| &layout.states[index].name;
    let mut transition = match edge.to.split_first() {
        None => graph.internal(name(edge.from)),
        Some((first, others)) => {
            let transition = graph.transition(name(edge.from), name(*first));
            others.iter().fold(transition, |transition, other| transition.also(name(*other)))
        }
    };
    transition = match edge.trigger {
        When::Event(event) => transition.on(event),
        When::After(wait) => transition.after(*wait),
        When::Done => transition.done(),
        When::Failed => transition.failed(),
        When::TimedOut => transition.timed_out(),
        When::Always => transition,
    };
    transition
}

/// Labels that were given away, and what each stands for.
struct Labels<T> {
    /// By label, what tells its holder from another.
    given: HashMap<String, String>,
    codes: Vec<(String, T)>,
}

impl<T> Default for Labels<T> {
    fn default() -> Self {
        Self { given: HashMap::new(), codes: Vec::new() }
    }
}

impl<T> Labels<T> {
    /// The label of what is told by `identity`: `wanted`, or that with a number.
    fn give(&mut self, wanted: String, identity: String, code: impl FnOnce() -> T) -> String {
        let mut label = wanted.clone();
        for number in 2.. {
            match self.given.get(&label) {
                None => break,
                Some(holder) if *holder == identity => return label,
                Some(_) => label = format!("{wanted} ({number})"),
            }
        }
        self.given.insert(label.clone(), identity);
        self.codes.push((label.clone(), code()));
        label
    }
}

/// The faults of the graph at their places in the file.
fn placed(faults: &GraphFaults, layout: &Layout<'_>) -> Vec<Fault> {
    let by_name: HashMap<&str, &Laid<'_>> =
        layout.states.iter().map(|state| (&*state.name, state)).collect();
    let state =
        |name: &str| by_name.get(name).map_or_else(Place::root, |state| state.place.clone());
    let name = |index: usize| &*layout.states[index].name;
    // The last one: of two alike it is the later that is never taken.
    let transition = |from: &str, to: &str, trigger: &str| {
        let found = layout.edges.iter().rev().find(|edge| {
            let target = edge.to.first().copied().unwrap_or(edge.from);
            name(edge.from) == from && name(target) == to && edge.trigger.label() == trigger
        });
        found.map_or_else(|| state(from), |edge| edge.place.clone())
    };
    let fault = |fault: &GraphFault| {
        let place = match fault {
            GraphFault::DeclaredTwice { state: name }
            | GraphFault::Undeclared { state: name }
            | GraphFault::BadParent { state: name, .. }
            | GraphFault::IdlePolicy { state: name, .. }
            | GraphFault::BadInitial { state: name, .. }
            | GraphFault::Unreachable { state: name }
            | GraphFault::NoWayOut { state: name }
            | GraphFault::DeadEnd { state: name }
            | GraphFault::JoinNeverFills { fork: name, .. }
            | GraphFault::BadFork { state: name, .. }
            | GraphFault::BadRegion { parallel: name, .. } => state(name),
            GraphFault::BadTransition { from, to, trigger, .. }
            | GraphFault::Shadowed { from, to, trigger } => transition(from, to, trigger),
            GraphFault::EventlessCycle { path } => {
                path.first().map_or_else(Place::root, |name| state(name))
            }
            GraphFault::NoInitial => Place::root().key("initial"),
            // Those that later versions of the graph find; the words say where.
            _ => Place::root(),
        };
        let words = fault.to_string();
        match words.split_once("; ") {
            Some((message, hint)) => Fault::new(place, message).hint(hint),
            None => Fault::new(place, words),
        }
    };
    faults.faults().iter().map(fault).collect()
}

/// Every name that stands for Rust code, each where it is first written.
fn uses(file: &FileSpec) -> Vec<(Role, Name)> {
    let mut uses = Vec::new();
    in_machine(&file.main, &mut uses);
    file.machines.iter().for_each(|(_, machine)| in_machine(machine, &mut uses));
    let mut seen = std::collections::HashSet::new();
    uses.retain(|(role, name): &(Role, Name)| seen.insert((*role as u8, name.text.clone())));
    uses
}

fn in_machine(machine: &MachineSpec, uses: &mut Vec<(Role, Name)>) {
    in_states(&machine.states, uses);
}

fn in_states(states: &[StateSpec], uses: &mut Vec<(Role, Name)>) {
    for state in states {
        actions(&state.entry, uses);
        actions(&state.exit, uses);
        guards(state.before.iter().chain(&state.after), uses);
        for edge in &state.edges {
            guards(edge.guard.iter(), uses);
            actions(&edge.actions, uses);
        }
        match &state.shape {
            Shape::Work(work) => uses.push((Role::Activity, work.activity.clone())),
            Shape::Machine(inner) => {
                if let InnerMachine::Here(machine) = &inner.machine {
                    in_machine(machine, uses);
                }
            }
            Shape::Simple
            | Shape::Choice
            | Shape::Final
            | Shape::Composite { .. }
            | Shape::Parallel { .. } => {}
        }
        in_states(state.children(), uses);
    }
}

fn actions(actions: &[Action], uses: &mut Vec<(Role, Name)>) {
    uses.extend(actions.iter().filter_map(|action| match action {
        Action::Name(name) => Some((Role::Action, name.clone())),
        Action::Set(_) => None,
    }));
}

fn guards<'g>(guards: impl Iterator<Item = &'g Guard>, uses: &mut Vec<(Role, Name)>) {
    uses.extend(guards.filter_map(|guard| match guard {
        Guard::Name(name) => Some((Role::Guard, name.clone())),
        Guard::Condition(_) => None,
    }));
}
