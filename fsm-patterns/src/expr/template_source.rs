//! A template seen from outside: the expressions in it, and the tree it was read from.

use serde_json::Value;

use super::query::Query;
use super::root::{Dialect, Reference};
use super::template::Node;
use super::template_parser;
use super::text;

impl Node {
    /// Every expression in it, in the order of the text.
    pub(super) fn references(&self, pointer: &str, found: &mut Vec<Reference>) {
        let below = |key: &str| template_parser::below(pointer, key);
        match self {
            Node::Literal(_) => {}
            Node::Expression(expression) => found.push(expression.reference(0, pointer)),
            Node::Text { parts, .. } => {
                found.extend(parts.iter().filter_map(|part| part.reference(pointer)));
            }
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.references(&below(&index.to_string()), found);
                }
            }
            Node::Object(members) => {
                for (key, node) in members {
                    node.references(&below(key), found);
                }
            }
            Node::Default { value, default, .. } => {
                value.references(&below("value"), found);
                default.references(&below("default"), found);
            }
            Node::Query { from, .. } => from.references(&below("from"), found),
        }
    }

    /// The tree from which it can be read again.
    pub(super) fn to_value(&self, dialect: Dialect) -> Value {
        match self {
            Node::Literal(value) => escaped(dialect, value),
            Node::Expression(expression) => Value::from(expression.source()),
            Node::Text { source, .. } => Value::from(source.as_str()),
            Node::Array(items) => items.iter().map(|item| item.to_value(dialect)).collect(),
            Node::Object(members) => {
                members.iter().map(|(key, node)| (key.clone(), node.to_value(dialect))).collect()
            }
            Node::Default { value, default, value_first } => pair(
                *value_first,
                ("value", value.to_value(dialect)),
                ("default", default.to_value(dialect)),
            ),
            Node::Query { query, from, query_first } => pair(
                *query_first,
                ("jsonpath", Value::from(query.source())),
                ("from", from.to_value(dialect)),
            ),
        }
    }
}

fn pair(in_order: bool, first: (&str, Value), second: (&str, Value)) -> Value {
    let members = if in_order { [first, second] } else { [second, first] };
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The tree that is read as the literal `value`.
fn escaped(dialect: Dialect, value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => Value::String(text::escape(dialect, text)),
        Value::Array(items) => items.iter().map(|item| escaped(dialect, item)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| match member {
                // Unescaped, it would be taken for a query.
                Value::String(text) if key == "jsonpath" && Query::is_likely(text) => {
                    (key.clone(), Value::String(text.replace('$', "$$")))
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => (key.clone(), escaped(dialect, member)),
            })
            .collect(),
    }
}
