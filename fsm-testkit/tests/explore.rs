//! Machines that are code, explored into graphs: what is drawn is what they do.

use std::collections::BTreeSet;

use fsm_core::{Effects, Event, Kind, Machine, Snapshot, Timestamp, Trigger};
use fsm_testkit::explore::{Exploration, Explorer, Finding, Seen};
use fsm_testkit::snapshots::graph_snapshot;
use proptest::prelude::*;

/// A transition as text: `Locked --Dial [wrong]--> Blocked`, or `(stays)` if it is internal.
fn lines(explored: &Exploration) -> Vec<String> {
    let graph = explored.graph();
    let line = |edge: &fsm_core::Transition| {
        let guard = edge.guard().map(|guard| format!(" [{}]", graph.guard_name(guard)));
        let to = if edge.is_internal() { "(stays)" } else { graph.name_of(edge.to()) };
        let from = graph.name_of(edge.from());
        let event = graph.trigger_label(edge.trigger());
        format!("{from} --{event}{}--> {to}", guard.unwrap_or_default())
    };
    graph.transitions().map(|(_, edge)| line(edge)).collect()
}

fn ignored(explored: &Exploration) -> Vec<String> {
    explored.ignored().iter().map(ToString::to_string).collect()
}

fn findings(explored: &Exploration) -> Vec<String> {
    explored.findings().iter().map(ToString::to_string).collect()
}

/// A lock that blocks after two wrong codes.
#[derive(Clone)]
struct Lock {
    state: &'static str,
    wrong: u32,
}

const LOCKED: Lock = Lock { state: "Locked", wrong: 0 };

fn dial(lock: &mut Lock, code: &u32) -> Seen {
    match (lock.state, code) {
        ("Locked", 42) => {
            *lock = Lock { state: "Open", wrong: 0 };
            Seen::Moved
        }
        ("Locked", _) if lock.wrong == 1 => {
            lock.state = "Blocked";
            Seen::Moved
        }
        ("Locked", _) => {
            lock.wrong += 1;
            Seen::Handled
        }
        ("Open", 0) => {
            lock.state = "Locked";
            Seen::Moved
        }
        _ => Seen::Ignored,
    }
}

fn lock<'a>() -> Explorer<'a, Lock, u32> {
    Explorer::new("lock", dial, |lock: &Lock| lock.state.to_owned())
        .key(|lock| (lock.state == "Locked").then_some(lock.wrong))
}

const CODES: [(&str, u32); 3] = [("Dial", 42), ("Dial", 41), ("Close", 0)];

#[test]
fn where_one_event_leads_to_several_states_every_way_says_what_differed() {
    let explored = lock().explore(LOCKED, &CODES).expect("a graph");
    assert_eq!(
        lines(&explored),
        [
            "Locked --Dial [Some(0), sample 1 or Some(1), sample 1]--> Open",
            "Locked --Dial [Some(0), sample 2]--> (stays)",
            "Locked --Dial [Some(1), sample 2]--> Blocked",
            "Locked --Close [Some(0)]--> (stays)",
            "Locked --Close [Some(1)]--> Blocked",
            "Open --Close--> Locked",
        ]
    );
    assert_eq!(
        ignored(&explored),
        ["Open ignores `Dial`", "Blocked ignores `Dial`", "Blocked ignores `Close`"]
    );
    assert_eq!(explored.path_to("Open"), Some(vec!["Dial"]));
    assert_eq!(explored.path_to("Blocked"), Some(vec!["Dial", "Dial"]));
    assert_eq!(explored.path_to("Locked"), Some(vec![]));
    assert_eq!(explored.path_to("Ajar"), None);
    assert_eq!(explored.configurations(), 4);
    assert!(explored.is_complete());
}

#[test]
fn what_the_explorer_observes_names_the_guards() {
    let explored = lock()
        .observe(|lock, code| {
            match (code, lock.wrong) {
                (42, _) => "code fits",
                (_, 1) => "second wrong code",
                (_, _) => "",
            }
            .to_owned()
        })
        .explore(LOCKED, &CODES)
        .expect("a graph");
    assert_eq!(
        lines(&explored)[..3],
        [
            "Locked --Dial [code fits]--> Open",
            "Locked --Dial [else]--> (stays)",
            "Locked --Dial [second wrong code]--> Blocked",
        ]
    );
}

