//! Actions and guards that are expressions.

use fsm_patterns::machine::Registry;
use serde_json::json;

use crate::world::{World, faults, file, lines};

const TILL: &str = "
initial: open
context: { paid: 0 }
states:
  open:
    on:
      coin: { actions: { set: { paid: $context.paid + $event.value } } }
      buy: { to: sold, guard: $context.paid >= 3 }
      undo: { to: open, actions: { set: { paid: 0 } } }
  sold: { on: { again: open } }
";

#[test]
fn a_file_alone_is_a_whole_machine() {
    let mut till = World::of(TILL);
    till.is_at("open").refuses("buy", json!(null));
    assert_eq!(
        till.why("buy", json!(null)).as_deref(),
        Some("`$context.paid >= 3` does not hold: paid is 0")
    );
    till.on_with("coin", json!({"value": 2})).on_with("coin", json!({"value": 1.5}));
    till.has(json!({"paid": 3.5})).on("buy").is_at("sold").on("again").on("undo");
    till.has(json!({"paid": 0}));
}

#[test]
fn what_may_fail_is_a_guard_that_drawings_show() {
    assert_eq!(
        lines(&file(TILL)),
        [
            "open: coin [can set paid] / set paid = $context.paid + $event.value",
            "open -> sold: buy [$context.paid >= 3]",
            "open -> open: undo / set paid = 0",
            "sold -> open: again",
        ]
    );
}

#[test]
fn an_action_that_cannot_be_carried_out_refuses_its_event_and_says_why() {
    let mut till = World::of(TILL);
    let table = [
        (
            json!(null),
            "`paid` can't be set: `$event.value` is absent: `$event` is null and has no member `value`",
        ),
        (json!({"value": "2"}), "`paid` can't be set: `$event.value` is a string, not a number"),
        (json!({"value": {}}), "`paid` can't be set: `$event.value` is an object, not a number"),
    ];
    for (data, expected) in table {
        till.refuses("coin", data.clone());
        assert_eq!(till.why("coin", data).as_deref(), Some(expected));
    }
    assert_eq!(till.why("coin", json!({"value": 1})), None);
}

#[test]
fn the_next_candidate_is_taken_if_the_actions_of_one_fail() {
    let mut run = World::of(
        "
initial: a
context: { n: none }
states:
  a:
    on:
      go:
        - { to: b, actions: { set: { n: $context.n + 1 } } }
        - { to: c }
  b: { on: { back: a } }
  c: { on: { back: a } }
",
    );
    run.on("go").is_at("c");
}

