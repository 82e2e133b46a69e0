//! The graph changes under a run: random changes to random graphs, and what a run that is carried
//! over does then.

#[path = "../diff/sketch.rs"]
#[allow(dead_code, reason = "the graphs with everything in them are another test's")]
mod sketch;

use std::time::Duration;

use fsm_core::{
    Compatibility, Effects, Graph, GraphDiff, GraphDocument, Input, Kind, Machine, Migration,
    Outcome, Snapshot, Status, StepError, Timestamp, Wait,
};
use fsm_testkit::strategies::{Size, any_blueprint};
use fsm_testkit::tally::{self, EVENTS, Tally, Word};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fuzz::config;
use crate::walk::Walk;

/// A change that no run should mind.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Edit {
    ChoiceInserted,
    ChoiceRemoved,
    RetriesChanged,
    TimeoutChanged,
    WaitsChanged,
    LimitChanged,
    StatesSwapped,
    TransitionsSwapped,
    ActionAdded,
    DeadlineAdded,
    TimersRemoved,
}

const EDITS: [Edit; 11] = [
    Edit::ChoiceInserted,
    Edit::ChoiceRemoved,
    Edit::RetriesChanged,
    Edit::TimeoutChanged,
    Edit::WaitsChanged,
    Edit::LimitChanged,
    Edit::StatesSwapped,
    Edit::TransitionsSwapped,
    Edit::ActionAdded,
    Edit::DeadlineAdded,
    Edit::TimersRemoved,
];

fn list<'a>(graph: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    graph[key].as_array_mut().expect("the document has lists")
}

fn millis(count: usize) -> Value {
    json!({ "secs": 0, "nanos": (count % 200) * 1_000_000 })
}

