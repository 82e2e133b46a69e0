//! Rules without data. In a proof nothing is sent, so there is nothing that a condition, a
//! handler, or the output could be told from: an [`Oracle`] is asked instead. All else is done by
//! the rules that run.
//!
//! What needs no data is not asked. That is a condition of nothing but constants and statuses of
//! steps, and a template that can't fail whatever the data is.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::analysis::can_be;
use crate::expr::{Condition, Root, StepField};
use crate::oracle::Oracle;
use crate::plan::{Plan, Unit};
use crate::spec::{Handler, Output, When};
use crate::step::{StepStatus, Verdict};

const HOLDS: &str = "holds";
const DECLINES: &str = "does not hold";
const MAY_FAIL: [&str; 3] = [HOLDS, DECLINES, "can't be told"];
const HANDLES: [&str; 2] = ["recovers", "fails"];
const IS_LAST: [&str; 2] = ["is", "is not"];
const IS_MADE: [&str; 2] = ["can be made", "can't be made"];

/// What stands in for data.
pub(crate) struct Proof {
    oracle: Arc<dyn Oracle>,
    /// The one null that is everybody's data.
    pub(crate) unknown: Arc<Value>,
    conditions: HashMap<Unit, Question>,
    handlers: HashMap<usize, Question>,
    output: Option<Question>,
    /// By step, whether it is the next to be undone.
    undos: HashMap<usize, Question>,
}

/// What the oracle is asked.
struct Question {
    text: String,
    answers: &'static [&'static str],
}

impl Proof {
    /// # Complexity
    /// O(endpoints + groups).
    pub(crate) fn new(plan: &Plan, oracle: Arc<dyn Oracle>) -> Self {
        let units = (0..plan.endpoints.len()).map(Unit::Endpoint);
        let units = units.chain((0..plan.containers.len()).map(Unit::Group));
        let conditions = units.filter_map(|unit| {
            let answers = answers_to(plan.condition(unit)?)?;
            let text = format!("the condition of `{}`", plan.name(unit));
            Some((unit, Question { text, answers }))
        });
        let handlers = (0..plan.endpoints.len()).filter(|index| match plan.handler(*index) {
            Some(Handler::Template(template)) => !template.is_total(),
            Some(Handler::Code(_)) => true,
            None => false,
        });
        let handlers = handlers.map(|index| {
            let text = format!("the error handler of `{}`", plan.endpoints[index].name);
            (index, Question { text, answers: &HANDLES })
        });
        let may_lack = match &plan.flow.output {
            Some(Output::Template(template)) => !template.is_total(),
            Some(Output::Code(_)) => true,
            None => false,
        };
        let output =
            may_lack.then(|| Question { text: "the output".to_owned(), answers: &IS_MADE });
        let undos = plan.undos.iter().map(|undo| {
            let text = format!(
                "the last that was completed and not undone, `{}`,",
                plan.endpoints[undo.step].name
            );
            (undo.step, Question { text, answers: &IS_LAST })
        });
        Self {
            undos: undos.collect(),
            oracle,
            unknown: Arc::default(),
            conditions: conditions.collect(),
            handlers: handlers.collect(),
            output,
        }
    }

    /// What came of a unit's condition; `None` where no data is needed to tell.
    pub(super) fn condition(&self, unit: Unit) -> Option<Verdict> {
        let question = self.conditions.get(&unit)?;
        Some(match question.answers[self.ask(question)] {
            HOLDS => Verdict::Go,
            DECLINES => Verdict::Declined,
            _ => Verdict::Faulty(String::new()),
        })
    }

    /// What came of an endpoint's handler.
    pub(super) fn handled(&self, index: usize) -> Result<Value, String> {
        self.value(self.handlers.get(&index))
    }

    /// What came of the output. That of a run that is late decides nothing any more.
    pub(crate) fn output(&self, rest: StepStatus) -> Result<Value, String> {
        self.value(self.output.as_ref().filter(|_| rest != StepStatus::TimedOut))
    }

    /// Whether a step is the next of several to be undone. The order in which they were completed
    /// is left open, so any of them may be: all orders are looked at, also those that no run has.
    pub(super) fn is_next(&self, step: usize) -> bool {
        self.undos.get(&step).is_none_or(|question| self.ask(question) == 0)
    }

    fn value(&self, question: Option<&Question>) -> Result<Value, String> {
        match question.map_or(0, |question| self.ask(question)) {
            0 => Ok(Value::Null),
            _ => Err(String::new()),
        }
    }

    fn ask(&self, question: &Question) -> usize {
        let last = question.answers.len() - 1;
        self.oracle.choose(&question.text, question.answers).min(last)
    }
}

/// What may come of a condition; `None` where no data is needed to tell.
fn answers_to(condition: &When) -> Option<&'static [&'static str]> {
    match condition {
        When::Expression(expression) if statuses_of(expression).is_some() => None,
        When::Expression(expression) => {
            let first = usize::from(can_be(&[(expression, true)]).is_impossible());
            let last = if expression.is_total() { 2 } else { 3 };
            Some(&MAY_FAIL[first..last])
        }
        When::Code(_) => Some(&MAY_FAIL[..2]),
    }
}

/// The steps whose statuses a condition reads, if it reads nothing else.
pub(crate) fn statuses_of(condition: &Condition) -> Option<Vec<String>> {
    let status = |root: Root| {
        let Root::Step { name, field: StepField::Status } = root else { return None };
        Some(name)
    };
    condition.references().into_iter().map(|reference| status(reference.root)).collect()
}
