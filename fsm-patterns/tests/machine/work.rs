//! Work that Rust does, choices, and time.

use std::time::Duration;

use fsm_core::{Outcome, Retry};
use fsm_patterns::machine::{MachineEvent, Registry};
use serde_json::json;

use crate::world::{World, faults, file, lines};

const SHOP: &str = "
initial: paying
context: { tries: 0 }
states:
  paying:
    invoke:
      activity: pay
      timeout: 5s
      retry: { count: 1, delay: 1s, max_delay: 2s, max_wait: 30 }
      done: [{ to: paid, guard: $event.ok == true, actions: { set: { id: $event.id } } }, { to: refused }]
      timed_out: late
    failed: { to: refused, actions: { set: { why: $event.why } } }
    on: { cancel: refused }
  paid: { on: { again: paying } }
  refused: { on: { again: paying } }
  late: { on: { again: paying } }
";

fn shop() -> World {
    let pay = |_: &serde_json::Value, _: &fsm_core::Visit<'_>| async { Outcome::done() };
    World::with(file(SHOP), Registry::new().activity("pay", pay))
}

#[test]
fn what_an_activity_gives_is_the_event_of_what_follows() {
    let mut shop = shop();
    shop.is_at("paying").ends(MachineEvent::done(json!({"ok": true, "id": 7}))).is_at("paid");
    assert_eq!(shop.run.context()["id"], 7);
    shop.on("again").ends(MachineEvent::done(json!({"ok": false}))).is_at("refused");
    // With nothing to tell, the guard does not hold.
    shop.on("again").ends(Outcome::done()).is_at("refused");
    shop.on("again").on("cancel").is_at("refused");
}

#[test]
fn work_that_failed_is_begun_again_as_the_file_says() {
    let mut shop = shop();
    let failed = || MachineEvent::failed(json!({"why": "no money"}));
    shop.ends(failed()).is_at("paying").pass(Duration::from_secs(2)).ends(failed());
    shop.is_at("refused").has(json!({"tries": 0, "why": "no money"}));
    let event = Some(MachineEvent::with("failed", json!({"why": "never"})));
    shop.on("again").ends(Outcome::Failed { event, retry: Retry::Never }).is_at("refused");
    shop.on("again").pass(Duration::from_secs(60)).is_at("late");
}

#[tokio::test(start_paused = true)]
async fn the_driver_runs_a_file_to_its_end() {
    let file = file(
        "
initial: work
context: { n: 20 }
states:
  work: { invoke: double, done: { to: wait, actions: { set: { n: $event } } } }
  wait: { after: { 5s: size } }
  size: { always: [{ to: big, guard: $context.n > 30 }, small] }
  big: { final: true }
  small: { final: true }
",
    );
    let registry = Registry::new().activity("double", |context, _| {
        let n = context["n"].as_i64().unwrap_or_default();
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            MachineEvent::done(json!(n * 2))
        }
    });
    let before = tokio::time::Instant::now();
    let machine = file.bind(registry).expect("all is bound");
    let ended = machine.run(file.context().clone()).await;
    let big = machine.graph().state("big").expect("it is there");
    assert_eq!(ended.snapshot.status(), fsm_core::Status::Finished(big));
    assert_eq!(ended.snapshot.context(), &json!({"n": 40}));
    assert_eq!(before.elapsed(), Duration::from_secs(6));
}

#[test]
fn durations_are_written_as_in_flows() {
    let file = file(
        "initial: a\nstates: { a: { after: { 500ms: b, 30s: c, 1.5: d, 2: { actions: { set: { n: 1 } } } } }, b: { after: { 5m: a } }, c: { on: { go: a } }, d: { on: { go: a } } }\n",
    );
    assert_eq!(
        lines(&file)[..4],
        [
            "a -> b: after 500ms",
            "a -> c: after 30s",
            "a -> d: after 1.5s",
            "a: after 2s / set n = 1"
        ]
    );
    let mut run = World::with(file, Registry::new());
    run.pass(Duration::from_millis(499)).is_at("a").pass(Duration::from_millis(1)).is_at("b");
    run.pass(Duration::from_secs(300)).is_at("a");
}

#[test]
fn choices_go_on_at_once_and_wait_for_nothing() {
    let mut run = World::of(
        "
initial: idle
states:
  idle: { on: { judge: judging } }
  judging:
    always:
      - { to: high, guard: $event.n > 10 }
      - { to: low, actions: { set: { low: $event.n } } }
      - { to: none }
  high: { on: { back: idle } }
  low: { on: { back: idle } }
  none: { on: { back: idle } }
",
    );
    run.on_with("judge", json!({"n": 11})).is_at("high").on("back");
    run.on_with("judge", json!({"n": 3})).is_at("low").has(json!({"low": 3})).on("back");
    run.on("judge").is_at("none");
}

#[test]
fn keys_that_do_not_go_together_are_faults() {
    let states = [
        "always: b, on: { go: b }, after: { 5s: b }, invoke: w, states: { c: {} }",
        "always: { guard: $context.x }",
        "final: true, on: { go: b }, exit: x, states: {}",
        "invoke: w, done: b, states: { c: {} }, initial: c, parallel: true",
        "invoke: w, timed_out: b, done: b",
        "invoke: { activity: w, done: b, timed_out: b }, done: b",
        "invoke: { timeout: 0s, retry: { count: 0 } }",
        "invoke: { activity: w, retry: { delay: 1s, count: x }, tiemout: 5s }",
        "invoke: 5",
        "initial: c, in: { x: 1 }, done: b",
        "machine: m, invoke: w, states: { c: {} }",
        "on: { go: [] }, after: { soon: b, -5s: b }",
        "on: { go: 5, stop: { too: b, priority: high, guard: true, actions: [5, { sett: {} }, $context.x] } }",
        "on: push, after: 5s, entry: { set: {} }, exit: { set: { '': 1, $x: 2, $context.y: 3, a..b: 4 } }",
        "on: { go: { to: [] , transform: $inputs } }, parallel: yes, final: 1",
        "on: { '<<': b }, note: hello",
    ];
    let mut said = String::new();
    for state in states {
        said += &format!("# {state}\n");
        said += &faults(&format!(
            "initial: b\nstates:\n  a: {{ {state} }}\n  b: {{ on: {{ go: a }} }}\n"
        ));
        said += "\n\n";
    }
    insta::assert_snapshot!(said);
}
