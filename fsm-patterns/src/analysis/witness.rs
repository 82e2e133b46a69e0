//! Values with which something holds: the proof that it can.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::claim::{Claim, Part};
use super::search::{Choice, Problem};
use super::subject::{Owner, position};
use crate::expr::{Condition, EvalError, Response, Root, Scope, Segment, StepField, Steps};
use crate::machine::MACHINES;

/// Values for what some conditions read, and answers of code.
///
/// It prints as the values: `$event.http_status = 503, $context.tries = 3`. What it does not name
/// may be anything, and was left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    values: Vec<(String, Value)>,
    answers: IndexMap<String, bool>,
    roots: IndexMap<Root, Value>,
}

impl Witness {
    pub(super) fn of(problem: &Problem, choice: &Choice) -> Self {
        let mut witness =
            Self { values: Vec::new(), answers: IndexMap::new(), roots: IndexMap::new() };
        let chosen = |index: usize| {
            let at = choice[index]?;
            Some(&problem.candidates(index)[at])
        };
        // What lies further outside comes first, as what lies within is put inside of it.
        let mut order: Vec<usize> = (0..choice.len()).collect();
        order.sort_by_key(|index| problem.subject(*index).path.len());
        for index in order {
            let (Some(candidate), subject) = (chosen(index), problem.subject(index)) else {
                continue;
            };
            match &subject.owner {
                Owner::Code(name) => {
                    witness.answers.insert(name.clone(), candidate.value == Value::Bool(true));
                }
                Owner::Root(root) => {
                    let value = witness.roots.entry(root.clone()).or_insert(Value::Null);
                    if !candidate.value.is_null() || subject.path.is_empty() {
                        put(value, &subject.path, candidate.value.clone());
                    }
                }
            }
        }
        for index in 0..choice.len() {
            let (Some(candidate), subject) = (chosen(index), problem.subject(index)) else {
                continue;
            };
            let Owner::Root(root) = &subject.owner else { continue };
            let around = subject.around.and_then(chosen);
            if around.is_some_and(|around| !around.holds_others) {
                continue;
            }
            let is_told_inside = |inner: usize| {
                problem.subject(inner).around == Some(index)
                    && chosen(inner).is_some_and(|inside| !inside.value.is_null())
            };
            if candidate.holds_others && (0..choice.len()).any(is_told_inside) {
                continue;
            }
            let value = match candidate.holds_others {
                true => at(&witness.roots[root], &subject.path).clone(),
                false => candidate.value.clone(),
            };
            witness.values.push((subject.label.clone(), value));
        }
        witness
    }

    /// The same without saying what goes without saying: that an expression is null.
    pub(crate) fn without(mut self, expression: &str) -> Self {
        self.values.retain(|(told, value)| told != expression || !value.is_null());
        self
    }

    /// The expressions and their values, in the order of the conditions.
    pub fn values(&self) -> &[(String, Value)] {
        &self.values
    }

    /// What code answers, by the name of the guard.
    pub fn answers(&self) -> impl Iterator<Item = (&str, bool)> {
        self.answers.iter().map(|(name, holds)| (&**name, *holds))
    }

    /// The value of a root; null where nothing is said of it.
    pub fn root(&self, root: &Root) -> &Value {
        self.roots.get(root).unwrap_or(&Value::Null)
    }

    /// What `condition` comes to with these values.
    ///
    /// # Errors
    /// As [`Condition::eval`].
    pub fn eval(&self, condition: &Condition) -> Result<bool, EvalError> {
        self.eval_at(condition, self.root(&Root::Context))
    }

    fn eval_at(&self, condition: &Condition, context: &Value) -> Result<bool, EvalError> {
        let status = self.root(&Root::StatusCode).as_u64();
        let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
        let headers = self.headers();
        let response = Response {
            status,
            url: self.root(&Root::Url).as_str().unwrap_or_default(),
            method: self.root(&Root::Method).as_str().unwrap_or_default(),
            headers: &headers,
            body: self.root(&Root::Body),
        };
        let scope = Scope::new()
            .inputs(self.root(&Root::Inputs))
            .data(self.root(&Root::Data))
            .error(self.root(&Root::Error))
            .event(self.root(&Root::Event))
            .context(context)
            .steps(self)
            .response(response);
        condition.eval(&scope)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (root, value) in &self.roots {
            if let (Root::Header(name), Value::String(text)) = (root, value)
                && let (Ok(name), Ok(value)) =
                    (HeaderName::try_from(name.as_str()), HeaderValue::from_str(text))
            {
                headers.insert(name, value);
            }
        }
        headers
    }

    /// Whether a claim is true.
    pub(super) fn proves(&self, claim: &Claim) -> bool {
        let holds = |part: &Part| match part {
            Part::Code(name) => self.answers.get(&**name).copied().unwrap_or(false),
            Part::Condition { condition, home } => {
                let outermost = self.root(&Root::Context);
                let inside = |value, name: &String| Value::get(value, MACHINES)?.get(name);
                let context = home.iter().try_fold(outermost, inside).unwrap_or(&Value::Null);
                self.eval_at(condition, context) == Ok(true)
            }
        };
        claim.parts.iter().all(holds) == claim.holds
    }
}

impl Steps for Witness {
    fn output(&self, step: &str) -> Option<&Value> {
        self.roots.get(&Root::Step { name: step.to_owned(), field: StepField::Output })
    }

    fn status(&self, step: &str) -> Option<&str> {
        let status = Root::Step { name: step.to_owned(), field: StepField::Status };
        self.roots.get(&status)?.as_str()
    }

    fn error(&self, step: &str) -> Option<&Value> {
        self.roots.get(&Root::Step { name: step.to_owned(), field: StepField::Error })
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (expression, value) in &self.values {
            f.write_str(separator)?;
            match value {
                Value::String(text) => write!(f, "{expression} = '{}'", text.replace('\'', "''"))?,
                other => write!(f, "{expression} = {other}")?,
            }
            separator = ", ";
        }
        for (name, holds) in &self.answers {
            let words = if *holds { "holds" } else { "does not hold" };
            write!(f, "{separator}`{name}` {words}")?;
            separator = ", ";
        }
        if separator.is_empty() {
            f.write_str("whatever the values are")?;
        }
        Ok(())
    }
}

/// Puts `value` at `path`; lists and objects on the way are made.
fn put(root: &mut Value, path: &[Segment], value: Value) {
    let mut place = root;
    for segment in path {
        match (segment, position(segment)) {
            (_, Some(index)) => {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let Value::Array(items) = place else { return };
                if items.len() <= index {
                    items.resize(index + 1, Value::Null);
                }
                place = &mut items[index];
            }
            (Segment::Key(key), None) => {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                let Value::Object(members) = place else { return };
                place = members.entry(key).or_insert(Value::Null);
            }
            (Segment::Index(_), None) => return,
        }
    }
    *place = value;
}

fn at<'v>(root: &'v Value, path: &[Segment]) -> &'v Value {
    let inside = |value: &'v Value, segment: &Segment| segment.get(value);
    path.iter().try_fold(root, inside).unwrap_or(&Value::Null)
}
