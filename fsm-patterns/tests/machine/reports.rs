//! How the faults of a whole file read. Those of single keys are beside what they are about.

use fsm_patterns::file::{self, FileKind};
use fsm_patterns::machine;

use crate::world::faults;

fn load(name: &str, text: &str) -> String {
    machine::load(name, text).expect_err("it is faulty").to_string()
}

#[test]
fn what_is_no_machine_is_said_at_once() {
    let said = [
        load("a.yaml", "fsm: 1\nname: n\nmode: sequential\nendpoints: []\n"),
        load("a.yaml", "fsm: 2\nname: n\ninitial: a\nstates: {}\n"),
        load("a.yaml", "- a\n"),
        load("a.yaml", ""),
        load("a.yaml", "fsm: 1\nname: [\n"),
        load("a.json", "{\"fsm\": 1, \"name\": \"n\",}"),
        load("a.yaml", "{}"),
        load(
            "a.yaml",
            "fsm: 1\nnme: n\ninitial: 5\nstates: []\ncontext: 7\nmachines: x\nmode: fast\n",
        ),
        load(
            "a.yaml",
            "fsm: 1\nname: n\ninitial: a\nstates: { a: { on: { go: a } } }\ncontext: { $x: 1 }\nmachines: { m: { initial: a, name: n, states: { a: 5 } } }\n",
        ),
    ];
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn a_name_that_is_empty_names_nothing() {
    let said = [
        "initial: ''\nstates:\n  a: { on: { go: a } }\n",
        "initial: a\nstates:\n  a: { initial: '', states: { b: { on: { go: b } } } }\n",
        "initial: a\nstates:\n  a: { machine: '', on: { go: a } }\n",
        "initial: a\nstates:\n  a: { machine: { initial: '', states: { b: { on: { go: b } } } } }\n",
    ]
    .map(faults);
    let said: Vec<&str> = said.iter().map(|report| report.trim_end()).collect();
    assert_eq!(
        said,
        [
            "n.yaml:3:10: `initial` must not be empty",
            "n.yaml:5:17: `initial` must not be empty",
            "n.yaml:5:17: `machine` must not be empty",
            "n.yaml:5:28: `initial` must not be empty",
        ]
    );
    crate::world::file("initial: ' '\nstates: { ' ': { on: { go: ' ' } } }\n");
}

#[test]
fn the_faults_of_the_graph_lie_at_their_places_in_the_file() {
    let said = [
        "initial: a\nstates:\n  a: { on: { go: [b, a] } }\n  b: { on: { go: a } }\n  c: { on: { go: a } }\n  d:\n",
        "initial: a\nstates:\n  a: { on: { go: b } }\n  b: {}\n",
        "initial: a\nstates:\n  a: { on: { go: [b, c] } }\n  b: { on: { go: b } }\n  c: { final: true }\n",
        "initial: a\nstates:\n  a: { always: b }\n  b: { always: [{ to: a, guard: x }, c] }\n  c: { on: { go: a } }\n",
        "initial: a\nstates:\n  a: { on: { go: b } }\n  b: { initial: c, states: { c: { always: d }, d: { always: c } } }\n",
    ]
    .map(faults);
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn a_machine_without_an_end_is_a_machine() {
    let text = "fsm: 1\nname: n\ninitial: a\nstates: { a: { on: { go: a } } }\n";
    assert_eq!(file::kind_of(text), FileKind::Machine);
    assert!(machine::load("a.yaml", text).is_ok());
    let json =
        r#"{ "fsm": 1, "name": "n", "initial": "a", "states": { "a": { "on": { "go": "a" } } } }"#;
    assert!(machine::load("a.json", json).is_ok());
}

#[test]
fn a_loaded_file_is_described_in_short() {
    let file = crate::world::file("initial: a\nstates: { a: { on: { go: a } } }\n");
    let text = format!("{file:?}");
    assert!(text.starts_with("MachineFile { name: \"n\""), "{text}");
}
