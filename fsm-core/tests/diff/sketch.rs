//! Graphs to compare: one with everything in it, and single changes to any graph.

use std::num::NonZeroU32;
use std::time::Duration;

use fsm_core::{Graph, GraphBuilder, GraphDocument, JoinRule, RetryPolicy};
use serde_json::{Value, json};

pub(crate) fn graph(write: impl FnOnce(&mut GraphBuilder)) -> Graph {
    let mut builder = Graph::builder("sketch");
    write(&mut builder);
    builder.build().expect("the sketch is sound")
}

fn inner(count: u32) -> Graph {
    let mut inner = Graph::builder("count");
    inner.activity("add").retry(RetryPolicy::new(count));
    inner.final_state("counted");
    inner.transition("add", "counted").done();
    inner.initial("add").build().expect("the machine within is sound")
}

/// A graph with every kind of state and transition.
pub(crate) fn everything() -> Graph {
    graph(|g| {
        let seconds = Duration::from_secs;
        g.activity("work").retry(RetryPolicy::new(3)).timeout(seconds(5)).entry("begin");
        g.choice("weigh");
        g.fork("fan", "gather");
        g.activity_running("left", "side").within("fan");
        g.delay("right", seconds(2)).within("fan");
        g.join("gather", JoinRule::All);
        g.machine("counting", inner(1));
        g.composite("shop", "open");
        g.simple("open").within("shop").exit("lock");
        g.signal("shut").within("shop");
        g.parallel("both");
        g.composite("tea", "cold").within("both");
        g.simple("cold").within("tea");
        g.final_state("warm").within("tea");
        g.composite("milk", "old").within("both");
        g.simple("old").within("milk");
        g.final_state("fresh").within("milk");
        g.final_state("end");
        g.transition("work", "weigh").done().action("note");
        g.transition("work", "end").failed();
        g.transition("work", "end").timed_out();
        g.transition("weigh", "fan").guard("heavy");
        g.transition("weigh", "counting").guard("light").action("lift").action("drop");
        g.transition("weigh", "shop");
        g.transition("fan", "left");
        g.transition("fan", "right");
        g.transition("left", "gather").done();
        g.transition("left", "end").failed();
        g.transition("right", "gather").done();
        g.transition("gather", "counting");
        g.transition("counting", "shop").done();
        g.transition("counting", "end").failed();
        g.transition("open", "shut").on("close");
        g.transition("shut", "open").on("open");
        g.internal("open").on("ring").action("answer");
        g.transition("shop", "both").after(seconds(60));
        g.transition("shop", "warm").on("hurry").also("fresh");
        g.transition("cold", "warm").on("heat");
        g.transition("old", "fresh").on("buy");
        g.transition("both", "end").done();
        g.transition("both", "work").on("again");
        g.initial("work").max_concurrent(NonZeroU32::new(2).expect("2 is positive"));
    })
}

/// The graph of [`everything`] after somebody went over it.
pub(crate) fn after_a_change() -> Graph {
    graph(|g| {
        let seconds = Duration::from_secs;
        g.activity("work").retry(RetryPolicy::new(5)).timeout(seconds(5)).entry("begin");
        g.choice("weigh");
        g.fork("fan", "gather");
        g.activity_running("left", "side").within("fan");
        g.delay("middle", seconds(2)).within("fan");
        g.join("gather", JoinRule::Any);
        g.machine("counting", inner(2));
        g.composite("shop", "open");
        g.simple("open").within("shop").exit("bolt");
        g.signal("shut").within("shop");
        g.parallel("both");
        g.composite("tea", "cold").within("both");
        g.simple("cold").within("tea");
        g.final_state("warm").within("tea");
        g.final_state("end");
        g.simple("lost");
        g.transition("work", "weigh").done().action("note");
        g.transition("work", "lost").failed();
        g.transition("work", "end").timed_out();
        g.transition("weigh", "counting").guard("light").action("lift").action("drop");
        g.transition("weigh", "fan").guard("heavy");
        g.transition("weigh", "shop");
        g.transition("fan", "left");
        g.transition("fan", "middle");
        g.transition("left", "gather").done();
        g.transition("left", "end").failed();
        g.transition("middle", "gather").done();
        g.transition("gather", "counting");
        g.transition("counting", "shop").done();
        g.transition("counting", "end").failed();
        g.transition("open", "shut").on("close").guard("late");
        g.transition("shut", "open").on("unlock");
        g.internal("open").on("ring").action("answer").action("smile");
        g.transition("shop", "both").after(seconds(90));
        g.transition("shop", "warm").on("hurry");
        g.transition("cold", "warm").on("heat");
        g.transition("both", "end").done();
        g.transition("both", "work").on("again");
        g.transition("lost", "work").on("found");
        g.initial("work").max_concurrent(NonZeroU32::new(2).expect("2 is positive"));
    })
}

/// A single change to the document of a graph; `pick` and `other` choose where.
pub(crate) type Mutation = fn(&mut Value, usize, usize);

