//! Restoring at any step changes nothing that follows.

use fsm_core::{Effect, Effects, Input, Outcome, Snapshot, Start, Ticket, Timestamp};
use fsm_testkit::strategies::{Size, any_blueprint};
use fsm_testkit::tally::{Tally, Word};
use proptest::prelude::*;

use crate::fuzz::config;
use crate::walk::{Machines, Walk};

/// What the world has been asked for and has not answered.
#[derive(Default)]
struct Asked {
    starts: Vec<Start>,
    timers: Vec<(Ticket, Timestamp)>,
}

impl Asked {
    fn note(&mut self, input: &Input<Word>, effects: &Effects) {
        match input {
            Input::Outcome { ticket, .. } => self.starts.retain(|start| start.ticket != *ticket),
            Input::Timer(ticket) => self.timers.retain(|(timer, _)| timer != ticket),
            Input::Start | Input::Event(_) | Input::Cancel => {}
        }
        for effect in effects.as_slice() {
            match effect {
                Effect::Start(start) => self.starts.push(*start),
                Effect::Timer { ticket, at } => self.timers.push((*ticket, *at)),
                Effect::Cancel(ticket) => self.starts.retain(|start| start.ticket != *ticket),
                Effect::Finish => {}
            }
        }
    }
}

/// Saves a run, restores it, and holds what restoring asks for to what was asked before: the
/// activities under way, with their tickets, and every timer that still means something.
fn interrupt(machine: &Machines, run: &Snapshot<Tally>, asked: &Asked) -> Snapshot<Tally> {
    let text = serde_json::to_string(run).expect("a snapshot is data");
    let back: Snapshot<Tally> = serde_json::from_str(&text).expect("what was written is read");
    let mut effects = Effects::new();
    machine.restore(&back, &mut effects).expect("its own snapshot is whole");
    if run.status().is_over() {
        assert!(effects.as_slice().is_empty(), "nothing goes on after the end");
        return back;
    }
    let mut again = Asked::default();
    again.note(&Input::Cancel, &effects);
    let by_ticket = |mut starts: Vec<Start>| {
        starts.sort_by_key(|start| start.ticket);
        starts
    };
    assert_eq!(by_ticket(again.starts), by_ticket(asked.starts.clone()));
    assert!(again.timers.iter().all(|timer| asked.timers.contains(timer)), "a timer from nowhere");
    for (ticket, at) in asked.timers.iter().filter(|timer| !again.timers.contains(timer)) {
        // What is not set again must have been stale: it changes nothing but the time.
        let mut before = back.clone();
        let now = at.max(&back.now()).to_owned();
        let nothing = Input::Outcome {
            ticket: serde_json::from_str(r#"{"slot":0,"number":0}"#).expect("two numbers"),
            outcome: Outcome::done(),
        };
        machine.step(&mut before, now, &nothing, &mut effects, &mut ()).expect("it is stale");
        let mut after = back.clone();
        machine
            .step(&mut after, now, &Input::Timer(*ticket), &mut effects, &mut ())
            .expect("what is stale is no error");
        assert_eq!(before, after, "a timer that was awaited was not set again");
    }
    back
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_run_that_is_restored_now_and_then_goes_on_as_if_nothing_had_been(
        blueprint in any_blueprint(Size::SMALL),
        seed in any::<u64>(),
        rolls in prop::collection::vec(any::<u64>(), 0..60),
        mut cuts in any::<u64>(),
    ) {
        let mut walk = Walk::begin(&blueprint, seed);
        rolls.iter().for_each(|roll| walk.roll(*roll));
        walk.finish();

        let machine = &walk.machine;
        let mut whole = machine.snapshot(walk.context(seed), seed);
        let mut restored = whole.clone();
        let (mut effects, mut again) = (Effects::new(), Effects::new());
        let mut asked = Asked::default();
        for (now, input) in &walk.journal {
            if cuts & 1 == 1 {
                restored = interrupt(machine, &restored, &asked);
            }
            cuts = cuts.rotate_right(1);
            machine.step(&mut whole, *now, input, &mut effects, &mut ()).expect("as before");
            machine.step(&mut restored, *now, input, &mut again, &mut ()).expect("as before");
            prop_assert_eq!(effects.as_slice(), again.as_slice());
            let bytes = |run| serde_json::to_vec(run).expect("a snapshot is data");
            prop_assert_eq!(bytes(&whole), bytes(&restored));
            asked.note(input, &effects);
        }
        interrupt(machine, &restored, &asked);
    }
}
