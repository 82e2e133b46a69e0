//! A tree of nodes to a [`FlowSpec`]: every key at its place, every fault kept.
//!
//! What cannot be read is replaced by something harmless, so that the rest is read and checked
//! too; the harmless value never runs, because a file with a fault is never loaded.

use std::sync::LazyLock;

use http::Method;

use super::fields::{Fields, Reader, Wrong};
use super::limits::{self, Limited, rates};
use super::tree::{Kind, Node};
use super::{keys, request, resource, values, waits};
use crate::bases::Bases;
use crate::expr::UrlTemplate;
use crate::fault::{Fault, Place};
use crate::spec::{EndpointSpec, Entry, FlowSpec, GroupSpec, Mode, UndoSpec};

/// The version of the format.
const VERSION: u64 = 1;

/// What was read, as far as it could be.
pub(super) struct Partial {
    pub(super) spec: FlowSpec,
    /// Whether every mode is what the file says; else mode hybrid stands in, which allows most.
    pub(super) has_modes: bool,
}

/// What the entries of a flow hang on.
struct Around<'r> {
    bases: Bases<'r>,
    /// Whether `resources` could be read at all; else every name of one is taken for known.
    has_resources: bool,
    has_modes: bool,
    limited: Limited<'r>,
}

/// Says that the file is of another version, if it is: then nothing else in it can be judged.
pub(crate) fn other_version(root: &Node) -> Option<Fault> {
    let Kind::Number(version) = &root.member("fsm")?.value.kind else { return None };
    let version = version.as_u64().filter(|version| *version != VERSION)?;
    let message = format!("`fsm: {version}` is a format that this version cannot read");
    Some(Fault::new(Place::root().key("fsm"), message).hint("write `fsm: 1`"))
}

/// Reads a whole flow. `None` if there is nothing that could be one.
pub(super) fn flow<'t>(reader: &mut Reader<'t>, root: &'t Node) -> Option<Partial> {
    let mut fields = Fields::open(reader, root, Place::root(), &keys::FLOW)?;
    let _: Option<u64> = fields.required("fsm", "begin the file with `fsm: 1`", values::count);
    let name = fields.required("name", "for example `name: enrich-user`", values::text);
    let mode = fields.required("mode", "for example `mode: sequential`", values::mode);
    let mut spec = FlowSpec::new(name.unwrap_or_default(), mode.unwrap_or(Mode::Hybrid));

    spec.inputs = fields.optional("inputs", values::schema);
    bounds(&mut fields, &mut spec);
    limits(&mut fields, &mut spec, root);
    cache_and_logs(&mut fields, &mut spec);
    spec.resources = resource::resources(&mut fields, spec.rate_limit_window);

    let mut bases = Bases::of(&spec.resources);
    for resource in &spec.resources {
        let place = Place::root().key("resources").key(resource.name.as_str()).key("base_url");
        if fields.reader.is_unread(&place) {
            bases.unread(&resource.name);
        }
    }
    let has_resources = !fields.reader.is_unread(&Place::root().key("resources"));
    let mut around =
        Around { bases, has_resources, has_modes: mode.is_some(), limited: Limited::of(root) };
    let hint = "for example `endpoints: [{ name: users, url: https://api.example.com/users }]`";
    let entries = entries(&mut fields, hint, &mut around);
    let has_modes = around.has_modes;
    spec.entries = entries;
    spec.output = fields.optional("output", values::output);
    spec.run_key = fields.optional("run_key", values::template);
    spec.target = fields.optional("target", values::template);
    Some(Partial { spec, has_modes })
}

/// How far a run may go.
fn bounds(fields: &mut Fields<'_, '_>, spec: &mut FlowSpec) {
    if let Some(count) = fields.optional("max_concurrent", values::count) {
        spec.max_concurrent = count;
    }
    spec.total_timeout =
        fields.optional("total_timeout", values::or_none(values::duration)).flatten();
    if let Some(fail_fast) = fields.optional("fail_fast", values::boolean) {
        spec.fail_fast = fail_fast;
    }
    spec.error_threshold =
        fields.optional("error_threshold", values::or_none(values::number)).flatten();
}

