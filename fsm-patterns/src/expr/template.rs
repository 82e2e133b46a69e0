//! A template: a JSON tree whose strings may hold expressions.
//!
//! Two shapes of objects mean something; every other object is an object:
//!
//! - `{ value: …, default: … }`, exactly these two keys, where `value` is a string that holds an
//!   expression, or itself one of the two shapes. `default` (any template) stands in if something
//!   in `value` is absent, or is the missing output or error of a step. A value that is there and
//!   null stays null.
//! - `{ jsonpath: …, from: … }`, exactly these two keys, where `jsonpath` is a string and `from`
//!   is a string that is one expression, or one of the two shapes. Gives the array of all matches.
//!   To send such an object as it is, escape the path: `$$.items`. A `jsonpath` that begins like
//!   one (`$.`, `$[`) among other keys is reported, since a forgotten `from` would go out as text.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::error::{EvalError, ExprError};
use super::expression::{Expression, Found};
use super::query::Query;
use super::root::{Dialect, Reference, Root};
use super::scope::Scope;
use super::template_parser;
use super::text::{self, Part};

/// A parsed template.
///
/// # Examples
/// ```
/// # use fsm_patterns::expr::{Scope, Template};
/// # use serde_json::json;
/// let template = Template::parse(&json!({
///     "sum": "$data.total",
///     "who": { "value": "$data.name", "default": "nobody" },
///     "big": { "jsonpath": "$.items[?@ > 1]", "from": "$data" },
/// }))
/// .unwrap();
/// let data = json!({"total": 3, "items": [1, 2, 3]});
/// let value = template.render(&Scope::new().data(&data)).unwrap();
/// assert_eq!(value, json!({"sum": 3, "who": "nobody", "big": [2, 3]}));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub(super) dialect: Dialect,
    pub(super) node: Node,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A subtree without expressions, unescaped.
    Literal(Value),
    /// A string that is one expression.
    Expression(Expression),
    /// A string with expressions inside.
    Text {
        /// As written.
        source: String,
        /// Text and expressions in turn.
        parts: Vec<Part>,
    },
    /// An array with expressions somewhere inside.
    Array(Vec<Node>),
    /// An object with expressions somewhere inside.
    Object(Vec<(String, Node)>),
    /// `{ value, default }`
    Default {
        /// What is tried first.
        value: Box<Node>,
        /// What stands in for it.
        default: Box<Node>,
        /// Whether `value` was written first; kept for [`Template::to_value`].
        value_first: bool,
    },
    /// `{ jsonpath, from }`
    Query {
        /// The path.
        query: Query,
        /// What is searched.
        from: Box<Node>,
        /// Whether `jsonpath` was written first; kept for [`Template::to_value`].
        query_first: bool,
    },
}

impl Template {
    /// Reads a template of a flow.
    ///
    /// # Errors
    /// All faults of the tree at once, each with its place.
    pub fn parse(value: &Value) -> Result<Self, Vec<ExprError>> {
        Self::parse_in(Dialect::Flow, value)
    }

    /// Reads a template with the roots of `dialect`.
    ///
    /// # Errors
    /// All faults of the tree at once, each with its place.
    pub fn parse_in(dialect: Dialect, value: &Value) -> Result<Self, Vec<ExprError>> {
        Ok(Self { dialect, node: template_parser::parse(dialect, value)? })
    }

    /// Reads a template that is one string.
    ///
    /// # Errors
    /// All faults of the string at once.
    pub fn text(text: &str) -> Result<Self, Vec<ExprError>> {
        Ok(Self { dialect: Dialect::Flow, node: template_parser::string(Dialect::Flow, text)? })
    }

    /// A template that gives `value` as it is: nothing in it is an expression.
    pub fn literal(value: Value) -> Self {
        Self { dialect: Dialect::Flow, node: Node::Literal(value) }
    }

