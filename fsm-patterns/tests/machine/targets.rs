//! Which state a target means.

use fsm_patterns::machine;
use serde_json::json;

use crate::world::{World, faults, file, lines};

#[test]
fn targets_are_looked_for_from_the_source_outwards_and_the_innermost_wins() {
    let file = file(
        "
initial: on
states:
  on:
    initial: idle
    on: { off: off, child: .playing, whole: on.playing.loud }
    states:
      idle: { on: { play: playing, other: off } }
      off: { on: { play: playing } }
      playing:
        initial: loud
        states:
          loud: { on: { out: off, deep: on.idle, self: loud, stay: {} } }
  off: { on: { push: on } }
",
    );
    assert_eq!(
        lines(&file),
        [
            "on -> off: off",
            "on -> on.playing: child",
            "on -> on.playing.loud: whole",
            "on.idle -> on.playing: play",
            "on.idle -> on.off: other",
            "on.off -> on.playing: play",
            "on.playing.loud -> on.off: out",
            "on.playing.loud -> on.idle: deep",
            "on.playing.loud -> on.playing.loud: self",
            "on.playing.loud: stay",
            "off -> on: push",
        ]
    );
}

#[test]
fn names_are_arbitrary_text() {
    let mut run = World::of(
        "
initial: a b
states:
  a b: { on: { 'go, now': '1.5' } }
  1.5: { on: { 'Ünïcode \"quoted\"': .hidden } }
  .hidden: { on: { '': a b } }
",
    );
    run.on("go, now").is_at("1.5").on("Ünïcode \"quoted\"").is_at(".hidden").on("").is_at("a b");
}

#[test]
fn a_dot_in_a_name_that_makes_a_target_mean_two_states_is_a_fault() {
    let said = [
        // `x.y` is a state beside the source, and a path.
        "initial: a\nstates:\n  a: { initial: p, states: { p: { on: { go: x.y } }, x.y: { on: { go: a } } } }\n  x: { initial: y, states: { y: { on: { go: a } } } }\n",
        // `.b` is a state beside the source, and one within it.
        "initial: a\nstates:\n  a: { initial: b, on: { go: .b }, states: { b: {} } }\n  .b: { on: { go: a } }\n",
        // Two states have one whole name.
        "initial: a\nstates:\n  a: { initial: b, on: { go: a }, states: { b: {} } }\n  a.b: { on: { go: a } }\n",
    ]
    .map(faults);
    insta::assert_snapshot!(said.join("\n"), @r"
    n.yaml:5:45: `x.y` may be any of `a.x.y`, `x.y` (rename one of them: a `.` in a name reads like a path)
    n.yaml:5:30: `.b` may be any of `a.b`, `.b` (rename one of them: a `.` in a name reads like a path)
    n.yaml:6:3: two states are called `a.b`: this one, and that at `states.a.states.b` (a state within another is called `outer.inner`; rename one of them)
    ");
}

#[test]
fn an_unknown_target_comes_with_the_nearest_one() {
    let report = faults(
        "
initial: clsed
states:
  closed: { on: { push: opn, child: inner, far: deep, lost: elsewhere } }
  open: { initial: outer, states: { outer: { on: { go: { to: [closed, nowhere] } } }, deep: {} } }
  holds: { initial: inner, on: { go: inner }, states: { inner: { on: { go: missing.name } } } }
",
    );
    insta::assert_snapshot!(report, @r"
    n.yaml:4:10: `initial` names `clsed`, which is no state beside it (did you mean `closed`?)
    n.yaml:6:25: there is no state `opn` (did you mean `open`?)
    n.yaml:6:37: there is no state `inner` (did you mean `holds.inner`?)
    n.yaml:6:49: there is no state `deep` (did you mean `open.deep`?)
    n.yaml:6:61: there is no state `elsewhere` (a target is a state beside, around, or, as `.child`, within)
    n.yaml:7:71: there is no state `nowhere` (a target is a state beside, around, or, as `.child`, within)
    n.yaml:8:38: there is no state `inner` (did you mean `.inner`, the one within `holds`?)
    n.yaml:8:76: there is no state `missing.name` (a target is a state beside, around, or, as `.child`, within)
    ");
}

#[test]
fn candidates_are_tried_by_priority_and_then_in_the_order_of_the_file() {
    let file = file(
        "
initial: a
states:
  a:
    on:
      go:
        - { to: b, guard: $event == 1 }
        - { to: c, guard: $event >= 1, priority: 2 }
        - { to: d, guard: $event >= 2, priority: 2 }
        - { to: e, guard: $event == 0, priority: -1 }
        - { to: f, guard: $event == 0 }
  b: { on: { back: a } }
  c: { on: { back: a } }
  d: { on: { back: a } }
  e: { on: { back: a } }
  f: { on: { back: a } }
",
    );
    let order: Vec<String> =
        lines(&file).iter().take(5).map(|line| line[5..6].to_owned()).collect();
    assert_eq!(order, ["c", "d", "b", "f", "e"]);
    let mut run = World::with(file, machine::Registry::new());
    run.on_with("go", json!(1)).is_at("c").on("back").on_with("go", json!(0)).is_at("f");
}

#[test]
fn an_inner_state_comes_before_an_outer_one_whatever_the_priorities() {
    let mut run = World::of(
        "
initial: out
states:
  out:
    initial: in
    on: { go: { to: far, priority: 9 } }
    states: { in: { on: { go: near } }, near: {} }
  far: { on: { go: out } }
",
    );
    run.on("go").is_at("out.near").on("go").is_at("far");
}

#[test]
fn without_a_target_nothing_is_left_and_with_its_own_a_state_is_entered_again() {
    let mut run = World::of(
        "
initial: a
context: { in: 0, acted: 0 }
states:
  a:
    entry: { set: { in: $context.in + 1 } }
    on:
      act: { actions: { set: { acted: $context.acted + 1 } } }
      again: a
",
    );
    run.on("act").on("act").on("again").has(json!({"in": 2, "acted": 2}));
}
