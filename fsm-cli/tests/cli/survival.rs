//! Runs over a journal: they survive their process, and others reach them meanwhile.
#![cfg(unix)]

use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::command::{Api, Ended, file, fsm, run, spawn};

/// A folder for the journal, beside the flow's file.
pub(crate) fn journal(flow: &str) -> String {
    let path = PathBuf::from(flow).with_file_name("journal");
    path.into_os_string().into_string().expect("the path is UTF-8")
}

/// A flow of one call, a wait for the signal `approved`, and another call.
pub(crate) fn refund(api: &Api) -> String {
    let url = api.url();
    file(
        "refund.yaml",
        format!(
            "fsm: 1\nname: refund\nmode: pipeline\nendpoints:\n  - {{ name: order, url: '{url}/users/7' }}\n  \
             - {{ name: approval, signal: approved }}\n  - {{ name: pay, url: '{url}/users/8' }}\n"
        ),
    )
}

/// Waits until the journal says that a run stands so.
pub(crate) fn wait_for_status(journal: &str, id: &str, status: &str) {
    let began = Instant::now();
    loop {
        let listed = run(["runs", "--journal", journal]);
        let stands = listed.stdout.lines().any(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            (columns[0], columns[2]) == (id, status)
        });
        if stands {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{id} is not {status}: {listed:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ended(child: Child) -> Ended {
    Ended::of(child.wait_with_output().expect("the binary ends"))
}

#[test]
fn a_killed_run_goes_on_and_does_nothing_twice_that_was_completed() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7", "/slow/1000", "/users/8"]);
    let journal = journal(&flow);
    let mut child = spawn(&mut fsm(["run", &flow, "--journal", &journal, "--run-id", "run-1"]));
    api.wait_for_requests(2);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for_status(&journal, "run-1", "interrupted");

    let resumed = run(["resume", "run-1", "--journal", &journal]);
    assert_eq!((resumed.code, resumed.stderr.as_str()), (Some(0), ""));
    let result = resumed.json();
    assert_eq!(result["outcome"], "completed");
    assert_eq!(result["steps"]["a"]["attempts"], 1);
    assert_eq!(result["steps"]["b"]["attempts"], 2, "the one that was cut is counted");
    // `a` once, `b` again because it is a GET, `c`.
    assert_eq!(api.requests(), 4);
    // Once more, it only shows what there is.
    assert_eq!(run(["resume", "run-1", "--journal", &journal]).json(), result);
    assert_eq!(api.requests(), 4);
}

#[test]
fn what_stops_a_service_leaves_its_run_to_be_resumed() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    let child = spawn(&mut fsm(["run", &flow, "--journal", &journal, "--run-id", "r-1"]));
    wait_for_status(&journal, "r-1", "waiting");
    crate::interrupts::send("-TERM", &child);
    let left = ended(child);
    assert_eq!((left.code, left.stdout.as_str()), (Some(143), ""));
    let told =
        format!("run r-1 is left as it is: `fsm resume r-1 --journal {journal}` goes on with it");
    assert!(left.stderr.contains(&told), "{}", left.stderr);
    run(["signal", "r-1", "approved", "--journal", &journal]);
    let resumed = run(["resume", "r-1", "--journal", &journal]);
    assert_eq!(resumed.json()["outcome"], "completed", "{resumed:?}");
}

#[test]
fn a_call_that_must_not_be_made_twice_ends_as_unknown() {
    let api = Api::start();
    let url = api.url();
    let flow = file(
        "flow.yaml",
        format!(
            "fsm: 1\nname: test\nmode: sequential\nendpoints:\n  - {{ name: pay, method: POST, url: '{url}/slow/1000' }}\n"
        ),
    );
    let journal = journal(&flow);
    let mut child = spawn(&mut fsm(["run", &flow, "--journal", &journal, "--run-id", "run-1"]));
    api.wait_for_requests(1);
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = run(["resume", "run-1", "--journal", &journal]);
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    assert_eq!(resumed.json()["error"]["kind"], "unknown_outcome");
    assert_eq!(api.requests(), 1);
}

#[test]
fn a_run_hears_signals_of_other_processes() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    let child = spawn(&mut fsm(["run", &flow, "--journal", &journal, "--run-id", "r-1"]));
    wait_for_status(&journal, "r-1", "waiting");
    let sent = run(["signal", "r-1", "approved", r#"{"by": "Ada"}"#, "--journal", &journal]);
    assert_eq!((sent.code, sent.stdout.as_str(), sent.stderr.as_str()), (Some(0), "", ""));
    let ended = ended(child);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["steps"]["approval"]["output"], json!({"by": "Ada"}));
}

#[test]
fn a_run_is_cancelled_by_another_process() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    let child = spawn(&mut fsm(["run", &flow, "--journal", &journal, "--run-id", "r-1"]));
    wait_for_status(&journal, "r-1", "waiting");
    let cancelled = run(["cancel", "r-1", "--journal", &journal]);
    assert_eq!((cancelled.code, cancelled.stderr.as_str()), (Some(0), ""));
    let ended = ended(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), "run r-1 was cancelled\n"));
    assert_eq!(ended.json(), cancelled.json());
    assert_eq!(ended.json()["outcome"], "cancelled");
}

