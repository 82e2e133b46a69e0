//! Reading transitions, and what stands on them: guards and actions.

use super::spec::{Action, EdgeSpec, Guard, Name, StateSpec, When};
use super::{assignment, keys};
use crate::expr::{Condition, Dialect};
use crate::fault::Place;
use crate::file::fields::{Fields, Read, Reader, Wrong};
use crate::file::tree::{Kind, Node};
use crate::file::values;

/// Reads `on`: events and where they lead.
pub(super) fn on(fields: &mut Fields<'_, '_>, edges: &mut Vec<EdgeSpec>) {
    let Some(node) = fields.node("on") else { return };
    let Kind::Map(members) = &node.kind else {
        let wrong = Wrong::expected("a map of events and where they lead", node);
        return fields.wrong("on", wrong.hint("for example `on: { push: open }`"));
    };
    let place = fields.place.key("on");
    for member in members {
        let when = When::Event(member.key.clone());
        listed(fields.reader, &member.value, place.key(&member.key), &when, edges);
    }
}

/// Reads `after`: durations and where they lead.
pub(super) fn after(fields: &mut Fields<'_, '_>, edges: &mut Vec<EdgeSpec>) {
    let Some(node) = fields.node("after") else { return };
    let Kind::Map(members) = &node.kind else {
        let wrong = Wrong::expected("a map of durations and where they lead", node);
        return fields.wrong("after", wrong.hint("for example `after: { 5s: closed }`"));
    };
    let place = fields.place.key("after");
    for member in members {
        let place = place.key(&member.key);
        // A key is text; one that is a number counts as seconds.
        let wait = match member.key.parse::<f64>() {
            Ok(seconds) => crate::duration::from_seconds(seconds),
            Err(_) => crate::duration::parse(&member.key),
        };
        match wait {
            Ok(wait) => listed(fields.reader, &member.value, place, &When::After(wait), edges),
            Err(error) => {
                let wrong = Wrong::of(error.to_string()).hint(error.hint()).key();
                fields.reader.wrong("a key of `after`", &place, wrong);
            }
        }
    }
}

/// Reads the transitions under `key`.
pub(super) fn candidates(
    fields: &mut Fields<'_, '_>,
    key: &str,
    when: &When,
    edges: &mut Vec<EdgeSpec>,
) {
    if let Some(node) = fields.node(key) {
        let place = fields.place.key(key);
        listed(fields.reader, node, place, when, edges);
    }
}

/// One transition, or several that are tried in order.
fn listed<'t>(
    reader: &mut Reader<'t>,
    node: &'t Node,
    place: Place,
    when: &When,
    edges: &mut Vec<EdgeSpec>,
) {
    let Kind::List(items) = &node.kind else {
        return edges.extend(one(reader, node, place, when));
    };
    if items.is_empty() {
        let wrong = Wrong::whole(format!("`{}` leads nowhere: its list is empty", when.label()));
        reader.wrong("", &place, wrong.hint("name a state, or leave the key out"));
    }
    for (index, item) in items.iter().enumerate() {
        edges.extend(one(reader, item, place.item(index), when));
    }
}

fn one<'t>(reader: &mut Reader<'t>, node: &'t Node, place: Place, when: &When) -> Option<EdgeSpec> {
    let mut edge = EdgeSpec {
        place: place.clone(),
        trigger: when.clone(),
        targets: Vec::new(),
        guard: None,
        priority: 0,
        transform: None,
        actions: Vec::new(),
    };
    match &node.kind {
        Kind::Text(text) => {
            edge.targets.push(Name { place, text: text.clone() });
            return Some(edge);
        }
        Kind::Map(_) => {}
        _ => {
            let wrong = Wrong::expected("the name of a state, a map, or a list of these", node);
            let wrong = match node.kind {
                Kind::Number(_) | Kind::Bool(_) => wrong.hint("put a name in quotes"),
                _ => wrong.hint("for example `open`, or `{ to: open, guard: unlocked }`"),
            };
            reader.wrong(&format!("`{}`", when.label()), &place, wrong);
            return None;
        }
    }
    let mut fields = Fields::open(reader, node, place, &keys::TRANSITION)?;
    let to = fields.place.key("to");
    edge.targets = fields.optional("to", targets).unwrap_or_default();
    for (index, target) in edge.targets.iter_mut().enumerate() {
        let is_listed = matches!(fields.node("to").map(|node| &node.kind), Some(Kind::List(_)));
        target.place = if is_listed { to.item(index) } else { to.clone() };
    }
    edge.guard = fields.optional("guard", guard);
    if let Some(Guard::Name(name)) = &mut edge.guard {
        name.place = fields.place.key("guard");
    }
    edge.priority = fields.optional("priority", priority).unwrap_or_default();
    edge.transform = fields.optional("transform", assignment::template);
    edge.actions = fields.optional("actions", actions).unwrap_or_default();
    locate_actions(&fields.place.key("actions"), &mut edge.actions);
    let goes_on = matches!(when, When::Always | When::Done | When::Failed | When::TimedOut);
    if goes_on && fields.node("to").is_none() {
        let hint = "a state that has ended, or that goes on at once, is left; say where it leads";
        fields.missing("to", hint);
        return None;
    }
    Some(edge)
}

