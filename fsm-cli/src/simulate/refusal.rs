//! Why the machine refuses: in words that say what would be accepted instead.

use fsm_core::{StateId, Status, StepError, Trigger, Way};
use fsm_patterns::machine::MachineEvent;
use fsm_testkit::simulation::SimulationError;

use super::item::{Ending, Item};
use super::session::{Session, event_of};
use crate::nearest::did_you_mean;

/// Why an event was not accepted.
pub(super) fn of_event(session: &Session, event: &MachineEvent, error: &StepError) -> String {
    let graph = session.file.graph();
    match error {
        StepError::UnknownEvent { .. } => {
            let hint = did_you_mean(&event.name, session.file.events());
            format!("the machine has no event `{}`{hint}; {}", event.name, accepted(session))
        }
        StepError::Rejected { .. } => {
            let ways = session.simulation.ways(Some(event));
            if ways.is_empty() {
                let at = session.state();
                let name = &event.name;
                return format!("no transition for `{name}` in {at}; {}", accepted(session));
            }
            let whys: Vec<String> =
                ways.into_iter().map(|way| of_way(session, way, Some(event))).collect();
            whys.join("; ")
        }
        StepError::Over => match session.simulation.snapshot().status() {
            Status::Finished(state) => {
                format!("the run is over: it ended in {}", graph.name_of(state))
            }
            Status::Stuck(state) => {
                format!("the run is over: it is stuck at {}", graph.name_of(state))
            }
            Status::New | Status::Running | Status::Cancelled => error.to_string(),
        },
        _ => error.to_string(),
    }
}

/// Why the guard of one transition refuses.
pub(super) fn of_way(session: &Session, way: Way, event: Option<&MachineEvent>) -> String {
    let context = session.simulation.snapshot().context();
    if let Some(why) = session.file.why_at(way.transition, way.at, context, event) {
        return why;
    }
    let guard = guard_of(session, way);
    let names = session.file.unbound().guards.into_iter();
    let assumed: Vec<String> = names
        .filter(|name| session.assumptions.answer(name) == Some(false) && mentions(guard, name))
        .map(|name| format!("guard `{name}` is assumed not to hold"))
        .collect();
    match assumed.is_empty() {
        true => format!("guard `{guard}` does not hold"),
        false => assumed.join(", "),
    }
}

/// Why the machine is stuck at `state` after `item`, or from the beginning.
pub(super) fn of_stuck(session: &Session, state: StateId, item: Option<&Item>) -> String {
    let graph = session.file.graph();
    let event = item.and_then(event_of);
    let leads_on = |trigger| match (trigger, item) {
        (Trigger::Event(_) | Trigger::After(_), _) => false,
        (Trigger::Done, Some(Item::End { ending, .. })) => matches!(ending, Ending::Done(_)),
        (Trigger::Failed, Some(Item::End { ending, .. })) => !matches!(ending, Ending::Done(_)),
        (Trigger::TimedOut, Some(Item::End { ending, .. })) => *ending == Ending::TimedOut,
        (Trigger::Done | Trigger::Failed | Trigger::TimedOut | Trigger::Always, _) => true,
    };
    let refused = |trigger, guard: Option<_>| leads_on(trigger) && guard.is_some();
    let whys: Vec<String> = graph
        .transitions()
        .filter(|(_, edge)| edge.from() == state && refused(edge.trigger(), edge.guard()))
        .map(|(transition, edge)| {
            let way = Way { at: state, transition, is_open: false };
            let why = of_way(session, way, event.as_ref());
            format!("{}: {why}", graph.trigger_label(edge.trigger()))
        })
        .collect();
    let name = graph.name_of(state);
    match whys.is_empty() {
        true => format!("the machine is stuck at {name}: nothing leads on"),
        false => format!("the machine is stuck at {name}: {}", whys.join("; ")),
    }
}

/// What the guard of a way is called in the drawing; empty where there is none.
pub(super) fn guard_of(session: &Session, way: Way) -> &str {
    let graph = session.file.graph();
    graph.transition(way.transition).guard().map_or("", |guard| graph.guard_name(guard))
}

/// Whether `name` stands in the text of a guard, which may hold several, and not within a word.
pub(super) fn mentions(guard: &str, name: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    guard.match_indices(name).any(|(at, _)| {
        let before = guard[..at].chars().next_back();
        let after = guard[at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Why an activity could not end as told.
pub(super) fn of_ending(session: &Session, state: &str, error: &SimulationError) -> String {
    let graph = session.file.graph();
    match graph.state(state) {
        Some(_) => error.to_string(),
        None => {
            let names = graph.states().map(|state| graph.name_of(state));
            format!("the machine has no state `{state}`{}", did_you_mean(state, names))
        }
    }
}

/// The events that are accepted here, if their guards hold.
fn accepted(session: &Session) -> String {
    let mut names: Vec<&str> = events_here(session);
    names.sort_unstable();
    match names.as_slice() {
        [] => "no event is accepted there".to_owned(),
        names => format!("accepted there: `{}`", names.join("`, `")),
    }
}

/// The events for which there are transitions from where the tokens stand, in declared order.
pub(super) fn events_here(session: &Session) -> Vec<&str> {
    let graph = session.file.graph();
    let mut names = Vec::new();
    for way in session.simulation.ways(None) {
        if let Trigger::Event(event) = graph.transition(way.transition).trigger() {
            let name = graph.event_name(event);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    // Guards were only asked to see where they belong.
    session.assumptions.take_wanted();
    names
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn a_guard_is_found_among_others_and_not_within_a_word() {
        for guard in ["stock", "$context.n > 1 && stock", "after(filling): stock"] {
            assert!(mentions(guard, "stock"), "{guard}");
        }
        for guard in ["", "livestock", "stocked && x"] {
            assert!(!mentions(guard, "stock"), "{guard}");
        }
    }
}