#[test]
fn a_run_that_nobody_drives_is_cancelled_without_a_call() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    let waiting = run(["run", &flow, "--journal", &journal, "--run-id", "r-1", "--no-wait"]);
    assert_eq!(waiting.code, Some(1), "{waiting:?}");
    let cancelled = run(["cancel", "r-1", "--journal", &journal]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    assert_eq!(cancelled.json()["steps"]["pay"]["status"], "cancelled");
    assert_eq!(api.requests(), 1);
    let again = run(["cancel", "r-1", "--journal", &journal]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("run `r-1` is over (cancelled)"), "{}", again.stderr);
}

#[test]
fn no_wait_comes_back_and_says_how_to_go_on() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    let begun = run(["run", &flow, "--journal", &journal, "--run-id", "r-1", "--no-wait"]);
    assert_eq!(begun.code, Some(1));
    let result = begun.json();
    assert_eq!((&result["outcome"], &result["output"]), (&json!("waiting"), &Value::Null));
    assert_eq!(
        begun.stderr,
        format!(
            "run r-1 is not over: it waits for the signal `approved`; \
             `fsm resume r-1 --journal {journal}` goes on\n"
        )
    );
    let sent = run(["signal", "r-1", "approved", "--journal", &journal]);
    let hint =
        format!("nobody drives run r-1: `fsm resume r-1 --journal {journal}` goes on with it\n");
    assert_eq!((sent.code, sent.stderr), (Some(0), hint));
    let resumed = run(["resume", "r-1", "--journal", &journal, "--no-wait"]);
    assert_eq!((resumed.code, resumed.json()["outcome"].as_str()), (Some(0), Some("completed")));
}

#[test]
fn a_flow_that_only_a_signal_can_move_is_refused_without_a_journal() {
    let api = Api::start();
    let flow = refund(&api);
    let ended = run(["run", &flow]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("nobody could send it; nothing was sent"), "{}", ended.stderr);
    assert!(
        ended.stderr.ends_with("hint: give it a journal: `--journal DIR`\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(run(["run", &flow, "--no-wait"]).code, Some(2));
    assert_eq!(api.requests(), 0);
}

#[test]
fn a_run_key_returns_the_result_that_is_there() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let journal = journal(&flow);
    let keyed = ["run", &flow, "--journal", &journal, "--run-key", "k"];
    let first = run(keyed).json();
    let second = run(keyed);
    assert_eq!((second.code, second.json()), (Some(0), first.clone()));
    let id = first["run"].as_str().unwrap();
    assert_eq!(second.stderr, format!("nothing was sent: this is the result of run {id}\n"));
    assert_eq!(api.requests(), 1);
    let forced = run(keyed.iter().copied().chain(["--force"]));
    assert_ne!(forced.json()["run"], first["run"]);
    assert_eq!(api.requests(), 2);
}

#[test]
fn a_run_whose_key_is_under_way_is_joined() {
    let api = Api::start();
    let flow = refund(&api);
    let journal = journal(&flow);
    let keyed = ["run", &flow, "--journal", &journal, "--run-key", "k"];
    let first = spawn(&mut fsm(keyed.iter().copied().chain(["--run-id", "r-1"])));
    wait_for_status(&journal, "r-1", "waiting");
    let second = spawn(&mut fsm(keyed));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(run(["signal", "r-1", "approved", "--journal", &journal]).code, Some(0));
    let (first, second) = (ended(first), ended(second));
    assert_eq!(first.json(), second.json());
    assert_eq!(second.stderr, "run r-1 has the key and is under way: this one joins it\n");
    assert_eq!(api.requests(), 2);
}
