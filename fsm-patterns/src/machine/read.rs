//! A tree of nodes to a [`FileSpec`]: every key at its place, every fault kept.

use serde_json::{Map, Value};

use super::edges::{self, actions, after, candidates, guards, on};
use super::keys;
use super::spec::{
    EdgeSpec, FileSpec, Inner, InnerMachine, MachineSpec, Name, Shape, StateSpec, When, Work,
};
use super::{assignment, shape};
use crate::fault::Place;
use crate::file::fields::{Fields, Read, Reader, Wrong};
use crate::file::tree::{Kind, Node};
use crate::file::values;
use fsm_core::RetryPolicy;

/// Reads a whole file. `None` if there is nothing that could be a machine.
pub(super) fn file<'t>(reader: &mut Reader<'t>, root: &'t Node) -> Option<FileSpec> {
    let mut fields = Fields::open(reader, root, Place::root(), &keys::MACHINE)?;
    let _: Option<u64> = fields.required("fsm", "begin the file with `fsm: 1`", values::count);
    let name = fields.required("name", "for example `name: door`", values::text);
    let main = machine(&mut fields);
    let machines = machines(&mut fields);
    Some(FileSpec { name: name.unwrap_or_default(), main, machines })
}

/// The keys that the file's machine and those within it share.
fn machine(fields: &mut Fields<'_, '_>) -> MachineSpec {
    let initial = fields.required("initial", "the state that is entered first", some_text);
    let context = fields.optional("context", context).unwrap_or_default();
    if fields.node("states").is_none() {
        fields.missing("states", "for example `states: { closed: { on: { push: open } } }`");
    }
    let states = states(fields);
    let place = fields.place.clone();
    MachineSpec { place, initial: initial.unwrap_or_default(), context, states }
}

/// The name of a state or a machine: any text but none.
fn some_text(node: &Node) -> Read<String> {
    let text = values::text(node)?;
    if text.is_empty() {
        return Err(Wrong::of("must not be empty").into());
    }
    Ok(text)
}

/// The machines that states may name.
fn machines(fields: &mut Fields<'_, '_>) -> Vec<(String, MachineSpec)> {
    let Some(node) = fields.node("machines") else { return Vec::new() };
    let Kind::Map(members) = &node.kind else {
        fields.wrong("machines", Wrong::expected("a map of names and machines", node));
        return Vec::new();
    };
    let place = fields.place.key("machines");
    let mut machines = Vec::with_capacity(members.len());
    for member in members {
        let place = place.key(&member.key);
        if let Some(mut inner) = Fields::open(fields.reader, &member.value, place, &keys::INNER) {
            machines.push((member.key.clone(), machine(&mut inner)));
        }
    }
    machines
}

/// The values that a context begins with; none of them is an expression.
fn context(node: &Node) -> Read<Map<String, Value>> {
    let Kind::Map(members) = &node.kind else {
        return Err(Wrong::expected("a map of names and values", node).into());
    };
    let reserved = members.iter().filter(|member| member.key.starts_with('$'));
    let wrongs: Vec<Wrong> = reserved
        .map(|member| {
            let message = format!("`{}` is reserved: it begins with `$`", member.key);
            Wrong::whole(message).hint("take another name").under(&member.key).key()
        })
        .collect();
    if !wrongs.is_empty() {
        return Err(wrongs);
    }
    match node.to_value() {
        Value::Object(context) => Ok(context),
        _ => Ok(Map::new()),
    }
}

fn states(fields: &mut Fields<'_, '_>) -> Vec<StateSpec> {
    const HINT: &str = "for example `states: { closed: { on: { push: open } } }`";
    let Some(node) = fields.node("states") else { return Vec::new() };
    let Kind::Map(members) = &node.kind else {
        fields.wrong("states", Wrong::expected("a map of names and states", node).hint(HINT));
        return Vec::new();
    };
    if members.is_empty() {
        fields.wrong("states", Wrong::of("must not be empty").hint(HINT));
    }
    let place = fields.place.key("states");
    let mut states = Vec::with_capacity(members.len());
    for member in members {
        let place = place.key(&member.key);
        if member.key.is_empty() {
            let wrong = Wrong::whole("a state needs a name").hint("put some text before the `:`");
            fields.reader.wrong("", &place, wrong.key());
        }
        states.push(state(fields.reader, &member.key, &member.value, place));
    }
    states
}

/// Reads a state; null is one without any keys.
fn state<'t>(reader: &mut Reader<'t>, name: &str, node: &'t Node, place: Place) -> StateSpec {
    let mut state = StateSpec {
        name: name.to_owned(),
        place: place.clone(),
        shape: Shape::Simple,
        entry: Vec::new(),
        exit: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
        edges: Vec::new(),
    };
    if node.kind == Kind::Null {
        return state;
    }
    let Some(mut fields) = Fields::open(reader, node, place, &keys::STATE) else { return state };
    let form = shape::of(&mut fields);
    state.entry = fields.optional("entry", actions).unwrap_or_default();
    state.exit = fields.optional("exit", actions).unwrap_or_default();
    if let Some(mut validate) = fields.map("validate", &keys::VALIDATE) {
        state.before = validate.optional("before", guards).unwrap_or_default();
        state.after = validate.optional("after", guards).unwrap_or_default();
    }
    locate(&fields.place, &mut state);
    on(&mut fields, &mut state.edges);
    after(&mut fields, &mut state.edges);
    for (key, when) in [
        ("always", When::Always),
        ("done", When::Done),
        ("failed", When::Failed),
        ("timed_out", When::TimedOut),
    ] {
        candidates(&mut fields, key, &when, &mut state.edges);
    }
    state.shape = match form {
        shape::Form::Simple => Shape::Simple,
        shape::Form::Choice => Shape::Choice,
        shape::Form::Final => Shape::Final,
        shape::Form::Composite => {
            let hint = "the state within that is entered first";
            let initial = fields.required("initial", hint, some_text);
            Shape::Composite { initial: initial.unwrap_or_default(), states: states(&mut fields) }
        }
        shape::Form::Parallel => Shape::Parallel { states: states(&mut fields) },
        shape::Form::Work => Shape::Work(work(&mut fields, &mut state.edges)),
        shape::Form::Machine => Shape::Machine(inner(&mut fields)),
    };
    edges::by_priority(&mut state.edges);
    state
}

