//! A file as a tree of nodes that know where they stand.
//!
//! YAML and JSON both end up here ([`super::yaml`] builds it). Reading a flow from the tree, and
//! placing the faults that are found later, both walk it; nothing else looks at the text.

use std::ops::Range;

use serde_json::{Number, Value};

use crate::fault::{Place, Step};

/// A value and the bytes that it takes up in the file.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a node is, by the core schema of YAML 1.2.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// Members in file order; no key twice.
    Map(Vec<Member>),
    /// Reported when the tree was built, so that nobody complains a second time.
    Broken,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

/// Two nodes are the same if they say the same, wherever they stand.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Node {
    /// The member with that key.
    pub(crate) fn member(&self, key: &str) -> Option<&Member> {
        match &self.kind {
            Kind::Map(members) => members.iter().find(|member| member.key == key),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Broken => None,
        }
    }

    /// The node at `place`, and the key under which it stands; where the place does not exist,
    /// the deepest node on the way to it.
    pub(crate) fn nearest(&self, place: &Place) -> Nearest<'_> {
        let mut nearest = Nearest { node: self, key: None, exact: true };
        for step in place.steps() {
            match nearest.node.inside(step) {
                Some(Inside::Item(node)) => nearest = Nearest { node, key: None, exact: true },
                Some(Inside::Member(member)) => {
                    let key = Some(member.key_span.clone());
                    nearest = Nearest { node: &member.value, key, exact: true };
                }
                None => return Nearest { exact: false, ..nearest },
            }
        }
        nearest
    }

    fn inside(&self, step: &Step) -> Option<Inside<'_>> {
        match (&self.kind, step) {
            (Kind::List(items), Step::Item(index)) => items.get(*index).map(Inside::Item),
            (Kind::Map(members), Step::Key(key)) => find(members, key).map(Inside::Member),
            // A JSON Pointer does not tell the index `0` from the key `0`.
            (Kind::Map(members), Step::Item(index)) => {
                find(members, &index.to_string()).map(Inside::Member)
            }
            (
                Kind::Null
                | Kind::Bool(_)
                | Kind::Number(_)
                | Kind::Text(_)
                | Kind::List(_)
                | Kind::Broken,
                Step::Key(_) | Step::Item(_),
            ) => None,
        }
    }

    /// Takes the value at `place` for one that was reported already; nothing where there is none.
    pub(crate) fn break_at(&mut self, place: &Place) {
        let mut node = self;
        for step in place.steps() {
            let next = match (&mut node.kind, step) {
                (Kind::List(items), Step::Item(index)) => items.get_mut(*index),
                (Kind::Map(members), step) => {
                    let key = match step {
                        Step::Key(key) => key.clone(),
                        Step::Item(index) => index.to_string(),
                    };
                    members
                        .iter_mut()
                        .find(|member| member.key == key)
                        .map(|member| &mut member.value)
                }
                (_, _) => None,
            };
            let Some(next) = next else { return };
            node = next;
        }
        node.kind = Kind::Broken;
    }

    /// The value without its places.
    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null | Kind::Broken => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => items.iter().map(Node::to_value).collect(),
            Kind::Map(members) => members
                .iter()
                .map(|member| (member.key.clone(), member.value.to_value()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// What it is, in the words of a message: "must be a list, not the number 5".
    pub(crate) fn words(&self) -> String {
        match &self.kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(value) => value.to_string(),
            Kind::Number(number) => format!("the number {number}"),
            Kind::Text(text) => format!("the text `{}`", shortened(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map of keys".to_owned(),
            Kind::Broken => "unreadable".to_owned(),
        }
    }
}

/// What was found on the way to a place.
pub(crate) struct Nearest<'t> {
    pub(crate) node: &'t Node,
    /// The bytes of the key under which the node stands.
    pub(crate) key: Option<Range<usize>>,
    /// Whether the place itself was found.
    pub(crate) exact: bool,
}

enum Inside<'t> {
    Item(&'t Node),
    Member(&'t Member),
}

/// By the exact key; else without case, because header names come back in lower case.
fn find<'t>(members: &'t [Member], key: &str) -> Option<&'t Member> {
    let exact = members.iter().find(|member| member.key == key);
    exact.or_else(|| members.iter().find(|member| member.key.eq_ignore_ascii_case(key)))
}

/// At most forty characters on one line; control characters are escaped.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    let mut line = String::new();
    for character in text.chars().take(MOST) {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    if text.chars().nth(MOST).is_some() { format!("{line}…") } else { line }
}
