//! `fsm demo`.

use crate::command::run;

#[test]
fn every_demo_is_listed() {
    let ended = run(["demo", "--list"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let names: Vec<&str> = ended.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["user-enrichment", "payment", "health-check"]);
}

#[test]
fn the_three_examples_complete_over_real_http() {
    let ended = run(["demo"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("outcome: completed\n").count(), 3, "{}", ended.stdout);
    for step in ["  posts      ok", "  process      ok", "  shipping      recovered  503"] {
        assert!(ended.stdout.contains(step), "{step} in {}", ended.stdout);
    }
}

#[test]
fn one_demo_can_be_chosen() {
    let ended = run(["demo", "payment"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.starts_with("payment: "), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("outcome: ").count(), 1);
}

#[test]
fn a_port_that_is_taken_is_told_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = run(["demo", "--port", &port]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains(&format!("can't serve on 127.0.0.1:{port}")), "{ended:?}");
    assert!(ended.stderr.contains("hint: choose another port with `--port`"), "{ended:?}");
}