/// Single changes. Not every one can be made anywhere, and not every one leaves the graph sound.
pub(crate) const MUTATIONS: [(&str, Mutation); 27] = [
    ("the name", |graph, _, _| graph["name"] = json!("another")),
    ("the initial state", |graph, pick, _| graph["initial"] = name(graph, pick)),
    ("a limit", |graph, _, _| graph["max_concurrent"] = json!(7)),
    ("states swapped", |graph, pick, other| swap(graph, "states", pick, other)),
    ("transitions swapped", |graph, pick, other| swap(graph, "transitions", pick, other)),
    ("a state renamed", |graph, pick, _| {
        let old = name(graph, pick);
        rename(graph, &old);
    }),
    ("a state removed", |graph, pick, _| {
        let old = name(graph, pick);
        remove(graph, "states", |state| state["name"] == old);
        remove(graph, "transitions", |edge| edge["from"] == old || edge["to"] == old);
    }),
    ("a state added", |graph, pick, _| {
        let to = name(graph, pick);
        let states = list(graph, "states");
        states.push(json!({"name": "fresh one", "kind": "choice"}));
        let trigger = "always";
        list(graph, "transitions").push(json!({"from": "fresh one", "to": to, "trigger": trigger}));
        let before = json!({"from": to, "to": "fresh one", "trigger": {"event": "freshen"}});
        list(graph, "transitions").push(before);
    }),
    ("the order of regions", |graph, pick, _| {
        let name = name(graph, pick);
        let within = |state: &&Value| state["within"] == name;
        let regions = list(graph, "states").iter().filter(within);
        let mut regions: Vec<Value> = regions.map(|state| state["name"].clone()).collect();
        regions.reverse();
        state(graph, pick)["regions"] = Value::Array(regions);
    }),
    ("an internal transition", |graph, pick, _| {
        let edge = edge(graph, pick);
        edge["to"] = edge["from"].clone();
        edge["internal"] = json!(true);
    }),
    ("a further target", |graph, pick, other| {
        let target = name(graph, other);
        edge(graph, pick)["also"] = json!([target]);
    }),
    ("a kind", |graph, pick, _| state(graph, pick)["kind"] = json!("signal")),
    ("another kind", |graph, pick, _| state(graph, pick)["kind"] = json!({"activity": "rest"})),
    ("a rule", |graph, pick, _| state(graph, pick)["kind"] = json!({"join": {"at_least": 1}})),
    ("a delay", |graph, pick, _| {
        state(graph, pick)["kind"] = json!({"delay": {"secs": 9, "nanos": 9}});
    }),
    ("a parent", |graph, pick, other| {
        let parent = name(graph, other);
        state(graph, pick)["within"] = parent;
    }),
    ("an entry action", |graph, pick, _| append(state(graph, pick), "entry")),
    ("an exit action", |graph, pick, _| append(state(graph, pick), "exit")),
    ("a retry policy", |graph, pick, _| {
        state(graph, pick)["retry"] =
            serde_json::to_value(RetryPolicy::new(9)).expect("a policy is data");
    }),
    ("a timeout", |graph, pick, _| state(graph, pick)["timeout"] = json!({"secs": 9, "nanos": 9})),
    ("a target", |graph, pick, other| {
        let target = name(graph, other);
        edge(graph, pick)["to"] = target;
    }),
    ("a guard", |graph, pick, _| edge(graph, pick)["guard"] = json!("sunny")),
    ("an action", |graph, pick, _| append(edge(graph, pick), "actions")),
    ("an event", |graph, pick, _| edge(graph, pick)["trigger"] = json!({"event": "knock"})),
    ("a timer", |graph, pick, _| {
        edge(graph, pick)["trigger"] = json!({"after": {"secs": 9, "nanos": 9}});
    }),
    ("a transition removed", |graph, pick, _| {
        let edges = list(graph, "transitions");
        edges.remove(pick % edges.len());
    }),
    ("a transition doubled", |graph, pick, _| {
        let edges = list(graph, "transitions");
        let mut again = edges[pick % edges.len()].clone();
        again["guard"] = json!("rainy");
        edges.insert(pick % edges.len(), again);
    }),
];

/// The graph after a change; `None` where it is sound no more.
pub(crate) fn mutated(
    graph: &Graph,
    mutation: Mutation,
    pick: usize,
    other: usize,
) -> Option<Graph> {
    let mut document =
        serde_json::to_value(GraphDocument::from(graph)).expect("a document is data");
    mutation(&mut document, pick, other);
    let document: GraphDocument =
        serde_json::from_value(document).expect("every mutation leaves a document");
    Graph::try_from(document).ok()
}

fn list<'a>(graph: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    graph[key].as_array_mut().expect("the document has lists")
}

fn state(graph: &mut Value, pick: usize) -> &mut Value {
    let states = list(graph, "states");
    let at = pick % states.len();
    &mut states[at]
}

fn edge(graph: &mut Value, pick: usize) -> &mut Value {
    let edges = list(graph, "transitions");
    let at = pick % edges.len();
    &mut edges[at]
}

fn name(graph: &mut Value, pick: usize) -> Value {
    state(graph, pick)["name"].clone()
}

fn swap(graph: &mut Value, key: &str, pick: usize, other: usize) {
    let items = list(graph, key);
    let count = items.len();
    items.swap(pick % count, other % count);
}

fn append(part: &mut Value, key: &str) {
    match part[key].as_array_mut() {
        Some(actions) => actions.push(json!("sing")),
        None => part[key] = json!(["sing"]),
    }
}

fn remove(graph: &mut Value, key: &str, is_it: impl Fn(&Value) -> bool) {
    list(graph, key).retain(|item| !is_it(item));
}

/// Replaces a name wherever it stands.
fn rename(value: &mut Value, old: &Value) {
    match value {
        value if value == old => *value = json!("renamed"),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, old)),
        Value::Object(members) => members.values_mut().for_each(|item| rename(item, old)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
