//! What really happened is among what a proof looks at: the moves of every run are those of a run
//! without data, if the oracle says the right thing.

use std::sync::{Arc, Mutex, PoisonError};

use fsm_core::{Effects, Input};
use fsm_patterns::Oracle;

use super::Played;
use crate::proof::walk::{Moves, is_ending};

/// Says what it was told to say, then the first answer there is, and counts the answers.
#[derive(Clone, Debug, Default)]
struct Script(Arc<Mutex<(Vec<usize>, Vec<usize>)>>);

impl Oracle for Script {
    fn choose(&self, _question: &str, answers: &[&'static str]) -> usize {
        let (lines, asked) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.get(asked.len()).copied().unwrap_or(0);
        asked.push(answers.len());
        line
    }
}

impl Script {
    fn learn(&self, lines: &[usize]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (lines.to_vec(), Vec::new());
    }

    /// How many answers each question had.
    fn asked(&self) -> Vec<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

/// Takes the inputs of a run once more, without data, and finds answers with which every step makes
/// the very moves that it made.
pub(super) fn check(played: &Played) {
    let Played { flow, witness, snapshot, .. } = played;
    let script = Script::default();
    let machine = flow.machine_with(Arc::new(script.clone()));
    let mut run = machine.snapshot(flow.unknown_context(), snapshot.seed());
    let mut effects = Effects::new();
    for ((now, input), made) in witness.recorder.inputs.iter().zip(&witness.steps) {
        if let Input::Outcome { ticket, outcome } = input {
            let calls = machine.under_way(&run);
            let call = calls.iter().find(|call| call.ticket == *ticket).expect("it is awaited");
            assert!(is_ending(flow, call.state, outcome), "{outcome:?} is no ending");
        }
        let before = run.clone();
        let mut lines = Vec::new();
        loop {
            script.learn(&lines);
            run = before.clone();
            let mut moves = Moves::default();
            let stepped = machine.step(&mut run, *now, input, &mut effects, &mut moves);
            stepped.expect("what the run accepted");
            if moves == *made {
                break;
            }
            lines = next(lines, &script.asked()).expect("no answers lead where the run went");
        }
    }
    assert_eq!(run.status(), snapshot.status());
}

/// The next answers to try, where the last ones led to `asked` questions.
fn next(mut lines: Vec<usize>, asked: &[usize]) -> Option<Vec<usize>> {
    lines.resize(asked.len(), 0);
    while let Some(line) = lines.pop() {
        if line + 1 < asked[lines.len()] {
            lines.push(line + 1);
            return Some(lines);
        }
    }
    None
}
