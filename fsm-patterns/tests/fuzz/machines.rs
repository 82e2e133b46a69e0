//! Machine files.

use fsm_core::{Effects, Input, Outcome, Snapshot};
use fsm_patterns::machine::{self, MachineEvent, MachineFile, Registry};
use fsm_testkit::fuzz::Fuzz;
use serde_json::{Value, json};

const WORDS: [&str; 44] = [
    "fsm: 1",
    "name: m",
    "initial: a",
    "context: { n: 0 }",
    "states:",
    "a: {}",
    "on:",
    "e: b",
    "{ to: a, guard: $context.n > 1 }",
    "guard:",
    "actions:",
    "set: { n: $context.n + 1 }",
    "set: { a.b.c: $event.value }",
    "entry:",
    "exit:",
    "always:",
    "- { to: b }",
    "parallel: true",
    "after: { 5s: a }",
    "after: { 0s: a }",
    "invoke:",
    "invoke: work",
    "done: b",
    "failed: b",
    "timed_out: b",
    "machine: inner",
    "machines:",
    "in: { x: $context.n }",
    "out: { n: $context.x }",
    "validate: { before: $context.n > 0 }",
    "final: true",
    "priority: 3",
    "transform: { n: 1 }",
    "to: [a, b]",
    ".a",
    "a.b",
    "$context.n / 0",
    "$context.n % 2 == 1",
    "$event",
    "\n  ",
    "\n      ",
    ": ",
    "&x",
    "*x",
];

const MORE: [&str; 3] = [
    "fsm: 1\nname: door\ninitial: closed\nstates:\n  closed: { on: { push: open } }\n  open: { on: { pull: closed } }\n",
    "fsm: 1\nname: both\ninitial: p\ncontext: { n: 1 }\nstates:\n  p:\n    parallel: true\n    done: end\n    states:\n      l: { initial: a, states: { a: { on: { go: b } }, b: { final: true } } }\n      r: { initial: c, states: { c: { always: [{ to: d, guard: $context.n > 0 }, { to: e }] }, d: { final: true }, e: { after: { 1s: d } } } }\n  end: { final: true }\n",
    "fsm: 1\nname: count\ninitial: a\ncontext: { n: 0, list: [1, { x: y }] }\nstates:\n  a:\n    on:\n      up: { actions: { set: { n: $context.n + $event.by } } }\n      out: { to: b, guard: $context.n >= 10, priority: 2 }\n    exit: { set: { list: $context.list } }\n  b: { invoke: { activity: work, timeout: 1s, retry: { count: 2 } }, done: a, failed: a }\n",
];

#[test]
fn a_machine_file_is_accepted_and_runs_or_its_faults_are_told() {
    let seeds = super::fixtures("machines").into_iter().chain(MORE.map(str::to_owned));
    let fuzz = Fuzz::new("machine files").seeds(seeds).words(WORDS);
    fuzz.run(|text| {
        let name = if text.trim_start().starts_with('{') { "fuzz.json" } else { "fuzz.yaml" };
        match machine::load(name, text) {
            Err(report) => super::is_readable(&report, text).as_str().into(),
            Ok(file) => {
                assert!(file.graph().to_dot().starts_with("digraph"));
                runs(&file).into()
            }
        }
    });
}

/// Steps a machine with everything that it listens to; says whether anything was accepted.
fn runs(file: &MachineFile) -> bool {
    let names = file.unbound();
    let mut registry = Registry::new();
    for name in names.guards {
        registry = registry.guard(name, |_, _| true);
    }
    for name in names.actions {
        registry = registry.action(name, |_, _| {});
    }
    for name in names.activities {
        registry = registry.activity(name, |_, _| async { Outcome::done() });
    }
    let machine = file.bind(registry).expect("every name is bound");
    let (mut run, mut effects) = (machine.snapshot(file.context().clone(), 0), Effects::new());
    let now = run.now();
    machine.step(&mut run, now, &Input::Start, &mut effects, &mut ()).expect("`Start` comes first");
    let data = [Value::Null, json!({ "value": 7, "by": 5 }), json!([1, "two"]), json!(-1e308)];
    let mut accepted = false;
    for round in 0..3 {
        for event in file.events() {
            let event = MachineEvent::with(event, data[round % data.len()].clone());
            let ways = machine.ways(&run, Some(&event), now);
            for way in ways.iter().filter(|way| !way.is_open) {
                drop(file.why_at(way.transition, way.at, run.context(), Some(&event)));
            }
            let input = Input::Event(event);
            accepted |= machine.step(&mut run, now, &input, &mut effects, &mut ()).is_ok();
            let text = serde_json::to_string(&run).expect("a snapshot is data");
            let back: Snapshot<Value> = serde_json::from_str(&text).expect("it is read again");
            machine.restore(&back, &mut Effects::new()).expect("its own snapshot is whole");
        }
        let start = effects.starts().next();
        if let Some(start) = start {
            let outcome = MachineEvent::done(json!({ "round": round }));
            let input = Input::Outcome { ticket: start.ticket, outcome };
            drop(machine.step(&mut run, now, &input, &mut effects, &mut ()));
        }
    }
    accepted
}
