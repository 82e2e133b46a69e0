//! The documents of the Arazzo Specification, and of a tool that runs them, as a judge from
//! elsewhere.
//!
//! They lie beside the checkout, in `../shared/standards/arazzo` or below the folder that the
//! variable `FSM_SHARED` names, and not in it. Where they are missing these tests say so and
//! stop; in CI they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fsm_patterns::expr::{Condition, Template};
use serde_json::{Value, json};

use crate::world::World;

/// What the documents hold that concerns expressions.
#[derive(Default)]
struct Found {
    documents: usize,
    /// Criteria of type `simple`.
    conditions: Vec<String>,
    /// Criteria of type `jsonpath`.
    queries: Vec<String>,
    /// Criteria of types that this language does not have: `xpath`, `regex`.
    foreign_criteria: usize,
    /// Strings of outputs, parameters, and payloads that hold a `$`.
    values: Vec<String>,
}

/// Texts by the reason why this language does not take them.
type Refused<'t> = BTreeMap<&'static str, Vec<&'t str>>;

const OUTPUTS: &str = "Arazzo names outputs one by one; here a step has one `output`";
const ROOT: &str = "a root that only Arazzo has";
const TOOL: &str = "double quotes or `contains`: the tool's own, not in the specification";
const COMPARED_PATH: &str = "a comparison outside of a filter, which RFC 9535 does not have";
const MISSPELT: &str = "not in the specification either: a step or an answer has no such part";
const PATH: &str = "a JSONPath, not an expression";

fn reason(text: &str) -> &'static str {
    let reasons = [
        ("$sourceDescriptions", ROOT),
        ("$components", ROOT),
        ("$workflows", ROOT),
        ("$message", ROOT),
        ("$outputs", ROOT),
        ("$request", ROOT),
        ("$response.headers", MISSPELT),
        ("$steps.retrieveFinalizedPaymentPlan.finalizedPaymentPlan", MISSPELT),
        ("$steps.sendEvent", MISSPELT),
        (".outputs", OUTPUTS),
        ("\"", TOOL),
        ("$.", PATH),
    ];
    let found = reasons.iter().find(|(part, _)| text.contains(part));
    found.map_or_else(|| panic!("no reason is known to refuse {text}"), |(_, reason)| reason)
}

fn counts<'r>(refused: &'r Refused<'_>) -> Vec<(&'r str, usize)> {
    refused.iter().map(|(reason, texts)| (*reason, texts.len())).collect()
}

#[test]
fn every_simple_condition_parses_but_those_that_are_arazzos_or_the_tools_alone() {
    let Some(found) = read() else { return };
    let mut refused = Refused::new();
    for text in &found.conditions {
        if let Err(error) = Condition::parse(text) {
            assert!(error.hint.is_some(), "{text}: {error}");
            refused.entry(reason(text)).or_default().push(text);
        }
    }
    assert_eq!(counts(&refused), [(OUTPUTS, 4), (ROOT, 1), (TOOL, 5)], "{refused:#?}");
    assert_eq!(found.conditions.len(), 200);
    for text in refused.get(OUTPUTS).into_iter().flatten() {
        Condition::parse(&text.replace(".outputs", ".output")).expect("the hint helps");
    }
}

#[test]
fn every_jsonpath_criterion_parses_but_those_that_are_no_jsonpath() {
    let Some(found) = read() else { return };
    let mut refused = Refused::new();
    for path in &found.queries {
        let template = json!({"jsonpath": path, "from": "$response.body"});
        if Template::parse(&template).is_err() {
            let is_comparison = [" == ", " != "].iter().any(|part| path.contains(part));
            assert!(is_comparison && !path.contains('?'), "{path}");
            refused.entry(COMPARED_PATH).or_default().push(path);
        }
    }
    assert_eq!(counts(&refused), [(COMPARED_PATH, 5)], "{refused:#?}");
    assert_eq!((found.queries.len(), found.foreign_criteria), (11, 6));
}

#[test]
fn every_value_parses_but_those_that_are_arazzos_alone() {
    let Some(found) = read() else { return };
    let mut refused = Refused::new();
    let mut text_here = Refused::new();
    let mut with_expressions = 0;
    for text in &found.values {
        match Template::text(text) {
            Ok(template) if template.as_literal().is_some() => {
                text_here.entry(reason(text)).or_default().push(text);
            }
            Ok(_) => with_expressions += 1,
            Err(errors) => {
                assert!(errors.iter().all(|error| error.hint.is_some()), "{text}: {errors:?}");
                refused.entry(reason(text)).or_default().push(text);
            }
        }
    }
    assert_eq!(counts(&refused), [(OUTPUTS, 155), (MISSPELT, 3)], "{refused:#?}");
    assert_eq!(counts(&text_here), [(PATH, 5), (ROOT, 84)], "{text_here:#?}");
    assert_eq!((found.documents, with_expressions), (88, 208));
    for text in refused.get(OUTPUTS).into_iter().flatten() {
        Template::text(&text.replace(".outputs", ".output")).expect("the hint helps");
    }
}

