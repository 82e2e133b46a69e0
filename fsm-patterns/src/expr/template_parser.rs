//! Reads the tree of a template; the shapes are told in [`super::template`].

use serde_json::{Map, Value};

use super::error::ExprError;
use super::limits::MAX_TREE_DEPTH;
use super::query::Query;
use super::root::Dialect;
use super::template::Node;
use super::text::{self, Scanned};

/// Reads a tree; reports all its faults.
pub(super) fn parse(dialect: Dialect, value: &Value) -> Result<Node, Vec<ExprError>> {
    let mut parser = Parser { dialect, errors: Vec::new() };
    let node = parser.node(value, "", 0);
    if parser.errors.is_empty() { Ok(node) } else { Err(parser.errors) }
}

/// Reads one string.
pub(super) fn string(dialect: Dialect, source: &str) -> Result<Node, Vec<ExprError>> {
    Ok(match text::scan(dialect, source)? {
        Scanned::Plain(text) => Node::Literal(Value::String(text)),
        Scanned::Whole(expression) => Node::Expression(expression),
        Scanned::Mixed(parts) => Node::Text { source: source.to_owned(), parts },
    })
}

/// The pointer to the member `key` of the value at `pointer` (RFC 6901).
pub(super) fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

struct Parser {
    dialect: Dialect,
    errors: Vec<ExprError>,
}

impl Parser {
    fn node(&mut self, value: &Value, pointer: &str, depth: usize) -> Node {
        if depth > MAX_TREE_DEPTH {
            let error = ExprError::new(0..0, "the template is nested too deeply");
            self.errors.push(error.hint(format!("at most {MAX_TREE_DEPTH} levels")).at(pointer));
            return Node::Literal(Value::Null);
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Node::Literal(value.clone()),
            Value::String(source) => match string(self.dialect, source) {
                Ok(node) => node,
                Err(errors) => {
                    self.errors.extend(errors.into_iter().map(|error| error.at(pointer)));
                    Node::Literal(Value::Null)
                }
            },
            Value::Array(items) => self.array(items, pointer, depth),
            Value::Object(members) => self.object(members, pointer, depth),
        }
    }

    fn array(&mut self, items: &[Value], pointer: &str, depth: usize) -> Node {
        let nodes: Vec<Node> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.node(item, &below(pointer, &index.to_string()), depth + 1))
            .collect();
        // A subtree without expressions is kept whole, so that it can be handed out as it is.
        if nodes.iter().all(is_literal) {
            return Node::Literal(nodes.into_iter().filter_map(into_literal).collect());
        }
        Node::Array(nodes)
    }

    fn object(&mut self, members: &Map<String, Value>, pointer: &str, depth: usize) -> Node {
        if let Some(node) = self.query(members, pointer, depth) {
            return node;
        }
        let nodes: Vec<(String, Node)> = members
            .iter()
            .map(|(key, member)| (key.clone(), self.node(member, &below(pointer, key), depth + 1)))
            .collect();
        match <[(String, Node); 2]>::try_from(nodes) {
            Ok([first, second]) => defaulted(first, second),
            Err(nodes) => plain(nodes),
        }
    }

    /// `{ jsonpath, from }`, or `None` if the object is nothing of the kind.
    fn query(&mut self, members: &Map<String, Value>, pointer: &str, depth: usize) -> Option<Node> {
        let path = members.get("jsonpath")?.as_str()?;
        let from = members.get("from").filter(|_| members.len() == 2);
        let is_query = Query::is_likely(path) || from.is_some_and(|from| self.is_dynamic(from));
        if !is_query {
            return None;
        }
        let at_path = below(pointer, "jsonpath");
        let Some(from) = from else {
            let message = "an object with a `jsonpath` must have the keys `jsonpath` and `from`, and no others";
            let error = ExprError::new(0..path.len(), message);
            let hint = format!(
                "for example `{{ jsonpath: \"{path}\", from: $data }}`; to send the text itself, write `$${}`",
                path.trim_start_matches('$')
            );
            self.errors.push(error.hint(hint).at(&at_path));
            return Some(Node::Literal(Value::Null));
        };
        let query = match Query::parse(path) {
            Ok(query) => Some(query),
            Err(error) => {
                self.errors.push(error.at(&at_path));
                None
            }
        };
        let at_from = below(pointer, "from");
        let found_before = self.errors.len();
        let from = self.node(from, &at_from, depth + 1);
        let can_be_searched =
            matches!(from, Node::Expression(_) | Node::Default { .. } | Node::Query { .. });
        if !can_be_searched && self.errors.len() == found_before {
            let error = ExprError::new(0..0, "`from` must be one expression");
            self.errors.push(error.hint("for example `from: $data`").at(&at_from));
        }
        let query_first = members.keys().next().is_some_and(|key| key == "jsonpath");
        Some(match query {
            Some(query) => Node::Query { query, from: Box::new(from), query_first },
            None => Node::Literal(Value::Null),
        })
    }

    /// Whether a value is written as an expression, also a faulty one.
    fn is_dynamic(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|text| self.dialect.begins(text))
    }
}

/// `{ value, default }` if that is what the two members are, else an object.
fn defaulted(first: (String, Node), second: (String, Node)) -> Node {
    let is_value = |(key, node): &(String, Node)| {
        let holds_expression = match node {
            Node::Expression(_) | Node::Text { .. } | Node::Default { .. } | Node::Query { .. } => {
                true
            }
            Node::Literal(_) | Node::Array(_) | Node::Object(_) => false,
        };
        key == "value" && holds_expression
    };
    if is_value(&first) && second.0 == "default" {
        return Node::Default {
            value: Box::new(first.1),
            default: Box::new(second.1),
            value_first: true,
        };
    }
    if is_value(&second) && first.0 == "default" {
        return Node::Default {
            value: Box::new(second.1),
            default: Box::new(first.1),
            value_first: false,
        };
    }
    plain(vec![first, second])
}

fn plain(members: Vec<(String, Node)>) -> Node {
    if members.iter().all(|(_, node)| is_literal(node)) {
        return Node::Literal(
            members
                .into_iter()
                .filter_map(|(key, node)| Some((key, into_literal(node)?)))
                .collect(),
        );
    }
    Node::Object(members)
}

fn is_literal(node: &Node) -> bool {
    matches!(node, Node::Literal(_))
}

fn into_literal(node: Node) -> Option<Value> {
    match node {
        Node::Literal(value) => Some(value),
        Node::Expression(_)
        | Node::Text { .. }
        | Node::Array(_)
        | Node::Object(_)
        | Node::Default { .. }
        | Node::Query { .. } => None,
    }
}