/// What all calls together may do, and when an endpoint is left alone.
fn limits(fields: &mut Fields<'_, '_>, spec: &mut FlowSpec, root: &Node) {
    spec.global_rate_limit = rates(fields, "global_rate_limit");
    if let Some(window) = fields.optional("rate_limit_window", values::duration) {
        spec.rate_limit_window = window;
        if !limits::some_take_the_window(root) {
            let wrong = Wrong::whole("no rate takes this `rate_limit_window`");
            let hint = "it is the window of a `rate_limit` or `global_rate_limit` without one";
            fields.wrong("rate_limit_window", wrong.hint(hint));
        }
    }
    spec.circuit_breaker_threshold =
        fields.optional("circuit_breaker_threshold", values::or_none(values::count)).flatten();
    if let Some(timeout) = fields.optional("circuit_breaker_timeout", values::duration) {
        spec.circuit_breaker_timeout = timeout;
        let threshold = fields.node("circuit_breaker_threshold").map(|node| &node.kind);
        if matches!(threshold, None | Some(Kind::Null)) {
            let wrong = Wrong::of("has no effect without `circuit_breaker_threshold`");
            let hint =
                "say after how many failures a circuit opens: `circuit_breaker_threshold: 5`";
            fields.wrong("circuit_breaker_timeout", wrong.hint(hint));
        }
    }
}

/// What is kept, counted, and logged.
fn cache_and_logs(fields: &mut Fields<'_, '_>, spec: &mut FlowSpec) {
    spec.cache_ttl = fields.optional("cache_ttl", values::or_none(values::duration)).flatten();
    spec.cache_key = fields.optional("cache_key", values::cache_key);
    for (key, flag) in [
        ("metrics_enabled", &mut spec.metrics_enabled),
        ("log_requests", &mut spec.log_requests),
        ("log_responses", &mut spec.log_responses),
    ] {
        if let Some(enabled) = fields.optional(key, values::boolean) {
            *flag = enabled;
        }
    }
}

/// Reads the key `endpoints`; the entries keep their places, also those that cannot be read.
fn entries(fields: &mut Fields<'_, '_>, hint: &str, around: &mut Around<'_>) -> Vec<Entry> {
    let Some(node) = fields.node("endpoints") else {
        fields.missing("endpoints", hint);
        return Vec::new();
    };
    let Kind::List(items) = &node.kind else {
        fields.wrong("endpoints", Wrong::expected("a list of endpoints", node).hint(hint));
        return Vec::new();
    };
    let place = fields.place.key("endpoints");
    let mut entries = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let place = place.item(index);
        let is_group = item.member("endpoints").is_some()
            || (item.member("mode").is_some() && item.member("url").is_none());
        let entry = if is_group {
            Entry::Group(Box::new(group(fields.reader, item, place, around)))
        } else if let Some(kind) = waits::waits(item) {
            Entry::Wait(Box::new(waits::wait(fields.reader, item, place, kind)))
        } else {
            Entry::Endpoint(Box::new(endpoint(fields.reader, item, place, around)))
        };
        entries.push(entry);
    }
    entries
}

fn group<'t>(
    reader: &mut Reader<'t>,
    node: &'t Node,
    place: Place,
    around: &mut Around<'_>,
) -> GroupSpec {
    let mut group = GroupSpec {
        name: String::new(),
        mode: Mode::Hybrid,
        entries: Vec::new(),
        depends_on: Vec::new(),
        condition: None,
    };
    let Some(mut fields) = Fields::open(reader, node, place, &keys::GROUP) else { return group };
    group.name = name(&mut fields, "for example `name: checks`");
    match fields.required("mode", "for example `mode: parallel`", values::mode) {
        Some(mode) => group.mode = mode,
        None => around.has_modes = false,
    }
    group.entries = entries(&mut fields, "a group is a list of endpoints", around);
    group.depends_on = depends_on(&mut fields);
    group.condition = fields.optional("condition", values::condition);
    group
}

fn endpoint<'t>(
    reader: &mut Reader<'t>,
    node: &'t Node,
    place: Place,
    around: &Around<'_>,
) -> EndpointSpec {
    let Some(mut fields) = Fields::open(reader, node, place, &keys::ENDPOINT) else {
        return EndpointSpec::new("", UNREAD.clone());
    };
    let name = name(&mut fields, "for example `name: users`");
    let resource = fields.optional("resource", values::text);
    // A name that could not be read is as good as an unknown one.
    let named = fields.node("resource").map(|_| resource.as_deref().unwrap_or_default());
    let hint = "for example `url: https://api.example.com/users`";
    let url = fields.required("url", hint, values::url(|text| around.bases.parse(named, text)));
    let mut spec = EndpointSpec::new(name, url.unwrap_or_else(|| UNREAD.clone()));
    let is_limited = around.limited.includes(named);
    spec.undo = undo(&mut fields, named, around).map(Box::new);
    spec.resource = resource.filter(|_| around.has_resources);
    sent(&mut fields, &mut spec);
    retry(&mut fields, &mut spec);
    pace(&mut fields, &mut spec, is_limited);
    answer(&mut fields, &mut spec);
    spec.condition = fields.optional("condition", values::condition);
    spec.depends_on = depends_on(&mut fields);
    spec
}

