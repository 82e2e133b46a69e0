//! Questions about the guards of one file, with one budget for all of them.

use std::sync::Arc;

use fsm_core::Trigger;
use serde_json::Value;

use super::super::MachineFile;
use crate::analysis::{
    Answer, Breadth, Budget, Claim, MOST_EVALUATIONS, Part, Witness, decide, hole,
};
use crate::expr::{Condition, Dialect};

/// How many evaluations all questions about one file may take.
const MOST_IN_ALL: usize = 2_000_000;

pub(super) struct Inquiry {
    declared: Value,
    left: usize,
    /// Whether something was left out.
    is_partial: bool,
    /// That nothing comes with a timer.
    no_event: Option<Arc<[Part]>>,
}

impl Inquiry {
    pub(super) fn of(file: &MachineFile) -> Self {
        let condition = Condition::parse_in(Dialect::Machine, "$event == null").ok();
        let no_event = condition.map(|it| vec![Part::condition(&it, &[])].into());
        Self { declared: file.context().clone(), left: MOST_IN_ALL, is_partial: false, no_event }
    }

    /// Whether there is no budget left for further questions.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Notes that something is left out.
    pub(super) fn leave_out(&mut self) {
        self.is_partial = true;
    }

    /// Whether not everything was asked.
    pub(super) fn is_partial(&self) -> bool {
        self.is_partial || self.is_over()
    }

    /// Whether claims can be true at once, where `trigger` is what the guards are asked at.
    pub(super) fn ask(
        &mut self,
        trigger: Trigger,
        breadth: Breadth,
        mut claims: Vec<Claim>,
    ) -> Answer {
        let facts = self.facts(trigger);
        let goes_without_saying = facts.is_some();
        claims.extend(facts);
        let declared = self.declared.clone();
        match self.spend(|budget| decide(claims, Some(&declared), breadth, budget)) {
            Answer::Possible(witness) if goes_without_saying => {
                Answer::Possible(witness.without("$event"))
            }
            answer => answer,
        }
    }

    /// A number with which no guard holds, though some do for less and some for more.
    pub(super) fn hole(&mut self, claims: Vec<Claim>) -> Option<Witness> {
        let declared = self.declared.clone();
        self.spend(|budget| hole(claims, Some(&declared), budget))
    }

    fn spend<T>(&mut self, ask: impl FnOnce(&mut Budget) -> T) -> T {
        let given = self.left.min(MOST_EVALUATIONS);
        let mut budget = Budget::new(given);
        let answer = ask(&mut budget);
        self.left -= given - budget.left();
        answer
    }

    /// What is known besides the guards.
    fn facts(&self, trigger: Trigger) -> Option<Claim> {
        let no_event = self.no_event.clone()?;
        match trigger {
            Trigger::After(_) | Trigger::TimedOut => Some(Claim::new(no_event, true)),
            Trigger::Event(_) | Trigger::Done | Trigger::Failed | Trigger::Always => None,
        }
    }
}
