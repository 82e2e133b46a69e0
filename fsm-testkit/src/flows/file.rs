//! A machine file as something to prove: its guards are data, so that answers which contradict each
//! other are left out.

use std::cell::RefCell;
use std::collections::HashMap;

use fsm_core::GuardId;
use fsm_patterns::analysis::Guards;
use fsm_patterns::machine::MachineFile;

use crate::prove::{Logic, Prover, Sketch};

/// What a machine file says of its guards.
///
/// That actions can be carried out is assumed: what a guard asks for besides counts.
pub struct FileLogic {
    guards: Guards,
    /// What was asked before.
    known: RefCell<HashMap<Vec<(GuardId, bool)>, bool>>,
}

impl Logic for FileLogic {
    fn is_possible(&self, answers: &[(GuardId, bool)]) -> bool {
        if let Some(known) = self.known.borrow().get(answers) {
            return *known;
        }
        let is_possible = !self.guards.is_possible(answers).is_impossible();
        self.known.borrow_mut().insert(answers.to_vec(), is_possible);
        is_possible
    }

    fn is_assumed(&self, guard: GuardId) -> bool {
        self.guards.is_implied(guard)
    }
}

impl Prover<Sketch<FileLogic>> {
    /// Proves a machine file: its context may be anything at each step, its Rust code may answer
    /// either way, and what conditions say of one context and one event holds together.
    pub fn of_file(file: &MachineFile) -> Self {
        let logic = FileLogic { guards: file.guards(), known: RefCell::default() };
        Self::with_logic(file.graph(), logic)
    }
}
