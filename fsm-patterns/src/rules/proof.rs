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
use crate::spec::{Handler, Output, PollSpec, Transform, When};
use crate::step::{Look, StepStatus, Verdict};

const HOLDS: &str = "holds";
const DECLINES: &str = "does not hold";
const MAY_FAIL: [&str; 3] = [HOLDS, DECLINES, "can't be told"];
const HANDLES: [&str; 2] = ["recovers", "fails"];
const IS_DONE: &str = "says that it is done";
const IS_LOST: &str = "says that it failed";
const IS_FAULTY: &str = "does not tell";
const IS_NOT_YET: &str = "says that it is not done yet";
const IS_LATE: &str = "says that it is not done, and there is no time left";
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
    /// What the answers of calls that are made again may mean.
    looks: HashMap<usize, Question>,
    /// Of signals, whether their payload can be transformed.
    signals: HashMap<usize, Question>,
    /// By step, whether it is the next to be undone.
    undos: HashMap<usize, Question>,
}

/// What the oracle is asked.
struct Question {
    text: String,
    answers: Vec<&'static str>,
}

impl Proof {
    /// # Complexity
    /// O(endpoints + groups).
    pub(crate) fn new(plan: &Plan, oracle: Arc<dyn Oracle>) -> Self {
        let units = (0..plan.endpoints.len()).map(Unit::Endpoint);
        let units = units.chain((0..plan.containers.len()).map(Unit::Group));
        let conditions = units.filter_map(|unit| {
            let answers = answers_to(plan.condition(unit)?)?.to_vec();
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
            (index, Question { text, answers: HANDLES.to_vec() })
        });
        let may_lack = match &plan.flow.output {
            Some(Output::Template(template)) => !template.is_total(),
            Some(Output::Code(_)) => true,
            None => false,
        };
        let output =
            may_lack.then(|| Question { text: "the output".to_owned(), answers: IS_MADE.to_vec() });
        let looks = plan.endpoints.iter().enumerate().filter_map(|(index, endpoint)| {
            let text = format!("the answer of `{}`", endpoint.name);
            Some((index, Question { text, answers: meanings(endpoint.poll()?) }))
        });
        let signals = plan.endpoints.iter().enumerate().filter_map(|(index, endpoint)| {
            let is_safe = match endpoint.signal()?.transform_output.as_ref()? {
                Transform::Template(template) => template.is_total(),
                Transform::Code(_) => false,
            };
            let text = format!("the output of `{}`", endpoint.name);
            (!is_safe).then(|| (index, Question { text, answers: IS_MADE.to_vec() }))
        });
        let undos = plan.undos.iter().map(|undo| {
            let text = format!(
                "the last that was completed and not undone, `{}`,",
                plan.endpoints[undo.step].name
            );
            (undo.step, Question { text, answers: IS_LAST.to_vec() })
        });
        Self {
            looks: looks.collect(),
            signals: signals.collect(),
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

    /// What a good answer of a call that is made again means.
    pub(super) fn look(&self, index: usize) -> Look {
        let Some(question) = self.looks.get(&index) else { return Look::Done };
        let answer = match question.answers.len() {
            1 => question.answers[0],
            _ => question.answers[self.ask(question)],
        };
        match answer {
            IS_DONE => Look::Done,
            IS_LOST => Look::Lost,
            IS_FAULTY => Look::Faulty(String::new()),
            IS_LATE => Look::Late,
            _ => Look::NotYet,
        }
    }

    /// What came of a signal's transform.
    pub(super) fn transformed(&self, index: usize) -> Result<Arc<Value>, String> {
        self.value(self.signals.get(&index)).map(|_| self.unknown.clone())
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
        self.oracle.choose(&question.text, &question.answers).min(last)
    }
}

/// What an answer may mean to a call that is made again.
fn meanings(poll: &PollSpec) -> Vec<&'static str> {
    let can = |condition: &When, value| match condition {
        When::Expression(expression) => !can_be(&[(expression, value)]).is_impossible(),
        When::Code(_) => true,
    };
    let is_faulty = |condition: &When| match condition {
        When::Expression(expression) => !expression.is_total(),
        When::Code(_) => false,
    };
    let goes_on = can(&poll.until, false);
    let is_lost = goes_on && poll.fail_if.as_ref().is_some_and(|failed| can(failed, true));
    let is_not_yet = goes_on && poll.fail_if.as_ref().is_none_or(|failed| can(failed, false));
    let faulty = std::iter::once(&poll.until).chain(poll.fail_if.as_ref().filter(|_| goes_on));
    let all = [
        (IS_DONE, can(&poll.until, true)),
        (IS_NOT_YET, is_not_yet),
        (IS_LOST, is_lost),
        (IS_FAULTY, faulty.into_iter().any(is_faulty)),
        (IS_LATE, is_not_yet && poll.timeout.is_some()),
    ];
    all.into_iter().filter(|(_, can_be)| *can_be).map(|(meaning, _)| meaning).collect()
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
