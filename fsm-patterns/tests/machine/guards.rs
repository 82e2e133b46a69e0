//! What the guards of a file ask for: which can hold together, and what is strange about them.

use std::fs;
use std::path::Path;

use fsm_core::{Effects, GuardId, Input, Timestamp};
use fsm_patterns::analysis::Answer;
use fsm_patterns::file::Severity;
use fsm_patterns::machine::{self, GuardProblem, MachineEvent, MachineFile, Registry};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::file;

/// The warnings and notes on a file.
fn said(body: &str) -> String {
    file(body).warnings().to_string()
}

/// The guards of the graph, in the order of the transitions.
fn guards(file: &MachineFile) -> Vec<GuardId> {
    file.graph().transitions().filter_map(|(_, edge)| edge.guard()).collect()
}

/// What comes of asking whether these guards, by number, can answer so.
fn answer(file: &MachineFile, answers: &[(usize, bool)]) -> String {
    let ids = guards(file);
    let answers: Vec<(GuardId, bool)> =
        answers.iter().map(|(index, holds)| (ids[*index], *holds)).collect();
    match file.guards().is_possible(&answers) {
        Answer::Possible(witness) => witness.to_string(),
        Answer::Impossible => "impossible".to_owned(),
        Answer::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn guards_that_contradict_each_other_do_not_answer_alike() {
    let file = file(
        "initial: a\ncontext: { n: 0 }\nstates:\n  a:\n    on:\n      go: [{ to: b, guard: $context.n < 3 }, { to: c, guard: $context.n >= 3 }]\n  b: { on: { go: { to: a, guard: ready }, stop: { to: c, guard: ready, actions: { set: { n: $event.n } } } } }\n  c: { final: true }\n",
    );
    assert_eq!(answer(&file, &[(0, true), (1, true)]), "impossible");
    // Both are false where they can't be evaluated.
    assert_eq!(answer(&file, &[(0, false), (1, false)]), "$context.n = 'other'");
    assert_eq!(answer(&file, &[(0, true), (1, false)]), "$context.n = 2");
    // Code may answer anything, but not twice in different ways.
    assert_eq!(answer(&file, &[(2, true), (2, false)]), "impossible");
    assert_eq!(answer(&file, &[(2, true), (3, false)]), "impossible");
    assert_eq!(answer(&file, &[(2, false), (0, true)]), "$context.n = 2, `ready` does not hold");
}

#[test]
fn that_actions_can_be_carried_out_is_taken_for_granted() {
    let file = file(
        "initial: a\ncontext: { n: 0 }\nstates:\n  a:\n    on:\n      add: { actions: { set: { n: $context.n + 1 } } }\n      go: { to: b, guard: $context.n > 3, actions: { set: { n: $event.n } } }\n  b: { final: true }\n",
    );
    let ids = guards(&file);
    assert!(file.guards().is_implied(ids[0]));
    assert!(!file.guards().is_implied(ids[1]));
    assert_eq!(answer(&file, &[(0, true)]), "whatever the values are");
    assert_eq!(answer(&file, &[(0, false)]), "impossible");
    assert_eq!(answer(&file, &[(1, false)]), "$context.n = 3");
}

#[test]
fn validators_are_asked_too_and_those_of_a_changed_context_may_be_either() {
    let file = file(
        "initial: a\nstates:\n  a:\n    validate: { after: $context.full }\n    on:\n      go: { to: b, guard: $context.n > 3 }\n      come: { to: c }\n      set: { to: c, actions: { set: { m: 1 } } }\n  b: { final: true }\n  c: { validate: { before: $context.m > 0 }, final: true }\n",
    );
    assert_eq!(
        answer(&file, &[(0, true), (1, false)]),
        "$context.n = 4, $context.full = true, $context.m = 0"
    );
    assert_eq!(answer(&file, &[(1, true)]), "$context.full = true, $context.m = 1");
    assert!(answer(&file, &[(2, false), (1, true)]).contains("does not hold"));
    assert!(!file.guards().is_implied(guards(&file)[1]));
}

#[test]
fn what_is_done_on_the_way_out_changes_what_a_validator_sees() {
    let file = file(
        "initial: a\nstates:\n  a:\n    exit: { set: { n: 3 } }\n    on: { go: { to: b, guard: $context.n < 3 } }\n  b: { validate: { before: $context.n >= 3 }, final: true }\n",
    );
    let said = answer(&file, &[(0, true)]);
    assert!(said.starts_with("$context.n = 2, `before(b): $context.n >= 3"), "{said}");
}

#[test]
fn the_context_of_a_machine_within_is_its_own() {
    let file = file(
        "initial: a\nstates:\n  a:\n    machine:\n      initial: x\n      states:\n        x: { on: { go: { to: y, guard: $context.n > 3 } } }\n        y: { final: true }\n    on: { go: { to: b, guard: $context.n < 3 } }\n    done: b\n  b: { final: true }\n",
    );
    let inside = answer(&file, &[(0, true), (1, true)]);
    assert_eq!(inside, "a: $context.n = 4, $context.n = 2");
}

#[test]
fn gaps_are_told_where_they_matter() {
    let said = [
        // A choice, and work that is done or has failed, must go on.
        "initial: a\ncontext: { n: 1 }\nstates:\n  a: { always: [{ to: b, guard: $context.n > 5 }, { to: c, guard: $context.n < 5 }] }\n  b: { final: true }\n  c: { final: true }\n",
        "initial: charge\nstates:\n  charge:\n    invoke:\n      activity: charge\n      done: paid\n      failed:\n        - { to: refused, guard: $event.http_status == 402 }\n        - { to: charge, guard: $event.http_status == 503 }\n  paid: { final: true }\n  refused: { final: true }\n",
        "initial: charge\nstates:\n  charge:\n    invoke:\n      activity: charge\n      timeout: 5s\n      done: [{ to: paid, guard: $event.paid == true }, { to: refused, guard: $event.paid == false }]\n      failed: refused\n      timed_out: { to: refused, guard: $context.tries > 3 }\n  paid: { final: true }\n  refused: { final: true }\n",
        "initial: around\nstates:\n  around:\n    initial: charge\n    failed: { to: over, guard: $event.fatal }\n    states: { charge: { invoke: { activity: charge, done: over, failed: { to: over, guard: $event.http_status >= 500 } } } }\n  over: { final: true }\n",
        // A number that is left out, and something else.
        "initial: a\nstates:\n  a:\n    on:\n      pay: [{ to: b, guard: $event.amount < 100 }, { to: c, guard: $event.amount > 100 }]\n      pick: [{ to: b, guard: $event.drink == 'tea' }, { to: c, guard: $event.drink == 'milk' }]\n  b: { final: true }\n  c: { final: true }\n",
        // A timer that fires once.
        "initial: a\ncontext: { n: 1 }\nstates:\n  a: { after: { 5s: { to: b, guard: $context.n > 3 } } }\n  b: { final: true }\n",
        "initial: a\ncontext: { n: 1 }\nstates:\n  a: { initial: x, done: { to: b, guard: $context.n > 3 }, states: { x: { on: { go: y } }, y: { final: true } } }\n  b: { final: true }\n",
        // Only code could say that nothing holds.
        "initial: a\nstates:\n  a: { always: [{ to: b, guard: ready }, { to: c, guard: waiting }] }\n  b: { final: true }\n  c: { final: true }\n",
    ]
    .map(said);
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn where_nothing_is_left_out_nothing_is_said() {
    let quiet = [
        "initial: a\ncontext: { n: 1 }\nstates:\n  a: { always: [{ to: b, guard: $context.n > 5 }, { to: c, guard: $context.n <= 5 }] }\n  b: { final: true }\n  c: { final: true }\n",
        "initial: a\nstates:\n  a: { always: [{ to: b, guard: $context.n > 5 }, c] }\n  b: { final: true }\n  c: { final: true }\n",
        "initial: a\nstates:\n  a: { always: [{ to: b, guard: $context.n > 5 }, { to: c, actions: { set: { n: $context.n + 1 } } }] }\n  b: { final: true }\n  c: { final: true }\n",
        // 499.5 is no status.
        "initial: a\ncontext: { status: 200 }\nstates:\n  a: { always: [{ to: b, guard: $context.status >= 500 }, { to: c, guard: $context.status <= 499 }] }\n  b: { final: true }\n  c: { final: true }\n",
        "initial: a\ncontext: { ready: false }\nstates:\n  a: { always: [{ to: b, guard: $context.ready }, { to: c, guard: '!$context.ready' }] }\n  b: { final: true }\n  c: { final: true }\n",
        "initial: a\ncontext: { paid: 0, price: 0 }\nstates:\n  a: { always: [{ to: b, guard: $context.paid < $context.price }, { to: c, guard: $context.paid >= $context.price }] }\n  b: { final: true }\n  c: { final: true }\n",
        // One guard is there to refuse.
        "initial: a\nstates:\n  a: { on: { pay: { to: b, guard: $event.amount > 0 } } }\n  b: { final: true }\n",
        // The state around takes what is left.
        "initial: o\nstates:\n  o:\n    initial: a\n    on: { pay: b }\n    states: { a: { on: { pay: [{ to: b, guard: $event.n < 1 }, { to: c, guard: $event.n > 1 }] } }, c: { on: { pay: a } } }\n  b: { final: true }\n",
        // Another region may take it.
        "initial: p\nstates:\n  p:\n    parallel: true\n    states:\n      l: { initial: a, states: { a: { on: { pay: [{ to: b, guard: $event.n < 1 }, { to: c, guard: $event.n > 1 }] } }, b: { on: { pay: a } }, c: { on: { pay: a } } } }\n      r: { initial: x, states: { x: { on: { pay: { } } } } }\n",
        "initial: charge\nstates:\n  charge: { invoke: { activity: charge, done: paid, failed: [{ to: paid, guard: $event.http_status == 503 }, paid] } }\n  paid: { final: true }\n",
        // The state around takes the failure.
        "initial: around\nstates:\n  around:\n    initial: charge\n    failed: over\n    states: { charge: { invoke: { activity: charge, done: over, failed: { to: over, guard: $event.http_status >= 500, actions: note } } } }\n  over: { final: true }\n",
    ];
    for body in quiet {
        assert_eq!(said(body), "", "{body}");
    }
}

fn on_go(transitions: &str) -> String {
    said(&format!(
        "initial: a\ncontext: {{ n: 0, m: 0, kind: '' }}\nstates:\n  a:\n    on:\n      go:\n{transitions}      out: c\n  b: {{ on: {{ back: a }} }}\n  c: {{ final: true }}\n"
    ))
}

#[test]
fn overlaps_are_told_unless_they_are_meant() {
    let one = |first: &str, second: &str| {
        on_go(&format!(
            "        - {{ to: b, guard: {first} }}\n        - {{ to: c, guard: {second} }}\n        - a\n"
        ))
    };
    let said = [
        one("$context.n >= 100", "$context.n <= 100"),
        one("$context.n > 10", "$context.n < 50"),
        one(
            "$context.kind == 'x' || $context.kind == 'y'",
            "\"$context.kind == 'y' || $context.kind == 'z'\"",
        ),
        // They speak of different things: the order may well be meant.
        one("$context.n > 10", "$context.m > 10"),
    ];
    insta::assert_snapshot!(said.join("\n\n"));
    // From the special case to the general one; apart; hanging on code; taken before.
    assert_eq!(one("$context.n >= 100", "$context.n >= 10"), "");
    assert_eq!(one("$context.n == 5", "$context.n > 1"), "");
    assert_eq!(one("$context.n > 5", "$context.n <= 5"), "");
    assert_eq!(one("ready", "done"), "");
    assert_eq!(one("$context.n < 5", "'$context.n == 5 || $context.n > 5'"), "");
    let taken = "        - { to: a, guard: $context.n == 100 }\n        - { to: b, guard: $context.n >= 100 }\n        - { to: c, guard: $context.n <= 100 }\n        - a\n";
    assert_eq!(on_go(taken), "");
    // Both do the same.
    let same = "        - { to: b, guard: $context.n > 1 }\n        - { to: b, guard: $context.n < 9 }\n        - a\n";
    assert_eq!(on_go(same), "");
}

#[test]
fn guards_that_decide_nothing_are_told() {
    let one = |lines: &str| on_go(lines);
    let said = [
        one("        - { to: b, guard: $context.n > 5 && $context.n < 3 }\n        - c\n"),
        one("        - { to: b, guard: $context.n != 1 || $context.n != 2 }\n        - c\n"),
        one(
            "        - { to: b, guard: $context.n > 5 }\n        - { to: c, guard: $context.n > 9 }\n        - a\n",
        ),
        one(
            "        - { to: b, guard: ready }\n        - { to: c, guard: ready, actions: note }\n        - a\n",
        ),
        // Nothing comes with a timer.
        said(
            "initial: a\nstates:\n  a: { after: { 5s: [{ to: b, guard: $event.n > 3 }, c] } }\n  b: { on: { go: a } }\n  c: { final: true }\n",
        ),
    ];
    insta::assert_snapshot!(said.join("\n\n"));
    // Where the first one's actions may be impossible, the second has its chance.
    let maybe = "        - { to: b, guard: $context.n > 5, actions: { set: { n: $event.n } } }\n        - { to: c, guard: $context.n > 9 }\n        - a\n";
    let findings = file(&format!(
        "initial: a\nstates:\n  a:\n    on:\n      go:\n{maybe}  b: {{ on: {{ back: a }} }}\n  c: {{ final: true }}\n"
    ))
    .guard_findings();
    assert!(findings.iter().all(|it| it.problem != GuardProblem::Never), "{findings:?}");
}

#[test]
fn a_machine_that_is_unfolded_twice_is_told_of_once() {
    let twice = said(
        "initial: a\nmachines:\n  m:\n    initial: x\n    context: { n: 0 }\n    states:\n      x: { always: [{ to: y, guard: $context.n > 1 }, { to: z, guard: $context.n < 1 }] }\n      y: { final: true }\n      z: { final: true }\nstates:\n  a: { machine: m, done: b }\n  b: { machine: m, done: c }\n  c: { final: true }\n",
    );
    assert_eq!(twice.lines().count(), 1, "{twice}");
}

#[test]
fn a_state_with_thousands_of_guards_takes_no_hour() {
    let transitions: String = (0..3000)
        .map(|n| format!("        - {{ to: b, guard: $context.n == {n} || $context.m == {n} }}\n"))
        .collect();
    let start = std::time::Instant::now();
    let findings = file(&format!(
        "initial: a\nstates:\n  a:\n    on:\n      go:\n{transitions}  b: {{ final: true }}\n"
    ))
    .guard_findings();
    let last = findings.last().expect("a note");
    assert_eq!(last.problem, GuardProblem::Unfinished);
    assert!(findings.len() < 3000);
    // Generous for a debug build on a busy machine.
    assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn the_machines_of_this_repository_raise_no_warning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut said = String::new();
    for name in ["../examples/flows/coffee.yaml", "tests/fixtures/machines/whole.yaml"] {
        let text = fs::read_to_string(root.join(name)).expect("a file of the repository");
        let name = name.rsplit('/').next().expect("a name");
        let report = machine::load(name, &text).expect("it is sound").warnings();
        assert!(report.clone().at_least(Severity::Warning).is_empty(), "{report}");
        said.push_str(&format!("{report}\n"));
    }
    insta::assert_snapshot!(said);
}

fn guard() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "$context.n < 3",
        "$context.n >= 3",
        "$context.n == $event.v",
        "$event.v != null",
        "$event.v > 1 && $context.n > 1",
        "$event == null",
        "!$context.flag",
        "$context.flag",
        "ready",
    ])
}

