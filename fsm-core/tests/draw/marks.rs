//! What stands out, and that it does so in words or by its line as well as by colour.

use std::collections::HashSet;

use fsm_core::{
    Bindings, Effects, Event, EventKey, Graph, Input, Machine, Mark, Marks, PathFault, Timestamp,
};

use crate::{dot_reader, gallery};

/// The player with a mark of every kind.
pub(crate) fn marked_player() -> (Graph, Marks) {
    let player = gallery::player();
    let state = |name: &str| player.state(name).expect("the player has it");
    let on = |event: &str| {
        let found =
            player.transitions().find(|(_, edge)| player.trigger_label(edge.trigger()) == event);
        found.expect("some transition waits for it").0
    };
    let marks = Marks::path(&player, &["off", "on", "playing"])
        .expect("the path is one")
        .state(state("playing"), Mark::Active)
        .state(state("paused"), Mark::Altered)
        .state(state("seeking"), Mark::Added)
        .state(state("running"), Mark::Removed)
        .transition(on("seek"), Mark::Added)
        .transition(on("pause"), Mark::Removed)
        .transition(on("play"), Mark::Altered);
    (player, marks)
}

#[test]
fn marks_are_told_apart_without_their_colours() {
    let door = gallery::door();
    let closed = door.state("closed").expect("the door has this state");
    let push = door.transitions().next().expect("the door has transitions").0;
    let mut looks = HashSet::new();
    for mark in [Mark::Active, Mark::Path, Mark::Added, Mark::Removed, Mark::Altered] {
        let marks = Marks::new().state(closed, mark).transition(push, mark);
        let picture = dot_reader::read(&door.drawing().marked(&marks).to_dot());
        let node = &picture.nodes["s_closed"];
        let marked = |(_, head, _): &&(String, String, _)| head == "s_open";
        let (_, _, edge) = picture.edges.iter().find(marked).expect("the door can be opened");
        assert!(node.contains_key("penwidth") && edge.contains_key("penwidth"), "{mark:?}");
        looks.insert((node["label"].clone(), edge["label"].clone()));
    }
    assert_eq!(looks.len(), 5, "{looks:?}");
}

#[test]
fn a_drawing_without_marks_is_the_plain_one() {
    let door = gallery::door();
    let none = Marks::new();
    assert_eq!(door.drawing().marked(&none).to_dot(), door.to_dot());
    assert_eq!(door.drawing().marked(&none).to_mermaid(), door.to_mermaid());
}

#[test]
fn a_configuration_is_marked_where_the_tokens_are() {
    let keyboard = gallery::keyboard();
    let bindings = Bindings::<(), Press>::new()
        .guard("held down", |(), _| false)
        .action("repeat", |(), _| {})
        .action("send capital", |(), _| {})
        .action("lamps on", |(), _| {});
    let machine = Machine::bind(keyboard, bindings).expect("every name is bound");
    let mut snapshot = machine.snapshot((), 0);
    let mut effects = Effects::new();
    machine
        .step(&mut snapshot, Timestamp::ZERO, &Input::Start, &mut effects, &mut ())
        .expect("it starts");
    let marks = Marks::of(machine.graph(), &snapshot);
    let marked: Vec<&str> = machine
        .graph()
        .states()
        .filter(|state| marks.of_state(*state) == Some(Mark::Active))
        .map(|state| machine.graph().name_of(state))
        .collect();
    assert_eq!(marked, ["small", "arrows"]);
}

#[test]
fn a_path_takes_the_transitions_of_states_around_and_goes_through_what_is_entered() {
    let player = gallery::player();
    let marks = Marks::path(&player, &["off", "on", "paused", "playing", "seeking", "off"]);
    let marks = marks.expect("the path is one");
    let taken: Vec<String> = player
        .transitions()
        .filter(|(id, _)| marks.of_transition(*id) == Some(Mark::Path))
        .map(|(_, edge)| {
            format!("{} {}", player.name_of(edge.from()), player.trigger_label(edge.trigger()))
        })
        .collect();
    assert_eq!(taken, ["off power", "on power", "paused play", "playing seek"]);
}

#[test]
fn a_path_that_is_none_says_where_it_breaks() {
    let player = gallery::player();
    let fault = Marks::path(&player, &["off", "plying"]).expect_err("the name is wrong");
    assert_eq!(fault.to_string(), "the graph has no state `plying`; did you mean `playing`?");
    let fault = Marks::path(&player, &["off", "seeking"]).expect_err("nothing leads there");
    assert_eq!(fault.to_string(), "no transition leads from `off` to `seeking`");
    assert!(matches!(fault, PathFault::NoTransition { .. }));
}

/// A key that is pressed, by the name of its event.
struct Press(&'static str);

impl Event for Press {
    fn key(&self) -> EventKey<'_> {
        EventKey::Name(self.0)
    }
}
