//! Large files and hostile ones.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use fsm_patterns::machine;
use proptest::prelude::*;
use serde_json::json;

use crate::world::{World, faults, file};

#[test]
fn two_thousand_states_load_quickly() {
    let mut text = "initial: s0\ncontext: { n: 0 }\nstates:\n".to_owned();
    for at in 0..2000 {
        let next = (at + 1) % 2000;
        writeln!(
            text,
            "  s{at}:\n    entry: {{ set: {{ at: {at} }} }}\n    on:\n      next: {{ to: s{next}, guard: $context.n < {at} || $context.n >= 0, actions: {{ set: {{ n: $context.n + 1 }} }} }}\n      same: s{at}"
        )
        .expect("a string grows");
    }
    let before = Instant::now();
    let file = file(&text);
    let took = before.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let mut run = World::with(file, machine::Registry::new());
    (0..2001).for_each(|_| {
        run.on("next");
    });
    run.is_at("s1").has(json!({"n": 2001, "at": 1}));
}

#[test]
fn two_thousand_faults_are_found_quickly() {
    let mut text = "initial: s0\nstates:\n".to_owned();
    for at in 0..2000 {
        writeln!(text, "  s{at}: {{ on: {{ go: nowhere{at} }} }}").expect("a string grows");
    }
    let before = Instant::now();
    let report = faults(&text);
    assert_eq!(report.lines().count(), 2000);
    assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
}

#[test]
fn states_within_one_another_are_bounded() {
    let nested = |depth: usize| {
        let mut text = "{ on: { go: a } }".to_owned();
        for _ in 0..depth {
            text = format!("{{ initial: a, states: {{ a: {text} }} }}");
        }
        format!("initial: a\nstates: {{ a: {text} }}\n")
    };
    assert_eq!(file(&nested(40)).graph().states().len(), 41);
    let report = faults(&nested(200));
    assert!(report.contains("more than 100 levels of nesting"), "{report}");
    assert_eq!(report.lines().count(), 1);
}

#[test]
fn machines_within_one_another_are_bounded_too() {
    let mut text =
        "initial: a\nstates: { a: { machine: m0, on: { go: a } } }\nmachines:\n".to_owned();
    for at in 0..200 {
        let next = at + 1;
        writeln!(
            text,
            "  m{at}: {{ initial: a, states: {{ a: {{ machine: m{next}, on: {{ go: a }} }} }} }}"
        )
        .expect("a string grows");
    }
    text += "  m200: { initial: a, states: { a: { on: { go: a } } } }\n";
    let report = faults(&text);
    assert!(report.contains("the states unfold too far"), "{report}");
}

const PIECES: [&str; 40] = [
    "fsm: 1",
    "name: n",
    "initial: a",
    "context:",
    "states:",
    "machines:",
    "a:",
    "b:",
    "on:",
    "after:",
    "5s: a",
    "always:",
    "entry:",
    "exit:",
    "initial: b",
    "parallel: true",
    "invoke: w",
    "done: a",
    "machine: m",
    "m:",
    "in:",
    "out:",
    "validate:",
    "before:",
    "final: true",
    "to: a",
    "to: [a, b]",
    "guard: $context.x > 1",
    "guard: g",
    "priority: 1",
    "transform: $event",
    "actions:",
    "set:",
    "x: $context.x + 1",
    "- { to: b }",
    "- a",
    "go: b",
    "go: { to: .b }",
    "{}",
    "null",
];

proptest! {
    #[test]
    fn no_file_makes_the_loader_panic(lines in proptest::collection::vec((0usize..6, 0usize..40), 0..30)) {
        let mut text = "fsm: 1\nname: n\n".to_owned();
        for (indent, piece) in lines {
            writeln!(text, "{}{}", "  ".repeat(indent), PIECES[piece]).expect("a string grows");
        }
        // Whatever is found, every fault lies in the file.
        if let Err(report) = machine::load("any.yaml", &text) {
            let last = text.lines().count() + 1;
            prop_assert!(report.findings().iter().all(|finding| finding.line() <= last));
        }
    }
}

#[test]
fn labels_stay_short_where_much_is_asked_on_the_way_out() {
    let mut text =
        "initial: out\nstates:\n  end: { on: { go: out } }\n  out:\n    initial: s0\n    on:\n"
            .to_owned();
    for at in 0..500 {
        writeln!(text, "      e{at}: end").expect("a string grows");
    }
    text += "    states:\n";
    for at in 0..500 {
        let next = (at + 1) % 500;
        writeln!(
            text,
            "      s{at}: {{ validate: {{ after: $context.x == {at} }}, exit: {{ set: {{ n{at}: $event.x }} }}, on: {{ next: s{next} }} }}"
        )
        .expect("a string grows");
    }
    let before = Instant::now();
    let file = file(&text);
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    let longest = crate::world::lines(&file).iter().map(String::len).max();
    assert!(longest < Some(600), "{longest:?}");
}
