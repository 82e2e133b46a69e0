//! Saving a run of a file and going on from there.

use std::time::Duration;

use fsm_core::Snapshot;
use fsm_patterns::machine::Registry;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{World, file};

const ALL: &str = "
initial: idle
context: { n: 0 }
states:
  idle: { on: { go: both, add: { actions: { set: { n: $context.n + 1 } } } } }
  both:
    parallel: true
    on: { back: idle }
    done: idle
    states:
      counting: { machine: counter, in: { n: $context.n }, out: { n: $context.n } }
      lamp:
        initial: dark
        states:
          dark: { on: { add: bright, end: over }, after: { 5s: over } }
          bright: { on: { add: { to: dark, guard: $context.n < 4 } } }
          over: { final: true }
machines:
  counter:
    initial: on
    states:
      on: { on: { add: { actions: { set: { n: $context.n + 1 } } }, end: off } }
      off: { final: true }
";

/// The same run, by way of text, on a machine that was bound anew.
fn saved(world: &World) -> World {
    let text = serde_json::to_string(&world.run).expect("a snapshot is data");
    let snapshot: Snapshot<Value> = serde_json::from_str(&text).expect("it is read back");
    World::restored(file(ALL), Registry::new(), snapshot, world.now)
}

#[test]
fn a_run_goes_on_from_where_it_was_saved() {
    let mut run = World::of(ALL);
    run.on("add").on("go").on("add");
    let mut run = saved(&run);
    run.is_at("both both.counting.on both.lamp.bright").on("add").on("end");
    run.is_at("idle").has(json!({"n": 3}));
}

proptest! {
    #[test]
    fn restoring_at_any_step_changes_nothing_that_follows(
        events in proptest::collection::vec(0usize..5, 0..20), at in 0usize..20,
    ) {
        let (mut plain, mut restored) = (World::of(ALL), World::of(ALL));
        for (step, event) in events.iter().enumerate() {
            let event = ["go", "add", "end", "back", "wait"][*event];
            if step == at {
                restored = saved(&restored);
            }
            if event == "wait" {
                plain.pass(Duration::from_secs(3));
                restored.pass(Duration::from_secs(3));
                prop_assert_eq!(plain.stands(), restored.stands());
                continue;
            }
            let (one, two) = (plain.send(event, json!(null)), restored.send(event, json!(null)));
            prop_assert_eq!(one, two);
            prop_assert_eq!(plain.stands(), restored.stands());
        }
    }
}
