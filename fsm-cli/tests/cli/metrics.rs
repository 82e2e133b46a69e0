//! `fsm run --metrics FILE`.

use std::fs;
use std::path::Path;

use crate::command::{Api, file, run};

#[test]
fn the_metrics_of_a_run_are_written_whole_in_place_of_what_was_there() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/flaky/1", "/status/404"]);
    let target = file("run.prom", "what was there before\n");
    let ended = run(["run", &flow, "--quiet", "--metrics", &target]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    assert_eq!(ended.json()["outcome"], "failed");
    let text = fs::read_to_string(&target).unwrap();
    for line in [
        "fsm_http_requests_total{endpoint=\"a\",outcome=\"success\"} 1",
        "fsm_http_requests_total{endpoint=\"a\",outcome=\"failure\"} 1",
        "fsm_http_retries_total{endpoint=\"a\"} 1",
        "fsm_http_errors_total{endpoint=\"b\",kind=\"status\"} 1",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
    }
    assert!(!text.contains("before"), "{text}");
    let folder = Path::new(&target).parent().unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "no draft is left over");
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_anything_is_sent() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let folder = file("x", "");
    let folder = Path::new(&folder).parent().unwrap().to_str().unwrap();
    let table = [
        (format!("{folder}/none/run.prom"), "there is no such folder"),
        (folder.to_owned(), "it is a directory"),
    ];
    for (target, why) in table {
        let ended = run(["run", &flow, "--metrics", &target]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
        assert_eq!(ended.stderr, format!("error: {target} can't be written: {why}\n"));
    }
    for (target, why) in [("-", "stdout carries the result"), ("", "must not be empty")] {
        let ended = run(["run", &flow, "--metrics", target]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
    assert_eq!(api.requests(), 0);
}

#[test]
fn a_flow_that_fails_its_checks_leaves_the_file_alone() {
    let target = file("run.prom", "before");
    let flow = file("flow.yaml", "fsm: 1\nname: test\nmode: sequential\n");
    assert_eq!(run(["run", &flow, "--metrics", &target]).code, Some(2));
    assert_eq!(fs::read_to_string(&target).unwrap(), "before");
}
