//! From what was seen to a graph.

use std::collections::{HashMap, HashSet};

use fsm_core::{Graph, GraphBuilder, GraphFault, GraphFaults};
use indexmap::{IndexMap, IndexSet};

use super::guard::{Answer, Answers, Guard};
use super::search::{Record, Trial};
use super::{Exploration, Finding, Ignored, Seen};

/// One transition that was seen.
struct Edge<'r> {
    from: &'r str,
    event: &'r str,
    /// `None`: handled without a move.
    to: Option<&'r str>,
    guard: Guard,
}

pub(super) fn draw(record: Record) -> Result<Exploration, GraphFaults> {
    let edges = edges(&record);
    let ends = ends(&record, &edges);
    let heard = Heard::of(&record);
    let silent = (0..record.states.len())
        .filter(|state| record.explored[*state] && !heard.states.contains(state));
    let mut findings: Vec<Finding> =
        silent.map(|state| Finding::End { state: record.state(state).to_owned() }).collect();
    let graph = match build(&record, &edges, &ends, None) {
        Ok(graph) => graph,
        Err(faults) => {
            findings.extend(endless(&record, faults)?);
            build(&record, &edges, &ends, Some(&free_name(&record)))?
        }
    };
    let events = record.events.iter().enumerate();
    findings.extend(
        events
            .filter(|(event, _)| !heard.events.contains(event))
            .map(|(_, event)| Finding::Unheard { event: event.clone() }),
    );
    if let Some(at_most) = record.stopped_at {
        let unexplored = (0..record.states.len()).filter(|state| !record.explored[*state]);
        let unexplored = unexplored.map(|state| record.state(state).to_owned()).collect();
        findings.push(Finding::Unfinished { at_most, unexplored });
    }
    let ignored = ignored(&record);
    let places = places(&record);
    let Record { ways, events, configurations, .. } = record;
    Ok(Exploration { graph, ignored, findings, places, ways, events, configurations })
}

impl Record {
    fn state(&self, number: usize) -> &str {
        self.states.get_index(number).map_or("", |(name, _)| name)
    }

    fn around(&self, state: usize) -> &[String] {
        self.states.get_index(state).map_or(&[], |(_, around)| around)
    }
}

/// Level by level, from a state outwards, until one answered: the levels within have passed.
fn levels<'r>(record: &'r Record, trial: &'r Trial) -> Vec<(&'r str, Answer)> {
    let (by, answer) = match &trial.seen {
        Seen::Ignored => (None, Answer::Passed),
        Seen::Handled => (Some(record.state(trial.state)), Answer::Stayed),
        Seen::Moved => (Some(record.state(trial.state)), Answer::Went(trial.to)),
        Seen::HandledBy(superstate) => (Some(superstate.as_str()), Answer::Stayed),
        Seen::MovedBy(superstate) => (Some(superstate.as_str()), Answer::Went(trial.to)),
    };
    let inside = std::iter::once(record.state(trial.state));
    let all = inside.chain(record.around(trial.state).iter().map(String::as_str));
    let mut levels: Vec<(&str, Answer)> =
        all.take_while(|level| Some(*level) != by).map(|level| (level, Answer::Passed)).collect();
    levels.extend(by.map(|by| (by, answer)));
    levels
}

fn edges(record: &Record) -> Vec<Edge<'_>> {
    let mut groups: IndexMap<(&str, usize), Answers<'_>> = IndexMap::new();
    for trial in &record.trials {
        for (level, answer) in levels(record, trial) {
            groups.entry((level, trial.event)).or_default().push(answer, trial);
        }
    }
    let mut edges = Vec::new();
    for ((from, event), answers) in &groups {
        for (answer, guard) in answers.guarded(|state| record.state(state).to_owned()) {
            let to = match answer {
                Answer::Passed => continue,
                Answer::Stayed => None,
                Answer::Went(to) => Some(record.state(to)),
            };
            edges.push(Edge { from, event: &record.events[*event], to, guard });
        }
    }
    edges
}