/// What undoes the step of an endpoint whose resource is called `theirs`.
fn undo(
    fields: &mut Fields<'_, '_>,
    theirs: Option<&str>,
    around: &Around<'_>,
) -> Option<UndoSpec> {
    let mut fields = fields.map("undo", &keys::UNDO)?;
    let resource = fields.optional("resource", values::text);
    let named = fields.node("resource").map(|_| resource.as_deref().unwrap_or_default());
    let hint = "for example `undo: { url: '/orders/{$data.id}' }`";
    let parse = |text: &str| around.bases.parse(named.or(theirs), text);
    let url = fields.required("url", hint, values::url(parse));
    let mut call = EndpointSpec::new("", url.unwrap_or_else(|| UNREAD.clone()));
    call.method = Method::DELETE;
    sent(&mut fields, &mut call);
    retry(&mut fields, &mut call);
    let idempotency = fields.node("idempotency").map(|_| call.idempotency);
    if let Some(bytes) = fields.optional("max_body", values::count) {
        call.max_body = bytes;
    }
    call.resource = resource.filter(|_| around.has_resources);
    Some(UndoSpec::of(call, idempotency))
}

/// What is sent.
fn sent(fields: &mut Fields<'_, '_>, spec: &mut EndpointSpec) {
    if let Some(method) = fields.optional("method", values::method) {
        spec.method = method;
    }
    spec.headers = fields.optional("headers", request::headers).unwrap_or_default();
    spec.params = fields.optional("params", request::params).unwrap_or_default();
    spec.body = fields.optional("body", values::template);
    if let Some(count) = fields.optional("max_redirects", values::count) {
        spec.max_redirects = count;
    }
}

/// How long, and how often.
fn retry(fields: &mut Fields<'_, '_>, spec: &mut EndpointSpec) {
    spec.timeout = fields.optional("timeout", values::duration);
    spec.retry_count = fields.optional("retry_count", values::count);
    if let Some(delay) = fields.optional("retry_delay", values::duration) {
        spec.retry_delay = delay;
    }
    if let Some(delay) = fields.optional("retry_max_delay", values::duration) {
        spec.retry_max_delay = delay;
    }
    spec.retry_max_wait =
        fields.optional("retry_max_wait", values::or_none(values::duration)).flatten();
    let statuses = values::list("a list of statuses", values::status);
    spec.retry_on = fields.optional("retry_on", statuses);
    if let Some(idempotency) = fields.optional("idempotency", values::boolean) {
        spec.idempotency = idempotency;
    }
}

/// How fast. `is_limited` tells whether its calls pass a limit besides its own.
fn pace(fields: &mut Fields<'_, '_>, spec: &mut EndpointSpec, is_limited: bool) {
    spec.rate_limit = rates(fields, "rate_limit");
    spec.burst_limit = fields.optional("burst_limit", values::count);
    if let Some(weight) = fields.optional("weight", values::count) {
        spec.weight = weight;
        if weight > 1 && !is_limited && fields.node("rate_limit").is_none() {
            let wrong = Wrong::of("has no effect without a limit");
            let hint = "it is taken of `rate_limit`, here or of the resource, and of \
                        `global_rate_limit`: write one of them, or leave it out";
            fields.wrong("weight", wrong.hint(hint));
        }
    }
}

/// What becomes of the answer.
fn answer(fields: &mut Fields<'_, '_>, spec: &mut EndpointSpec) {
    if let Some(parser) = fields.optional("response_parser", values::parser) {
        spec.response_parser = parser;
    }
    spec.cache_key = fields.optional("cache_key", values::cache_key);
    spec.save_to = fields.optional("save_to", values::template);
    spec.transform_output = fields.optional("transform_output", values::transform);
    spec.transform_input = fields.optional("transform_input", values::transform);
    spec.error_handler = fields.optional("error_handler", values::handler);
    spec.poll = waits::poll(fields);
    if let Some(bytes) = fields.optional("max_body", values::count) {
        spec.max_body = bytes;
    }
}

/// A name; one that is a number or a boolean is reported and still taken, so that those who
/// depend on it are not reported as well.
pub(super) fn name(fields: &mut Fields<'_, '_>, hint: &str) -> String {
    let written = fields.node("name").map(Node::to_value);
    match fields.required("name", hint, values::text) {
        Some(name) => name,
        None => match written {
            Some(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => {
                value.to_string()
            }
            Some(_) | None => String::new(),
        },
    }
}

pub(super) fn depends_on(fields: &mut Fields<'_, '_>) -> Vec<String> {
    let names = values::list("a list of names", values::text);
    fields.optional("depends_on", names).unwrap_or_default()
}

/// Stands where no url could be read.
static UNREAD: LazyLock<UrlTemplate> =
    LazyLock::new(|| UrlTemplate::parse("http://unread.invalid/").expect("a literal url is a url"));
