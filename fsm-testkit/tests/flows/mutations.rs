//! One rule of a compiled flow is changed, and the proof of its graph finds it.

use fsm_core::{Graph, GraphDocument};
use fsm_testkit::prove::{Proof, Prover};
use serde_json::Value;

use super::flow;

/// `pay` waits for `cart` and `stock`.
fn graph() -> Graph {
    let pay = "name: pay, url: 'http://shop.test/pay', method: POST, depends_on: [cart, stock]";
    let cart = "name: cart, url: 'http://shop.test/cart'";
    let stock = "name: stock, url: 'http://shop.test/stock', error_handler: { left: 0 }";
    flow("mode: hybrid\ntotal_timeout: 30s", &[cart, stock, pay]).graph().clone()
}

fn mutated(change: impl FnOnce(&mut Value)) -> Result<Graph, String> {
    let mut document = serde_json::to_value(GraphDocument::from(&graph())).expect("it is data");
    let before = document.clone();
    change(&mut document);
    assert_ne!(before, document, "nothing was changed");
    let document: GraphDocument = serde_json::from_value(document).expect("it is a graph");
    Graph::try_from(document).map_err(|faults| faults.to_string())
}

fn prove(graph: &Graph) -> Proof {
    Prover::of(graph)
        .reduced(false)
        .always("payment waits for both", |run| {
            !run.is_at("pay") || !(run.is_at("cart") || run.is_at("stock"))
        })
        .prove()
}

/// What the check of graphs, or else the proof, has to say.
fn found(change: impl FnOnce(&mut Value)) -> String {
    match mutated(change) {
        Err(faults) => format!("refused: {faults}"),
        Ok(graph) => {
            let proof = prove(&graph);
            let claim = proof.refuted().next().unwrap_or_else(|| panic!("nothing found\n{proof}"));
            let route = claim.finding.route().map(ToString::to_string).unwrap_or_default();
            format!("{}\n{route}", claim.name)
        }
    }
}

fn transitions(document: &mut Value) -> &mut Vec<Value> {
    document["transitions"].as_array_mut().expect("a list")
}

fn state<'a>(document: &'a mut Value, name: &str) -> &'a mut Value {
    let states = document["states"].as_array_mut().expect("a list");
    states.iter_mut().find(|state| state["name"] == name).expect("it is there")
}

#[test]
fn the_graph_itself_is_sound_whatever_its_guards_say() {
    prove(&graph()).assert_proven();
}

#[test]
fn a_failure_that_leads_nowhere_is_found() {
    let found = found(|document| {
        transitions(document).retain(|edge| edge["from"] != "cart" || edge["trigger"] != "failed");
    });
    insta::assert_snapshot!(found, @r"
    nothing gets stuck
    1. the run begins -> cart, stock
    2. `cart` fails for good -> cart, stock
    ");
}

#[test]
fn a_join_that_counts_one_too_few_is_found() {
    let found = found(|document| {
        state(document, "pay waits")["kind"] = serde_json::json!({"join": {"at_least": 1}});
    });
    insta::assert_snapshot!(found, @r"
    payment waits for both
    1. the run begins -> cart, stock
    2. `cart` ends well (`a dependency failed` does not hold) -> stock, pay
    ");
}

#[test]
fn a_join_that_counts_one_too_many_is_found() {
    let found = found(|document| {
        state(document, "pay waits")["kind"] = serde_json::json!({"join": {"at_least": 3}});
    });
    insta::assert_snapshot!(found, @r"
    refused: graph `story` has 1 fault:
      - fork `run forks`: its join `pay waits` can never fill: it needs 3 arrivals, 2 can come
    ");
}

#[test]
fn a_choice_that_lost_its_way_on_is_found() {
    let found = found(|document| {
        transitions(document)
            .retain(|edge| edge["from"] != "stock.failed" || edge.get("guard").is_some());
    });
    insta::assert_snapshot!(found, @r"
    nothing gets stuck
    1. the run begins -> cart, stock
    2. `stock` fails for good (`recovered` does not hold) -> cart, stock.failed
    ");
}

#[test]
fn a_deadline_that_leads_back_into_the_run_is_found() {
    let found = found(|document| {
        for edge in transitions(document) {
            if edge["from"] == "the run" {
                edge["to"] = "pay.check".into();
            }
        }
    });
    insta::assert_snapshot!(found, @r"
    refused: graph `story` has 1 fault:
      - transition `the run` -> `pay.check` (after 30s): it jumps into the scope of a fork; lead it to the fork itself
    ");
}