/// The states from which nothing leads on, of their own or of a superstate, and those of which
/// nothing is known.
fn ends(record: &Record, edges: &[Edge<'_>]) -> IndexSet<usize> {
    let active: IndexSet<&str> = edges.iter().map(|edge| edge.from).collect();
    let states = 0..record.states.len();
    let ends = states.filter(|state| {
        let around = record.around(*state).iter().map(String::as_str);
        !std::iter::once(record.state(*state)).chain(around).any(|level| active.contains(level))
    });
    ends.collect()
}

fn build(
    record: &Record,
    edges: &[Edge<'_>],
    ends: &IndexSet<usize>,
    frame: Option<&str>,
) -> Result<Graph, GraphFaults> {
    let mut graph = Graph::builder(record.name.as_str());
    let first = record.state(0);
    if let Some(frame) = frame {
        graph.composite(frame, record.around(0).last().map_or(first, String::as_str));
    }
    let mut composites: IndexSet<&str> = IndexSet::new();
    for (number, (state, around)) in record.states.iter().enumerate() {
        let declared = match ends.contains(&number) {
            true => graph.final_state(state),
            false => graph.simple(state),
        };
        let mut outer = around.iter().map(String::as_str).chain(frame);
        let mut parent = outer.next();
        if let Some(parent) = parent {
            declared.within(parent);
        }
        // The first child that was entered is drawn as the one a superstate begins with.
        let mut child = state.as_str();
        while let Some(composite) = parent.filter(|name| Some(*name) != frame) {
            parent = outer.next();
            if composites.insert(composite) {
                declare(&mut graph, composite, child, parent);
            }
            child = composite;
        }
    }
    for edge in edges {
        let written = match edge.to {
            Some(to) => graph.transition(edge.from, to),
            None => graph.internal(edge.from),
        };
        let written = written.on(edge.event);
        if let Some(guard) = &edge.guard {
            written.guard(guard);
        }
    }
    graph.initial(first).build()
}

fn declare(graph: &mut GraphBuilder, composite: &str, child: &str, parent: Option<&str>) {
    let declared = graph.composite(composite, child);
    if let Some(parent) = parent {
        declared.within(parent);
    }
}

/// Faults that only say that a state leads to no end are findings.
fn endless(record: &Record, faults: GraphFaults) -> Result<Vec<Finding>, GraphFaults> {
    let states = faults.faults().iter().map(|fault| match fault {
        GraphFault::NoWayOut { state } => Some(state),
        _ => None,
    });
    let states: Option<Vec<&String>> = states.collect();
    match states {
        Some(states) => Ok(states
            .into_iter()
            .filter(|state| record.states.contains_key(*state))
            .map(|state| Finding::Endless { state: state.clone() })
            .collect()),
        None => Err(faults),
    }
}

/// The name of the whole, or one like it if a state has it.
fn free_name(record: &Record) -> String {
    let mut name = record.name.clone();
    let taken = |name: &String| {
        record.states.contains_key(name)
            || record.states.values().any(|around| around.contains(name))
    };
    while name.is_empty() || taken(&name) {
        name.push('*');
    }
    name
}

/// Where something was not ignored.
struct Heard {
    states: HashSet<usize>,
    events: HashSet<usize>,
}

impl Heard {
    fn of(record: &Record) -> Self {
        let heard = || record.trials.iter().filter(|trial| trial.seen != Seen::Ignored);
        let states = heard().map(|trial| trial.state).collect();
        Self { states, events: heard().map(|trial| trial.event).collect() }
    }
}

fn ignored(record: &Record) -> Vec<Ignored> {
    let mut groups: IndexMap<(usize, usize), Answers<'_>> = IndexMap::new();
    for trial in &record.trials {
        // What is not ignored is all the same here.
        let answer = match trial.seen {
            Seen::Ignored => Answer::Passed,
            Seen::Handled | Seen::Moved | Seen::HandledBy(_) | Seen::MovedBy(_) => Answer::Stayed,
        };
        groups.entry((trial.state, trial.event)).or_default().push(answer, trial);
    }
    groups.sort_keys();
    let mut ignored = Vec::new();
    for ((state, event), answers) in &groups {
        let answers = answers.guarded(|state| record.state(state).to_owned());
        for (_, when) in answers.into_iter().filter(|(answer, _)| *answer == Answer::Passed) {
            let (state, event) = (record.state(*state).to_owned(), record.events[*event].clone());
            ignored.push(Ignored { state, event, when });
        }
    }
    ignored
}

/// By name of a state or superstate, the state of it that was found first.
fn places(record: &Record) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (number, (state, around)) in record.states.iter().enumerate() {
        for name in std::iter::once(state).chain(around) {
            places.entry(name.clone()).or_insert(number);
        }
    }
    places
}
