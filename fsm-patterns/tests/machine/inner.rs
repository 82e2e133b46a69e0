//! Machines within machines: contexts of their own, and data in and out.

use fsm_patterns::machine::Registry;
use serde_json::json;

use crate::world::{World, faults, file, lines};

const BAR: &str = "
initial: idle
context: { strength: 3, cups: 10 }
states:
  idle: { on: { order: brewing } }
  brewing:
    machine: brewer
    in: { beans.grams: $context.strength * 7, by: { value: $event.who, default: nobody } }
    out: { cups: $context.made + 1, last: $context.by }
    done: [{ to: idle, guard: $context.cups < 3 }, { to: proud, guard: $context.last != 'nobody' }]
    on: { stop: idle }
  proud: { on: { order: brewing } }
machines:
  brewer:
    initial: grinding
    context: { made: 0, beans: { kind: arabica } }
    states:
      grinding: { on: { next: { to: pouring, guard: $context.beans.grams == 21 } } }
      pouring: { on: { cup: { actions: { set: { made: $context.made + 1 } } }, enough: done } }
      done: { final: true }
";

#[test]
fn an_inner_machine_has_a_context_of_its_own_and_hands_data_in_and_out() {
    let mut bar = World::of(BAR);
    bar.on_with("order", json!({"who": "ada"})).is_at("brewing.grinding");
    bar.has(json!({
        "strength": 3, "cups": 10,
        "$machines": { "brewing": { "made": 0, "beans": { "kind": "arabica", "grams": 21 }, "by": "ada" } },
    }));
    bar.on("next").on("cup").on("cup").on("enough").is_at("proud");
    bar.has(json!({"strength": 3, "cups": 3, "last": "ada"}));
    // A second visit begins anew.
    bar.on("order").on("next").on("cup");
    assert_eq!(bar.run.context()["$machines"]["brewing"]["by"], "nobody");
    bar.on("stop").is_at("idle").has(json!({"strength": 3, "cups": 3, "last": "ada"}));
}

#[test]
fn drawings_say_whose_context_is_meant() {
    let file = file(BAR);
    insta::assert_snapshot!(lines(&file).join("\n"));
    let dot = file.graph().to_dot();
    for text in ["begin brewing", "end brewing", "brewing gives cups"] {
        assert!(dot.contains(text), "{text}: {dot}");
    }
}

#[test]
fn an_inner_machine_that_cannot_be_begun_or_ended_refuses_the_transition() {
    let mut run = World::of(
        "
initial: a
context: {}
states:
  a: { on: { go: b, ready: { actions: { set: { n: 1 } } } } }
  b:
    machine:
      initial: x
      states: { x: { on: { end: y, mend: { actions: { set: { r: 2 } } } } }, y: { final: true } }
    in: { n: $context.n }
    out: { r: $context.r }
    done: a
",
    );
    run.refuses("go", json!(null));
    assert_eq!(
        run.why("go", json!(null)).as_deref(),
        Some("`n` can't be set: `$context.n` is absent: `$context` has no member `n`")
    );
    run.on("ready").on("go").refuses("end", json!(null)).on("mend").on("end").is_at("a");
    run.has(json!({"n": 1, "r": 2}));
}

#[test]
fn machines_nest_and_rust_code_sees_the_context_of_its_machine() {
    let file = file(
        "
initial: a
context: { level: 0 }
states:
  a:
    machine:
      initial: b
      context: { level: 1 }
      states:
        b:
          machine:
            initial: c
            context: { level: 2 }
            states:
              c: { on: { go: { to: d, guard: deep, actions: [mark, { set: { seen: $context.level } }] } } }
              d: { invoke: look, done: e }
              e: { final: true }
          out: { got: $context.seen, marked: $context.marked }
          done: end
        end: { final: true }
    out: { got: $context.got, level: $context.level, marked: $context.marked }
    done: over
  over: { final: true }
",
    );
    assert_eq!(file.unbound().activities, ["look"]);
    let registry = Registry::new()
        .guard("deep", |context, _| context["level"] == 2)
        .action("mark", |context, _| context["marked"] = json!("here"))
        .activity("look", |context, visit| {
            assert_eq!((&context["level"], visit.name), (&json!(2), "a.b.d"));
            async { fsm_patterns::machine::MachineEvent::done(json!(null)) }
        });
    let mut run = World::with(file, registry);
    run.is_at("a.b.c").on("go").is_at("a.b.d");
    let context = &run.run.context()["$machines"]["a"]["$machines"]["b"];
    assert_eq!(context, &json!({"level": 2, "marked": "here", "seen": 2}));
    run.ends(fsm_core::Outcome::done());
    run.has(json!({"level": 1, "got": 2, "marked": "here"}));
}

#[test]
fn one_machine_may_run_in_several_places_also_at_once() {
    let mut run = World::of(
        "
initial: both
context: {}
states:
  both:
    parallel: true
    done: end
    states:
      left: { machine: count, in: { step: 1 }, out: { left: $context.n } }
      right: { machine: count, in: { step: 10 }, out: { right: $context.n } }
  end: { final: true }
machines:
  count:
    initial: on
    context: { n: 0 }
    states:
      on: { on: { tick: { actions: { set: { n: $context.n + $context.step } } }, off: off } }
      off: { final: true }
",
    );
    run.on("tick").on("tick").on("off").has(json!({"left": 2, "right": 20}));
}

#[test]
fn a_machine_that_holds_itself_is_unknown_or_is_never_used_is_a_fault() {
    let report = faults(
        "
initial: a
states:
  a: { machine: one, on: { go: a } }
  b: { machine: oen, on: { go: a } }
  c: { machine: far away, on: { go: a } }
  d: { machine: 5, on: { go: a } }
machines:
  one: { initial: x, states: { x: { machine: two, on: { go: x } } } }
  two: { initial: y, states: { y: { machine: one, on: { go: a } } } }
  three: { initial: z, states: { z: { on: { go: z } } } }
",
    );
    insta::assert_snapshot!(report);
}

#[test]
fn from_outside_no_state_of_an_inner_machine_can_be_entered() {
    let report = faults(
        "
initial: a
states:
  a: { on: { go: m.x } }
  m: { machine: { initial: x, states: { x: { on: { go: a } } } }, on: { go: a } }
",
    );
    insta::assert_snapshot!(report);
}

#[test]
fn machines_that_would_unfold_without_measure_are_refused() {
    let mut text =
        "initial: a\nstates: { a: { machine: m0, on: { go: a } } }\nmachines:\n".to_owned();
    for at in 0..40 {
        let next = at + 1;
        text += &format!(
            "  m{at}: {{ initial: x, states: {{ x: {{ machine: m{next}, on: {{ go: y }} }}, y: {{ machine: m{next}, on: {{ go: x }} }} }} }}\n"
        );
    }
    text += "  m40: { initial: x, states: { x: { on: { go: x } } } }\n";
    let report = faults(&text);
    assert!(report.contains("the states unfold too far (at most 100000 states"), "{report}");
}
