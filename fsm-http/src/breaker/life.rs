//! The life of a breaker as a table of transitions, and its drawing.
//!
//! The drawing is made from [`TABLE`], and a test leads the machine through every state and event
//! and holds the table against what it does. So what is drawn is what runs.
//!
//! Transitions of one state and event are tried in the order of the table; the first whose guard
//! holds is taken.

use fsm_core::Graph;

/// The life of a breaker in DOT, the language of Graphviz: `dot -Tsvg` makes a picture of it.
///
/// Verdicts that change nothing, such as those on calls that were sent in an earlier life of the
/// breaker, are left out.
///
/// ```
/// let dot = fsm_http::breaker::to_dot();
/// assert!(dot.starts_with("digraph {"));
/// assert!(dot.contains("half-open"));
/// ```
pub fn to_dot() -> String {
    graph().to_dot()
}

fn graph() -> Graph {
    let mut graph = Graph::builder("circuit breaker");
    for state in [CLOSED, OPEN, HALF_OPEN] {
        graph.simple(state);
    }
    for row in TABLE.iter().filter(|row| row.action != Action::Ignore) {
        let edge = graph.transition(row.from, row.to).on(row.event);
        let edge = match row.guard {
            Some(guard) => edge.guard(guard.name()),
            None => edge,
        };
        edge.action(row.action.name());
    }
    graph.initial(CLOSED).build().expect("the graph of a constant table, which a test builds")
}

const CLOSED: &str = "closed";
const OPEN: &str = "open";
const HALF_OPEN: &str = "half-open";

/// One transition in the words of the drawing.
struct Row {
    from: &'static str,
    event: &'static str,
    guard: Option<Guard>,
    action: Action,
    to: &'static str,
}

/// What has to hold for a transition to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// The permit was given in an earlier life of the breaker.
    Late,
    /// With this failure there are as many in a row as the threshold says.
    Threshold,
    /// The timeout has passed since the breaker opened.
    TimeoutOver,
    /// No probe is under way.
    ProbeFree,
}

/// What a transition does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Allow,
    AllowProbe,
    Refuse,
    Count,
    StartTimeout,
    ForgetFailures,
    FreeProbe,
    Ignore,
}

impl Guard {
    const fn name(self) -> &'static str {
        match self {
            Self::Late => "from an earlier life",
            Self::Threshold => "threshold reached",
            Self::TimeoutOver => "timeout over",
            Self::ProbeFree => "no probe under way",
        }
    }
}

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::AllowProbe => "allow as probe",
            Self::Refuse => "refuse",
            Self::Count => "count",
            Self::StartTimeout => "start timeout",
            Self::ForgetFailures => "forget failures",
            Self::FreeProbe => "free probe",
            Self::Ignore => "ignore",
        }
    }
}

const fn row(
    from: &'static str,
    event: &'static str,
    guard: Option<Guard>,
    action: Action,
    to: &'static str,
) -> Row {
    Row { from, event, guard, action, to }
}

