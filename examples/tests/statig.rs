//! The machine of statig and its twin: one drawing, one behaviour, but for what vanishes there and
//! is refused here.

use fsm_core::StepError;
use statig::blocking::IntoStateMachineExt;

#[path = "../examples/statig_blinky.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod statig_blinky;

use statig_blinky::{EVENTS, Event, Led, act, blinky, drawing, explored};

#[test]
fn both_machines_have_one_drawing() {
    let (explored, ours) = (explored().expect("a graph"), blinky().expect("a sound machine"));
    assert_eq!(drawing(explored.graph()), drawing(ours.graph()));
    assert_eq!(explored.findings(), []);
    insta::assert_snapshot!(explored.graph().to_dot());
}

#[test]
fn what_vanishes_in_one_is_refused_by_the_other() {
    let explored = explored().expect("a graph");
    let ignored: Vec<String> = explored.ignored().iter().map(ToString::to_string).collect();
    assert_eq!(ignored, ["NotBlinking ignores `TimerElapsed`"]);

    let machine = blinky().expect("a sound machine");
    let mut run = machine.begin(Led::default());
    for ignored in explored.ignored() {
        let event = |wanted: &str| {
            EVENTS.into_iter().find(|(name, _)| *name == wanted).expect("one that was sent").1
        };
        for step in explored.path_to(&ignored.state).expect("it was seen") {
            act(&machine, &mut run, event(step)).expect("a way that was seen");
        }
        let refused = act(&machine, &mut run, event(&ignored.event)).expect_err("it is ignored");
        assert!(matches!(refused, StepError::Rejected { .. }));
        assert_eq!(
            refused.to_string(),
            "event `TimerElapsed` is not accepted in state NotBlinking"
        );
    }
}

#[test]
fn the_light_of_both_is_lit_alike_at_every_step() {
    let machine = blinky().expect("a sound machine");
    let mut ours = machine.begin(Led::default());
    let mut theirs = Led::default().state_machine();
    theirs.init();
    assert_eq!(ours.context(), theirs.inner());
    for (at, round) in [0b0010_1101_0110_u32, 0b1100_0000_1011].into_iter().enumerate() {
        for bit in 0..12 {
            let event = match round >> bit & 1 {
                0 => Event::TimerElapsed,
                _ => Event::ButtonPressed,
            };
            theirs.handle(&event);
            let refused = act(&machine, &mut ours, event).is_err();
            assert_eq!(ours.context(), theirs.inner(), "round {at}, step {bit}, {event:?}");
            assert!(!refused || format!("{:?}", theirs.state()) == "NotBlinking");
        }
    }
}
