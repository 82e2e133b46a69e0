//! Names in a file, and the Rust code behind them.

use fsm_patterns::machine::{Registry, Unbound};
use serde_json::json;

use crate::world::{World, file};

const NAMES: &str = "
initial: a
states:
  a:
    entry: greet
    validate: { after: [may leave, $context.x == null] }
    on: { go: { to: b, guard: unlocked, actions: [ring, { set: { n: 1 } }, ring] }, x: { guard: n >= 3 } }
  b: { invoke: fetch, done: c, failed: { to: a, guard: unlocked } }
  c: { exit: wave, on: { go: a } }
";

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_file_says_which_names_need_code() {
    let unbound = Unbound {
        guards: names(&["may leave", "n >= 3", "unlocked"]),
        actions: names(&["greet", "ring", "wave"]),
        activities: names(&["fetch"]),
    };
    assert_eq!(file(NAMES).unbound(), unbound);
    assert_eq!(file(NAMES).events().collect::<Vec<_>>(), ["go", "x"]);
}

#[test]
fn every_name_without_code_is_reported_with_its_line_and_the_nearest_one() {
    let registry = Registry::new()
        .guard("unlockd", |_, _| true)
        .guard("wave", |_, _| true)
        .action("Ring", |_, _| {})
        .action("greet", |_, _| {});
    let report = file(NAMES).bind(registry).expect_err("most is missing");
    insta::assert_snapshot!(report);
}

#[test]
fn guards_and_actions_of_rust_stand_beside_expressions() {
    let file = file(
        "
initial: a
context: { n: 1 }
states:
  a:
    on:
      go:
        - { to: b, guard: open, actions: [double, { set: { n: $context.n + 1 } }] }
        - { actions: { set: { refused: true } } }
  b: { validate: { before: small }, on: { back: a } }
",
    );
    let registry = || {
        Registry::new()
            .guard("open", |_, scene| scene.event.is_some_and(|event| event.data == json!("key")))
            .guard("small", |context, _| context["n"].as_i64() < Some(5))
            .action("double", |context, _| {
                context["n"] = json!(context["n"].as_i64().unwrap_or_default() * 2);
            })
    };
    let mut run = World::with(file, registry());
    run.on_with("go", json!("key")).is_at("b").has(json!({"n": 3}));
    run.on("back").on_with("go", json!("key")).is_at("a").has(json!({"n": 3, "refused": true}));
    // Why a guard in Rust refuses is not for the file to say.
    assert_eq!(run.why("go", json!("none")), None);
}

#[test]
fn a_machine_is_bound_many_times_and_shares_nothing_but_the_graph() {
    let file = file(
        "initial: a\ncontext: { n: 0 }\nstates: { a: { on: { go: { actions: { set: { n: $context.n + 1 } } } } } }\n",
    );
    let mut one = World::with(file.clone(), Registry::new());
    let two = World::with(file, Registry::new());
    one.on("go");
    assert_eq!((one.run.context(), two.run.context()), (&json!({"n": 1}), &json!({"n": 0})));
    assert_eq!(one.machine.graph().fingerprint(), two.machine.graph().fingerprint());
}
