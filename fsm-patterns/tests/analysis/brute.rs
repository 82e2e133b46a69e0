//! Random conditions over few paths, and every combination of many values: whatever that finds,
//! the analysis must not call impossible.

use fsm_patterns::analysis::{Answer, can_be};
use fsm_patterns::expr::{Condition, Scope};
use proptest::prelude::*;
use serde_json::{Value, json};

const PATHS: [&str; 4] = ["$data.a", "$data.b", "$data.a.x", "$inputs.c"];

fn literal() -> impl Strategy<Value = String> {
    let all = ["1", "2", "2.5", "3", "'m'", "'M'", "'p'", "true", "null"];
    prop::sample::select(all.to_vec()).prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    prop::sample::select(PATHS.to_vec()).prop_map(str::to_owned)
}

fn condition() -> impl Strategy<Value = String> {
    let operator = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        6 => (path(), operator(), literal()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        2 => (path(), operator(), path()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => path(),
    ];
    leaf.prop_recursive(2, 6, 2, |inside| {
        prop_oneof![
            (inside.clone(), inside.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inside.clone(), inside.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            (inside.clone(), inside.clone()).prop_map(|(a, b)| format!("(({a}) == ({b}))")),
            inside.prop_map(|a| format!("!({a})")),
        ]
    })
}

/// Values for a place, more than the conditions speak of.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(1.5),
        json!(2),
        json!(2.25),
        json!(2.5),
        json!(2.75),
        json!(3),
        json!(7),
        json!(""),
        json!("m"),
        json!("n"),
        json!("P"),
        json!("z"),
        json!([]),
        json!({"y": 1}),
    ]
}

fn found(conditions: &[(Condition, bool)]) -> Option<(Value, Value)> {
    let all = values();
    let mut firsts = all.clone();
    firsts.extend(all.iter().map(|value| json!({ "x": value })));
    let sources: String = conditions.iter().map(|(it, _)| it.source()).collect();
    // What nobody reads needs no values.
    let only = |path: &str, values: Vec<Value>| match sources.contains(path) {
        true => values,
        false => vec![json!(null)],
    };
    let (firsts, seconds, thirds) =
        (only("$data.a", firsts), only("$data.b", all.clone()), only("$inputs.c", all));
    for a in &firsts {
        for b in &seconds {
            for c in &thirds {
                let (data, inputs) = (json!({"a": a, "b": b}), json!({ "c": c }));
                let scope = Scope::new().data(&data).inputs(&inputs);
                if conditions.iter().all(|(it, holds)| (it.eval(&scope) == Ok(true)) == *holds) {
                    return Some((data, inputs));
                }
            }
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_that_can_be_found_is_called_impossible_and_every_witness_is_true(
        texts in prop::collection::vec((condition(), any::<bool>()), 1..4)
    ) {
        let conditions: Vec<(Condition, bool)> = texts
            .iter()
            .map(|(text, holds)| (Condition::parse(text).expect("it is well made"), *holds))
            .collect();
        let asked: Vec<(&Condition, bool)> = conditions.iter().map(|(it, is)| (it, *is)).collect();
        match can_be(&asked) {
            Answer::Possible(witness) => {
                for (condition, holds) in asked {
                    prop_assert_eq!(witness.eval(condition) == Ok(true), holds, "{}", witness);
                }
            }
            Answer::Impossible => prop_assert_eq!(found(&conditions), None),
            // Only where a path is compared that another one reaches into.
            Answer::Unknown => prop_assert!(texts.iter().any(|(text, _)| text.contains("$data.a.x"))),
        }
    }
}