#[test]
fn a_key_that_leaves_out_what_matters_shows_the_first_configuration_only() {
    let explored = lock().key(|_| ()).explore(LOCKED, &CODES).expect("a graph");
    assert_eq!(explored.configurations(), 2, "a second wrong code was never sent");
    assert_eq!(explored.path_to("Blocked"), None);
}

#[test]
fn a_state_that_ends_is_final_and_what_never_ends_is_found() {
    let explored = lock().explore(LOCKED, &CODES).expect("a graph");
    let blocked = explored.graph().state("Blocked").expect("seen");
    assert_eq!(explored.graph().kind(blocked), Kind::Final);
    assert_eq!(explored.findings(), [Finding::End { state: "Blocked".into() }]);

    // From `here` one way leads to an end and one into a corner that goes round for ever.
    let explored = Explorer::new(
        "fork",
        |at: &mut &str, event: &char| {
            *at = match (*at, event) {
                ("here", 'e') => "end",
                ("here", 'c') => "left",
                ("left", 'c') => "right",
                ("right", 'c') => "left",
                (_, _) => return Seen::Ignored,
            };
            Seen::Moved
        },
        |at| at.to_string(),
    )
    .explore("here", &[("to the end", 'e'), ("to the corner", 'c'), ("away", 'a')])
    .expect("a graph");
    assert_eq!(
        findings(&explored),
        [
            "nothing leads on from end",
            "left never comes to an end, others do",
            "right never comes to an end, others do",
            "every state ignores `away`",
        ]
    );
    let frame = explored.graph().state("fork").expect("the frame around all");
    assert_eq!(
        explored
            .graph()
            .states()
            .filter(|state| explored.graph().parent(*state) == Some(frame))
            .count(),
        4
    );
}

/// A player: `Playing` and `Paused` lie within `On`, which answers `off`.
#[derive(Clone)]
struct Player(&'static str);

fn press(player: &mut Player, key: &&str) -> Seen {
    let (seen, to) = match (player.0, *key) {
        ("Off", "on") => (Seen::Moved, "Playing"),
        ("Playing", "pause") => (Seen::Moved, "Paused"),
        ("Paused", "pause") => (Seen::Moved, "Playing"),
        // Paused, it takes `off` for itself.
        ("Paused", "off") => (Seen::Handled, "Paused"),
        ("Playing", "off") => (Seen::MovedBy("On".into()), "Off"),
        ("Playing" | "Paused", "volume") => (Seen::HandledBy("Device".into()), player.0),
        _ => (Seen::Ignored, player.0),
    };
    player.0 = to;
    seen
}

const KEYS: [(&str, &str); 4] =
    [("on", "on"), ("pause", "pause"), ("off", "off"), ("volume", "volume")];

fn player<'a>() -> Explorer<'a, Player, &'a str> {
    Explorer::new("player", press, |player: &Player| player.0.to_owned())
}

fn around(player: &Player) -> Vec<String> {
    match player.0 {
        "Off" => vec![],
        _ => vec!["On".into(), "Device".into()],
    }
}

