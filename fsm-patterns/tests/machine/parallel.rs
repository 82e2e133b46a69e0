//! Regions that stand side by side.

use serde_json::json;

use crate::world::{World, faults};

const PLAYER: &str = "
initial: off
context: { done: 0 }
states:
  off: { on: { on: on, straight: { to: [on.sound.loud, on.light.dark] } } }
  on:
    parallel: true
    on: { off: off }
    done: { to: off, actions: { set: { done: $context.done + 1 } } }
    states:
      sound:
        initial: quiet
        states:
          quiet: { on: { louder: loud, end: over } }
          loud: { on: { softer: quiet } }
          over: { final: true }
      light:
        initial: bright
        states:
          bright: { on: { louder: dark } }
          dark: { on: { softer: bright, stop: over } }
          over: { final: true }
";

#[test]
fn regions_hear_every_event_and_the_whole_is_done_when_all_of_them_are() {
    let mut player = World::of(PLAYER);
    player.on("on").is_at("on on.sound.quiet on.light.bright");
    player.on("louder").is_at("on on.sound.loud on.light.dark");
    player.on("off").is_at("off").on("straight").is_at("on on.sound.loud on.light.dark");
    player.on("softer").on("end").on("louder").is_at("on on.sound.over on.light.dark");
    player.on("stop").is_at("off").has(json!({"done": 1}));
}

#[test]
fn what_a_second_region_cannot_do_any_more_is_noted() {
    let mut run = World::of(
        "
initial: p
context: { n: 1 }
states:
  p:
    parallel: true
    states:
      a: { on: { go: { actions: { set: { n: gone } } } } }
      b: { on: { go: { actions: { set: { m: $context.n + 1 } } } } }
",
    );
    run.on("go").has(json!({
        "n": "gone",
        "$faults": ["set m = $context.n + 1: `m` can't be set: `$context.n` is a string, not a number"],
    }));
}

#[test]
fn what_cannot_stand_side_by_side_is_a_fault() {
    let report = [
        "initial: p\nstates:\n  p: { parallel: true, states: { a: { final: true }, b: { always: a } } }\n",
        "initial: p\nstates:\n  p: { parallel: true, initial: a, states: { a: {} } }\n",
        "initial: p\nstates:\n  p: { parallel: true, on: { go: p } }\n",
        "initial: p\nstates:\n  p: { parallel: true, done: q, states: { a: { on: { go: a } } } }\n  q: { on: { go: p } }\n",
        "initial: q\nstates:\n  p: { parallel: true, states: { a: { on: { go: a } } } }\n  q: { on: { go: { to: [p.a, q] } } }\n",
    ]
    .map(faults);
    insta::assert_snapshot!(report.join("\n"));
}
