//! Large files and hostile ones.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use fsm_patterns::machine;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

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

/// `users` states that run one machine, whose body is `machine`.
fn users(users: usize, machine: &str) -> String {
    let mut text = "initial: u0\nstates:\n".to_owned();
    for at in 0..users {
        let next = (at + 1) % users;
        writeln!(text, "  u{at}: {{ machine: m, on: {{ next: u{next} }} }}")
            .expect("a string grows");
    }
    format!("{text}machines: {{ m: {{ {machine} }} }}\n")
}

/// The one fault of a file that asks for too much, found before much is laid out.
#[track_caller]
fn only_fault(body: &str) -> String {
    let before = Instant::now();
    let report = faults(body);
    assert!(before.elapsed() < Duration::from_secs(30), "{:?}", before.elapsed());
    assert_eq!(report.lines().count(), 1, "{report}");
    report
}

#[test]
fn a_machine_with_many_transitions_that_many_states_run_is_refused() {
    let mut transitions = String::new();
    for at in 0..2000 {
        write!(transitions, "e{at}: a, ").expect("a string grows");
    }
    let machine = format!("initial: a, states: {{ a: {{ on: {{ {transitions} }} }} }}");
    assert_eq!(file(&users(3, &machine)).graph().transitions().len(), 6003);
    let report = only_fault(&users(2000, &machine));
    assert!(report.contains("the states unfold too far"), "{report}");
    assert!(report.contains("500000 transitions and actions"), "{report}");
}

#[test]
fn a_large_context_that_many_states_begin_with_is_refused() {
    let machine = |letters: usize| {
        let text = "x".repeat(letters);
        format!("initial: a, context: {{ text: {text} }}, states: {{ a: {{ on: {{ go: a }} }} }}")
    };
    assert_eq!(file(&users(20, &machine(10_000))).graph().states().len(), 40);
    let report = only_fault(&users(1000, &machine(100_000)));
    assert!(report.contains("64 MiB of names, expressions, and contexts"), "{report}");
}

#[test]
fn a_long_name_around_many_states_is_refused() {
    let text = |letters: usize| {
        let next = |at: usize| json!({ "on": { "go": format!("s{}", (at + 1) % 2000) } });
        let states: Map<String, Value> = (0..2000).map(|at| (format!("s{at}"), next(at))).collect();
        let name = "n".repeat(letters);
        let outer = json!({ "initial": "s0", "states": states });
        let file =
            json!({ "fsm": 1, "name": "n", "initial": name, "states": { name.as_str(): outer } });
        file.to_string()
    };
    assert!(machine::load("n.json", &text(100)).is_ok());
    let report = machine::load("n.json", &text(40_000)).expect_err("80 MB of names");
    assert_eq!(report.findings().len(), 1, "{}", report.findings().len());
    assert!(report.to_string().contains("the states unfold too far"));
}

#[test]
fn many_transitions_that_each_enter_many_regions_are_refused() {
    let file_of = |transitions: usize, regions: usize| {
        let mut text = "initial: a\nstates:\n  a:\n    on:\n".to_owned();
        for at in 0..transitions {
            writeln!(text, "      e{at}: p").expect("a string grows");
        }
        text += "  p:\n    parallel: true\n    on: { back: a }\n    states:\n";
        for at in 0..regions {
            writeln!(text, "      r{at}: {{ entry: {{ set: {{ n{at}: $event.n }} }} }}")
                .expect("a string grows");
        }
        text
    };
    assert_eq!(file(&file_of(100, 100)).graph().transitions().len(), 101);
    let report = only_fault(&file_of(1500, 1500));
    assert!(report.contains("the transitions leave and enter too many states"), "{report}");
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
