//! statig machines of every shape, explored as they are.

#![allow(missing_docs, reason = "the macro makes public enums without docs")]

use fsm_testkit::explore::{Exploration, statig::explorer};
use statig::prelude::*;

/// A light that blinks while it is on, behind a switch; three levels of hierarchy, storage in a
/// state that its superstate borrows, entry and exit actions, and hooks.
#[derive(Clone, Default)]
struct Blinky {
    entered: u32,
    /// What the hook `after_transition` was told.
    log: Vec<(String, String)>,
}

#[derive(Debug)]
enum Event {
    Tick,
    Switch,
    Dim,
    Fault,
}

#[state_machine(
    initial = "State::off()",
    state(derive(Clone, Debug)),
    superstate(derive(Debug)),
    after_transition = "Self::note"
)]
impl Blinky {
    #[state(superstate = "powered")]
    fn off(event: &Event) -> Outcome<State> {
        match event {
            Event::Switch => Transition(State::lit(0)),
            _ => Super,
        }
    }

    #[state(superstate = "blinking", entry_action = "count")]
    fn lit(level: &mut u8, event: &Event) -> Outcome<State> {
        match event {
            Event::Tick => Transition(State::dark(*level)),
            _ => Super,
        }
    }

    #[state(superstate = "blinking")]
    fn dark(level: &mut u8, event: &Event) -> Outcome<State> {
        match event {
            Event::Tick => Transition(State::lit(*level)),
            // A transition to itself, not an internal one.
            Event::Fault => Transition(State::dark(*level)),
            _ => Super,
        }
    }

    #[superstate(superstate = "powered")]
    fn blinking(level: &mut u8, event: &Event) -> Outcome<State> {
        match event {
            Event::Switch => Transition(State::off()),
            Event::Dim if *level < 2 => {
                *level += 1;
                Handled
            }
            _ => Super,
        }
    }

    #[superstate]
    fn powered(event: &Event) -> Outcome<State> {
        match event {
            // Swallowed, which no hook can tell from ignored.
            Event::Tick => Handled,
            Event::Fault => Transition(State::broken()),
            _ => Super,
        }
    }

    #[state]
    fn broken() -> Outcome<State> {
        Super
    }

    #[action]
    fn count(&mut self) {
        self.entered += 1;
    }
}

impl Blinky {
    fn note(&mut self, source: &State, target: &State) {
        let name = |state: &State| {
            let printed = format!("{state:?}");
            printed.split(' ').next().unwrap_or_default().to_owned()
        };
        self.log.push((name(source), name(target)));
    }
}

const EVENTS: [(&str, Event); 4] = [
    ("tick", Event::Tick),
    ("switch", Event::Switch),
    ("dim", Event::Dim),
    ("fault", Event::Fault),
];

fn level(state: &State) -> u8 {
    match state {
        State::Lit { level } | State::Dark { level } => *level,
        State::Off {} | State::Broken {} => 0,
    }
}

fn blinky() -> Exploration {
    explorer("blinky", || (), |_: &Blinky, state| level(state))
        .explore(Blinky::default().state_machine(), &EVENTS)
        .expect("a graph")
}

#[test]
fn a_hierarchy_is_drawn_with_the_transitions_of_its_superstates() {
    let explored = blinky();
    // Lit and dark with three levels, off, and broken.
    assert_eq!(explored.configurations(), 2 * 3 + 2);
    insta::assert_snapshot!(explored.graph().to_dot());
}

#[test]
fn an_event_that_is_swallowed_is_told_from_one_that_vanishes() {
    let ignored: Vec<String> = blinky().ignored().iter().map(ToString::to_string).collect();
    assert_eq!(
        ignored,
        [
            "Off ignores `dim`",
            "Lit ignores `dim` [2]",
            "Broken ignores `tick`",
            "Broken ignores `switch`",
            "Broken ignores `dim`",
            "Broken ignores `fault`",
            "Dark ignores `dim` [2]",
        ]
    );
    let findings: Vec<String> = blinky().findings().iter().map(ToString::to_string).collect();
    assert_eq!(findings, ["nothing leads on from Broken"]);
}

#[test]
fn every_transition_that_the_machines_own_hook_reports_was_seen() {
    let explored = blinky();
    let mut machine = Blinky::default().state_machine();
    // A walk that comes by every state, twice.
    for word in "switch tick fault dim switch switch dim dim dim tick switch fault fault".split(' ')
    {
        let (_, event) = EVENTS.iter().find(|(name, _)| *name == word).expect("an event");
        machine.handle(event);
    }
    let graph = explored.graph();
    assert_eq!(machine.inner().log.len(), 8);
    for (source, target) in &machine.inner().log {
        let from = graph.state(source).expect("seen");
        let around = std::iter::successors(Some(from), |state| graph.parent(*state));
        let levels: Vec<_> = around.collect();
        let seen = graph
            .transitions()
            .any(|(_, edge)| levels.contains(&edge.from()) && graph.name_of(edge.to()) == target);
        assert!(seen, "{source} -> {target}");
    }
}

#[test]
fn the_shortest_way_to_a_state_leads_the_machine_there() {
    let explored = blinky();
    let path = explored.path_to("Dark").expect("seen");
    assert_eq!(path, ["switch", "tick"]);
    let mut machine = Blinky::default().state_machine();
    for word in path {
        let (_, event) = EVENTS.iter().find(|(name, _)| *name == word).expect("an event");
        machine.handle(event);
    }
    assert!(matches!(machine.state(), State::Dark { .. }));
}

mod with_a_context {
    //! A machine whose handlers write into a context, as commands for whoever drives it.

    use super::*;

    #[derive(Clone)]
    pub(crate) struct Valve;

    pub(crate) enum Ask {
        Open,
        Close,
    }

    #[state_machine(
        initial = "State::shut()",
        state(derive(Clone, Debug)),
        superstate(derive(Debug))
    )]
    impl Valve {
        #[state]
        fn shut(context: &mut Vec<&'static str>, event: &Ask) -> Outcome<State> {
            match event {
                Ask::Open => {
                    context.push("motor on");
                    Transition(State::flowing())
                }
                Ask::Close => Super,
            }
        }

        #[state]
        fn flowing(context: &mut Vec<&'static str>, event: &Ask) -> Outcome<State> {
            match event {
                Ask::Open => Super,
                Ask::Close => {
                    context.push("motor off");
                    Transition(State::shut())
                }
            }
        }
    }

    #[test]
    fn a_machine_with_a_context_gets_a_new_one_with_every_event() {
        let explored = explorer("valve", Vec::new, |_: &Valve, _| ())
            .explore(Valve.state_machine(), &[("open", Ask::Open), ("close", Ask::Close)])
            .expect("a graph");
        assert_eq!(explored.graph().transitions().len(), 2);
        assert_eq!(explored.ignored().len(), 2);
    }
}