#[test]
fn values_are_computed_before_any_is_set_and_paths_make_objects() {
    let mut run = World::of(
        "
initial: a
context: { x: 1, y: 2 }
states:
  a:
    on:
      swap: { actions: { set: { x: $context.y, y: $context.x } } }
      note: { actions: { set: { order.lines.first: \"{$event.name} x {$context.x}\", order.raw: $event } } }
      through: { actions: { set: { x.y: 1 } } }
      default: { actions: { set: { who: { value: $event.name, default: nobody } } } }
      both: { actions: [{ set: { x: $context.x + 1 } }, { set: { x: $context.x * 10 } }] }
      is: { actions: { set: { big: $context.x > 5 && !($context.y == 0), text: 'a - b', money: $5 } } }
",
    );
    run.on("swap").has(json!({"x": 2, "y": 1}));
    run.on_with("note", json!({"name": "tea"}));
    run.has(
        json!({"x": 2, "y": 1, "order": {"lines": {"first": "tea x 2"}, "raw": {"name": "tea"}}}),
    );
    run.refuses("through", json!(null));
    assert_eq!(
        run.why("through", json!(null)).as_deref(),
        Some("`x.y` can't be set: `x` is a number")
    );
    run.on("default").on("both").on("is");
    let context = run.run.context();
    assert_eq!(
        [&context["who"], &context["x"], &context["big"], &context["text"], &context["money"]],
        [&json!("nobody"), &json!(30), &json!(true), &json!("a - b"), &json!("$5")]
    );
}

#[test]
fn arithmetic_keeps_the_usual_order_and_whole_numbers_whole() {
    let table = [
        ("$context.a + $context.b * 2", json!(13)),
        ("($context.a + $context.b) * 2", json!(16)),
        ("$context.a - $context.b - 1", json!(-3)),
        ("$context.a / $context.b", json!(0.6)),
        ("10 / $context.b", json!(2)),
        ("$context.a % 2 + 0.5", json!(1.5)),
        ("-$context.a", json!(-3)),
        ("-($context.a + -1)", json!(-2)),
        ("$context.a * -1.5e1", json!(-45.0)),
        ("$context.a + 1 > $context.b", json!(false)),
        ("$context.a == 3 || $context.b == 0", json!(true)),
        ("$context['a'] + 1", json!(4)),
        ("$context.name == 'IT''S'", json!(true)),
    ];
    for (text, expected) in table {
        let text = text.replace('\'', "''");
        let mut run = World::of(&format!(
            "
initial: s
context: {{ a: 3, b: 5, name: \"it's\" }}
states:
  s: {{ on: {{ go: {{ actions: {{ set: {{ r: '{text}' }} }} }} }} }}
"
        ));
        run.on("go");
        assert_eq!(run.run.context()["r"], expected, "{text}");
    }
}

#[test]
fn what_gives_no_number_refuses_the_transition() {
    let table = [
        (
            "$context.a / $context.zero",
            "`r` can't be set: `$context.a / $context.zero` divides by zero",
        ),
        ("$context.a % 0", "`r` can't be set: `$context.a % 0` divides by zero"),
        ("$context.huge * 10", "`r` can't be set: `$context.huge * 10` is too large for a number"),
        (
            "$context.none + 1",
            "`r` can't be set: `$context.none` is absent: `$context` has no member `none`",
        ),
        ("$context.text * 2", "`r` can't be set: `$context.text` is a string, not a number"),
        ("!$context.a", "`r` can't be set: `$context.a` is a number, not true or false"),
        (
            "$context.a > $context.text",
            "`r` can't be set: `$context.a > $context.text` compares a number with a string; only two numbers or two strings have an order",
        ),
    ];
    for (text, expected) in table {
        let mut run = World::of(&format!(
            "
initial: s
context: {{ a: 3, zero: 0, huge: 1.0e308, text: t }}
states:
  s: {{ on: {{ go: {{ actions: {{ set: {{ r: '{text}' }} }} }} }} }}
"
        ));
        run.refuses("go", json!(null));
        assert_eq!(run.why("go", json!(null)).as_deref(), Some(expected));
    }
}

#[test]
fn entry_and_exit_actions_count_as_the_transitions_own() {
    let mut run = World::of(
        "
initial: a
context: { left: 0 }
states:
  a:
    exit: { set: { left: $context.left + 1 } }
    on: { in: out.deep, spoil: { actions: { set: { left: none } } } }
  out:
    initial: deep
    entry: { set: { seen: $event.who } }
    on: { back: a }
    states: { deep: {} }
",
    );
    assert_eq!(
        lines(&run.file),
        [
            "a -> out.deep: in [can set left, set seen]",
            "a: spoil / set left = \"none\"",
            "out -> a: back",
        ]
    );
    run.refuses("in", json!({}));
    run.on_with("in", json!({"who": "me"})).has(json!({"left": 1, "seen": "me"}));
    run.on("back").on("spoil").refuses("in", json!({"who": "me"}));
}

#[test]
fn a_transform_replaces_the_context_before_the_actions() {
    let mut run = World::of(
        "
initial: a
context: { items: [1, 2], rest: 1 }
states:
  a:
    on:
      count: { transform: { items: $context.items, by: $event.by }, actions: { set: { by: $context.by + 1 } } }
      take: { transform: $event }
",
    );
    run.on_with("count", json!({"by": 4})).has(json!({"items": [1, 2], "by": 5}));
    run.refuses("take", json!([1]));
    assert_eq!(
        run.why("take", json!([1])).as_deref(),
        Some("`transform` gives an array, and a context is an object")
    );
    run.on_with("take", json!({"all": "new"})).has(json!({"all": "new"}));
}

#[test]
fn a_failure_that_nothing_can_stop_is_noted_in_the_context() {
    let mut run = World::of(
        "
initial: a
context: { n: 1 }
states:
  a: { entry: [{ set: { n: $context.none + 1 } }, { set: { m: 2 } }], on: { go: a, ok: { actions: { set: { k: 1 } } } } }
",
    );
    let note = "set n = $context.none + 1: `n` can't be set: `$context.none` is absent: \
                `$context` has no member `none`";
    run.has(json!({"n": 1, "m": 2, "$faults": [note]}));
    run.on("ok").refuses("go", json!(null));
}

/// The first region spoils what the second has just been allowed to do.
const SPOILT: &str = "
initial: p
context: { n: 1 }
states:
  p:
    parallel: true
    states:
      a:
        on:
          first: { actions: { set: { n: spoilt } } }
          again: { actions: { set: { n: spoilt } } }
          mend: { actions: { set: { n: 1 } } }
          scribble: { actions: scribble }
      b:
        on:
          first: { actions: { set: { first: $context.n + 1 } } }
          again: { actions: { set: { again: $context.n + 1 } } }
";

fn noted(run: &World) -> Vec<&str> {
    let notes = run.run.context()["$faults"].as_array().expect("a list");
    notes.iter().map(|note| note.as_str().expect("a text")).collect()
}

#[test]
fn a_machine_that_fails_for_ever_keeps_the_last_hundred_notes() {
    let registry = Registry::new().action("scribble", |_, _| {});
    let mut run = World::with(file(SPOILT), registry);
    run.on("first").on("mend");
    assert!(noted(&run)[0].starts_with("set first"));
    for count in 2..=100 {
        run.on("again").on("mend");
        assert_eq!(noted(&run).len(), count);
    }
    assert!(noted(&run)[0].starts_with("set first"));
    run.on("again").on("mend");
    assert_eq!(noted(&run).len(), 100);
    assert!(noted(&run).iter().all(|note| note.starts_with("set again")));
}

#[test]
fn what_fails_halfway_is_not_done_at_all() {
    let sets = ["{ deep.new: 1, n.x: 1 }", "{ n.x: 1 }", "{ other: 1, sum: $context.none + 1 }"];
    for set in sets {
        let run = World::of(&format!(
            "initial: a\ncontext: {{ n: 1 }}\nstates: {{ a: {{ entry: {{ set: {set} }}, on: {{ go: a }} }} }}\n"
        ));
        let members = run.run.context().as_object().expect("it is").keys();
        let members: Vec<&String> = members.filter(|name| *name != "$faults").collect();
        assert_eq!(noted(&run).len(), 1, "{set}");
        assert_eq!(members, ["n"], "{set}");
    }
}

#[test]
fn a_failure_is_noted_whatever_stands_in_the_way() {
    let registry = Registry::new().action("scribble", |context, _| context["$faults"] = json!(1));
    let mut run = World::with(file(SPOILT), registry);
    run.on("scribble").on("again");
    assert_eq!(noted(&run).len(), 1);
}

#[test]
fn only_the_roots_of_a_machine_are_known() {
    let texts = [
        "$inputs.a",
        "$steps.x.output + 1",
        "1 + $data.x",
        "{$inputs.a}",
        "$contxt.a",
        "a $context.b",
        "$context.a +1",
        "$context.a + ",
        "($context.a",
        "$context.a = 1",
    ];
    let mut said = String::new();
    for text in texts {
        said += &faults(&format!(
            "initial: a\nstates: {{ a: {{ on: {{ go: {{ actions: {{ set: {{ r: '{text}' }} }} }} }} }} }}\n"
        ));
        said += "\n";
    }
    for guard in ["$inputs.a > 1", "$context.a >", "$context.a + 1 > 2"] {
        said += &faults(&format!(
            "initial: a\nstates: {{ a: {{ on: {{ go: {{ guard: '{guard}' }} }} }} }}\n"
        ));
        said += "\n";
    }
    insta::assert_snapshot!(said);
}
