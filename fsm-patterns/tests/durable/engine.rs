//! An engine: many runs over one journal, which wait without a task, and are heard of by id.

use std::num::NonZeroUsize;
use std::sync::Arc;

use fsm_core::journal::{Journal, JournalError, MemoryJournal, RunFilter, RunPhase};
use fsm_patterns::{
    Engine, EngineError, EngineOptions, Flow, FlowContext, FlowEvent, Migration, RunOutcome,
    Services, StartOptions, file,
};
use serde_json::json;
use tokio::time::Instant;

use crate::world::{Api, flow, late, ms, step, told};

type Memory = MemoryJournal<FlowContext, FlowEvent>;

fn engine(memory: &Memory) -> Engine {
    Engine::new(Arc::new(memory.clone()))
}

fn named(id: &str) -> StartOptions {
    StartOptions::new().id(id).seed(1)
}

const APPROVED: &str = "mode: pipeline\nendpoints:\n\
                        - { name: approval, signal: approved }\n\
                        - { name: pay, url: 'http://api.test/pay', method: POST }\n";

const PATIENT: &str = "mode: pipeline\nendpoints:\n\
                       - { name: before, url: 'http://api.test/before' }\n\
                       - { name: pause, delay: 3600 }\n\
                       - { name: after, url: 'http://api.test/after' }\n";