/// One target, or several in different regions.
fn targets(node: &Node) -> Read<Vec<Name>> {
    let one = |node: &Node| values::text(node).map(|text| Name { place: Place::root(), text });
    let Kind::List(items) = &node.kind else { return Ok(vec![one(node)?]) };
    if items.is_empty() {
        let hint = "leave `to` out for a transition that only acts";
        return Err(Wrong::of("must not be empty").hint(hint).into());
    }
    gather(items, one)
}

/// A whole number, also one below zero.
fn priority(node: &Node) -> Read<i64> {
    let Kind::Number(number) = &node.kind else {
        return Err(Wrong::expected("a whole number", node).into());
    };
    number.as_i64().ok_or_else(|| Wrong::expected("a whole number", node).into())
}

/// A name that Rust code goes by.
pub(super) fn name(node: &Node) -> Read<String> {
    let text = values::text(node)?;
    if text.trim().is_empty() {
        return Err(Wrong::of("must not be empty").into());
    }
    Ok(text)
}

/// An expression over `$context` and `$event`, or the name of a guard.
fn guard(node: &Node) -> Read<Guard> {
    let text = name(node)?;
    if !text.contains('$') {
        return Ok(Guard::Name(Name { place: Place::root(), text }));
    }
    Condition::parse_in(Dialect::Machine, &text)
        .map(Guard::Condition)
        .map_err(|error| Wrong::expression(error).into())
}

/// One guard, or several that must all hold.
pub(super) fn guards(node: &Node) -> Read<Vec<Guard>> {
    match &node.kind {
        Kind::List(items) if items.is_empty() => Err(Wrong::of("must not be empty").into()),
        Kind::List(items) => gather(items, guard),
        _ => Ok(vec![guard(node)?]),
    }
}

/// One action, or several in order.
pub(super) fn actions(node: &Node) -> Read<Vec<Action>> {
    match &node.kind {
        Kind::List(items) => gather(items, action),
        _ => Ok(vec![action(node)?]),
    }
}

fn action(node: &Node) -> Read<Action> {
    match &node.kind {
        Kind::Text(text) if text.contains('$') => {
            let wrong = Wrong::whole(format!("`{text}` is no name of an action"));
            Err(wrong.hint("an expression stands in `{ set: { name: … } }`").into())
        }
        Kind::Map(members) => {
            let set = members.iter().find(|member| member.key == "set");
            let others = members.iter().filter(|it| !keys::ACTION.known.contains(&&*it.key));
            let mut wrongs: Vec<Wrong> = others
                .map(|member| {
                    let message = format!("unknown key `{}` in an action", member.key);
                    let hint = "an action is a name, or `{ set: { path: value } }`";
                    Wrong::whole(message).hint(hint).under(&member.key).key()
                })
                .collect();
            let assignment = match set {
                Some(member) => assignment::read(&member.value),
                None if wrongs.is_empty() => {
                    Err(Wrong::whole("an action is a name, or `{ set: { path: value } }`").into())
                }
                None => Err(Vec::new()),
            };
            match assignment {
                Ok(assignment) if wrongs.is_empty() => Ok(Action::Set(assignment)),
                Ok(_) => Err(wrongs),
                Err(found) => {
                    wrongs.extend(found.into_iter().map(|wrong| wrong.under("set")));
                    Err(wrongs)
                }
            }
        }
        Kind::Text(_) => Ok(Action::Name(Name { place: Place::root(), text: name(node)? })),
        _ => {
            let wrong = Wrong::expected("an action, or a list of them", node);
            Err(wrong.hint("an action is a name, or `{ set: { path: value } }`").into())
        }
    }
}

/// Reads every item; all faults at once.
fn gather<T>(items: &[Node], read: impl Fn(&Node) -> Read<T>) -> Read<Vec<T>> {
    let mut values = Vec::with_capacity(items.len());
    let mut wrongs = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match read(item) {
            Ok(value) => values.push(value),
            Err(found) => wrongs.extend(found.into_iter().map(|wrong| wrong.at_item(index))),
        }
    }
    if wrongs.is_empty() { Ok(values) } else { Err(wrongs) }
}

/// Tells actions that are names where they stand: at `place`, or in a list there.
pub(super) fn locate_actions(place: &Place, actions: &mut [Action]) {
    for (index, action) in actions.iter_mut().enumerate() {
        if let Action::Name(name) = action {
            name.place = place.item(index);
        }
    }
}

/// As [`locate_actions`], for guards.
pub(super) fn locate_guards(place: &Place, guards: &mut [Guard]) {
    for (index, guard) in guards.iter_mut().enumerate() {
        if let Guard::Name(name) = guard {
            name.place = place.item(index);
        }
    }
}

/// Higher priorities first among transitions of one trigger; the order of the file decides ties.
pub(super) fn by_priority(edges: &mut [EdgeSpec]) {
    let mut first = std::collections::HashMap::new();
    for (index, edge) in edges.iter().enumerate() {
        first.entry(edge.trigger.clone()).or_insert(index);
    }
    edges.sort_by_key(|edge| (first[&edge.trigger], std::cmp::Reverse(edge.priority)));
}

impl StateSpec {
    /// The states within it, if it holds some.
    pub(super) fn children(&self) -> &[StateSpec] {
        use super::spec::Shape;
        match &self.shape {
            Shape::Composite { states, .. } | Shape::Parallel { states } => states,
            Shape::Simple | Shape::Choice | Shape::Final | Shape::Work(_) | Shape::Machine(_) => {
                &[]
            }
        }
    }
}