#[test]
fn what_a_superstate_answers_is_its_own_transition() {
    let explored = player().within(around).explore(Player("Off"), &KEYS).expect("a graph");
    insta::assert_snapshot!(graph_snapshot(explored.graph()), @r"
    graph player, begins at Off

    Off: simple
      on -> Playing
    Playing: simple, within On
      pause -> Paused
    On: composite, begins at Playing, within Device
      off -> Off
    Device: composite, begins at On
      volume stays
    Paused: simple, within On
      pause -> Playing
      off stays
    ");
    assert_eq!(explored.path_to("Device"), Some(vec!["on"]));
    assert_eq!(
        ignored(&explored),
        [
            "Off ignores `pause`",
            "Off ignores `off`",
            "Off ignores `volume`",
            "Playing ignores `on`",
            "Paused ignores `on`",
        ]
    );
}

#[test]
fn an_end_within_a_superstate_that_leads_others_on_is_found_too() {
    let explored = Explorer::new(
        "trip",
        |at: &mut &str, event: &char| {
            let (seen, to) = match (*at, event) {
                ("home", 'g') => (Seen::Moved, "road"),
                ("road", 'g') => (Seen::Moved, "ditch"),
                // The superstate's own transition, from everywhere but the ditch.
                ("road", 'b') => (Seen::MovedBy("away".into()), "home"),
                (at, _) => (Seen::Ignored, at),
            };
            *at = to;
            seen
        },
        |at| at.to_string(),
    )
    .within(|at| if *at == "home" { vec![] } else { vec!["away".into()] })
    .explore("home", &[("go", 'g'), ("back", 'b')])
    .expect("a graph");
    assert_eq!(findings(&explored), ["nothing leads on from ditch"]);
    assert_eq!(
        lines(&explored),
        ["home --go--> road", "road --go--> ditch", "away --back [in road]--> home"]
    );
}

#[test]
fn what_is_no_graph_is_an_error_that_says_why() {
    let faults = player().explore(Player("Off"), &KEYS).expect_err("no superstate was named");
    assert!(faults.to_string().contains("state `On` is used but never declared"), "{faults}");
    let same = player().within(|player| vec![player.0.into()]);
    assert!(same.explore(Player("Off"), &KEYS).is_err(), "a superstate is called like its state");
}

#[test]
fn an_endless_count_is_stopped_and_says_so() {
    let count = Explorer::new(
        "count",
        |count: &mut u64, (): &()| {
            *count += 1;
            Seen::Moved
        },
        |count| if *count < 5 { "few" } else { "many" }.to_owned(),
    )
    .key(|count| *count);
    let count = count.at_most(8);
    let explored = count.explore(0, &[("up", ())]).expect("a graph");
    assert!(!explored.is_complete());
    assert_eq!(findings(&explored), ["stopped at 8 configurations"]);
    assert_eq!(explored.path_to("many").map(|path| path.len()), Some(5));

    let count = count.at_most(5);
    let explored = count.explore(0, &[("up", ())]).expect("a graph");
    assert_eq!(findings(&explored), ["stopped at 5 configurations; not explored: many"]);
}

#[test]
fn a_chain_of_ten_thousand_states_is_explored_in_a_moment() {
    let explored = Explorer::new(
        "chain",
        |at: &mut usize, (): &()| {
            *at = (*at + 1) % 10_000;
            Seen::Moved
        },
        |at| at.to_string(),
    );
    let before = std::time::Instant::now();
    let explored = explored.explore(0, &[("next", ())]).expect("it is a graph");
    assert_eq!(explored.configurations(), 10_000);
    assert_eq!(explored.path_to("9999").map(|path| path.len()), Some(9999));
    assert!(before.elapsed() < std::time::Duration::from_secs(5), "{:?}", before.elapsed());
}

#[test]
fn what_can_be_seen_corrects_what_a_step_says() {
    // It says of everything that it was ignored.
    let liar = Explorer::new(
        "liar",
        |system: &mut (bool, u8), event: &char| {
            match event {
                'm' => system.0 = !system.0,
                'h' => system.1 = 1,
                _ => {}
            }
            Seen::Ignored
        },
        |system| system.0.to_string(),
    )
    .key(|system| system.1);
    let explored = liar.explore((false, 0), &[("move", 'm'), ("handle", 'h'), ("drop", 'd')]);
    let explored = explored.expect("a graph");
    assert_eq!(
        lines(&explored),
        [
            "false --move--> true",
            "false --handle [0]--> (stays)",
            "true --move--> false",
            "true --handle [0]--> (stays)",
        ]
    );
    assert_eq!(
        ignored(&explored),
        [
            "false ignores `handle` [1]",
            "false ignores `drop`",
            "true ignores `handle` [1]",
            "true ignores `drop`",
        ]
    );
}

#[derive(Clone, Copy, Debug)]
enum Hand {
    Push,
    Pull,
    Turn,
}
impl Event for Hand {}

#[derive(Clone, Copy, Debug)]
enum Door {
    Closed,
    Open,
    Locked,
}

/// A machine of our own, seen from outside: nothing but its step is known to the explorer.
#[test]
fn a_machine_of_this_workspace_has_the_graph_that_it_was_written_with() {
    let machine = Machine::<(), Hand>::builder("door")
        .on(Door::Closed, Hand::Push)
        .to(Door::Open)
        .on(Door::Closed, Hand::Turn)
        .to(Door::Locked)
        .on(Door::Open, Hand::Pull)
        .to(Door::Closed)
        .on(Door::Locked, Hand::Turn)
        .to(Door::Closed)
        .build(Door::Closed)
        .expect("a sound machine");
    let send = |run: &mut Snapshot<()>, hand: &Hand| match machine.dispatch(
        run,
        Timestamp::ZERO,
        *hand,
        &mut Effects::new(),
        &mut (),
    ) {
        Ok(()) => Seen::Moved,
        Err(_) => Seen::Ignored,
    };
    let state = |run: &Snapshot<()>| {
        run.tokens().map(|(state, _)| machine.graph().name_of(state)).collect::<Vec<_>>().join(" ")
    };
    let hands = [("Push", Hand::Push), ("Pull", Hand::Pull), ("Turn", Hand::Turn)];
    let explored = Explorer::new("door", send, state).explore(machine.begin(()), &hands);
    let explored = explored.expect("a graph");
    assert_eq!(explored.graph().to_dot(), machine.graph().to_dot());
    assert_eq!(explored.ignored().len(), 3 * 3 - 4);
}

/// By state and event, where a machine goes, if anywhere.
fn any_table() -> impl Strategy<Value = Vec<Vec<Option<usize>>>> {
    (1..8_usize, 1..5_usize).prop_flat_map(|(states, events)| {
        let target = prop::option::of(0..states);
        prop::collection::vec(prop::collection::vec(target, events), states)
    })
}

proptest! {
    /// The part of a table that can be reached, and nothing else, is explored; every path leads
    /// to its state and none is longer than it must be.
    #[test]
    fn a_table_is_found_again_by_whoever_only_sends_events(table in any_table()) {
        let names: Vec<String> = (0..table[0].len()).map(|event| format!("e{event}")).collect();
        let events: Vec<(&str, usize)> =
            names.iter().enumerate().map(|(event, name)| (name.as_str(), event)).collect();
        let step = |at: &mut usize, event: &usize| match table[*at][*event] {
            Some(to) => {
                *at = to;
                Seen::Moved
            }
            None => Seen::Ignored,
        };
        let explored = Explorer::new("table", step, |at: &usize| format!("s{at}"))
            .explore(0, &events)
            .expect("a graph");

        // Distances by relaxing every edge as often as there are states.
        let mut far = vec![usize::MAX; table.len()];
        far[0] = 0;
        for _ in 0..table.len() {
            for (from, row) in table.iter().enumerate() {
                for to in row.iter().flatten() {
                    far[*to] = far[*to].min(far[from].saturating_add(1));
                }
            }
        }
        let mut edges = BTreeSet::new();
        let mut dropped = BTreeSet::new();
        for (from, row) in table.iter().enumerate().filter(|(from, _)| far[*from] < usize::MAX) {
            for (event, to) in row.iter().enumerate() {
                match to {
                    Some(to) => edges.insert((format!("s{from}"), format!("e{event}"), format!("s{to}"))),
                    None => dropped.insert(format!("s{from} ignores `e{event}`")),
                };
            }
        }
        let graph = explored.graph();
        let found: BTreeSet<_> = graph
            .transitions()
            .map(|(_, edge)| {
                assert!(matches!(edge.trigger(), Trigger::Event(_)) && edge.guard().is_none());
                let name = |state| graph.name_of(state).to_owned();
                (name(edge.from()), graph.trigger_label(edge.trigger()), name(edge.to()))
            })
            .collect();
        prop_assert_eq!(found, edges);
        prop_assert_eq!(ignored(&explored).into_iter().collect::<BTreeSet<_>>(), dropped);
        for (state, far) in far.into_iter().enumerate() {
            let path = explored.path_to(&format!("s{state}"));
            prop_assert_eq!(path.as_ref().map(Vec::len), (far < usize::MAX).then_some(far));
            let mut at = 0;
            for event in path.into_iter().flatten() {
                let event: usize = event[1..].parse().expect("a number");
                at = table[at][event].expect("a way");
            }
            prop_assert!(far == usize::MAX || at == state);
        }
    }
}