impl Edit {
    /// The document after the change; as it was where there is nothing to change.
    fn make(self, graph: &mut Value, pick: usize, number: usize) {
        let states = list(graph, "states").clone();
        let state = states[pick % states.len()].clone();
        let is_work = |state: &Value| state["kind"].get("activity").is_some();
        match self {
            Edit::ChoiceInserted => {
                let within = |name: &Value| {
                    states.iter().find(|state| state["name"] == *name).map(|s| s["within"].clone())
                };
                let edges = list(graph, "transitions");
                let at = pick % edges.len();
                let edge = &mut edges[at];
                if edge["internal"] == true || edge.get("also").is_some() {
                    return;
                }
                let name = format!("inserted {number}");
                let from = states.iter().find(|state| state["name"] == edge["from"]);
                let is_fork = from.is_some_and(|state| state["kind"].get("fork").is_some());
                let (parent, to) = match is_fork && edge["trigger"] == "always" {
                    true => (edge["from"].clone(), edge["to"].clone()),
                    false => (within(&edge["from"]).unwrap_or_default(), edge["to"].clone()),
                };
                edge["to"] = json!(name);
                let choice = json!({"from": name, "to": to, "trigger": "always"});
                edges.push(choice);
                let mut state =
                    json!({"name": name, "kind": "choice", "entry": ["enter"], "exit": ["leave"]});
                if !parent.is_null() {
                    state["within"] = parent;
                }
                list(graph, "states").push(state);
            }
            Edit::ChoiceRemoved => {
                let name = &state["name"];
                let out: Vec<Value> = list(graph, "transitions")
                    .iter()
                    .filter(|edge| edge["from"] == *name)
                    .cloned()
                    .collect();
                let [only] = out.as_slice() else { return };
                let is_named = |edge: &Value| edge.get("also").is_some();
                if state["kind"] != "choice" || graph["initial"] == *name || is_named(only) {
                    return;
                }
                let to = only["to"].clone();
                list(graph, "states").retain(|state| state["name"] != *name);
                let edges = list(graph, "transitions");
                edges.retain(|edge| edge["from"] != *name);
                for edge in edges.iter_mut().filter(|edge| edge["to"] == *name) {
                    edge["to"] = to.clone();
                }
                for state in list(graph, "states") {
                    if state["kind"]["composite"]["initial"] == *name {
                        state["kind"]["composite"]["initial"] = to.clone();
                    }
                }
            }
            Edit::RetriesChanged => {
                let policy = fsm_core::RetryPolicy::new(number as u32 % 4);
                let policy = policy.delay(Duration::from_millis(5));
                for state in list(graph, "states").iter_mut().filter(|state| is_work(state)) {
                    state["retry"] = serde_json::to_value(policy).expect("a policy is data");
                }
            }
            Edit::TimeoutChanged => {
                for state in list(graph, "states").iter_mut().filter(|state| is_work(state)) {
                    match state.get("timeout") {
                        None => state["timeout"] = millis(number),
                        Some(_) => drop(state.as_object_mut().map(|s| s.remove("timeout"))),
                    }
                }
            }
            Edit::WaitsChanged => {
                for state in list(graph, "states") {
                    if state["kind"].get("delay").is_some() {
                        state["kind"]["delay"] = millis(number);
                    }
                }
                for edge in list(graph, "transitions") {
                    if edge["trigger"].get("after").is_some() {
                        edge["trigger"]["after"] = millis(number);
                    }
                }
            }
            Edit::LimitChanged => match number % 4 {
                0 => drop(graph.as_object_mut().map(|graph| graph.remove("max_concurrent"))),
                limit => graph["max_concurrent"] = json!(limit),
            },
            Edit::StatesSwapped => {
                let states = list(graph, "states");
                let count = states.len();
                states.swap(pick % count, number % count);
            }
            Edit::TransitionsSwapped => {
                let edges = list(graph, "transitions");
                let count = edges.len();
                edges.swap(pick % count, number % count);
            }
            Edit::ActionAdded => {
                for edge in list(graph, "transitions") {
                    match edge["actions"].as_array_mut() {
                        Some(actions) => actions.push(json!("toss")),
                        None => edge["actions"] = json!(["toss"]),
                    }
                }
            }
            Edit::DeadlineAdded => {
                let holds = |kind: &str| state["kind"].get(kind).is_some();
                if is_work(&state) || holds("composite") || state["kind"] == "parallel" {
                    let after = json!({ "after": millis(number) });
                    let edge = json!({"from": state["name"], "to": "end", "trigger": after});
                    list(graph, "transitions").push(edge);
                }
            }
            Edit::TimersRemoved => {
                list(graph, "transitions").retain(|edge| edge["trigger"].get("after").is_none());
            }
        }
    }
}

/// The graph after the changes that leave it sound.
fn edited(graph: &Graph, edits: &[(usize, usize, usize)]) -> (Graph, Vec<Edit>) {
    let (mut graph, mut made) = (graph.clone(), Vec::new());
    for (number, (edit, pick, size)) in edits.iter().enumerate() {
        let edit = EDITS[edit % EDITS.len()];
        let mut document =
            serde_json::to_value(GraphDocument::from(&graph)).expect("a document is data");
        edit.make(&mut document, *pick, size % 200 + 200 * number);
        let document: GraphDocument =
            serde_json::from_value(document).expect("every edit leaves a document");
        if let Ok(changed) = Graph::try_from(document) {
            graph = changed;
            made.push(edit);
        }
    }
    (graph, made)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_time: 20_000, ..config() })]

    #[test]
    fn what_no_run_minds_is_compatible_and_a_run_that_is_carried_over_goes_on_to_its_end(
        blueprint in any_blueprint(Size::SMALL),
        seed in any::<u64>(),
        before in prop::collection::vec(any::<u64>(), 0..40),
        edits in prop::collection::vec(any::<(usize, usize, usize)>(), 1..4),
        after in prop::collection::vec(any::<u64>(), 0..20),
    ) {
        let mut walk = Walk::begin(&blueprint, seed);
        before.iter().for_each(|roll| walk.roll(*roll));
        let (graph, made) = edited(&blueprint.graph(), &edits);
        let diff = GraphDiff::between(&blueprint.graph(), &graph);
        prop_assert_eq!(diff.compatibility(), &Compatibility::Compatible, "{:?}\n{}", made, diff);
        if walk.run.status().is_over() {
            return Ok(());
        }
        let carried = walk.carried(tally::machine(graph), &Migration::new(), true);
        let mut walk = carried.expect("the graphs are compatible");
        after.iter().for_each(|roll| walk.roll(*roll));
        walk.finish();
    }
}

