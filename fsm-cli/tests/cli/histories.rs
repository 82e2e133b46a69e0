//! `fsm runs` and `fsm replay`: runs listed, shown, travelled through, and rehearsed.
#![cfg(unix)]

use std::fs;

use serde_json::{Value, json};

use crate::command::{Api, Ended, file, run};
use crate::survival::journal;

/// A journal with a run that completed and one that failed.
fn runs() -> (Api, String, String) {
    let api = Api::start();
    let good = api.flow("mode: sequential", &["/users/7", "/flaky/1"]);
    let bad = api.flow("mode: pipeline", &["/users/7", "/status/404", "/users/8"]);
    let journal = journal(&good);
    let keyed = ["run", &good, "--journal", &journal, "--run-id", "good-1", "--run-key", "k"];
    assert_eq!(run(keyed).code, Some(0));
    assert_eq!(run(["run", &bad, "--journal", &journal, "--run-id", "bad-1"]).code, Some(1));
    (api, good, journal)
}

fn array(ended: &Ended) -> Vec<Value> {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[test]
fn runs_are_listed_for_scripts_and_as_json() {
    let (_api, _, journal) = runs();
    let list = |more: &[&str]| run(["runs", "--journal", &journal].iter().chain(more).copied());
    let lines = list(&[]);
    let columns: Vec<Vec<&str>> =
        lines.stdout.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(columns.len(), 2, "{lines:?}");
    assert_eq!(columns[0][..3], ["bad-1", "test", "failed"]);
    assert_eq!(columns[1][..3], ["good-1", "test", "completed"]);
    assert_eq!(columns[1][5..], ["-", "-", "-", "k"]);

    let listed = array(&list(&["--json"]));
    assert_eq!((&listed[0]["run"], &listed[0]["status"]), (&json!("bad-1"), &json!("failed")));
    assert_eq!(listed[1]["key"], "k");

    let ids = |more: &[&str]| -> Vec<String> {
        let ended = list(more);
        let first = |line: &str| line.split('\t').next().unwrap().to_owned();
        ended.stdout.lines().map(first).collect()
    };
    assert_eq!(ids(&["--status", "failed"]), ["bad-1"]);
    assert_eq!(ids(&["--status", "failed", "--status", "completed"]), ["bad-1", "good-1"]);
    assert_eq!(ids(&["--key", "k"]), ["good-1"]);
    assert_eq!(ids(&["--limit", "1"]), ["bad-1"]);
    assert_eq!(ids(&["--since", "1h"]), ["bad-1", "good-1"]);
    assert_eq!(ids(&["--since", "2999-01-01"]), [""; 0]);
    assert_eq!(ids(&["--flow", "other"]), [""; 0]);
    assert_eq!(ids(&["--status", "interrupted"]), [""; 0]);
    assert_eq!(list(&["--status", "done"]).code, Some(2));
}

#[test]
fn one_run_is_shown_with_its_steps_and_what_happened() {
    let (_api, _, journal) = runs();
    let shown = run(["runs", "bad", "--journal", &journal]);
    assert_eq!(shown.code, Some(0));
    for part in [
        "run     bad-1\nflow    test\nstatus  failed\n",
        "\nsteps\n  a  ok       1 attempt",
        "404: ",
        "  c  skipped",
        "\nhistory\n  1 0.000s the run begins: ",
        "`b` failed",
    ] {
        let text = shown.stdout.replace("404, ", "404: ");
        assert!(text.contains(part), "{part:?}\n{}", shown.stdout);
    }
    let told = run(["runs", "good-1", "--json", "--journal", &journal]).json();
    assert_eq!(told["report"]["steps"]["b"]["attempts"], 2);
    assert_eq!(told["history"].as_array().unwrap().len() as u64, told["records"].as_u64().unwrap());
}

#[test]
fn the_way_that_a_run_took_is_drawn() {
    let (_api, good, journal) = runs();
    for name in ["way.dot", "way.svg", "way.mmd"] {
        let path = good.replace("flow.yaml", name);
        let drawn = run(["runs", "bad-1", "--draw", &path, "--journal", &journal]);
        assert_eq!(drawn.code, Some(0), "{drawn:?}");
        let text = fs::read_to_string(&path).unwrap();
        let (start, mark) = match name {
            "way.dot" => ("digraph", r"failed"),
            "way.svg" => ("<svg", "failed"),
            _ => ("stateDiagram", "classDef failed"),
        };
        assert!(text.contains(start) && text.contains(mark), "{name}\n{text}");
    }
}

#[test]
fn a_run_is_travelled_through() {
    let (api, _, journal) = runs();
    let sent = api.requests();
    let at =
        |moment: &str| run(["replay", "bad-1", "--to", moment, "--json", "--journal", &journal]);
    let then = at("a").json();
    assert_eq!(then["report"]["outcome"], "waiting");
    assert_eq!(then["report"]["steps"]["a"]["status"], "ok");
    assert_eq!(then["report"]["steps"]["b"]["status"], "running");
    assert_eq!(at("0").json()["step"], Value::Null);
    assert_eq!(at("b").json()["report"]["steps"]["b"]["status"], "failed");
    let unknown = at("d");
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.starts_with("error: there is no state `d`"), "{}", unknown.stderr);
    let never = at("before:c");
    assert_eq!(never.code, Some(2));
    assert!(never.stderr.contains("run `bad-1` never came to `before:c`"), "{}", never.stderr);
    assert_eq!(at("999").code, Some(2));
    assert_eq!(api.requests(), sent);
}

#[test]
fn a_run_is_rehearsed_with_its_own_answers() {
    let (api, good, journal) = runs();
    let sent = api.requests();
    let answers = good.replace("flow.yaml", "answers.json");
    let kept = run(["replay", "good-1", "--save-answers", &answers, "--journal", &journal]);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&answers).unwrap());
        assert_eq!(mode & 0o777, 0o600, "they are as confidential as the journal");
    }
    let again = run(["replay", "--answers", &answers, &good]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
    let result = run(["resume", "good-1", "--journal", &journal]).json();
    assert_eq!(again.json()["output"], result["output"]);

    let text = fs::read_to_string(&good).unwrap().replace("name: b", "name: c");
    let changed = run(["replay", "--answers", &answers, &file("changed.yaml", text)]);
    assert_eq!(changed.code, Some(1));
    assert!(changed.stderr.contains("no answer is recorded for attempt 1 of `c`"), "{changed:?}");
    assert_eq!(api.requests(), sent);
    assert_eq!(run(["replay", "--answers", &good, &good]).code, Some(2));
}
