//! `fsm resume`: all that is left, ids, and flows that changed.
#![cfg(unix)]

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::command::{Api, Ended, file, fsm, run, spawn};
use crate::survival::{journal, refund, wait_for_status};

fn begin(flow: &str, journal: &str, id: &str) {
    let begun = run(["run", flow, "--journal", journal, "--run-id", id, "--no-wait", "--quiet"]);
    assert_eq!((begun.code, begun.stderr.as_str()), (Some(1), ""), "{begun:?}");
}

#[test]
fn all_go_on_and_each_result_is_one_line() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    for id in ["r-1", "r-2", "r-3"] {
        begin(&flow, &journal, id);
    }
    for id in ["r-1", "r-3"] {
        assert_eq!(run(["signal", id, "approved", "-q", "--journal", &journal]).stderr, "");
    }
    let resumed = run(["resume", "--all", "--no-wait", "--journal", &journal]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let results: Vec<Value> =
        resumed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut ids: Vec<&str> = results.iter().map(|it| it["run"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["r-1", "r-3"]);
    assert!(results.iter().all(|result| result["outcome"] == "completed"), "{results:?}");
    let left = format!("1 run only waits: `fsm runs --status waiting --journal {journal}`\n");
    assert_eq!(resumed.stderr, left);
    assert_eq!(run(["resume", "--all", "--no-wait", "--journal", &journal]).stdout, "");
}

#[test]
fn a_signal_leaves_all_runs_to_be_resumed() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    begin(&flow, &journal, "r-1");
    let child = spawn(&mut fsm(["resume", "--all", "--journal", &journal]));
    while run(["runs", "--journal", &journal]).stdout.split('\t').nth(7) == Some("-") {
        std::thread::sleep(Duration::from_millis(20));
    }
    // As long as it drives the run, nobody else can.
    let refused = run(["resume", "r-1", "--no-wait", "--journal", &journal]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("run `r-1` is driven by process "), "{}", refused.stderr);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    let ended = Ended::of(child.wait_with_output().unwrap());
    let left =
        format!("1 run stays as it is: `fsm resume --all --journal {journal}` goes on with it\n");
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr), (Some(1), "", left));
    wait_for_status(&journal, "r-1", "waiting");
    assert_eq!(run(["signal", "r-1", "approved", "--journal", &journal]).code, Some(0));
    assert_eq!(run(["resume", "--all", "--journal", &journal]).code, Some(0));
}

#[test]
fn an_id_may_be_cut_short_as_long_as_it_is_one() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    for id in ["refund-17", "refund-18", "other"] {
        begin(&flow, &journal, id);
    }
    let shown = run(["runs", "oth", "--journal", &journal]);
    assert!(shown.stdout.starts_with("run     other\n"), "{shown:?}");
    let ambiguous = run(["resume", "refund", "--journal", &journal]);
    assert_eq!(ambiguous.code, Some(2));
    assert_eq!(
        ambiguous.stderr,
        "error: 2 runs have an id that begins with `refund`:\n  refund-18\n  refund-17\nhint: give more of the id\n"
    );
    let unknown = run(["cancel", "refund-27", "--journal", &journal]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("; did you mean `refund-17`?"), "{}", unknown.stderr);
}

#[test]
fn a_run_goes_on_along_a_changed_flow_where_its_user_says_what_became_of_what() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    begin(&flow, &journal, "r-1");
    let text = fs::read_to_string(&flow).unwrap();
    let changed = file("changed.yaml", text.replace("name: approval", "name: review"));
    let along = ["resume", "r-1", "--journal", &journal, "--no-wait", "--flow", &changed];

    let refused = run(along);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{refused:?}");
    assert!(
        refused.stderr.contains("because the flow `refund` has changed since"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("--rename OLD=NEW"), "{}", refused.stderr);

    let carried = run(along.iter().copied().chain(["--rename", "approval=review"]));
    assert_eq!(carried.code, Some(1), "{carried:?}");
    assert_eq!(carried.json()["steps"]["review"]["status"], "waiting");
    assert_eq!(carried.json()["steps"]["order"]["status"], "ok");
    // From now on it follows the changed flow, whose file is not needed any more.
    fs::remove_file(&changed).unwrap();
    assert_eq!(run(["signal", "r-1", "approved", "-q", "--journal", &journal]).code, Some(0));
    let ended = run(["resume", "r-1", "--journal", &journal]);
    assert_eq!((ended.code, &ended.json()["steps"]["review"]["status"]), (Some(0), &"ok".into()));
    assert_eq!(api.requests(), 2);
    let history = run(["replay", "r-1", "--journal", &journal]);
    assert!(history.stdout.contains("order -> approval"), "{}", history.stdout);
    assert!(history.stdout.contains("review -> pay"), "{}", history.stdout);
    // Its time goes on, and so do the numbers of its records.
    let told = run(["replay", "r-1", "--json", "--journal", &journal]).json();
    let steps = told["history"].as_array().unwrap();
    let since = |step: &Value| step["at"].as_u64().unwrap() - steps[0]["at"].as_u64().unwrap();
    assert!(steps.iter().all(|step| step["since_us"] == since(step)), "{told}");
    let paid = run(["replay", "r-1", "--to", "pay", "--json", "--journal", &journal]).json();
    assert_eq!(paid["step"]["since_us"], since(&paid["step"]));
    let missing = run(["replay", "r-1", "--to", "99", "--journal", &journal]);
    let range = format!("there is no record 99: the run has 1 to {}\n", steps.len());
    assert!(missing.stderr.contains(&range), "{}", missing.stderr);
}

#[test]
fn a_signal_that_the_flow_does_not_know_is_refused_with_what_it_knows() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    begin(&flow, &journal, "r-1");
    let refused = run(["signal", "r-1", "paid", "--journal", &journal]);
    let why = "error: no step of `refund` waits for a signal `paid` (it waits for `approved`)\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (Some(2), why));
    let broken = run(["signal", "r-1", "approved", "{by: Ada}", "--journal", &journal]);
    assert_eq!(broken.code, Some(2));
    assert!(broken.stderr.contains("is not valid JSON"), "{}", broken.stderr);
}
