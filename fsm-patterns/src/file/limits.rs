//! Rates: a count, or a list of counts that have windows of their own.

use std::collections::HashMap;

use super::fields::{Fields, Reader, Wrong};
use super::keys;
use super::tree::{Kind, Node};
use super::values;
use crate::fault::Place;
use crate::spec::RateSpec;

/// The rates under `key`, as far as they can be read.
pub(super) fn rates(fields: &mut Fields<'_, '_>, key: &'static str) -> Vec<RateSpec> {
    let hint = format!("for example `{key}: 10`, or `{key}: [{{ limit: 3, window: 1s }}]`");
    let Some(node) = fields.node(key) else { return Vec::new() };
    match &node.kind {
        Kind::Number(_) => {
            let limit = fields.optional(key, values::positive("leave the key out for no limit"));
            limit.map(RateSpec::count).into_iter().collect()
        }
        Kind::List(items) if !items.is_empty() => {
            let place = fields.place.key(key);
            let rates = items.iter().enumerate();
            rates.filter_map(|(index, item)| rate(fields.reader, item, place.item(index))).collect()
        }
        Kind::List(_) => {
            fields.wrong(key, Wrong::of("must not be an empty list").hint(hint));
            Vec::new()
        }
        Kind::Null | Kind::Bool(_) | Kind::Text(_) | Kind::Map(_) | Kind::Broken => {
            fields.wrong(key, Wrong::expected("a count or a list of rates", node).hint(hint));
            Vec::new()
        }
    }
}

fn rate<'t>(reader: &mut Reader<'t>, node: &'t Node, place: Place) -> Option<RateSpec> {
    let mut fields = Fields::open(reader, node, place, &keys::RATE)?;
    let hint = "for example `{ limit: 3, window: 1s }`";
    let zero = "nothing would ever be sent; for no limit leave the whole rate out";
    let limit = fields.required("limit", hint, values::positive(zero));
    let window = fields.optional("window", values::some_time);
    Some(RateSpec { limit: limit?, window })
}

/// Who is limited at all, as the keys of the file say, also those that cannot be read.
pub(super) struct Limited<'t> {
    is_flow: bool,
    /// Whether each resource is, by name.
    resources: HashMap<&'t str, bool>,
}

impl<'t> Limited<'t> {
    pub(super) fn of(root: &'t Node) -> Self {
        let resources = match root.member("resources").map(|member| &member.value.kind) {
            Some(Kind::Map(members)) => members.as_slice(),
            Some(_) | None => &[],
        };
        let has_rate = |node: &Node| node.member("rate_limit").is_some();
        Self {
            is_flow: root.member("global_rate_limit").is_some(),
            resources: resources
                .iter()
                .map(|resource| (resource.key.as_str(), has_rate(&resource.value)))
                .collect(),
        }
    }

    /// Whether calls of the resource pass a limit that is not the endpoint's own. An unknown
    /// resource is a fault of its own, and may have one.
    pub(super) fn includes(&self, resource: Option<&str>) -> bool {
        let is_limited = |name| self.resources.get(name).copied().unwrap_or(true);
        self.is_flow || resource.is_some_and(is_limited)
    }
}

/// Whether any rate in the file leaves its window to the flow's `rate_limit_window`.
pub(super) fn some_take_the_window(root: &Node) -> bool {
    let members = |key: &str| match root.member(key).map(|member| &member.value.kind) {
        Some(Kind::Map(members)) => members.as_slice(),
        Some(_) | None => &[],
    };
    let of_resource = |resource: &Node| {
        resource.member("rate_limit_window").is_none() && takes(resource, "rate_limit")
    };
    if takes(root, "global_rate_limit")
        || members("resources").iter().any(|resource| of_resource(&resource.value))
    {
        return true;
    }
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if takes(node, "rate_limit") {
            return true;
        }
        let inside = node.member("endpoints").map(|member| &member.value.kind);
        if let Some(Kind::List(items)) = inside {
            open.extend(items);
        }
    }
    false
}

fn takes(node: &Node, key: &str) -> bool {
    match node.member(key).map(|member| &member.value.kind) {
        Some(Kind::List(rates)) => rates.iter().any(|rate| rate.member("window").is_none()),
        Some(
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::Map(_)
            | Kind::Broken,
        ) => true,
        None => false,
    }
}