#[test]
fn conditions_of_the_documents_hold_when_they_should() {
    let Some(found) = read() else { return };
    let mut world = World::new();
    let mut holding = |status: u16| {
        world.status = status;
        world.body = json!({"redirectAuthToken": "t", "existingCustomerNotEligible": false});
        let conditions = found.conditions.iter().filter_map(|text| Condition::parse(text).ok());
        conditions
            .filter(|condition| condition.eval(&world.scope()).expect("all give a boolean"))
            .map(|condition| condition.source().to_owned())
            .collect::<BTreeSet<String>>()
            .into_iter()
            .collect::<Vec<String>>()
    };
    assert_eq!(
        holding(201),
        [
            "$response.body#/0 == null",
            "$response.body#/existingCustomerNotEligible == false",
            "$response.body#/redirectAuthToken != null",
            "$statusCode != 404",
            "$statusCode < 300",
            "$statusCode == 200 || $statusCode == 201",
            "$statusCode == 201",
            "$statusCode > 199",
            "$statusCode >= 200",
            "$statusCode >= 200 && $statusCode < 300",
        ]
    );
    assert_eq!(
        holding(503),
        [
            "$response.body#/0 == null",
            "$response.body#/existingCustomerNotEligible == false",
            "$response.body#/redirectAuthToken != null",
            "$statusCode != 404",
            "$statusCode > 199",
            "$statusCode >= 200",
            "$statusCode >= 400",
            "$statusCode >= 500",
        ]
    );
}

#[test]
fn expressions_of_the_documents_find_their_values() {
    // As they stand in bnpl-arazzo.yaml, pet-coupons.arazzo.yaml, and LoginAndRetrievePets.
    let mut world = World::new();
    world.inputs = json!({"customer": {"uri": "/c/1", "firstName": "Ann"}, "username": "ann"});
    world.body = json!([{"id": 11}, {"id": 12}]);
    world.headers.insert("x-rate-limit", "5".parse().unwrap());
    let table = [
        ("$response.body#/0/id", json!(11)),
        ("$response.header.X-Rate-Limit", json!("5")),
        ("$inputs.username", json!("ann")),
        ("{$inputs.customer#/uri}", json!("/c/1")),
        ("{$inputs.customer.firstName}", json!("Ann")),
        ("prepared via {$method}", json!("prepared via POST")),
        ("{\"customer\": \"{$inputs.customer#/uri}\"}", json!("{\"customer\": \"/c/1\"}")),
    ];
    for (text, expected) in table {
        let template = Template::text(text).unwrap();
        assert_eq!(template.render(&world.scope()), Ok(expected), "{text}");
    }
}

/// Reads all documents; `None`, with a loud word, if they are not there.
fn read() -> Option<Found> {
    let shared = std::env::var_os("FSM_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = shared.join("standards/arazzo");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "no Arazzo documents at {}", folder.display());
        // Written past the test harness, which would swallow it.
        let _ = writeln!(
            std::io::stderr(),
            "\nSKIPPED: the Arazzo documents are not at {}; set FSM_SHARED",
            folder.display()
        );
        return None;
    }
    let mut found = Found::default();
    visit_folder(&folder, &mut found);
    Some(found)
}

fn visit_folder(folder: &Path, found: &mut Found) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            visit_folder(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = fs::read_to_string(&path).unwrap();
            // Some documents are broken on purpose, to test other parsers.
            let Ok(document) = serde_saphyr::from_str::<Value>(&text) else { continue };
            if document.get("arazzo").is_some() {
                found.documents += 1;
                visit(&document["workflows"], found);
                visit(&document["components"], found);
            }
        }
    }
}

fn visit(value: &Value, found: &mut Found) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => {
            if text.contains('$') {
                found.values.push(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, found)),
        Value::Object(members) => {
            if let Some(Value::String(condition)) = members.get("condition") {
                let kind = match members.get("type") {
                    Some(Value::Object(kind)) => kind["type"].as_str(),
                    Some(kind) => kind.as_str(),
                    None => Some("simple"),
                };
                match kind {
                    Some("simple") => found.conditions.push(condition.clone()),
                    Some("jsonpath") => found.queries.push(condition.clone()),
                    Some(_) | None => found.foreign_criteria += 1,
                }
            }
            for (key, member) in members {
                if !["condition", "description", "summary", "inputs"].contains(&key.as_str()) {
                    visit(member, found);
                }
            }
        }
    }
}
