//! SIGINT and SIGTERM.
#![cfg(unix)]

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::command::{Api, Ended, fsm, spawn};

pub(crate) fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("`kill` is there").success());
}

#[test]
fn a_signal_cancels_the_run_and_the_result_is_printed() {
    for signal in ["-INT", "-TERM"] {
        let api = Api::start();
        let flow = api.flow("mode: sequential", &["/users/7", "/slow/30000", "/users/8"]);
        let began = Instant::now();
        let child = spawn(&mut fsm(["run", &flow]));
        api.wait_for_requests(2);
        send(signal, &child);
        let ended = Ended::of(child.wait_with_output().unwrap());
        assert_eq!(ended.code, Some(1), "{signal}");
        let result = ended.json();
        let id = result["run"].as_str().unwrap();
        assert_eq!(ended.stderr, format!("run {id} was cancelled\n"), "{signal}");
        assert_eq!(result["outcome"], "cancelled");
        assert_eq!(result["error"]["kind"], "cancelled");
        assert_eq!(result["steps"]["a"]["status"], "ok");
        assert_eq!(result["steps"]["b"]["status"], "cancelled");
        assert_eq!(result["steps"]["c"]["status"], "cancelled");
        assert_eq!(api.requests(), 2);
        assert!(began.elapsed() < Duration::from_secs(20), "{signal} was not waited for");
    }
}

#[test]
fn a_run_that_is_cancelled_says_what_is_left_undone() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7", "/slow/30000"]);
    let undo = "retry_delay: 10ms\n    undo: { url: \"http://127.0.0.1:9/never\" }\n";
    let text = std::fs::read_to_string(&flow).unwrap();
    std::fs::write(&flow, text.replace("retry_delay: 10ms\n", undo)).unwrap();
    let child = spawn(&mut fsm(["run", &flow]));
    api.wait_for_requests(2);
    send("-INT", &child);
    let ended = Ended::of(child.wait_with_output().unwrap());
    let result = ended.json();
    let id = result["run"].as_str().unwrap();
    assert_eq!(ended.stderr, format!("run {id} was cancelled; left undone: a, b\n"));
    assert_eq!(result["left_undone"], serde_json::json!(["a", "b"]));
}

#[test]
fn a_second_signal_ends_at_once_also_where_nobody_takes_the_result() {
    let api = Api::start();
    let big = "x".repeat(300_000);
    let head = format!("mode: sequential\noutput: {{ big: {big} }}");
    let flow = api.flow(&head, &["/slow/30000"]);
    let mut child = spawn(&mut fsm(["run", &flow]));
    api.wait_for_requests(1);
    send("-INT", &child);
    // The result is larger than a pipe holds, so the command hangs in writing it.
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(20), "the second signal ends it");
        std::thread::sleep(Duration::from_millis(50));
        send("-INT", &child);
    }
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(130));
}

#[test]
fn serving_ends_well_with_a_signal() {
    let mut child = spawn(&mut fsm(["demo", "--serve", "--port", "0"]));
    let mut url = String::new();
    let stdout = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut url).unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    send("-INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
