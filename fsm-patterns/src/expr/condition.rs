//! A condition: what decides whether a call is made, or whether an answer is good.
//!
//! | from weak to strong | |
//! |---|---|
//! | `a \|\| b` | the right side is looked at only if the left is false |
//! | `a && b` | the right side is looked at only if the left is true |
//! | `a == b`, `a != b` | never fail: different kinds are unequal; arrays and objects by content |
//! | `a < b`, `<=`, `>`, `>=` | two numbers or two strings |
//! | `!a` | |
//! | `(a)`, `$data.x`, `12`, `-1.5e3`, `'it''s'`, `true`, `false`, `null` | |
//!
//! Comparisons are not chained: `1 < $data.x && $data.x < 5`. An absent member is null.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde_json::Value;

use super::condition_parser;
use super::error::{EvalError, ExprError, kind};
use super::expression::Expression;
use super::operator::Operator;
use super::root::{Dialect, Reference};
use super::scope::Scope;

/// A parsed condition.
///
/// # Examples
/// ```
/// # use fsm_patterns::expr::{Condition, Scope};
/// # use serde_json::json;
/// let condition = Condition::parse("$data.amount > 100 && $data.kind != 'test'").unwrap();
/// let data = json!({"amount": 250, "kind": "sale"});
/// assert!(condition.eval(&Scope::new().data(&data)).unwrap());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    source: String,
    node: Node,
}

/// A part of a condition, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(super) span: Range<usize>,
    pub(crate) kind: NodeKind,
}

/// What a part of a condition is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NodeKind {
    /// `12`, `'text'`, `true`, `false`, `null`
    Literal(Value),
    /// `$…`
    Expression(Expression),
    /// `!a`
    Not(Box<Node>),
    /// `a && b && …`
    And(Vec<Node>),
    /// `a || b || …`
    Or(Vec<Node>),
    /// `a == b` and its like
    Compare(Box<Node>, Operator, Box<Node>),
}

impl Condition {
    /// Reads a condition of a flow.
    ///
    /// # Errors
    /// Says what is wrong and where, with a hint.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        Self::parse_in(Dialect::Flow, text)
    }

    /// Reads a condition with the roots of `dialect`.
    ///
    /// # Errors
    /// Says what is wrong and where, with a hint.
    pub fn parse_in(dialect: Dialect, text: &str) -> Result<Self, ExprError> {
        let node = condition_parser::parse(dialect, text)?;
        Ok(Self { source: text.to_owned(), node })
    }

    /// The condition as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it is made of, for whoever asks when it can hold.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Every expression in it, in the order of the text.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        self.node.references(&mut references);
        references
    }

    /// Whether it holds or does not, whatever the data is: its evaluation can't fail.
    pub(crate) fn is_total(&self) -> bool {
        self.node.is_truth()
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// If it, or an operand of `&&`, `||`, `!`, is not a boolean; if `<` and its like stand between
    /// anything but two numbers or two strings; if the scope does not know a root.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        self.truth(&self.node, scope)
    }

    /// The value of a part that must be a boolean.
    pub(super) fn truth(&self, node: &Node, scope: &Scope<'_>) -> Result<bool, EvalError> {
        match &*self.value(node, scope)? {
            Value::Bool(truth) => Ok(*truth),
            other @ (Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_)) => {
                Err(EvalError::NotBoolean { part: self.part(node), found: kind(other) })
            }
        }
    }

    fn value<'a>(&'a self, node: &'a Node, scope: &Scope<'a>) -> Result<Cow<'a, Value>, EvalError> {
        let truth = match &node.kind {
            NodeKind::Literal(value) => return Ok(Cow::Borrowed(value)),
            NodeKind::Expression(expression) => return expression.or_null(scope),
            NodeKind::Not(operand) => !self.truth(operand, scope)?,
            NodeKind::And(operands) => self.first(operands, false, scope)?,
            NodeKind::Or(operands) => self.first(operands, true, scope)?,
            NodeKind::Compare(left, operator, right) => {
                let left_value = self.value(left, scope)?;
                let right_value = self.value(right, scope)?;
                operator.holds(&left_value, &right_value).ok_or_else(|| EvalError::NoOrder {
                    left: self.part(left),
                    right: self.part(right),
                    operator: operator.symbol(),
                    left_found: kind(&left_value),
                    right_found: kind(&right_value),
                })?
            }
        };
        Ok(Cow::Owned(Value::Bool(truth)))
    }

    /// `deciding` as soon as an operand is that, else its opposite.
    fn first(
        &self,
        operands: &[Node],
        deciding: bool,
        scope: &Scope<'_>,
    ) -> Result<bool, EvalError> {
        for operand in operands {
            if self.truth(operand, scope)? == deciding {
                return Ok(deciding);
            }
        }
        Ok(!deciding)
    }

    /// The text of a part, for messages.
    fn part(&self, node: &Node) -> String {
        self.source[node.span.clone()].to_owned()
    }
}

impl Node {
    /// Whether it gives a boolean, whatever the data is.
    fn is_truth(&self) -> bool {
        match &self.kind {
            NodeKind::Literal(value) => value.is_boolean(),
            NodeKind::Expression(_) => false,
            NodeKind::Not(operand) => operand.is_truth(),
            NodeKind::And(operands) | NodeKind::Or(operands) => operands.iter().all(Node::is_truth),
            NodeKind::Compare(left, Operator::Equal | Operator::Unequal, right) => {
                left.has_value() && right.has_value()
            }
            NodeKind::Compare(
                _,
                Operator::Less
                | Operator::LessOrEqual
                | Operator::Greater
                | Operator::GreaterOrEqual,
                _,
            ) => false,
        }
    }

    /// Whether it gives a value, whatever the data is: what is absent is null.
    pub(super) fn has_value(&self) -> bool {
        matches!(self.kind, NodeKind::Literal(_) | NodeKind::Expression(_)) || self.is_truth()
    }

    fn references(&self, found: &mut Vec<Reference>) {
        match &self.kind {
            NodeKind::Literal(_) => {}
            NodeKind::Expression(expression) => {
                found.push(expression.reference(self.span.start, ""));
            }
            NodeKind::Not(operand) => operand.references(found),
            NodeKind::And(operands) | NodeKind::Or(operands) => {
                for operand in operands {
                    operand.references(found);
                }
            }
            NodeKind::Compare(left, _, right) => {
                left.references(found);
                right.references(found);
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
