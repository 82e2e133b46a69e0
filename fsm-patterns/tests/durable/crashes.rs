//! The process dies after every record of runs of all modes, and after every record of what then
//! goes on; in the end nothing tells that it did.

use std::sync::Arc;

use fsm_core::journal::{Journal, MemoryJournal};
use fsm_http::{ErrorKind, Reply, TransportError};
use fsm_patterns::{Flow, FlowContext, FlowEvent, RunReport};
use serde_json::{Value, json};

use crate::crash::Mortal;
use crate::world::{Api, flow, late};

type Memory = MemoryJournal<FlowContext, FlowEvent>;

/// Ten milliseconds an answer; `/shaky` fails at first, `/broken` always.
fn api() -> Arc<Api> {
    Api::new(&[
        ("/a", &[late(10, "a")]),
        ("/b", &[late(10, "b")]),
        ("/c", &[late(20, "c")]),
        ("/d", &[late(5, "d")]),
        ("/keyed", &[late(10, json!({"total": 3}))]),
        ("/shaky", &[Reply::status(503), late(10, "well")]),
        ("/broken", &[Reply::failing(TransportError::sent(ErrorKind::Reset, "gone"))]),
    ])
}

const KEYED: &str =
    "{ name: keyed, url: 'http://api.test/keyed', method: POST, idempotency: true, body: {} }";
const SHAKY: &str = "{ name: shaky, url: 'http://api.test/shaky', retry_delay: 100ms }";
const BROKEN: &str = "{ name: broken, url: 'http://api.test/broken', retry_count: 0, \
                      error_handler: { instead: $error.kind } }";

fn call(name: &str) -> String {
    format!("{{ name: {name}, url: 'http://api.test/{name}' }}")
}

fn chain(mode: &str) -> String {
    let (a, b) = (call("a"), call("b"));
    format!("mode: {mode}\nendpoints: [{a}, {SHAKY}, {KEYED}, {BROKEN}, {b}]\n")
}

/// A flow of every mode.
fn flows() -> Vec<String> {
    let after = "depends_on: [a, keyed]";
    let d = format!("{{ name: d, url: 'http://api.test/d', {after} }}");
    let (a, b, c) = (call("a"), call("b"), call("c"));
    vec![
        chain("sequential"),
        chain("pipeline"),
        chain("conditional"),
        format!(
            "mode: parallel\nmax_concurrent: 2\ntotal_timeout: 60s\n\
             endpoints: [{a}, {SHAKY}, {KEYED}, {BROKEN}, {d}]\n"
        ),
        format!("mode: fanout\nendpoints: [{a}, {b}, {c}, {KEYED}]\n"),
        format!(
            "mode: hybrid\noutput: {{ d: $steps.d.output, g: $steps.g1.status }}\nendpoints:\n\
             - {a}\n- {KEYED}\n- {d}\n- name: group\n  mode: pipeline\n  depends_on: [d]\n  \
             endpoints: [{{ name: g1, url: 'http://api.test/b' }}, {{ name: g2, url: \
             'http://api.test/shaky', retry_delay: 100ms }}]\n"
        ),
    ]
}

/// What must be the same however often the process died.
fn essence(report: &RunReport) -> Value {
    let steps = report.steps.iter().map(|(name, step)| {
        let kind = step.error.as_ref().map(|error| error.kind);
        let told = json!([step.status, *step.output, step.http_status, step.reason, kind]);
        (name.clone(), told)
    });
    let steps = Value::Object(steps.collect());
    json!([report.run, report.outcome, *report.output, report.error, steps])
}

/// What the journal holds of the run.
fn standing(flow: &Flow, journal: &Memory) -> RunReport {
    let history = journal.read("r").expect("the run is there");
    flow.report(&flow.snapshot_of(&history).expect("its records can be repeated"))
}

/// Where a step's requests go.
fn path(step: &str) -> String {
    match step {
        "g1" => "/b".to_owned(),
        "g2" => "/shaky".to_owned(),
        name => format!("/{name}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_of_any_mode_that_dies_after_any_record_ends_as_if_it_had_not() {
    for text in flows() {
        let whole = flow(&api(), &text).run(json!({})).unwrap().id("r").seed(1).await;
        let memory = Memory::new();
        let durable = flow(&api(), &text).run(json!({})).unwrap().id("r").seed(1);
        let durable = durable.journal(Arc::new(memory.clone())).await.expect("it ends");
        assert_eq!(essence(&durable), essence(&whole), "{text}");
        let records = memory.info("r").unwrap().records as usize;

        for dies_after in 0..=records {
            let (api, journal) = (api(), Memory::new());
            let flow = flow(&api, &text);
            let run = flow.run(json!({})).unwrap().id("r").seed(1);
            let mortal = Mortal::new(&journal, dies_after);
            let ended = mortal.drive(|journal| run.journal(journal)).await;
            assert!(ended.is_none(), "it dies before it is over");

            let then = standing(&flow, &journal);
            let sent_before = api.log().len();
            let resumed = flow.resume(Arc::new(journal.clone()), "r").expect("it goes on");
            let report = resumed.await.expect("it ends");
            assert_eq!(essence(&report), essence(&whole), "after {dies_after} records of\n{text}");
            let settled = then.steps.iter().filter(|(_, step)| step.status.is_settled());
            let settled: Vec<String> = settled.map(|(name, _)| path(name)).collect();
            for (_, path) in &api.log()[sent_before..] {
                assert!(!settled.contains(path), "{path} again, after {dies_after} of\n{text}");
            }
            for (name, step) in &report.steps {
                let sent = api.sent(&path(name));
                assert_eq!(step.attempts as usize, sent, "{name}, after {dies_after} of\n{text}");
            }
            assert!(journal.info("r").unwrap().phase.is_completed());
            assert_eq!(standing(&flow, &journal).outcome, report.outcome);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_again_and_again_gets_on_by_a_record_each_time() {
    for text in flows() {
        let whole = flow(&api(), &text).run(json!({})).unwrap().id("r").seed(1).await;
        let (api, journal) = (api(), Memory::new());
        let flow = flow(&api, &text);
        let run = flow.run(json!({})).unwrap().id("r").seed(1);
        let first = Mortal::new(&journal, 1).drive(|journal| run.journal(journal)).await;
        assert!(first.is_none());
        let mut deaths = 1;
        let report = loop {
            let mortal = Mortal::new(&journal, 1);
            let again = mortal.drive(|journal| flow.resume(journal, "r").expect("it goes on"));
            match again.await {
                Some(report) => break report.expect("it ends"),
                None => deaths += 1,
            }
            assert!(deaths < 1_000, "{text}");
        };
        assert_eq!(essence(&report), essence(&whole), "{text}");
    }
}
