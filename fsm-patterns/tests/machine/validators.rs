//! What must hold before and after a state.

use serde_json::json;

use crate::world::{World, faults, lines};

const CUP: &str = "
initial: filling
context: { level: 0, lid: false }
states:
  filling:
    validate: { after: $context.level >= 3 }
    on:
      pour: { actions: { set: { level: $context.level + 1 } } }
      close: { to: ready, actions: { set: { lid: true } } }
      done: ready
  ready:
    validate: { before: [$context.lid == true, $context.level < 9] }
    on: { open: { to: filling, actions: { set: { lid: false } } } }
";

#[test]
fn a_state_is_left_and_entered_only_if_what_is_said_holds() {
    let mut cup = World::of(CUP);
    cup.refuses("close", json!(null));
    assert_eq!(
        cup.why("close", json!(null)).as_deref(),
        Some("after `filling`: `$context.level >= 3` does not hold: level is 0")
    );
    cup.on("pour").on("pour").on("pour").refuses("done", json!(null));
    assert_eq!(
        cup.why("done", json!(null)).as_deref(),
        Some("before `ready`: `$context.lid == true` does not hold: lid is false")
    );
    // The actions of the transition count already for what is before a state.
    cup.on("close").is_at("ready").on("open").is_at("filling");
}

#[test]
fn drawings_show_the_validators_in_the_guards() {
    insta::assert_snapshot!(lines(&World::of(CUP).file).join("\n"), @r"
    filling: pour [can set level] / set level = $context.level + 1
    filling -> ready: close [after(filling): $context.level >= 3 && before(ready): $context.lid == true && before(ready): $context.level < 9] / set lid = true
    filling -> ready: done [after(filling): $context.level >= 3 && before(ready): $context.lid == true && before(ready): $context.level < 9 (2)]
    ready -> filling: open / set lid = false
    ");
}

#[test]
fn validators_of_states_around_and_within_are_asked_too() {
    let mut run = World::of(
        "
initial: out
context: { in: 1, around: 1, entered: 0 }
states:
  out:
    validate: { after: $context.around == 1 }
    initial: in
    on: { go: far, in: { actions: { set: { in: 1 } } }, around: { actions: { set: { around: 0 } } } }
    states:
      in: { validate: { after: $context.in == 1 }, on: { spoil: { actions: { set: { in: 0 } } }, next: other } }
      other: {}
  far:
    initial: deep
    entry: { set: { entered: $context.entered + 1 } }
    on: { back: out }
    states: { deep: { validate: { before: $context.entered < 2 } } }
",
    );
    run.on("spoil").refuses("go", json!(null)).refuses("next", json!(null));
    // An inner validator is asked only of a token that stands there.
    run.on("in").on("next").is_at("out.other").on("go").is_at("far.deep");
    // What is before an inner state sees what the entry of the outer one did.
    run.on("back").refuses("go", json!(null));
    run.on("around");
    let graph = run.file.graph();
    let (id, _) = graph
        .transitions()
        .find(|(_, edge)| graph.trigger_label(edge.trigger()) == "go")
        .expect("it is there");
    let leaf = graph.state("out.in").expect("it is there");
    let why = run.file.why_at(id, leaf, run.run.context(), None);
    assert_eq!(
        why.as_deref(),
        Some("after `out`: `$context.around == 1` does not hold: around is 0")
    );
}

#[test]
fn a_state_with_validators_is_entered_again_only_if_they_hold() {
    let mut run = World::of(
        "
initial: a
context: { n: 0 }
states:
  a:
    validate: { before: $context.n < 2, after: $context.n < 2 }
    on: { again: { to: a, actions: { set: { n: $context.n + 1 } } }, in: { actions: { set: { n: 5 } } } }
",
    );
    run.on("again").refuses("again", json!(null)).on("in").refuses("again", json!(null));
}

#[test]
fn nothing_but_before_and_after_can_be_validated() {
    let said = [
        "initial: a\nstates: { a: { validate: { befor: x }, on: { go: a } } }\n",
        "initial: a\nstates: { a: { validate: { before: [] }, on: { go: a } } }\n",
        "initial: a\nstates: { a: { validate: { before: [$context.a >] }, on: { go: a } } }\n",
        "initial: a\nstates: { a: { validate: $context.a, on: { go: a } } }\n",
    ]
    .map(faults);
    insta::assert_snapshot!(said.join("\n"));
}
