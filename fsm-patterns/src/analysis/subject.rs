//! The values that claims read: each a path inside a root, or the answer of code.
//!
//! Two paths of which one lies inside the other are not free of each other: where `$context.order`
//! is a number, `$context.order.total` is absent. So a subject knows the innermost one around it,
//! and only where that one holds others has it a value of its own.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::claim::{Claim, Part};
use super::formula::Formula;
use crate::expr::{ConditionKind, ConditionNode, Expression, Operator, Root, Segment};
use crate::machine::MACHINES;

/// Indexes beyond are not looked into: a witness would have to hold as many items.
const MOST_ITEMS: usize = 64;

/// Where a value lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Root(Root),
    /// What code answers.
    Code(String),
}

#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) owner: Owner,
    pub(super) path: Vec<Segment>,
    /// As the first claim that reads it writes it.
    pub(super) label: String,
    /// The innermost subject around it.
    pub(super) around: Option<usize>,
    /// Whether other subjects lie inside.
    pub(super) holds_others: bool,
    /// Whether it lies behind an index that is too large.
    pub(super) is_far: bool,
    /// The subjects that it is compared with, directly or through others, have the same number.
    pub(super) group: usize,
}

/// How the subjects of a group are compared.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) members: Vec<usize>,
    pub(super) literals: Vec<Value>,
    /// Whether a `<` or its like compares them.
    pub(super) is_ordered: bool,
    /// Whether one is asked for its own truth, or compared with that of a condition.
    pub(super) is_truth: bool,
}

/// All subjects of some claims, with the claims over them.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    pub(super) list: Vec<Subject>,
    pub(super) groups: Vec<Group>,
    /// For each claim, the formula that says that all of its parts hold.
    pub(super) formulas: Vec<Formula>,
    /// Whether the subjects stand for all values: only then is "not found" a no.
    pub(super) is_exact: bool,
}

impl Subjects {
    pub(super) fn of(claims: &[Claim]) -> Self {
        let mut subjects = Self { is_exact: true, ..Self::default() };
        let mut known = HashMap::new();
        for claim in claims {
            let part = |part: &Part| match part {
                Part::Condition { condition, home } => {
                    subjects.formula(condition.node(), home, &mut known)
                }
                Part::Code(name) => {
                    let owner = Owner::Code(name.to_string());
                    let label = format!("`{name}`");
                    Formula::Subject(subjects.subject(owner, Vec::new(), label, &mut known))
                }
            };
            let formula = Formula::And(claim.parts.iter().map(part).collect());
            subjects.formulas.push(formula);
        }
        subjects.nest(&known);
        subjects.group();
        subjects
    }

    fn formula(
        &mut self,
        node: &ConditionNode,
        home: &[String],
        known: &mut HashMap<(Owner, Vec<Segment>), usize>,
    ) -> Formula {
        let mut all = |nodes: &[ConditionNode]| {
            nodes.iter().map(|node| self.formula(node, home, known)).collect()
        };
        match &node.kind {
            ConditionKind::Literal(value) => Formula::Literal(value.clone()),
            ConditionKind::And(operands) => Formula::And(all(operands)),
            ConditionKind::Or(operands) => Formula::Or(all(operands)),
            ConditionKind::Not(operand) => {
                Formula::Not(Box::new(self.formula(operand, home, known)))
            }
            ConditionKind::Compare(left, operator, right) => {
                let left = self.formula(left, home, known);
                let right = self.formula(right, home, known);
                Formula::Compare(Box::new(left), *operator, Box::new(right))
            }
            ConditionKind::Expression(expression) => {
                let (path, label) = place(expression, home);
                let owner = Owner::Root(expression.root().clone());
                Formula::Subject(self.subject(owner, path, label, known))
            }
        }
    }

    fn subject(
        &mut self,
        owner: Owner,
        path: Vec<Segment>,
        label: String,
        known: &mut HashMap<(Owner, Vec<Segment>), usize>,
    ) -> usize {
        let list = &mut self.list;
        *known.entry((owner.clone(), path.clone())).or_insert_with(|| {
            let is_far = path.iter().any(|segment| position(segment) >= Some(MOST_ITEMS));
            let (around, holds_others, group) = (None, false, list.len());
            list.push(Subject { owner, path, label, around, holds_others, is_far, group });
            list.len() - 1
        })
    }

    /// Finds which subjects lie inside which.
    fn nest(&mut self, known: &HashMap<(Owner, Vec<Segment>), usize>) {
        // By place: whether names, and whether positions, lie right inside.
        let mut inside: HashMap<(Owner, Vec<Segment>), (bool, bool)> = HashMap::new();
        let mut settled = HashSet::new();
        for index in 0..self.list.len() {
            let Subject { owner, path, is_far, .. } = self.list[index].clone();
            self.is_exact &= !is_far;
            let around = (0..path.len()).rev().find_map(|end| {
                let outer = (owner.clone(), path[..end].to_vec());
                known.get(&outer).copied()
            });
            self.list[index].around = around;
            if let Some(around) = around {
                self.list[around].holds_others = true;
            }
            for end in (0..path.len()).rev() {
                let outer = (owner.clone(), path[..end].to_vec());
                if !settled.insert((outer.clone(), path[end].clone())) {
                    break;
                }
                let (names, positions) = inside.entry(outer).or_default();
                *names |= matches!(path[end], Segment::Key(_));
                *positions |= matches!(path[end], Segment::Index(_));
            }
        }
        // `a[0]` and `a.x` can't both be there, `a[0]` and `a#/0` may be one: not looked into.
        self.is_exact &= inside.values().all(|(names, positions)| !(*names && *positions));
    }

