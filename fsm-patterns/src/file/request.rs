//! Headers and parameters: maps of templates, each with rules of its own.

use std::collections::HashSet;

use http::{HeaderName, HeaderValue};

use super::fields::{Read, Wrong};
use super::keys;
use super::tree::{Kind, Node};
use super::values::{gather, template};
use crate::expr::Template;

/// Headers by name; a value is a string, a number, or a boolean.
pub(super) fn headers(node: &Node) -> Read<Vec<(HeaderName, Template)>> {
    let Kind::Map(members) = &node.kind else {
        let wrong = Wrong::expected("a map of headers", node);
        return Err(wrong.hint("write `headers: { Accept: text/plain }`").into());
    };
    let mut seen = HashSet::new();
    gather(members.iter().map(|member| {
        let key = &member.key;
        let name = header_name(key, &mut seen)?;
        let value = header_value(key, &member.value)
            .map_err(|wrongs| wrongs.into_iter().map(|wrong| wrong.under(key)).collect::<Vec<_>>());
        value.map(|value| (name, value))
    }))
}

/// A name that is none of those `seen` before in the same map.
pub(super) fn header_name(key: &str, seen: &mut HashSet<HeaderName>) -> Read<HeaderName> {
    let Ok(name) = HeaderName::from_bytes(key.as_bytes()) else {
        let wrong =
            Wrong::whole(format!("`{}` is not a valid name of a header", key.escape_debug()))
                .hint("names are letters, digits, and `-`, without spaces");
        return Err(wrong.under(key).key().into());
    };
    if !seen.insert(name.clone()) {
        let wrong = Wrong::whole(format!("the header `{key}` is here twice"))
            .hint("names of headers are the same in upper and lower case");
        return Err(wrong.under(key).key().into());
    }
    Ok(name)
}

fn header_value(name: &str, node: &Node) -> Read<Template> {
    match &node.kind {
        Kind::Text(text) if HeaderValue::from_bytes(text.as_bytes()).is_err() => {
            let wrong = Wrong::whole(format!("the header `{name}` holds a control character"));
            return Err(wrong.hint("a header is one line of text").into());
        }
        Kind::Null | Kind::List(_) => return Err(not_plain(name, node)),
        Kind::Map(_) if !is_expression(node) => return Err(not_plain(name, node)),
        Kind::Text(_) | Kind::Bool(_) | Kind::Number(_) | Kind::Map(_) | Kind::Broken => {}
    }
    template(node)
}

fn not_plain(name: &str, node: &Node) -> Vec<Wrong> {
    let wrong = Wrong::whole(format!(
        "the header `{name}` must be text, a number, or a boolean, not {}",
        node.words()
    ));
    if is_secret(node) {
        let hint = format!(
            "a secret belongs to a resource that the endpoint names: \
             `resources: {{ api: {{ headers: {{ {name}: {{ env: NAME }} }} }} }}`"
        );
        return wrong.hint(hint).into();
    }
    match braces(node) {
        Some(hint) => wrong.hint(hint).into(),
        None => wrong.into(),
    }
}

/// Query parameters by name; a value may be a list, which repeats the name, and is no object.
pub(super) fn params(node: &Node) -> Read<Vec<(String, Template)>> {
    let Kind::Map(members) = &node.kind else {
        let wrong = Wrong::expected("a map of parameters", node);
        return Err(wrong.hint("write `params: { limit: 100 }`").into());
    };
    gather(members.iter().map(|member| {
        let key = &member.key;
        let value = param_value(key, &member.value)
            .map_err(|wrongs| wrongs.into_iter().map(|wrong| wrong.under(key)).collect::<Vec<_>>());
        value.map(|value| (key.clone(), value))
    }))
}

fn param_value(name: &str, node: &Node) -> Read<Template> {
    let object = |node: &Node| {
        let wrong = Wrong::whole(format!("the parameter `{name}` cannot be an object"));
        match braces(node) {
            Some(hint) => wrong.hint(hint),
            None if is_secret(node) => wrong.hint(format!(
                "a secret belongs to a resource that the endpoint names: \
                 `auth: {{ api_key: {{ in: query, name: {name}, value: {{ env: NAME }} }} }}`"
            )),
            None => wrong.hint("a query has no objects: give each member a parameter of its own"),
        }
    };
    match &node.kind {
        Kind::Map(_) if !is_expression(node) => return Err(object(node).into()),
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                if matches!(item.kind, Kind::Map(_)) && !is_expression(item) {
                    return Err(object(item).at_item(index).into());
                }
            }
        }
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::Map(_)
        | Kind::Broken => {}
    }
    template(node)
}

/// Whether a map is `{ value: … }` or `{ jsonpath: … }`, which templates evaluate.
fn is_expression(node: &Node) -> bool {
    node.member("value").is_some() || node.member("jsonpath").is_some()
}

/// Whether a map is `{ env: NAME }` or `{ file: PATH }`.
pub(super) fn is_secret(node: &Node) -> bool {
    let Kind::Map(members) = &node.kind else { return false };
    members.len() == 1 && keys::SECRET.known.contains(&members[0].key.as_str())
}

/// For `{$inputs.id}` without quotes, which YAML takes for a map with an empty member.
fn braces(node: &Node) -> Option<String> {
    let Kind::Map(members) = &node.kind else { return None };
    let [member] = members.as_slice() else { return None };
    let is_bare = member.key.starts_with('$') && member.value.kind == Kind::Null;
    is_bare.then(|| format!("write `\"{{{}}}\"` with the quotes, or `{0}`", member.key))
}
