//! No run of a machine file leaves what its proof has looked at: each configuration that a run comes
//! to, with its context, is one that the proof has seen.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use fsm_core::{Machine, Outcome, Phase, Snapshot, Status};
use fsm_patterns::machine::{self, MachineEvent, MachineFile, Registry};
use fsm_testkit::prove::Prover;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::random::{self, Dice};

type Seen = HashMap<Vec<String>, Vec<Value>>;

/// All that a proof looks at; `None` if that is too much.
fn seen(file: &MachineFile) -> Option<Seen> {
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let notes = seen.clone();
    let prover = Prover::of_file(file).max_states(5_000).always("it is looked at", move |view| {
        let mut names: Vec<String> = view.configuration().into_iter().map(str::to_owned).collect();
        names.sort();
        notes.borrow_mut().entry(names).or_default().push(view.context().clone());
        true
    });
    let is_whole = prover.prove().bound().is_none();
    drop(prover);
    is_whole.then(|| seen.take())
}

/// Whether `known`, in which something may be unknown, stands for `value`.
fn stands_for(known: &Value, value: &Value) -> bool {
    const UNKNOWN: &str = "$unknown";
    if *known == machine::unknown() {
        return true;
    }
    match (known, value) {
        (Value::Object(known), Value::Object(value)) => {
            let is_open = known.contains_key(UNKNOWN);
            let holds = |(name, inner): (&String, &Value)| {
                name == UNKNOWN || value.get(name).is_some_and(|value| stands_for(inner, value))
            };
            known.iter().all(holds) && (is_open || value.keys().all(|it| known.contains_key(it)))
        }
        (Value::Array(known), Value::Array(value)) => {
            known.len() == value.len()
                && known.iter().zip(value).all(|(known, value)| stands_for(known, value))
        }
        (known, value) => known == value,
    }
}

fn bound(file: &MachineFile) -> Machine<Value, MachineEvent> {
    let names = file.unbound();
    let mut registry = Registry::new();
    for name in names.guards {
        registry = registry.guard(name, |context, _| context["n"] != json!(1));
    }
    for name in names.actions {
        let act = |context: &mut Value, _: &fsm_core::Scene<'_, MachineEvent>| {
            context["n"] = json!([context["m"].take()]);
        };
        registry = registry.action(name, act);
    }
    for name in names.activities {
        registry = registry.activity(name, |_, _| async { Outcome::done() });
    }
    file.bind(registry).unwrap_or_else(|report| panic!("{report}"))
}

fn is_seen(machine: &Machine<Value, MachineEvent>, seen: &Seen, run: &Snapshot<Value>) -> bool {
    let standing = run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
    let mut names: Vec<String> =
        standing.map(|(state, _)| machine.graph().name_of(state).to_owned()).collect();
    names.sort();
    let contexts = seen.get(&names).map_or(&[][..], |contexts| &contexts[..]);
    contexts.iter().any(|known| stands_for(known, run.context()))
}

#[test]
fn no_run_leaves_what_was_proven() {
    let (machines, moves) = (Cell::new(0), Cell::new(0));
    let throws = (prop::collection::vec(any::<u8>(), 200), prop::collection::vec(any::<u8>(), 160));
    let mut runner =
        TestRunner::new(Config { cases: 256, failure_persistence: None, ..Config::default() });
    let result = runner.run(&throws, |(shape, course)| {
        let text = random::machine(&mut Dice::new(&shape));
        // What the checks refuse is nothing to prove.
        let Ok(file) = machine::load("random.yaml", &text) else { return Ok(()) };
        let Some(seen) = seen(&file) else { return Ok(()) };
        machines.set(machines.get() + 1);
        let machine = bound(&file);
        let mut dice = Dice::new(&course);
        for _ in 0..4 {
            let mut told = vec![format!("{text}\n")];
            let mut run = machine.begin(random::context(&mut dice));
            for _ in 0..12 {
                told.push(format!("{:?} {}", run.status(), run.context()));
                prop_assert!(is_seen(&machine, &seen, &run), "{}", told.join("\n"));
                if run.status() != Status::Running {
                    break;
                }
                let work = machine.under_way(&run).first().map(|start| start.state);
                let taken = match (dice.below(4), work) {
                    (0, Some(state)) => {
                        let (_, data) = random::event(&mut dice);
                        let outcome = match dice.below(2) {
                            0 => MachineEvent::done(data),
                            _ => MachineEvent::failed(data),
                        };
                        told.push(format!("{state:?} ends: {outcome:?}"));
                        machine.answer(&mut run, state, outcome)
                    }
                    (1, _) => machine.pass(&mut run, Duration::from_secs(1)),
                    _ => {
                        let (name, data) = random::event(&mut dice);
                        told.push(format!("{name} {data}"));
                        machine.send(&mut run, MachineEvent::with(name, data))
                    }
                };
                moves.set(moves.get() + usize::from(taken.is_ok()));
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (machines, moves) = (machines.get(), moves.get());
    assert!(machines > 30 && moves > 300, "only {machines} machines with {moves} moves");
}