fn api() -> Arc<Api> {
    Api::new(&[
        ("/pay", &[late(10, "paid")]),
        ("/before", &[late(10, 1)]),
        ("/after", &[late(10, 2)]),
        ("/slow", &[late(60_000, 3)]),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_a_time_holds_no_task_and_goes_on_when_it_is_time() {
    let (api, memory) = (api(), Memory::new());
    let engine = engine(&memory);
    let begun = Instant::now();
    let run = engine.start_with(&flow(&api, PATIENT), json!({}), named("r")).unwrap();
    engine.until_idle().await;
    assert_eq!((engine.driven(), engine.waiting()), (0, 1));
    assert!(matches!(memory.info("r").unwrap().phase, RunPhase::Waiting { until: Some(_), .. }));

    let report = run.await.unwrap();
    assert_eq!(told(&report), "completed: before ok, pause ok, after ok");
    // Each drive reads the wall clock for itself.
    let elapsed = step(&report, "pause").elapsed_ms;
    assert!((elapsed - 3_600_000.0).abs() < 500.0, "{elapsed} ms");
    assert!(begun.elapsed().abs_diff(ms(3_600_000)) < ms(500), "{:?}", begun.elapsed());
    assert_eq!(engine.waiting(), 0);
    // Whoever asks later reads it in the journal.
    assert_eq!(told(&engine.outcome("r").await.unwrap()), told(&report));
}

#[tokio::test(start_paused = true)]
async fn a_signal_wakes_a_run_and_one_that_comes_too_early_is_kept() {
    let (api, memory) = (api(), Memory::new());
    let engine = engine(&memory);
    let text = "mode: pipeline\nendpoints:\n- { name: pause, delay: 100 }\n\
                - { name: approval, signal: approved }\n";
    let run = engine.start_with(&flow(&api, text), json!({}), named("r")).unwrap();
    engine.until_idle().await;
    engine.signal("r", "approved", json!({"by": "Ada"})).unwrap();
    let report = run.await.unwrap();
    assert_eq!(told(&report), "completed: pause ok, approval ok");
    assert_eq!(step(&report, "approval").output["by"], "Ada");

    let unknown = engine.start_with(&flow(&api, APPROVED), json!({}), named("s")).unwrap();
    let error = unknown.signal("aproved", json!(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no step of `test` waits for a signal `aproved` (did you mean `approved`?)"
    );
    let error = engine.signal("r", "approved", json!(1)).unwrap_err();
    assert_eq!(error.to_string(), "run `r` is over (completed)");
}

#[tokio::test(start_paused = true)]
async fn a_signal_posted_by_others_wakes_a_run() {
    let (api, memory) = (api(), Memory::new());
    let (ours, others) = (engine(&memory), engine(&memory));
    let flow = flow(&api, APPROVED);
    let run = ours.start_with(&flow, json!({}), named("r")).unwrap();
    ours.until_idle().await;
    others.register(&flow);
    others.signal("r", "approved", json!(1)).unwrap();
    assert_eq!(told(&others.outcome("r").await.unwrap()), "completed: approval ok, pay ok");
    assert_eq!(told(&run.await.unwrap()), "completed: approval ok, pay ok");
    assert_eq!(api.sent("/pay"), 1);
}

#[tokio::test(start_paused = true)]
async fn who_cancels_ends_a_run_that_waits_one_that_calls_and_one_that_nobody_drives() {
    let (api, memory) = (api(), Memory::new());
    let waits = flow(&api, APPROVED);
    let slow = "mode: parallel\nendpoints: [{ name: slow, url: 'http://api.test/slow' }]\n";
    let slow = flow(&api, slow);
    let first = engine(&memory);
    first.start_with(&waits, json!({}), named("waits")).unwrap();
    first.start_with(&slow, json!({}), named("calls")).unwrap();
    tokio::time::sleep(ms(3_000)).await;
    first.cancel("waits").unwrap();
    first.cancel("calls").unwrap();
    for id in ["waits", "calls"] {
        assert_eq!(first.outcome(id).await.unwrap().outcome, RunOutcome::Cancelled);
    }
    assert!(matches!(first.cancel("calls"), Err(EngineError::Journal(JournalError::Over { .. }))));

    first.start_with(&slow, json!({}), named("left")).unwrap();
    tokio::time::sleep(ms(3_000)).await;
    first.shutdown().await.unwrap();
    let sent = api.log().len();
    let second = engine(&memory);
    second.register(&slow);
    second.cancel("left").unwrap();
    assert_eq!(told(&second.outcome("left").await.unwrap()), "cancelled: slow cancelled");
    assert_eq!(api.log().len(), sent, "nothing is sent for a run that is to end");
    assert!(second.failures().is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_another_engine_goes_on_with_everything() {
    let (api, memory) = (api(), Memory::new());
    let flows = [APPROVED, PATIENT].map(|text| format!("fsm: 1\nname: test\n{text}"));
    let first = engine(&memory);
    for (number, text) in flows.iter().enumerate() {
        let services = Services::new().with_transport(api.clone());
        let flow = Flow::from_text("flow.yaml", text, services).unwrap();
        first.start_with(&flow, json!({}), named(&format!("r{number}"))).unwrap();
    }
    first.until_idle().await;
    first.shutdown().await.unwrap();
    assert!(matches!(first.resume("r0"), Err(EngineError::ShutDown)));

    // It has no file, and makes the flows from the journal.
    let services = Services::new().with_transport(api.clone());
    let options = EngineOptions::new().services(services);
    let second = Engine::with_options(Arc::new(memory.clone()), options);
    let ids = second.resume_all(&RunFilter::all()).unwrap();
    assert_eq!(ids, ["r0", "r1"]);
    second.until_idle().await;
    assert_eq!(second.waiting(), 2);
    second.signal("r0", "approved", json!(1)).unwrap();
    second.until_over().await;
    for id in ids {
        assert_eq!(second.outcome(&id).await.unwrap().outcome, RunOutcome::Completed);
    }
    assert_eq!((api.sent("/before"), api.sent("/after"), api.sent("/pay")), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_dropped_leaves_its_runs_as_a_crash_would() {
    let (api, memory) = (api(), Memory::new());
    let flow = flow(&api, PATIENT);
    let first = engine(&memory);
    first.start_with(&flow, json!({}), named("r")).unwrap();
    tokio::time::sleep(ms(5)).await;
    assert_eq!(api.under_way(), 1);
    drop(first);
    tokio::time::sleep(ms(5)).await;
    assert_eq!(api.under_way(), 0);

    let second = engine(&memory);
    second.register(&flow);
    let report = second.resume("r").unwrap().await.unwrap();
    assert_eq!(told(&report), "completed: before ok, pause ok, after ok");
    assert_eq!(step(&report, "before").attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_came_while_nobody_drove_wakes_a_run_that_is_adopted() {
    let (api, memory) = (api(), Memory::new());
    let flow = flow(&api, APPROVED);
    let first = engine(&memory);
    first.start_with(&flow, json!({}), named("r")).unwrap();
    first.until_idle().await;
    first.shutdown().await.unwrap();
    let second = engine(&memory);
    second.register(&flow);
    second.signal("r", "approved", json!(1)).unwrap();
    second.resume_all(&RunFilter::all()).unwrap();
    assert_eq!(told(&second.outcome("r").await.unwrap()), "completed: approval ok, pay ok");
}

#[tokio::test(start_paused = true)]
async fn no_more_runs_are_driven_at_once_than_there_may_be() {
    let (api, memory) = (api(), Memory::new());
    let two = NonZeroUsize::new(2).unwrap();
    let options = EngineOptions::new().max_driven(two);
    let engine = Engine::with_options(Arc::new(memory), options);
    let text = "mode: parallel\nendpoints: [{ name: before, url: 'http://api.test/before' }]\n";
    let flow = flow(&api, text);
    let runs: Vec<_> = (0..7).map(|_| engine.start(&flow, json!({})).unwrap()).collect();
    assert_eq!(engine.driven(), 7);
    for run in runs {
        assert_eq!(run.await.unwrap().outcome, RunOutcome::Completed);
    }
    assert_eq!(api.most(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_completed_run_with_the_key_is_returned_one_under_way_is_joined_and_a_failed_one_is_not()
{
    let (api, memory) = (api(), Memory::new());
    let engine = engine(&memory);
    let pay = "mode: parallel\nendpoints:\n\
               - { name: pay, url: 'http://api.test/pay', method: POST }\n";
    let flow = flow(&api, pay);
    let keyed = |id: &str| StartOptions::new().id(id).key("order-7");
    let first = engine.start_with(&flow, json!({}), keyed("one")).unwrap();
    let joined = engine.start_with(&flow, json!({}), keyed("two")).unwrap();
    assert_eq!(joined.id(), "one");
    let (first, joined) = (first.await.unwrap(), joined.await.unwrap());
    assert_eq!(first, joined);

    let again = engine.start_with(&flow, json!({}), keyed("three")).unwrap();
    assert!(again.is_found());
    assert_eq!(told(&again.await.unwrap()), told(&first));
    assert_eq!(api.sent("/pay"), 1);

    let forced = engine.start_with(&flow, json!({}), keyed("four").force()).unwrap();
    let refused = engine.start_with(&flow, json!({}), keyed("five").force()).unwrap_err();
    assert_eq!(refused.to_string(), "run `four` of `test` has the key `order-7`");
    engine.cancel("four").unwrap();
    assert_eq!(forced.await.unwrap().outcome, RunOutcome::Cancelled);
    assert_eq!(memory.info("one").unwrap().key, None);
    let anew = engine.start_with(&flow, json!({}), keyed("six")).unwrap();
    assert_eq!(anew.await.unwrap().run, "six");
}

#[tokio::test(start_paused = true)]
async fn a_run_with_the_key_that_nobody_drives_is_resumed() {
    let (api, memory) = (api(), Memory::new());
    let flow = flow(&api, PATIENT);
    let keyed = || StartOptions::new().key("today");
    let first = engine(&memory);
    let id = first.start_with(&flow, json!({}), keyed()).unwrap().id().to_owned();
    first.until_idle().await;
    first.shutdown().await.unwrap();
    let second = engine(&memory);
    let joined = second.start_with(&flow, json!({}), keyed()).unwrap();
    assert_eq!(joined.id(), id);
    assert_eq!(joined.await.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(api.sent("/before"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_flow_that_has_changed_is_refused_with_the_difference() {
    let (api, memory) = (api(), Memory::new());
    let first = engine(&memory);
    let (old, new) = (flow(&api, PATIENT), flow(&api, APPROVED));
    first.start_with(&old, json!({}), named("rust")).unwrap();
    let text = format!("fsm: 1\nname: test\n{PATIENT}");
    let loaded = file::load("flow.yaml", &text).unwrap();
    let with_text = Flow::with_transport(loaded.spec, api.clone()).unwrap().with_definition(text);
    first.start_with(&with_text, json!({}), named("file")).unwrap();
    first.until_idle().await;
    first.shutdown().await.unwrap();

    // Its text is in the journal, so it goes on as it began.
    let error = new.resume(Arc::new(memory.clone()), "file").unwrap_err();
    insta::assert_snapshot!(error);
    let second = engine(&memory);
    second.register(&new);
    assert!(second.resume("file").is_ok());
    let error = second.resume("rust").unwrap_err().to_string();
    assert!(error.starts_with(
        "run `rust` can't go on, because the flow `test` has changed since:\n\
         the journal does not say how it was"
    ));
    assert_eq!(memory.info("rust").unwrap().driver, None, "its lease was given back");
    let third = engine(&memory);
    let error = third.resume("rust").unwrap_err().to_string();
    assert_eq!(
        error,
        "run `rust` follows a flow `test` that is not in the journal: register it with the engine first"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_follows_a_change_that_it_can_follow() {
    let (api, memory) = (api(), Memory::new());
    let services = || Services::new().with_transport(api.clone());
    let text = format!("fsm: 1\nname: test\n{PATIENT}");
    let old = Flow::from_text("flow.yaml", &text, services()).unwrap();
    let longer = format!("{text}- {{ name: more, url: 'http://api.test/pay' }}\n");
    let new = Flow::from_text("flow.yaml", &longer, services()).unwrap();
    let first = engine(&memory);
    first.start_with(&old, json!({}), named("r")).unwrap();
    first.until_idle().await;
    first.shutdown().await.unwrap();

    let second = engine(&memory);
    let run = second.resume_as(&new, "r", &Migration::new()).unwrap();
    assert_eq!(told(&run.await.unwrap()), "completed: before ok, pause ok, after ok, more ok");
    assert_eq!(api.sent("/before"), 1);
    assert_eq!(memory.read("r").unwrap().epochs.len(), 2);
    assert_eq!(memory.info("r").unwrap().fingerprint, new.graph().fingerprint());
}
