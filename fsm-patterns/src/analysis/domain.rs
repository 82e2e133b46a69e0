//! The values that stand for all others, for each subject.
//!
//! Where a subject is compared with literals only, what a condition can tell of its value is its
//! kind, and where it lies among the literals of that kind. Subjects that are compared with one
//! another share their values, with so many between any two literals that all of them can differ.

use serde_json::{Number, Value, json};

use super::subject::{Group, Owner, Subject, Subjects};
use super::{number, text};
use crate::StepStatus;
use crate::expr::{Root, Segment, StepField};

/// More values than this are not made for one group of subjects.
const MOST_VALUES: usize = 10_000;

/// A value that a subject may have.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) value: Value,
    /// Whether a person who reads the conditions would think of it: no string where only numbers
    /// are spoken of, no fraction where only whole numbers are.
    pub(super) is_usual: bool,
    /// Whether it holds the subjects inside.
    pub(super) holds_others: bool,
}

/// The candidates of every subject; those that are usual come first. `declared` is a context whose
/// members have the kinds that are usual for them.
pub(super) fn domains(subjects: &mut Subjects, declared: Option<&Value>) -> Vec<Vec<Candidate>> {
    let mut domains = vec![Vec::new(); subjects.list.len()];
    for group in &subjects.groups {
        let (picks, is_whole) = picks(group, &subjects.list);
        subjects.is_exact &= is_whole;
        let kinds = Kinds::of(group, &subjects.list, declared);
        for member in &group.members {
            let subject = &subjects.list[*member];
            domains[*member] = of(subject, &picks, kinds, declared);
        }
    }
    domains
}

/// The values of a group, and whether they stand for all.
fn picks(group: &Group, list: &[Subject]) -> (Vec<(Value, bool)>, bool) {
    let mut numbers: Vec<Number> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    // First, so that of what differs in case only, that stays which a step can have.
    for member in &group.members {
        match &list[*member].owner {
            Owner::Root(Root::StatusCode) => {
                numbers.extend([100, 200, 500, 999].map(Number::from));
            }
            Owner::Root(Root::Step { field: StepField::Status, .. }) => {
                texts.extend(STATUSES.map(|status| status.as_str().to_owned()));
            }
            Owner::Root(_) | Owner::Code(_) => {}
        }
    }
    for literal in &group.literals {
        match literal {
            Value::Number(number) => numbers.push(number.clone()),
            Value::String(text) => texts.push(text.clone()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    let wanted = group.members.len();
    let room = MOST_VALUES / (numbers.len() + texts.len() + 1);
    let each = wanted.min(room.max(1));
    let mut picks: Vec<(Value, bool)> = Vec::new();
    let numbers = number::picks(&numbers, each).into_iter();
    picks.extend(numbers.map(|(number, is_usual)| (Value::Number(number), is_usual)));
    let texts = text::picks(&texts, each, group.is_ordered).into_iter();
    picks.extend(texts.map(|text| {
        let is_usual = !text.contains('\0');
        (Value::String(text), is_usual)
    }));
    picks.extend([(json!(true), true), (json!(false), true), (Value::Null, true)]);
    // Values that have no order and equal no literal.
    picks.push((json!({}), true));
    picks.extend((1..each).map(|number| (json!({ "other": number }), true)));
    (picks, each == wanted)
}

const STATUSES: [StepStatus; 7] = [
    StepStatus::Ok,
    StepStatus::Cached,
    StepStatus::Recovered,
    StepStatus::Skipped,
    StepStatus::Failed,
    StepStatus::TimedOut,
    StepStatus::Cancelled,
];

/// Which kinds of values are usual.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds {
    null: bool,
    truths: bool,
    numbers: bool,
    texts: bool,
    holders: bool,
}

impl Kinds {
    fn of(group: &Group, list: &[Subject], declared: Option<&Value>) -> Self {
        let mut kinds = Self { truths: group.is_truth, ..Self::default() };
        group.literals.iter().for_each(|literal| kinds.add(literal));
        for member in &group.members {
            if let Some(value) = declared_at(&list[*member], declared) {
                // That it begins with nothing says nothing of what it will be.
                kinds.add(value);
            }
        }
        let Self { truths, numbers, texts, holders, .. } = kinds;
        let says_nothing = !(truths || numbers || texts || holders);
        let is_held = group.members.iter().any(|member| list[*member].holds_others);
        kinds.numbers |= says_nothing && !is_held;
        kinds
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::Null => self.null = true,
            Value::Bool(_) => self.truths = true,
            Value::Number(_) => self.numbers = true,
            Value::String(_) => self.texts = true,
            Value::Array(_) | Value::Object(_) => self.holders = true,
        }
    }

    fn has(self, value: &Value) -> bool {
        match value {
            Value::Null => self.null,
            Value::Bool(_) => self.truths,
            Value::Number(_) => self.numbers,
            Value::String(_) => self.texts,
            Value::Array(_) | Value::Object(_) => self.holders,
        }
    }
}

/// What a declared context has there.
fn declared_at<'v>(subject: &Subject, declared: Option<&'v Value>) -> Option<&'v Value> {
    if subject.owner != Owner::Root(Root::Context) {
        return None;
    }
    let inside = |value: &'v Value, segment: &Segment| segment.get(value);
    subject.path.iter().try_fold(declared?, inside)
}

fn of(
    subject: &Subject,
    picks: &[(Value, bool)],
    mut kinds: Kinds,
    declared: Option<&Value>,
) -> Vec<Candidate> {
    if subject.is_far {
        return vec![Candidate { value: Value::Null, is_usual: true, holds_others: false }];
    }
    // What comes with an event may be missing, and so may what no context declares.
    kinds.null |= declared_at(subject, declared).is_none_or(Value::is_null);
    let mut all: Vec<Candidate> = Vec::new();
    if subject.holds_others {
        all.push(Candidate { value: json!({}), is_usual: true, holds_others: true });
    }
    let can_be = picks.iter().filter(|(value, _)| can_be(subject, value));
    all.extend(can_be.map(|(value, is_usual)| {
        let is_usual = *is_usual && kinds.has(value);
        Candidate { value: value.clone(), is_usual, holds_others: false }
    }));
    // Stable: within each half the order stays.
    all.sort_by_key(|candidate| !candidate.is_usual);
    all
}

/// Whether a value can stand there at all.
fn can_be(subject: &Subject, value: &Value) -> bool {
    let root = match &subject.owner {
        Owner::Code(_) => return value.is_boolean(),
        Owner::Root(root) => root,
    };
    match root {
        Root::StatusCode => value.as_u64().is_some_and(|status| (100..=999).contains(&status)),
        Root::Url | Root::Method => value.is_string(),
        Root::Header(_) => match value {
            Value::Null => true,
            Value::String(text) => http::HeaderValue::from_str(text).is_ok(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
        },
        Root::Step { field: StepField::Status, .. } => match value {
            Value::Null => true,
            Value::String(text) => STATUSES.iter().any(|status| status.as_str() == text),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
        },
        Root::Step { .. }
        | Root::Inputs
        | Root::Data
        | Root::Body
        | Root::Error
        | Root::Context
        | Root::Event => true,
    }
}
