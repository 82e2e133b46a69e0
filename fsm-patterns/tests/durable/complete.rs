//! Runs that are complete already: by a key, or by the file that their result was written to.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fsm_core::journal::{Journal, MemoryJournal, RunFilter};
use fsm_patterns::{
    Endpoint, Engine, Flow, Orchestration, RunError, RunOutcome, StartOptions, file,
};
use serde_json::{Value, json};

use crate::world::{Api, late, told};

fn api() -> Arc<Api> {
    Api::new(&[("/sum", &[late(10, 7)]), ("/broken", &[fsm_http::Reply::status(404)])])
}

/// A flow whose target is in `folder`.
fn flow(api: &Arc<Api>, folder: &Path, path: &str) -> Flow {
    let target = format!("{}/{{$inputs.date}}/sum.json", folder.display());
    Orchestration::sequential("sums")
        .endpoint(Endpoint::get("sum", format!("http://api.test/{path}")))
        .run_key("sums of {$inputs.date}")
        .target(target)
        .build_with(api.clone())
        .unwrap()
}

fn on(date: &str) -> Value {
    json!({ "date": date })
}

#[tokio::test]
async fn a_completed_run_writes_its_target_and_later_ones_return_it_without_a_call() {
    let (api, folder) = (api(), tempfile::tempdir().unwrap());
    let flow = flow(&api, folder.path(), "sum");
    let report = flow.execute(on("monday")).await.unwrap();
    assert_eq!(report.outcome, RunOutcome::Completed);
    let path = folder.path().join("monday/sum.json");
    let written: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(written, serde_json::to_value(&report).unwrap());
    let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "no part of a file is left behind");

    let run = flow.run(on("monday")).unwrap();
    assert_eq!(run.found().unwrap().run, report.run);
    assert_eq!(run.await, report);
    assert_eq!(api.sent("/sum"), 1);

    let anew = flow.run_anew(on("monday")).unwrap().id("anew").await;
    assert_eq!(anew.outcome, RunOutcome::Completed);
    assert_eq!(flow.execute(on("monday")).await.unwrap().run, "anew");
    flow.execute(on("tuesday")).await.unwrap();
    assert_eq!(api.sent("/sum"), 3);
}

#[tokio::test]
async fn a_run_that_does_not_complete_writes_no_target() {
    let (api, folder) = (api(), tempfile::tempdir().unwrap());
    let flow = flow(&api, folder.path(), "broken");
    assert_eq!(told(&flow.execute(on("monday")).await.unwrap()), "failed: sum failed (status)");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_that_is_no_result_of_the_flow_is_never_overwritten_unless_forced() {
    let (api, folder) = (api(), tempfile::tempdir().unwrap());
    let flow = flow(&api, folder.path(), "sum");
    let path = folder.path().join("monday/sum.json");
    fs::create_dir(path.parent().unwrap()).unwrap();
    for (bytes, why) in [("dear diary", "expected value"), ("{}", "missing field `run`")] {
        fs::write(&path, bytes).unwrap();
        let error = flow.run(on("monday")).unwrap_err().to_string();
        assert!(error.contains("is no result of `sums`") && error.contains(why), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), bytes);
    }
    let engine = Engine::new(Arc::new(MemoryJournal::new()));
    assert!(engine.start(&flow, on("monday")).is_err());
    let forced = engine.start_with(&flow, on("monday"), StartOptions::new().force()).unwrap();
    let report = forced.await.unwrap();
    assert_eq!(flow.execute(on("monday")).await.unwrap(), report);
    assert_eq!(api.sent("/sum"), 1);
}

#[tokio::test]
async fn a_target_that_can_not_be_written_fails_the_run_and_with_a_journal_it_can_be_tried_again() {
    let (api, folder) = (api(), tempfile::tempdir().unwrap());
    let flow = flow(&api, folder.path(), "sum");
    // A file where a folder must be.
    fs::write(folder.path().join("monday"), "").unwrap();
    let run = flow.run_anew(on("monday")).unwrap();
    let report = run.await;
    assert_eq!(report.outcome, RunOutcome::Failed);
    let message = report.error.unwrap().message;
    assert!(message.contains("monday/sum.json can't be written"), "{message}");

    let journal = MemoryJournal::new();
    let run = flow.run_anew(on("monday")).unwrap().id("r").journal(Arc::new(journal.clone()));
    let fault = run.await.unwrap_err().to_string();
    assert!(fault.starts_with("run `r` completed, but the target"), "{fault}");
    assert!(!journal.info("r").unwrap().phase.is_over());
    fs::remove_file(folder.path().join("monday")).unwrap();
    let report = flow.resume(Arc::new(journal.clone()), "r").unwrap().await.unwrap();
    assert_eq!(report.outcome, RunOutcome::Completed);
    assert!(journal.info("r").unwrap().phase.is_completed());
    assert_eq!(flow.execute(on("monday")).await.unwrap(), report);
    assert_eq!(api.sent("/sum"), 2, "the call of the run that was resumed is not made again");
}

#[tokio::test]
async fn a_target_never_leads_where_its_template_does_not() {
    let (api, folder) = (api(), tempfile::tempdir().unwrap());
    let flow = flow(&api, folder.path(), "sum");
    let refused = |input: Value| flow.run(input).unwrap_err().to_string();
    assert!(refused(on("../../etc")).ends_with("leads out of its folder"));
    assert!(refused(json!({})).contains("`run_key` gives nothing that can be used"));
    assert!(matches!(flow.run(on("..")), Err(RunError::Target(_))));
}

#[tokio::test(start_paused = true)]
async fn the_key_that_the_flow_tells_makes_runs_the_same() {
    let api = api();
    let flow = Orchestration::sequential("sums")
        .endpoint(Endpoint::get("sum", "http://api.test/sum"))
        .run_key("$inputs.number")
        .build_with(api.clone())
        .unwrap();
    let journal = MemoryJournal::new();
    let engine = Engine::new(Arc::new(journal.clone()));
    for _ in 0..3 {
        let report = engine.start(&flow, json!({"number": 7})).unwrap().await.unwrap();
        assert_eq!(report.outcome, RunOutcome::Completed);
    }
    engine.start(&flow, json!({"number": 8})).unwrap().await.unwrap();
    assert_eq!(api.sent("/sum"), 2);
    let keys: Vec<_> = journal.list(&RunFilter::all()).unwrap();
    let keys: Vec<_> = keys.into_iter().filter_map(|info| info.key).collect();
    assert_eq!(keys, ["8", "7"]);
}

#[test]
fn keys_and_targets_know_the_input_alone_and_are_texts() {
    let text = "fsm: 1\nname: sums\nmode: sequential\ninputs: { properties: { date: {} } }\n\
                run_key: \"{$steps.sum.output}-{$inputs.day}\"\ntarget: [out]\n\
                endpoints: [{ name: sum, url: 'http://api.test/sum' }]\n";
    let report = file::load("sums.yaml", text).unwrap_err();
    insta::assert_snapshot!(report);
}