fn value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![json!(null), json!(1), json!(2.5), json!(3), json!("x"), json!(true)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_a_machine_answers_is_never_called_impossible(
        edges in prop::collection::vec((guard(), any::<bool>(), any::<bool>()), 1..5),
        after in prop::option::of(guard()),
        before in prop::option::of(guard()),
        acts in any::<bool>(),
        values in (value(), value(), value(), any::<bool>()),
    ) {
        let mut body = "initial: a\nstates:\n  a:\n".to_owned();
        if let Some(after) = after {
            body.push_str(&format!("    validate: {{ after: '{after}' }}\n"));
        }
        if acts {
            body.push_str("    exit: { set: { n: 3 } }\n");
        }
        body.push_str("    on:\n      go:\n");
        for (guard, leaves, sets) in &edges {
            let to = if *leaves { "to: b, " } else { "" };
            let actions = if *sets { ", actions: { set: { n: 1 } }" } else { "" };
            body.push_str(&format!("        - {{ {to}guard: '{guard}'{actions} }}\n"));
        }
        let validate =
            before.map_or(String::new(), |before| format!("validate: {{ before: '{before}' }}, "));
        body.push_str(&format!("      out: {{ to: b }}\n  b: {{ {validate}final: true }}\n"));
        // What can never be taken may be a fault of the graph.
        let Ok(file) = machine::load("n.yaml", &format!("fsm: 1\nname: n\n{body}")) else {
            return Ok(());
        };
        let (n, flag, v, ready) = values;
        let registry = Registry::new().guard("ready", move |_, _| ready);
        let machine = file.bind(registry).expect("all is bound");
        let mut run = machine.snapshot(json!({"n": n, "flag": flag}), 0);
        let mut effects = Effects::new();
        machine.step(&mut run, Timestamp::ZERO, &Input::Start, &mut effects, &mut ()).expect("it starts");
        let data = if v.is_null() { Value::Null } else { json!({ "v": v }) };
        let event = MachineEvent::with("go", data);
        let graph = file.graph();
        let answers: Vec<(GuardId, bool)> = machine
            .ways(&run, Some(&event), Timestamp::ZERO)
            .iter()
            .filter_map(|way| Some((graph.transition(way.transition).guard()?, way.is_open)))
            .collect();
        let answer = file.guards().is_possible(&answers);
        prop_assert!(!answer.is_impossible(), "{answers:?}\n{body}");
    }
}
