//! `fsm run`: the result on stdout, the outcome as the exit code.

use serde_json::{Value, json};

use crate::command::{Api, file, fsm, run, run_with_stdin};

#[test]
fn a_completed_run_prints_one_json_object_and_nothing_else() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7", "/status/204"]);
    let ended = run(["run", &flow, "--run-id", "run-1"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let result = ended.json();
    let keys: Vec<&String> = result.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["run", "name", "outcome", "output", "error", "steps", "metrics"]);
    assert_eq!(result["run"], "run-1");
    assert_eq!(result["name"], "test");
    assert_eq!(result["outcome"], "completed");
    assert_eq!(result["error"], Value::Null);
    assert_eq!(result["output"]["a"]["id"], 7);
    let names: Vec<&String> = result["steps"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["a", "b"]);
    let step = &result["steps"]["a"];
    assert_eq!((&step["status"], &step["attempts"]), (&json!("ok"), &json!(1)));
    assert_eq!(step["http_status"], 200);
    assert!(step["latency_ms"].is_f64() && step["elapsed_ms"].is_f64(), "{step}");
    assert_eq!(result["metrics"]["total_requests"], 2);
    assert_eq!(result["metrics"]["success_rate"], 100.0);
    assert_eq!(result["metrics"]["error_rate"], 0.0);
}

#[test]
fn every_run_has_an_id_of_its_own() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let id = || run(["run", &flow]).json()["run"].as_str().unwrap().to_owned();
    assert_ne!(id(), id());
}

#[test]
fn a_failed_run_ends_with_1_and_says_why_in_its_result_and_in_one_line() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7", "/status/404", "/status/410"]);
    let ended = run(["run", &flow, "--run-id", "run-1"]);
    assert_eq!(ended.code, Some(1));
    let line = "run run-1 failed: `b` failed: 404 Not Found from GET http://127.0.0.1:";
    assert!(ended.stderr.starts_with(line), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert_eq!(run(["run", &flow, "--quiet"]).stderr, "");
    let result = ended.json();
    assert_eq!(result["outcome"], "failed");
    assert_eq!(result["error"]["kind"], "status");
    assert_eq!(result["steps"]["b"]["error"]["http_status"], 404);
}

#[test]
fn a_run_that_takes_too_long_ends_with_1() {
    let api = Api::start();
    let flow = api.flow("mode: sequential\ntotal_timeout: 200ms", &["/slow/5000"]);
    let ended = run(["run", &flow]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let result = ended.json();
    assert_eq!(result["outcome"], "timed_out");
    let id = result["run"].as_str().unwrap();
    let why = "the run did not end within `total_timeout` (200ms)";
    assert_eq!(ended.stderr, format!("run {id} timed out: {why}\n"));
}

#[test]
fn attempts_are_those_that_the_server_saw() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/flaky/2"]);
    let ended = run(["run", &flow]);
    assert_eq!(ended.json()["steps"]["a"]["attempts"], 3, "{ended:?}");
    assert_eq!(api.requests(), 3);
}

#[test]
fn a_flow_can_come_from_stdin_and_from_json() {
    let api = Api::start();
    let path = api.flow("mode: sequential", &["/users/7"]);
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(run_with_stdin(&["run", "-"], &text).code, Some(0));
    let url = text.lines().find_map(|line| line.trim().strip_prefix("url: ")).unwrap();
    let flow = json!({"fsm": 1, "name": "json", "mode": "sequential",
        "endpoints": [{"name": "a", "url": url}]});
    let ended = run(["run", &file("flow.json", flow.to_string())]);
    assert_eq!(ended.json()["name"], "json");
}

#[test]
fn a_dry_run_prints_the_requests_and_sends_none() {
    let api = Api::start();
    let head = "mode: parallel\ninputs: { type: object, required: [id] }";
    let flow = api.flow(head, &["/users/{$inputs.id}?api_key=hush", "/echo/{$steps.a.output.id}"]);
    let flow_text = std::fs::read_to_string(&flow).unwrap() + "    depends_on: [a]\n";
    std::fs::write(&flow, flow_text).unwrap();
    let ended = run(["run", &flow, "--dry-run", "--input", r#"{"id": "a b"}"#]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let requests = &ended.json()["requests"];
    assert_eq!(requests["a"]["method"], "GET");
    let url = requests["a"]["url"].as_str().unwrap();
    assert!(url.contains("/users/a%20b?api_key="), "{url}");
    assert!(!ended.stdout.contains("hush"), "{}", ended.stdout);
    assert!(requests["b"]["unknown"].is_string(), "{requests}");
    assert_eq!(api.requests(), 0);
    // What a run would refuse, a dry run refuses, too.
    assert_eq!(run(["run", &flow, "--dry-run"]).code, Some(2));
}

#[test]
fn a_machine_is_not_run_but_simulated() {
    let machine = file("light.yaml", "fsm: 1\nname: light\ninitial: red\nstates: { red: {} }\n");
    let ended = run(["run", &machine]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("try `fsm simulate`"), "{}", ended.stderr);
}

#[test]
fn nobody_reading_the_result_is_no_crash() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = fsm(["run", &flow]).stdout(writer).output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = fsm(["run", &flow]).stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(stderr, "error: the result can't be written to stdout: No space left on device\n");
}
