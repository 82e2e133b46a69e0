//! `set: { path: value }`: members of the context get new values.
//!
//! All values are computed from the context as it was before; then they are put in place, in the
//! order of the file. Objects that a path needs on its way are made.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::deed::Doubts;
use crate::expr::{Computation, Dialect, Doubt, Scope, Template, UNKNOWN, kind, unknown};
use crate::file::fields::{Read, Wrong};
use crate::file::tree::{Kind, Node};

/// Members of the context and what they become.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Assignment {
    members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq)]
struct Member {
    /// As it is written.
    written: String,
    path: Vec<String>,
    becomes: Becomes,
}

#[derive(Clone, Debug, PartialEq)]
enum Becomes {
    Template(Template),
    Computation(Computation),
}

impl Assignment {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether it can be carried out whatever is in the context.
    pub(super) fn is_total(&self) -> bool {
        self.members.iter().all(|member| {
            let Becomes::Template(template) = &member.becomes else { return false };
            template.is_total() && member.path.len() == 1
        })
    }

    /// Whether it sets the member `name` as a whole.
    pub(super) fn sets(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.written == name)
    }

    /// The paths that it sets.
    pub(super) fn paths(&self) -> String {
        let paths: Vec<&str> = self.members.iter().map(|member| &*member.written).collect();
        paths.join(", ")
    }

    /// `total = $context.total + 1, ready = true`
    pub(super) fn label(&self) -> String {
        let mut label = String::new();
        for Member { written, becomes, .. } in &self.members {
            if !label.is_empty() {
                label.push_str(", ");
            }
            let text = match becomes {
                Becomes::Template(template) => match template.as_literal() {
                    Some(value) => value.to_string(),
                    None => template.source(),
                },
                Becomes::Computation(computation) => computation.source().to_owned(),
            };
            // Writing into a `String` does not fail.
            let _ = write!(label, "{written} = {text}");
        }
        label
    }

    /// The values, over `$context` and `$event`.
    pub(super) fn values(
        &self,
        context: &Value,
        event: &Value,
        doubts: Option<&Doubts>,
    ) -> Result<Vec<Value>, String> {
        let scope = Scope::new().context(context).event(event);
        let value = |member: &Member| {
            let value = match (&member.becomes, doubts) {
                (Becomes::Template(template), None) => template.render(&scope),
                (Becomes::Computation(computation), None) => computation.eval(&scope),
                (Becomes::Template(template), Some(doubts)) => {
                    template.render_in_doubt(&scope).map(|value| doubts.of(value))
                }
                (Becomes::Computation(computation), Some(doubts)) => {
                    computation.eval_in_doubt(&scope).map(|value| doubts.of(value))
                }
            };
            value.map_err(|error| format!("`{}` can't be set: {error}", member.written))
        };
        self.members.iter().map(value).collect()
    }

    /// Whether it is carried out wholly or not at all: a single path is looked at before anything is
    /// put there, and nothing is in the way of a name.
    pub(super) fn is_atomic(&self) -> bool {
        self.members.len() == 1 || self.members.iter().all(|member| member.path.len() == 1)
    }

    /// Puts `values` in place; where that fails, those before are, unless it is
    /// [atomic](Self::is_atomic).
    pub(super) fn place(
        &self,
        context: &mut Value,
        values: Vec<Value>,
        doubts: Option<&Doubts>,
    ) -> Result<(), String> {
        for (member, value) in self.members.iter().zip(values) {
            put(context, &member.path, value, doubts).map_err(|(within, found)| {
                format!("`{}` can't be set: `{within}` is {found}", member.written)
            })?;
        }
        Ok(())
    }
}

/// Puts `value` at `path`; a context that is no object becomes one.
fn put(
    context: &mut Value,
    path: &[String],
    value: Value,
    doubts: Option<&Doubts>,
) -> Result<(), (String, &'static str)> {
    let Some((last, way)) = path.split_last() else { return Ok(()) };
    let mut object = object(context);
    for (at, key) in way.iter().enumerate() {
        let is_open = doubts.is_some() && object.contains_key(UNKNOWN);
        let inside = object.entry(key).or_insert_with(|| match is_open {
            true => unknown(),
            false => Value::Object(Map::new()),
        });
        // Nothing says that what is unknown as a whole is an object.
        if let Some(doubts) = doubts.filter(|_| *inside == unknown()) {
            doubts.add(Doubt { context: true, event: false });
        }
        let found = kind(inside);
        let Value::Object(members) = inside else { return Err((path[..=at].join("."), found)) };
        object = members;
    }
    object.insert(last.clone(), value);
    Ok(())
}

/// The members of a context; one that is no object becomes one.
pub(super) fn object(context: &mut Value) -> &mut Map<String, Value> {
    if !context.is_object() {
        *context = Value::Object(Map::new());
    }
    match context {
        Value::Object(members) => members,
        _ => unreachable!("it was made an object just now"),
    }
}