    /// The value, if nothing in the template has to be evaluated.
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.node {
            Node::Literal(value) => Some(value),
            Node::Expression(_)
            | Node::Text { .. }
            | Node::Array(_)
            | Node::Object(_)
            | Node::Default { .. }
            | Node::Query { .. } => None,
        }
    }

    /// The value; what is one expression or has none is borrowed, not cloned.
    ///
    /// # Errors
    /// An expression that is absent and has no default, or whose root is not known here.
    pub fn eval<'a>(&'a self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, EvalError> {
        self.node.eval(scope)
    }

    /// The value.
    ///
    /// # Errors
    /// As [`Template::eval`].
    pub fn render(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        Ok(self.node.eval(scope)?.into_owned())
    }

    /// Every expression in it, in the order of the text.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        self.node.references("", &mut references);
        references
    }

    /// Whether it has a value whatever the data is, where the roots in it are known.
    pub(crate) fn is_total(&self) -> bool {
        self.node.is_total()
    }

    /// The template as text for a label: a string as it was written, anything else as JSON.
    pub fn source(&self) -> String {
        match self.to_value() {
            Value::String(text) => text,
            value @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => value.to_string(),
        }
    }

    /// The tree from which [`Template::parse`] makes this template again.
    pub fn to_value(&self) -> Value {
        self.node.to_value(self.dialect)
    }
}

impl Node {
    pub(super) fn eval<'a>(&'a self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, EvalError> {
        match self {
            Node::Literal(value) => Ok(Cow::Borrowed(value)),
            Node::Expression(expression) => expression.require(scope),
            Node::Text { parts, .. } => Ok(Cow::Owned(Value::String(text::join(parts, scope)?))),
            Node::Array(items) => {
                let items: Result<Vec<Value>, EvalError> =
                    items.iter().map(|item| Ok(item.eval(scope)?.into_owned())).collect();
                Ok(Cow::Owned(Value::Array(items?)))
            }
            Node::Object(members) => {
                let mut object = Map::with_capacity(members.len());
                for (key, node) in members {
                    object.insert(key.clone(), node.eval(scope)?.into_owned());
                }
                Ok(Cow::Owned(Value::Object(object)))
            }
            Node::Default { value, default, .. } => {
                if value.is_there(scope)? {
                    value.eval(scope)
                } else {
                    default.eval(scope)
                }
            }
            Node::Query { query, from, .. } => Ok(Cow::Owned(query.run(&*from.eval(scope)?))),
        }
    }

    fn is_total(&self) -> bool {
        let whole = |expression: &Expression| match (expression.root(), &*expression.pointer()) {
            (root, "") => root.has_members(),
            // These every error has.
            (Root::Error, "/kind" | "/message" | "/http_status") => true,
            (_, _) => false,
        };
        match self {
            Node::Literal(_) => true,
            Node::Expression(expression) => whole(expression),
            Node::Text { parts, .. } => parts.iter().all(|part| match part {
                Part::Text(_) => true,
                Part::Embedded { expression, .. } => whole(expression),
            }),
            Node::Array(items) => items.iter().all(Node::is_total),
            Node::Object(members) => members.iter().all(|(_, node)| node.is_total()),
            Node::Default { default, .. } => default.is_total(),
            Node::Query { from, .. } => from.is_total(),
        }
    }

    /// Whether nothing that it needs is absent, so that no default stands in.
    fn is_there(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        let found = |expression: &Expression| match expression.find(scope)? {
            Found::Value(_) => Ok(true),
            Found::Nothing | Found::Absent(_) => Ok(false),
        };
        match self {
            Node::Expression(expression) => found(expression),
            Node::Text { parts, .. } => {
                for part in parts {
                    match part {
                        Part::Text(_) => {}
                        Part::Embedded { expression, .. } => {
                            if !found(expression)? {
                                return Ok(false);
                            }
                        }
                    }
                }
                Ok(true)
            }
            Node::Query { from, .. } => from.is_there(scope),
            Node::Default { value, default, .. } => {
                Ok(value.is_there(scope)? || default.is_there(scope)?)
            }
            Node::Literal(_) => Ok(true),
            Node::Array(items) => all(items.iter(), scope),
            Node::Object(members) => all(members.iter().map(|(_, node)| node), scope),
        }
    }
}

fn all<'n>(
    mut nodes: impl Iterator<Item = &'n Node>,
    scope: &Scope<'_>,
) -> Result<bool, EvalError> {
    nodes.try_fold(true, |so_far, node| Ok(so_far && node.is_there(scope)?))
}