/// The machine of a graph that was changed at random: with code for all that the changes name.
fn machine(graph: Graph) -> Machine<Tally, Word> {
    let bindings = tally::bindings()
        .guard("sunny", |tally: &Tally, _| tally.heads())
        .guard("rainy", |tally: &Tally, _| !tally.heads())
        .action("sing", |_: &mut Tally, _| {})
        .activity("rest", |_, _| async { Outcome::done() });
    Machine::bind(graph, bindings).expect("every name is bound")
}

/// Lets all that is awaited happen, over and over. A graph that was changed at random may wait for
/// ever, go round in a ring, or have no way on from a choice; its joins are what they were.
fn let_go_on(machine: &Machine<Tally, Word>, run: &mut Snapshot<Tally>, rolls: u64) {
    let mut effects = Effects::new();
    for round in 0..150 {
        if run.status().is_over() {
            break;
        }
        let (now, input) = match (machine.under_way(run).first(), machine.timers(run).first()) {
            (Some(start), _) => {
                let is_well = rolls >> (round % 64) & 3 != 0;
                let outcome = if is_well { Outcome::done() } else { Outcome::failed() };
                (run.now(), Input::Outcome { ticket: start.ticket, outcome })
            }
            (None, Some(timer)) if !matches!(timer.wait, Wait::After(_)) || round % 4 == 0 => {
                (timer.at, Input::Timer(timer.ticket))
            }
            (None, _) => {
                let number = (rolls >> (round % 64)) as usize + round;
                (run.now(), Input::Event(Word(EVENTS[number % EVENTS.len()].into())))
            }
        };
        let taken = machine.step(run, now, &input, &mut effects, &mut ());
        let is_fine = matches!(
            taken,
            Ok(()) | Err(StepError::Rejected { .. } | StepError::UnknownEvent { .. })
        );
        assert!(is_fine, "{taken:?}");
        machine.restore(run, &mut Effects::new()).expect("its own snapshot is whole");
        if let Status::Stuck(state) = run.status() {
            let kind = machine.graph().kind(state);
            let name = machine.graph().name_of(state);
            assert!(!matches!(kind, Kind::Join(_)), "the join `{name}` can't fill");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_time: 20_000, ..config() })]

    #[test]
    fn whatever_is_called_compatible_leaves_no_join_unfilled_and_all_else_has_its_reasons(
        blueprint in any_blueprint(Size::SMALL),
        seed in any::<u64>(),
        before in prop::collection::vec(any::<u64>(), 0..40),
        changes in prop::collection::vec((0..sketch::MUTATIONS.len(), any::<usize>(), any::<usize>()), 1..3),
        rolls in any::<u64>(),
    ) {
        let mut walk = Walk::begin(&blueprint, seed);
        before.iter().for_each(|roll| walk.roll(*roll));
        let old = blueprint.graph();
        let mut new = old.clone();
        for (change, pick, other) in changes {
            let (_, mutation) = sketch::MUTATIONS[change];
            new = sketch::mutated(&new, mutation, pick, other).unwrap_or(new);
        }
        if new.fingerprint() == old.fingerprint() || walk.run.status().is_over() {
            return Ok(());
        }
        let diff = GraphDiff::between(&old, &new);
        let machine = machine(new);
        let carried = machine.carry_over(walk.run.clone(), &old, &Migration::new());
        match (diff.compatibility(), carried) {
            (_, Ok(mut run)) => let_go_on(&machine, &mut run, rolls),
            (Compatibility::Incompatible(obstacles), Err(fault)) => {
                prop_assert!(!obstacles.is_empty() && fault.to_string().contains("\n  - "));
            }
            (Compatibility::Compatible, Err(fault)) => panic!("{diff}{fault}"),
        }
    }
}

