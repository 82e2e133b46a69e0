//! One case of our own for each rule: a small chart, and what events make of it.

use std::collections::BTreeSet;

use crate::chart;
use crate::script::{self, Script};

/// Plays `events`, each with the configuration after it, on the chart with these states.
fn follows(states: &str, initial: &str, events: &[(&str, &str)]) {
    let set = |names: &str| names.split_whitespace().map(str::to_owned).collect();
    let graph = chart::read(&format!("<scxml>{states}</scxml>")).expect("nothing is lacking");
    let events = events.iter().map(|(event, next)| ((*event).to_owned(), set(next)));
    let script = Script { initial: set(initial), events: events.collect() };
    if let Err(why) = script::play(graph, &script) {
        panic!("{why}");
    }
}

#[test]
fn a_state_is_entered_with_the_state_within_it_that_it_names_or_else_with_its_first() {
    let lamp = r#"
        <state id="off"> <transition event="press" target="on"/> </state>
        <state id="on" initial="bright">
            <state id="dim"/>
            <state id="bright"> <transition event="press" target="blinking"/> </state>
        </state>
        <state id="blinking">
            <state id="lit"> <transition event="tick" target="dark"/> </state>
            <state id="dark"> <transition event="tick" target="lit"/> </state>
        </state>"#;
    follows(lamp, "off", &[("press", "bright"), ("press", "lit"), ("tick", "dark")]);
}

#[test]
fn of_two_transitions_of_one_state_the_one_declared_first_is_taken() {
    let fork_in_the_road = r#"
        <state id="here">
            <transition event="go" target="left"/>
            <transition event="go" target="right"/>
        </state>
        <state id="left"/>
        <state id="right"/>"#;
    follows(fork_in_the_road, "here", &[("go", "left")]);
}

#[test]
fn the_transition_of_a_state_within_beats_that_of_a_state_around_it() {
    let window = r#"
        <state id="window">
            <transition event="push" target="broken"/>
            <state id="closed"> <transition event="push" target="open"/> </state>
            <state id="open"/>
        </state>
        <state id="broken"/>"#;
    follows(window, "closed", &[("push", "open"), ("push", "broken"), ("push", "broken")]);
}

#[test]
fn an_event_moves_every_region_that_listens_to_it() {
    let keyboard = r#"
        <parallel id="locks">
            <state id="caps">
                <state id="small"> <transition event="caps" target="large"/> </state>
                <state id="large">
                    <transition event="caps" target="small"/>
                    <transition event="reset" target="small"/>
                </state>
            </state>
            <state id="numbers">
                <state id="off"> <transition event="numbers" target="on"/> </state>
                <state id="on"> <transition event="reset" target="off"/> </state>
            </state>
        </parallel>"#;
    follows(
        keyboard,
        "small off",
        &[("caps", "large off"), ("numbers", "large on"), ("reset", "small off")],
    );
}