/// Reads `{ path: value }`.
pub(super) fn read(node: &Node) -> Read<Assignment> {
    const HINT: &str = "for example `set: { total: $context.total + 1 }`";
    let Kind::Map(members) = &node.kind else {
        return Err(Wrong::expected("a map of paths and values", node).hint(HINT).into());
    };
    if members.is_empty() {
        return Err(Wrong::of("must not be empty").hint(HINT).into());
    }
    let mut read = Assignment::default();
    let mut wrongs = Vec::new();
    for member in members {
        let path = path(&member.key);
        let becomes = becomes(&member.value);
        match (path, becomes) {
            (Ok(path), Ok(becomes)) => {
                read.members.push(Member { written: member.key.clone(), path, becomes });
            }
            (path, becomes) => {
                wrongs.extend(path.err());
                let found = becomes.err().into_iter().flatten();
                wrongs.extend(found.map(|wrong| wrong.under(&member.key)));
            }
        }
    }
    if wrongs.is_empty() { Ok(read) } else { Err(wrongs) }
}

fn path(written: &str) -> Result<Vec<String>, Wrong> {
    let wrong = |message: String| Wrong::whole(message).under(written).key();
    if let Some(plain) = written.strip_prefix("$context.") {
        let message = format!("`{written}` is no path: it lies in the context anyway");
        return Err(wrong(message).hint(format!("write `{plain}`")));
    }
    if written.starts_with('$') {
        let message = format!("`{written}` can't be set: names that begin with `$` are reserved");
        return Err(wrong(message).hint("take another name"));
    }
    let path: Vec<String> = written.split('.').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        let hint = "names with dots between them: `order.total`";
        return Err(wrong(format!("`{written}` is no path")).hint(hint));
    }
    Ok(path)
}

fn becomes(node: &Node) -> Read<Becomes> {
    match &node.kind {
        Kind::Broken => Err(Wrong::expected("a value", node).into()),
        Kind::Text(text) if names_a_root(text) && !is_one_expression(text) => {
            let computation = Computation::parse_in(Dialect::Machine, text);
            let computation = computation.map_err(|error| vec![Wrong::expression(error)])?;
            Ok(Becomes::Computation(computation))
        }
        _ => Ok(Becomes::Template(template(node)?)),
    }
}

/// A template over `$context` and `$event`, in which no other root stays text unseen.
pub(super) fn template(node: &Node) -> Read<Template> {
    let value = node.to_value();
    let strange = crate::expr::suspicious_in(Dialect::Machine, &value);
    if !strange.is_empty() {
        return Err(strange.into_iter().map(Wrong::expression).collect());
    }
    Template::parse_in(Dialect::Machine, &value)
        .map_err(|errors| errors.into_iter().map(Wrong::expression).collect())
}

/// Whether `$context` or `$event` stand in it outside of braces.
fn names_a_root(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        if let Some(after) = rest[at..].strip_prefix("$$") {
            rest = after;
            continue;
        }
        let begins = Dialect::Machine.begins(&rest[at..]) || is_of_a_flow(&rest[at..]);
        if begins && !rest[..at].ends_with('{') {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// `$inputs.x`: to be refused, not to be taken for text.
fn is_of_a_flow(text: &str) -> bool {
    let end = text[1..].find(|character: char| !character.is_alphanumeric());
    let goes_on = end.is_some_and(|end| text[1 + end..].starts_with(['.', '[', '#']));
    goes_on && Dialect::Flow.begins(text)
}

fn is_one_expression(text: &str) -> bool {
    crate::expr::Expression::parse_in(Dialect::Machine, text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn put_at(mut context: Value, path: &str, value: Value) -> Result<Value, String> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        match put(&mut context, &path, value, None) {
            Ok(()) => Ok(context),
            Err((within, found)) => Err(format!("{within} is {found}")),
        }
    }

    #[test]
    fn objects_on_the_way_are_made_and_other_values_are_not_overwritten() {
        assert_eq!(put_at(json!({}), "a.b.c", json!(1)), Ok(json!({"a": {"b": {"c": 1}}})));
        assert_eq!(
            put_at(json!({"a": {"b": 1}}), "a.c", json!(2)),
            Ok(json!({"a": {"b": 1, "c": 2}}))
        );
        assert_eq!(put_at(json!({"a": 1}), "a.b", json!(2)), Err("a is a number".to_owned()));
        assert_eq!(
            put_at(json!({"a": {"b": null}}), "a.b.c", json!(2)),
            Err("a.b is null".to_owned())
        );
        assert_eq!(put_at(json!(null), "a", json!(2)), Ok(json!({"a": 2})));
    }

    #[test]
    fn roots_are_seen_outside_of_braces_only() {
        for text in ["$context.a + 1", "1 + $event.b", "-$context.a", "a $context"] {
            assert!(names_a_root(text), "{text}");
        }
        for text in ["{$context.a} left", "$$context.a", "$5", "a - b", "$contexts", ""] {
            assert!(!names_a_root(text), "{text}");
        }
    }
}