#[test]
fn a_run_that_has_not_begun_begins_where_the_new_graph_does() {
    let graph = |initial: &str| {
        let mut graph = Graph::builder("one");
        graph.simple(initial);
        graph.transition(initial, initial).on("e0");
        graph.initial(initial).build().expect("a sound graph")
    };
    let (old, new) = (graph("here"), graph("there"));
    let run = tally::machine(old.clone()).snapshot(Tally::new(1, 1), 1);
    let machine = tally::machine(new);
    let mut run = machine.carry_over(run, &old, &Migration::new()).expect("it stands nowhere");
    machine
        .step(&mut run, Timestamp::ZERO, &Input::Start, &mut Effects::new(), &mut ())
        .expect("it begins");
    assert!(run.is_at(machine.graph().initial()));
}

/// The words for what `change` puts in the way of runs on a graph with everything in it.
fn words(change: impl Fn(&mut Value)) -> Vec<String> {
    let old = sketch::everything();
    let mut document = serde_json::to_value(GraphDocument::from(&old)).expect("it is data");
    change(&mut document);
    let document: GraphDocument = serde_json::from_value(document).expect("still a document");
    let new = Graph::try_from(document).unwrap_or_else(|faults| panic!("{faults}"));
    let diff = GraphDiff::between(&old, &new);
    diff.compatibility().obstacles().iter().map(ToString::to_string).collect()
}

#[test]
fn each_obstacle_has_its_words() {
    fn named<'a>(graph: &'a mut Value, name: &str) -> &'a mut Value {
        let states = list(graph, "states").iter_mut();
        states.into_iter().find(|state| state["name"] == name).expect("the state")
    }
    let none: [&str; 0] = [];
    assert_eq!(words(|_| {}), none);
    assert_eq!(
        words(|graph| graph["name"] = json!("other")),
        ["the machine is called `other` instead of `sketch`"]
    );
    assert_eq!(
        words(|graph| named(graph, "gather")["kind"] = json!({ "join": "any" })),
        ["the fork `fan` is joined by `gather`, a join of any instead of `gather`, a join of all"]
    );
    assert_eq!(
        words(|graph| named(graph, "right")["kind"] = json!({ "activity": "rest" })),
        ["`right` is an activity running `rest` instead of a delay of 2s"]
    );
    assert_eq!(words(|graph| named(graph, "left")["kind"] = json!({ "activity": "rest" })), none);
    assert_eq!(
        words(|graph| {
            list(graph, "states")
                .push(json!({"name": "more", "kind": {"activity": "more"}, "within": "fan"}));
            let edges = list(graph, "transitions");
            edges.push(json!({"from": "fan", "to": "more", "trigger": "always"}));
            edges.push(json!({"from": "more", "to": "gather", "trigger": "done"}));
            edges.push(json!({"from": "more", "to": "end", "trigger": "failed"}));
        }),
        ["`fan` has other branches: `more` besides"]
    );
    assert_eq!(
        words(|graph| {
            list(graph, "states")
                .push(json!({"name": "sugar", "kind": "simple", "within": "both"}));
            list(graph, "transitions")
                .retain(|edge| edge["from"] != "both" || edge["trigger"] != "done");
        }),
        ["`both` has the regions `milk`, `sugar`, `tea` instead of `milk`, `tea`"]
    );
    assert_eq!(
        words(|graph| {
            list(graph, "transitions").push(json!({"from": "tea", "to": "end", "trigger": "done"}));
        }),
        [
            "`tea` goes on when it is done, as it did not before: a run that has ended it would stay there"
        ]
    );
    assert_eq!(
        words(|graph| {
            named(graph, "shop")["entry"] = json!(["greet"]);
            drop(named(graph, "shut").as_object_mut().map(|state| state.remove("within")));
        }),
        ["`shut` lies within none instead of `shop`, which act when they are entered or left"]
    );
}
