//! A computation: what the `set` of a machine file may say in a string beyond a template.
//!
//! | from weak to strong | |
//! |---|---|
//! | `a \|\| b`, then `a && b` | as in a [`Condition`](super::Condition) |
//! | `a == b`, `a != b`, then `<`, `<=`, `>`, `>=` | as in a condition |
//! | `a + b`, `a - b` | two numbers; white space on both sides of the sign |
//! | `a * b`, `a / b`, `a % b` | two numbers; white space on both sides of the sign |
//! | `!a`, `-a` | |
//! | `(a)`, `$context.x`, `12`, `-1.5e3`, `'it''s'`, `true`, `false`, `null` | |
//!
//! Whole numbers stay whole where the result is exact and fits 64 bits; else it is a double. A
//! result that is no finite number is an error, and so, unlike in a condition, is an absent
//! member. White space around the signs is asked for because `-` may be part of a name.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde_json::{Number, Value};

use super::arithmetic::{self, Sign};
use super::computation_parser;
use super::error::{EvalError, ExprError, kind};
use super::expression::Expression;
use super::operator::Operator;
use super::root::Dialect;
use super::scope::Scope;

/// A parsed computation.
///
/// # Examples
/// ```
/// # use fsm_patterns::expr::{Computation, Dialect, Scope};
/// # use serde_json::json;
/// let sum = Computation::parse_in(Dialect::Machine, "$context.paid + $event.value").unwrap();
/// let (context, event) = (json!({"paid": 150}), json!({"value": 50}));
/// let scope = Scope::new().context(&context).event(&event);
/// assert_eq!(sum.eval(&scope), Ok(json!(200)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Computation {
    source: String,
    node: Node,
}

/// A part of a computation, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: NodeKind,
}

/// What a part of a computation is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NodeKind {
    Literal(Value),
    Expression(Expression),
    Not(Box<Node>),
    Negative(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare(Box<Node>, Operator, Box<Node>),
    /// `a + b - c`: applied from left to right.
    Chain(Box<Node>, Vec<(Sign, Node)>),
}

impl Computation {
    /// Reads a computation with the roots of `dialect`.
    ///
    /// # Errors
    /// Says what is wrong and where, with a hint.
    pub fn parse_in(dialect: Dialect, text: &str) -> Result<Self, ExprError> {
        let node = computation_parser::parse(dialect, text)?;
        Ok(Self { source: text.to_owned(), node })
    }

    /// The computation as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The value.
    ///
    /// # Errors
    /// An absent member, an operand of the wrong kind, a division by zero, a result that is too
    /// large for a number.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        Ok(self.value(&self.node, scope)?.into_owned())
    }

    /// Shows every expression in it.
    pub(super) fn each_expression(&self, show: &mut impl FnMut(&Expression)) {
        self.node.each_expression(show);
    }

    fn value<'a>(&'a self, node: &'a Node, scope: &Scope<'a>) -> Result<Cow<'a, Value>, EvalError> {
        let value = match &node.kind {
            NodeKind::Literal(value) => return Ok(Cow::Borrowed(value)),
            NodeKind::Expression(expression) => return expression.require(scope),
            NodeKind::Not(operand) => Value::Bool(!self.truth(operand, scope)?),
            NodeKind::And(operands) => Value::Bool(self.first(operands, false, scope)?),
            NodeKind::Or(operands) => Value::Bool(self.first(operands, true, scope)?),
            NodeKind::Compare(left, relation, right) => {
                Value::Bool(self.compare(left, *relation, right, scope)?)
            }
            NodeKind::Negative(operand) => {
                let number = self.number(operand, scope)?;
                let result = arithmetic::negative(&number);
                Value::Number(result.map_err(|why| self.no_result(node.span.clone(), why))?)
            }
            NodeKind::Chain(first, rest) => {
                let mut so_far = self.number(first, scope)?;
                for (sign, operand) in rest {
                    let right = self.number(operand, scope)?;
                    let span = node.span.start..operand.span.end;
                    so_far =
                        sign.apply(&so_far, &right).map_err(|why| self.no_result(span, why))?;
                }
                Value::Number(so_far)
            }
        };
        Ok(Cow::Owned(value))
    }

    fn compare(
        &self,
        left: &Node,
        relation: Operator,
        right: &Node,
        scope: &Scope<'_>,
    ) -> Result<bool, EvalError> {
        let left_value = self.value(left, scope)?;
        let right_value = self.value(right, scope)?;
        relation.holds(&left_value, &right_value).ok_or_else(|| EvalError::NoOrder {
            left: self.part(&left.span),
            right: self.part(&right.span),
            operator: relation.symbol(),
            left_found: kind(&left_value),
            right_found: kind(&right_value),
        })
    }

    fn truth(&self, node: &Node, scope: &Scope<'_>) -> Result<bool, EvalError> {
        let value = self.value(node, scope)?;
        value.as_bool().ok_or_else(|| EvalError::NotBoolean {
            part: self.part(&node.span),
            found: kind(&value),
        })
    }

    fn number(&self, node: &Node, scope: &Scope<'_>) -> Result<Number, EvalError> {
        let value = self.value(node, scope)?;
        value.as_number().cloned().ok_or_else(|| EvalError::NotNumber {
            part: self.part(&node.span),
            found: kind(&value),
        })
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

    fn no_result(&self, span: Range<usize>, why: &'static str) -> EvalError {
        EvalError::NoResult { part: self.part(&span), why }
    }

    /// The text of a part, for messages.
    fn part(&self, span: &Range<usize>) -> String {
        self.source[span.clone()].to_owned()
    }
}

impl Node {
    fn each_expression(&self, show: &mut impl FnMut(&Expression)) {
        match &self.kind {
            NodeKind::Literal(_) => {}
            NodeKind::Expression(expression) => show(expression),
            NodeKind::Not(operand) | NodeKind::Negative(operand) => operand.each_expression(show),
            NodeKind::And(operands) | NodeKind::Or(operands) => {
                operands.iter().for_each(|operand| operand.each_expression(show));
            }
            NodeKind::Compare(left, _, right) => {
                left.each_expression(show);
                right.each_expression(show);
            }
            NodeKind::Chain(first, rest) => {
                first.each_expression(show);
                rest.iter().for_each(|(_, operand)| operand.each_expression(show));
            }
        }
    }
}

impl fmt::Display for Computation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