#[test]
fn of_two_regions_that_disturb_each_other_the_one_declared_first_wins() {
    let by_region = |first: &str, second: &str| {
        format!(r#"<parallel id="both">{first}{second}</parallel> <state id="out"/>"#)
    };
    let stays = r#"
        <state id="stays">
            <state id="s1"> <transition event="e" target="s2"/> </state>
            <state id="s2"/>
        </state>"#;
    let leaves = r#"
        <state id="leaves">
            <state id="l1"> <transition event="e" target="out"/> </state>
        </state>"#;
    follows(&by_region(stays, leaves), "s1 l1", &[("e", "s2 l1"), ("e", "out")]);
    follows(&by_region(leaves, stays), "l1 s1", &[("e", "out")]);
}

#[test]
fn a_region_beats_the_parallel_state_around_it_also_from_behind() {
    let call = r#"
        <parallel id="call">
            <state id="sound"/>
            <state id="picture">
                <state id="shown"> <transition event="hang-up" target="frozen"/> </state>
                <state id="frozen"/>
            </state>
            <transition event="hang-up" target="over"/>
        </parallel>
        <state id="over"/>"#;
    // `frozen` does not listen: only then is it the parallel state's turn.
    follows(call, "sound shown", &[("hang-up", "sound frozen"), ("hang-up", "over")]);
}

#[test]
fn a_way_out_of_one_region_ends_all_of_them_however_deep_they_lie() {
    let alarm = r#"
        <parallel id="house">
            <parallel id="floor">
                <state id="kitchen">
                    <state id="calm"> <transition event="smoke" target="outside"/> </state>
                </state>
                <state id="hall"/>
            </parallel>
            <state id="garden">
                <state id="sun"> <transition event="cloud" target="shade"/> </state>
                <state id="shade"/>
            </state>
        </parallel>
        <state id="outside"/>"#;
    follows(alarm, "calm hall sun", &[("cloud", "calm hall shade"), ("smoke", "outside")]);
}

/// A parallel state is not what contains a transition: its "least common compound ancestor" is
/// around it, so that all regions begin anew.
#[test]
fn a_region_that_leaves_itself_as_a_whole_begins_the_parallel_state_anew() {
    let lesson = r#"
        <parallel id="lesson">
            <state id="slides">
                <transition event="restart" target="slides"/>
                <transition event="end" target="last-slide"/>
                <state id="first-slide"> <transition event="next" target="last-slide"/> </state>
                <state id="last-slide"/>
            </state>
            <state id="clock">
                <state id="early"> <transition event="tick" target="late"/> </state>
                <state id="late"/>
            </state>
        </parallel>"#;
    let late = [("next", "last-slide early"), ("tick", "last-slide late")];
    follows(lesson, "first-slide early", &[late[0], late[1], ("restart", "first-slide early")]);
    // Also where it names a state within: that one is entered, and the clock begins anew.
    let tick = ("tick", "first-slide late");
    follows(lesson, "first-slide early", &[tick, ("end", "last-slide early")]);
}

#[test]
fn a_way_into_one_region_begins_the_others_by_themselves() {
    let studio = r#"
        <state id="home"> <transition event="visit" target="talk"/> </state>
        <parallel id="studio">
            <state id="light"> <state id="dark"/> <state id="bright"/> </state>
            <state id="stage">
                <state id="empty"/>
                <state id="show"> <state id="song"/> <state id="talk"/> </state>
            </state>
        </parallel>"#;
    follows(studio, "home", &[("visit", "dark talk")]);
}

#[test]
fn several_targets_enter_several_regions_also_of_parallel_states_within_one_another() {
    let studio = r#"
        <state id="home"> <transition event="visit" target="bright talk"/> </state>
        <parallel id="studio">
            <state id="light"> <state id="dark"/> <state id="bright"/> </state>
            <parallel id="stage">
                <state id="curtain"> <state id="down"/> <state id="up"/> </state>
                <state id="show"> <state id="song"/> <state id="talk"/> </state>
            </parallel>
        </parallel>"#;
    follows(studio, "home", &[("visit", "bright down talk")]);
}

#[test]
fn a_transition_without_a_target_changes_nothing_and_disturbs_nobody() {
    let radio = r#"
        <parallel id="radio">
            <state id="sound">
                <transition event="button"/>
                <state id="soft"/>
            </state>
            <state id="station">
                <state id="one"> <transition event="button" target="two"/> </state>
                <state id="two"> <transition event="button" target="off"/> </state>
            </state>
        </parallel>
        <state id="off"/>"#;
    follows(radio, "soft one", &[("button", "soft two"), ("button", "off")]);
}

/// Cause: the parallel state was left first, and with it the region that had still to act.
#[test]
fn a_region_without_a_target_to_go_to_acts_even_if_what_is_around_it_is_left() {
    let graph = |first: &str, second: &str| {
        let regions = format!(r#"<state id="quiet"/> {first} {second}"#);
        let both = format!(
            r#"<parallel id="both"> <transition event="e" target="out"/> {regions} </parallel>"#
        );
        chart::read(&format!(r#"<scxml>{both} <state id="out"/></scxml>"#))
    };
    let acts = r#"<state id="acts"> <transition event="e"/> </state>"#;
    for (first, second) in [(acts, r#"<state id="mute"/>"#), (r#"<state id="mute"/>"#, acts)] {
        let graph = graph(first, second).expect("nothing is lacking");
        let taken = script::transitions(graph, &["e"]);
        let taken: BTreeSet<&str> = taken.iter().map(String::as_str).collect();
        assert_eq!(taken, BTreeSet::from(["acts", "both"]));
    }
}

/// Cause: a transition to a state beside it was taken for a small step, whatever else it named.
#[test]
fn a_region_that_names_a_state_in_another_region_as_well_begins_the_parallel_state_anew() {
    let pair = r#"
        <parallel id="pair">
            <state id="left">
                <state id="l1"> <transition event="swap" target="l2 r2"/> </state>
                <state id="l2"/>
            </state>
            <state id="right"> <state id="r1"/> <state id="r2"/> </state>
        </parallel>"#;
    follows(pair, "l1 r1", &[("swap", "l2 r2")]);
}

#[test]
fn a_parallel_state_is_done_when_each_of_its_regions_has_ended() {
    let order = r#"
        <state id="shop">
            <parallel id="order">
                <transition event="done.state.order" target="sent"/>
                <state id="goods">
                    <state id="picking"> <transition event="picked" target="packed"/> </state>
                    <final id="packed"/>
                </state>
                <state id="money">
                    <state id="asked"> <transition event="paid" target="there"/> </state>
                    <final id="there"/>
                </state>
            </parallel>
            <state id="sent"/>
        </state>"#;
    follows(order, "picking asked", &[("picked", "packed asked"), ("paid", "sent")]);
    follows(order, "picking asked", &[("paid", "picking there"), ("picked", "sent")]);
}

#[test]
fn an_event_that_nothing_accepts_changes_nothing() {
    let door = r#"
        <state id="closed"> <transition event="push" target="open"/> </state>
        <state id="open"/>"#;
    follows(door, "closed", &[("sing", "closed"), ("push", "open"), ("push", "open")]);
}
