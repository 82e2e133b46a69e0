//! What could happen now: the events that are accepted here, the ends of the activities under way,
//! and the next timer; and what is refused, with why.

use std::collections::HashSet;
use std::time::Duration;

use fsm_core::{StateId, Transition, Trigger, Wait, Way};
use fsm_patterns::machine::MachineEvent;
use serde_json::Value;

use super::paint::plain;
use crate::simulate::item::{Ending, Item};
use crate::simulate::refusal;
use crate::simulate::session::Session;

/// Something that could happen, or is refused.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// What it is called.
    pub(super) label: String,
    /// What lets it happen; `None`: it is refused.
    pub(super) item: Option<Item>,
    /// Whether what comes of it depends on what the event carries.
    pub(super) wants_data: bool,
    /// What would come of it, or why not.
    pub(super) text: String,
    /// Ways that are shut although others are open, with why.
    pub(super) shut: Vec<String>,
}

/// All choices: first those that are open, then what is refused.
pub(super) fn all(session: &Session) -> Vec<Choice> {
    let events = refusal::events_here(session);
    let mut choices: Vec<Choice> = events.into_iter().map(|name| event(session, name)).collect();
    choices.extend(endings(session));
    choices.extend(timer(session));
    // Stable: each half stays in declared order.
    choices.sort_by_key(|choice| choice.item.is_none());
    choices
}

fn event(session: &Session, name: &str) -> Choice {
    let graph = session.file.graph();
    let event = MachineEvent::new(name);
    let ways = session.simulation.ways(Some(&event));
    let wanted = session.assumptions.take_wanted();
    let edge = |way: &Way| graph.transition(way.transition);
    let guard = |way: &Way| refusal::guard_of(session, *way);
    let is_unknown = |way: &Way| wanted.iter().any(|name| refusal::mentions(guard(way), name));
    let mut parts = Vec::new();
    let mut shut = Vec::new();
    let mut moved: Vec<StateId> = Vec::new();
    let mut wants_data = false;
    for way in ways {
        if moved.contains(&way.at) {
            continue;
        }
        let leads = leads(session, way.at, edge(&way));
        if way.is_open {
            wants_data |= looks_at_data(session, way);
            moved.push(way.at);
            parts.push(leads);
            continue;
        }
        if is_unknown(&way) {
            parts.push(format!("if `{}` holds: {leads}", plain(guard(&way))));
            continue;
        }
        let why = plain(&refusal::of_way(session, way, Some(&event)));
        // What is refused for want of data may be accepted with it.
        match looks_at_data(session, way) || why.contains("$event") {
            true => {
                wants_data = true;
                parts.push(format!("{leads}, depending on its data"));
            }
            false => shut.push((leads, why)),
        }
    }
    // Several ways may lead to one place.
    let mut known = HashSet::new();
    parts.retain(|part| known.insert(part.clone()));
    let label = plain(name);
    match parts.is_empty() {
        true => {
            let whys: Vec<String> = shut.into_iter().map(|(_, why)| why).collect();
            Choice { label, item: None, wants_data, text: whys.join("; "), shut: Vec::new() }
        }
        false => {
            let item = Some(Item::Event { name: name.to_owned(), data: Value::Null });
            let shut = shut.into_iter().map(|(leads, why)| format!("{leads}: {why}")).collect();
            Choice { label, item, wants_data, text: parts.join("; "), shut }
        }
    }
}

/// Whether the guard or an action of a way speaks of what the event carries.
fn looks_at_data(session: &Session, way: Way) -> bool {
    let graph = session.file.graph();
    let mut actions = graph.actions_of(graph.transition(way.transition));
    refusal::guard_of(session, way).contains("$event") || actions.any(|it| it.contains("$event"))
}

fn endings(session: &Session) -> Vec<Choice> {
    let graph = session.file.graph();
    let ways = session.simulation.ways(None);
    session.assumptions.take_wanted();
    let mut choices = Vec::new();
    for state in session.simulation.under_way() {
        let id = graph.state(state);
        let mut endings = vec![
            (Ending::Done(Value::Null), Trigger::Done),
            (Ending::Failed(Value::Null), Trigger::Failed),
        ];
        if id.is_some_and(|id| graph.timeout(id).is_some()) {
            endings.push((Ending::TimedOut, Trigger::TimedOut));
        }
        for (ending, trigger) in endings {
            let item = Item::End { state: state.to_owned(), ending };
            let own = |way: &&Way| {
                Some(way.at) == id && graph.transition(way.transition).trigger() == trigger
            };
            let wants_data = ways.iter().filter(own).any(|way| looks_at_data(session, *way));
            let leads = ways.iter().find(own).map(|way| graph.transition(way.transition).to());
            let leads = leads.map(|to| format!("{} → {}", plain(state), plain(graph.name_of(to))));
            choices.push(Choice {
                label: plain(&item.to_string()),
                item: Some(item),
                wants_data,
                text: leads.unwrap_or_default(),
                shut: Vec::new(),
            });
        }
    }
    choices
}

fn timer(session: &Session) -> Option<Choice> {
    let wait = session.simulation.next_timer()?;
    let item = Item::Pass(wait);
    Some(Choice {
        label: item.to_string(),
        item: Some(item),
        wants_data: false,
        text: timers(session).into_iter().next().map(|(what, _)| what).unwrap_or_default(),
        shut: Vec::new(),
    })
}

/// What each timer brings, and how long it takes until then.
pub(super) fn timers(session: &Session) -> Vec<(String, Duration)> {
    let graph = session.file.graph();
    let now = session.simulation.now();
    let timers = session.simulation.timers().into_iter();
    let told = timers.map(|timer| {
        let state = plain(graph.name_of(timer.state));
        let what = match timer.wait {
            Wait::Delay => format!("{state} goes on"),
            Wait::Timeout => format!("{state} takes too long"),
            Wait::Retry => format!("{state} is started again"),
            Wait::After(transition) => leads(session, timer.state, graph.transition(transition)),
        };
        (what, timer.at.since(now))
    });
    told.collect()
}

/// Where a transition takes a token that stands at `at`.
fn leads(session: &Session, at: StateId, edge: &Transition) -> String {
    let graph = session.file.graph();
    let name = |state: StateId| plain(graph.name_of(state));
    match edge.is_internal() {
        true => format!("stays in {}", name(at)),
        false => format!("{} → {}", name(at), name(edge.to())),
    }
}
