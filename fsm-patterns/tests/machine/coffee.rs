//! The coffee machine of the examples: a whole machine in a file.

use std::time::Duration;

use fsm_patterns::machine::{self, Registry};
use serde_json::{Value, json};

use crate::world::World;

fn coffee() -> World {
    let path = format!("{}/../examples/flows/coffee.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the example is there");
    let file = machine::load("coffee.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    World::with(file, Registry::new())
}

fn members(world: &World, names: &[&str]) -> Value {
    names.iter().map(|name| world.run.context()[*name].clone()).collect()
}

fn coin(value: i64) -> Value {
    json!({ "value": value })
}

#[test]
fn coins_are_counted_a_drink_is_brewed_and_change_is_given() {
    let mut world = coffee();
    world
        .is_at("serving.idle")
        .refuses("coin", coin(0))
        .refuses("select", json!({"drink": "coffee"}));
    world.on_with("coin", coin(100)).on_with("select", json!({"drink": "Coffee"}));
    world.is_at("serving.paying");
    assert_eq!(members(&world, &["paid", "note"]), json!([100, "coffee is 200"]));
    world.refuses("select", json!({"drink": "tea"})).on_with("coin", coin(200));
    world.on_with("select", json!({"drink": "coffee"})).is_at("serving.brewing.grinding");
    assert_eq!(members(&world, &["paid", "change", "beans"]), json!([0, 100, 50]));
    world.pass(Duration::from_secs(3)).is_at("serving.brewing.heating");
    world.pass(Duration::from_secs(2)).is_at("serving.brewing.pouring");
    world.pass(Duration::from_secs(20)).is_at("serving.idle");
    assert_eq!(members(&world, &["served", "note"]), json!([1, null]));
}

#[test]
fn whoever_cancels_or_walks_away_gets_the_coins_back() {
    let mut world = coffee();
    world.on_with("coin", coin(50)).on("cancel").is_at("serving.refunding");
    assert_eq!(members(&world, &["paid", "change"]), json!([0, 50]));
    world.pass(Duration::from_secs(2)).is_at("serving.idle").on_with("coin", coin(20));
    world.pass(Duration::from_secs(29)).on_with("coin", coin(20)).pass(Duration::from_secs(29));
    world.is_at("serving.paying").pass(Duration::from_secs(1)).is_at("serving.refunding");
    assert_eq!(members(&world, &["change"]), json!([40]));
}

#[test]
fn without_beans_it_refunds_and_is_not_closed_before_some_are_in() {
    let mut world = coffee();
    for _ in 0..6 {
        world.on_with("coin", coin(150)).on_with("select", json!({"drink": "espresso"}));
        world.pass(Duration::from_secs(25)).is_at("serving.idle");
    }
    world.on_with("coin", coin(150)).on_with("select", json!({"drink": "espresso"}));
    world.is_at("serving.refunding");
    assert_eq!(members(&world, &["beans", "served", "note"]), json!([0, 6, "out of beans"]));
    world.on("open").is_at("maintenance").refuses("close", json!(null));
    assert_eq!(
        world.why("close", json!(null)).as_deref(),
        Some("after `maintenance`: `$context.beans >= 10` does not hold: beans is 0")
    );
    world.on_with("refill", json!({"beans": 500})).on("close").is_at("serving.idle");
}

#[test]
fn maintenance_stops_whatever_it_is_doing() {
    let mut world = coffee();
    world.on_with("coin", coin(200)).on_with("select", json!({"drink": "coffee"}));
    world.on("open").is_at("maintenance").pass(Duration::from_secs(60)).is_at("maintenance");
    world.on("close").on_with("coin", coin(70)).on("open");
    assert_eq!(members(&world, &["change", "served"]), json!([70, 0]));
}

#[test]
fn the_picture_says_what_the_file_says() {
    insta::assert_snapshot!(crate::world::lines(&coffee().file).join("\n"));
}