    /// Finds which subjects are compared with which, and with what.
    fn group(&mut self) {
        let mut leader: Vec<usize> = (0..self.list.len()).collect();
        let mut uses = Vec::new();
        for formula in &self.formulas {
            compare(formula, true, &mut leader, &mut uses);
        }
        let mut numbers = HashMap::new();
        for index in 0..self.list.len() {
            let leader = find(&mut leader, index);
            let number = *numbers.entry(leader).or_insert_with(|| {
                self.groups.push(Group::default());
                self.groups.len() - 1
            });
            self.list[index].group = number;
            self.groups[number].members.push(index);
        }
        for (subject, used) in uses {
            let group = &mut self.groups[self.list[subject].group];
            match used {
                Use::Truth => group.is_truth = true,
                Use::Order => group.is_ordered = true,
                Use::Literal(value) => group.literals.push(value),
            }
        }
        for group in self.groups.iter().filter(|group| group.members.len() > 1) {
            // What holds others is compared as a whole, and what has values of its own only is
            // compared with what has more: neither is looked into.
            let is_plain = |index: &usize| {
                let subject = &self.list[*index];
                !subject.holds_others && !subject.has_own_values()
            };
            self.is_exact &= group.members.iter().all(is_plain);
        }
    }
}

impl Subject {
    /// Whether not every value can stand there.
    pub(super) fn has_own_values(&self) -> bool {
        match &self.owner {
            Owner::Code(_) => true,
            Owner::Root(root) => match root {
                Root::StatusCode | Root::Url | Root::Method | Root::Header(_) => true,
                Root::Step { field, .. } => matches!(field, crate::expr::StepField::Status),
                Root::Inputs
                | Root::Data
                | Root::Body
                | Root::Error
                | Root::Context
                | Root::Event => false,
            },
        }
    }
}

/// The path of an expression from its root, and what it is called.
fn place(expression: &Expression, home: &[String]) -> (Vec<Segment>, String) {
    let source = expression.source();
    if *expression.root() != Root::Context || home.is_empty() {
        return (expression.path().to_vec(), source.to_owned());
    }
    let way = home.iter().flat_map(|name| [MACHINES.to_owned(), name.clone()]);
    let path = way.map(Segment::Key).chain(expression.path().iter().cloned()).collect();
    (path, format!("{}: {source}", home.join(".")))
}

/// The position that a segment means in a list.
pub(super) fn position(segment: &Segment) -> Option<usize> {
    match segment {
        Segment::Index(index) => Some(*index),
        Segment::Key(_) => None,
    }
}

enum Use {
    Truth,
    Order,
    Literal(Value),
}

/// Notes how the subjects of `formula` are used; `is_truth`: it must be a boolean.
fn compare(
    formula: &Formula,
    is_truth: bool,
    leader: &mut Vec<usize>,
    uses: &mut Vec<(usize, Use)>,
) {
    match formula {
        Formula::Literal(_) => {}
        Formula::Subject(subject) => {
            if is_truth {
                uses.push((*subject, Use::Truth));
            }
        }
        Formula::Not(operand) => compare(operand, true, leader, uses),
        Formula::And(operands) | Formula::Or(operands) => {
            operands.iter().for_each(|operand| compare(operand, true, leader, uses));
        }
        Formula::Compare(left, operator, right) => {
            compare(left, false, leader, uses);
            compare(right, false, leader, uses);
            if let (Formula::Subject(left), Formula::Subject(right)) = (&**left, &**right) {
                let (left, right) = (find(leader, *left), find(leader, *right));
                leader[left] = right;
            }
            let is_order = !matches!(operator, Operator::Equal | Operator::Unequal);
            for (side, other) in [(left, right), (right, left)] {
                let Formula::Subject(subject) = &**side else { continue };
                if is_order {
                    uses.push((*subject, Use::Order));
                }
                match &**other {
                    Formula::Literal(value) => uses.push((*subject, Use::Literal(value.clone()))),
                    Formula::Subject(_) => {}
                    Formula::Not(_) | Formula::And(_) | Formula::Or(_) | Formula::Compare(..) => {
                        uses.push((*subject, Use::Truth));
                    }
                }
            }
        }
    }
}

fn find(leader: &mut [usize], mut index: usize) -> usize {
    while leader[index] != index {
        leader[index] = leader[leader[index]];
        index = leader[index];
    }
    index
}