/// Every transition of a breaker, those that change nothing included.
const TABLE: [Row; 23] = [
    row(CLOSED, "ask", None, Action::Allow, CLOSED),
    row(CLOSED, "success", Some(Guard::Late), Action::Ignore, CLOSED),
    row(CLOSED, "success", None, Action::ForgetFailures, CLOSED),
    row(CLOSED, "failure", Some(Guard::Late), Action::Ignore, CLOSED),
    row(CLOSED, "failure", Some(Guard::Threshold), Action::StartTimeout, OPEN),
    row(CLOSED, "failure", None, Action::Count, CLOSED),
    row(CLOSED, "cancel", None, Action::Ignore, CLOSED),
    row(CLOSED, "reset", None, Action::ForgetFailures, CLOSED),
    row(OPEN, "ask", Some(Guard::TimeoutOver), Action::AllowProbe, HALF_OPEN),
    row(OPEN, "ask", None, Action::Refuse, OPEN),
    row(OPEN, "success", None, Action::Ignore, OPEN),
    row(OPEN, "failure", None, Action::Ignore, OPEN),
    row(OPEN, "cancel", None, Action::Ignore, OPEN),
    row(OPEN, "reset", None, Action::ForgetFailures, CLOSED),
    row(HALF_OPEN, "ask", Some(Guard::ProbeFree), Action::AllowProbe, HALF_OPEN),
    row(HALF_OPEN, "ask", None, Action::Refuse, HALF_OPEN),
    row(HALF_OPEN, "success", Some(Guard::Late), Action::Ignore, HALF_OPEN),
    row(HALF_OPEN, "success", None, Action::ForgetFailures, CLOSED),
    row(HALF_OPEN, "failure", Some(Guard::Late), Action::Ignore, HALF_OPEN),
    row(HALF_OPEN, "failure", None, Action::StartTimeout, OPEN),
    row(HALF_OPEN, "cancel", Some(Guard::Late), Action::Ignore, HALF_OPEN),
    row(HALF_OPEN, "cancel", None, Action::FreeProbe, HALF_OPEN),
    row(HALF_OPEN, "reset", None, Action::ForgetFailures, CLOSED),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};
    use std::num::NonZeroU32;
    use std::time::Duration;

    use fsm_testkit::explore::{Exploration, Explorer, Seen};
    use fsm_testkit::prove::Prover;
    use tokio::time::Instant;

    use super::*;
    use crate::breaker::machine::{Command, Event, Machine, Refusal, State};

    const THRESHOLD: NonZeroU32 = NonZeroU32::new(2).unwrap();
    const TIMEOUT: Duration = Duration::from_secs(10);

    fn state_name(state: State) -> &'static str {
        match state {
            State::Closed => CLOSED,
            State::Open { .. } => OPEN,
            State::HalfOpen { .. } => HALF_OPEN,
        }
    }

    fn event_name(event: Event) -> &'static str {
        match event {
            Event::Ask { .. } => "ask",
            Event::Success { .. } => "success",
            Event::Failure { .. } => "failure",
            Event::Cancel { .. } => "cancel",
            Event::Reset => "reset",
        }
    }

    fn holds(guard: Guard, machine: &Machine, event: Event) -> bool {
        match (guard, event, machine.state()) {
            (
                Guard::Late,
                Event::Success { life } | Event::Failure { life, .. } | Event::Cancel { life },
                _,
            ) => life < machine.life(),
            (Guard::Threshold, Event::Failure { .. }, State::Closed) => {
                machine.failures() + 1 == THRESHOLD.get()
            }
            (Guard::TimeoutOver, Event::Ask { now }, State::Open { probes_at }) => now >= probes_at,
            (Guard::ProbeFree, Event::Ask { .. }, State::HalfOpen { probing }) => !probing,
            (guard, event, state) => panic!("{guard:?} has no sense for {event:?} in {state:?}"),
        }
    }

    fn assert_does(action: Action, before: &Machine, event: Event, after: &Machine, told: Command) {
        let unchanged = before.state() == after.state()
            && before.life() == after.life()
            && before.failures() == after.failures()
            && before.openings() == after.openings();
        let probing = State::HalfOpen { probing: true };
        let as_said = match action {
            Action::Allow => unchanged && told == Command::Allow { life: before.life() },
            Action::AllowProbe => {
                after.state() == probing && told == Command::Allow { life: after.life() }
            }
            Action::Refuse => {
                unchanged
                    && match (before.state(), event) {
                        (State::Open { probes_at }, Event::Ask { now }) => {
                            told == Command::Refuse(Refusal::Waiting(probes_at - now))
                        }
                        (state, _) => state == probing && told == Command::Refuse(Refusal::Probing),
                    }
            }
            Action::Count => after.failures() == before.failures() + 1 && told == Command::Record,
            Action::StartTimeout => match event {
                Event::Failure { now, .. } => {
                    after.state() == State::Open { probes_at: now + TIMEOUT }
                        && after.failures() == before.failures() + 1
                        && after.openings() == before.openings() + 1
                        && told == Command::Open
                }
                _ => false,
            },
            Action::ForgetFailures => {
                after.state() == State::Closed
                    && after.failures() == 0
                    && matches!(told, Command::Record | Command::Close)
            }
            Action::FreeProbe => {
                after.state() == State::HalfOpen { probing: false } && told == Command::Record
            }
            Action::Ignore => unchanged && told == Command::Ignore,
        };
        let (before, after) = (before.state(), after.state());
        assert!(as_said, "{action:?}: {before:?} after {event:?} is {after:?}, told {told:?}");
    }

    /// Every event that a machine can meet: verdicts of this life and the one before, and points
    /// in time before and at the end of the timeout.
    fn events(machine: &Machine, start: Instant) -> Vec<Event> {
        let due = match machine.state() {
            State::Open { probes_at } => probes_at,
            State::Closed | State::HalfOpen { .. } => start + TIMEOUT,
        };
        let mut events = vec![
            Event::Reset,
            Event::Ask { now: due - Duration::from_nanos(1) },
            Event::Ask { now: due },
        ];
        for life in [machine.life().checked_sub(1), Some(machine.life())].into_iter().flatten() {
            let now = due;
            events.extend([Event::Success { life }, Event::Failure { life, now }]);
            events.push(Event::Cancel { life });
        }
        events
    }

    #[test]
    fn the_machine_does_in_every_state_on_every_event_what_the_table_says() {
        let start = Instant::now();
        let mut taken = HashSet::new();
        let mut seen = HashSet::new();
        let mut open = vec![Machine::new(THRESHOLD, TIMEOUT)];
        while let Some(before) = open.pop() {
            // Lives and points in time only ever grow; what is left are a few configurations.
            let probing = before.state() == State::HalfOpen { probing: true };
            let first = before.life() == 0;
            let key = (state_name(before.state()), probing, before.failures(), first);
            if before.failures() > 4 || !seen.insert(key) {
                continue;
            }
            for event in events(&before, start) {
                let mut rows = TABLE.iter().enumerate().filter(|(_, row)| {
                    row.from == state_name(before.state())
                        && row.event == event_name(event)
                        && row.guard.is_none_or(|guard| holds(guard, &before, event))
                });
                let (at, row) = rows.next().expect("every event has a row in every state");
                taken.insert(at);
                let mut after = before.clone();
                let told = after.handle(event);
                assert_eq!(state_name(after.state()), row.to, "{key:?} after {event:?}");
                assert_does(row.action, &before, event, &after, told);
                let new_life = row.from != row.to || event == Event::Reset;
                assert_eq!(after.life(), before.life() + u64::from(new_life), "{event:?}");
                open.push(after);
            }
        }
        assert_eq!(taken.len(), TABLE.len(), "rows that nothing takes");
        // Closed with 0 or 1 failures, in the first life and later; open, and half-open in both ways,
        // after 2, 3, or 4.
        assert_eq!(seen.len(), 4 + 9, "{seen:?}");
    }

    /// From outside, a breaker can only be told what happens and asked for its state.
    fn explored() -> Exploration {
        let start = Instant::now();
        let send = |machine: &mut Machine, event: &Event| {
            let before = machine.life();
            match machine.handle(*event) {
                Command::Ignore => Seen::Ignored,
                _ if machine.life() > before => Seen::Moved,
                _ => Seen::Handled,
            }
        };
        Explorer::new("breaker", send, |machine| state_name(machine.state()).into())
            .key(|machine| {
                let probing = machine.state() == State::HalfOpen { probing: true };
                (probing, machine.failures().min(THRESHOLD.get()), machine.life().min(1))
            })
            .explore_with(Machine::new(THRESHOLD, TIMEOUT), |machine| {
                let events = events(machine, start);
                events.into_iter().map(|event| (event_name(event), event)).collect()
            })
            .expect("a graph")
    }

    /// What leads where is the table without its guards, in both directions.
    #[test]
    fn a_breaker_that_is_explored_from_outside_leads_where_the_table_says() {
        let explored = explored();
        assert!(explored.is_complete());

        let graph = explored.graph();
        let led: BTreeSet<_> = graph
            .transitions()
            .map(|(_, edge)| {
                let (from, to) = (graph.name_of(edge.from()), graph.name_of(edge.to()));
                (from, graph.trigger_label(edge.trigger()), to)
            })
            .collect();
        let (silent, loud): (Vec<_>, Vec<_>) =
            TABLE.iter().partition(|row| row.action == Action::Ignore);
        let table = loud.iter().map(|row| (row.from, row.event.to_owned(), row.to));
        assert_eq!(led, table.collect());

        let ignored = explored.ignored().iter().map(|row| (row.state.as_str(), row.event.as_str()));
        let table = silent.iter().map(|row| (row.from, row.event));
        assert_eq!(ignored.collect::<BTreeSet<_>>(), table.collect());
        assert_eq!(explored.path_to(HALF_OPEN), Some(vec!["failure", "failure", "ask"]));
    }

    #[test]
    fn what_is_drawn_and_what_is_explored_are_proven() {
        for graph in [graph(), explored().graph().clone()] {
            let mut prover = Prover::of(&graph);
            for state in [CLOSED, OPEN, HALF_OPEN] {
                prover = prover.always_possible(state, move |run| run.is_at(state));
            }
            prover.prove().assert_proven();
        }
    }

    #[test]
    fn the_life_of_a_breaker_is_drawn_from_the_table() {
        insta::assert_snapshot!(to_dot());
    }
}