/// Names that were read as values learn where they stand.
fn locate(place: &Place, state: &mut StateSpec) {
    edges::locate_actions(&place.key("entry"), &mut state.entry);
    edges::locate_actions(&place.key("exit"), &mut state.exit);
    let validate = place.key("validate");
    edges::locate_guards(&validate.key("before"), &mut state.before);
    edges::locate_guards(&validate.key("after"), &mut state.after);
}

/// Reads `invoke`: the name of an activity, or a map.
fn work(fields: &mut Fields<'_, '_>, edges: &mut Vec<EdgeSpec>) -> Work {
    let place = fields.place.key("invoke");
    let named = |text: String, place: Place| Name { place, text };
    let mut work =
        Work { activity: named(String::new(), place.clone()), timeout: None, retry: None };
    let Some(node) = fields.node("invoke") else { return work };
    if !matches!(node.kind, Kind::Map(_)) {
        let activity = |node: &Node| match &node.kind {
            Kind::Text(_) => edges::name(node),
            _ => Err(Wrong::expected("the name of an activity, or a map", node).into()),
        };
        work.activity.text = fields.optional("invoke", activity).unwrap_or_default();
        no_timeout(fields, &work, "timed_out");
        return work;
    }
    let twice: Vec<&str> = ["done", "failed", "timed_out"]
        .into_iter()
        .filter(|key| fields.node(key).is_some() && node.member(key).is_some())
        .collect();
    for key in twice {
        let wrong = Wrong::whole(format!("`{key}` is said within `invoke` and beside it"));
        fields.wrong(key, wrong.hint("keep one of them"));
    }
    let is_timed = {
        let Some(mut invoke) = fields.map("invoke", &keys::INVOKE) else { return work };
        let hint = "for example `activity: brew`";
        let activity = invoke.required("activity", hint, edges::name);
        work.activity = named(activity.unwrap_or_default(), invoke.place.key("activity"));
        work.timeout = invoke.optional("timeout", values::some_time);
        work.retry = retry(&mut invoke);
        for (key, when) in
            [("done", When::Done), ("failed", When::Failed), ("timed_out", When::TimedOut)]
        {
            candidates(&mut invoke, key, &when, edges);
        }
        let is_timed = invoke.node("timeout").is_some();
        if !is_timed {
            no_timeout(&mut invoke, &work, "timed_out");
        }
        is_timed
    };
    if !is_timed {
        no_timeout(fields, &work, "timed_out");
    }
    work
}

/// Nothing is accepted and ignored.
fn no_timeout(fields: &mut Fields<'_, '_>, work: &Work, key: &str) {
    if work.timeout.is_none() && fields.node(key).is_some() {
        let wrong = Wrong::of("never happens without a `timeout`");
        fields.wrong(key, wrong.hint("`invoke: { activity: …, timeout: 5s }`"));
    }
}

fn retry(invoke: &mut Fields<'_, '_>) -> Option<RetryPolicy> {
    let mut fields = invoke.map("retry", &keys::RETRY)?;
    let hint = "how often it is started again: `count: 3`";
    let count = fields.required("count", hint, values::positive("leave `retry` out"))?;
    let mut policy = RetryPolicy::new(count);
    if let Some(delay) = fields.optional("delay", values::duration) {
        policy = policy.delay(delay);
    }
    if let Some(delay) = fields.optional("max_delay", values::duration) {
        policy = policy.max_delay(delay);
    }
    if let Some(wait) = fields.optional("max_wait", values::duration) {
        policy = policy.max_wait(wait);
    }
    Some(policy)
}

/// Reads `machine`, `in`, and `out`.
fn inner(fields: &mut Fields<'_, '_>) -> Inner {
    let place = fields.place.key("machine");
    let named = fields.node("machine").filter(|node| !matches!(node.kind, Kind::Map(_)));
    let machine = match named {
        Some(_) => {
            let name = |node: &Node| match &node.kind {
                Kind::Text(_) => some_text(node),
                _ => Err(Wrong::expected("a machine, or the name of one", node).into()),
            };
            let text = fields.optional("machine", name).unwrap_or_default();
            InnerMachine::Named(Name { place, text })
        }
        None => match fields.map("machine", &keys::INNER) {
            Some(mut fields) => InnerMachine::Here(machine(&mut fields)),
            None => InnerMachine::Named(Name { place, text: String::new() }),
        },
    };
    let input = fields.optional("in", assignment::read).unwrap_or_default();
    let output = fields.optional("out", assignment::read).unwrap_or_default();
    Inner { machine, input, output }
}
