//! `fsm run --debug` and `--break`, over a pipe.

use crate::command::{Api, run, run_with_stdin};

#[test]
fn a_run_is_debugged_over_a_pipe_and_its_result_stays_alone_on_stdout() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7", "/status/204"]);
    let ended = run_with_stdin(&["run", &flow, "--debug"], "step\nbreak b\ncontinue\nsteps\nc\n");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["outcome"], "completed");
    for part in [
        "paused: a pause was asked for\n  the run has not begun\n",
        "paused: one step was taken\n",
        "breakpoint 1: `b` is entered\n",
        "paused: `b` is entered\n",
        "  a ok, 200\n  b running\n",
    ] {
        assert!(ended.stderr.contains(part), "{part:?} is not in\n{}", ended.stderr);
    }
}

#[test]
fn a_run_that_is_cancelled_at_a_breakpoint_has_sent_nothing_beyond_it() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7", "/users/8"]);
    let ended = run_with_stdin(&["run", &flow, "--break", "b"], "cancel\n");
    assert_eq!((ended.code, api.requests()), (Some(1), 1), "{ended:?}");
    assert_eq!(ended.json()["outcome"], "cancelled");
}

#[test]
fn where_nobody_speaks_the_run_goes_on() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let ended = run(["run", &flow, "--debug", "--break", "a"]);
    assert_eq!((ended.code, api.requests()), (Some(0), 1), "{ended:?}");
}

#[test]
fn what_can_not_be_debugged_is_refused_before_anything_is_sent() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let ended = run(["run", &flow, "--break", "aa"]);
    assert_eq!((ended.code, api.requests()), (Some(2), 0), "{ended:?}");
    assert!(ended.stderr.contains("there is no state `aa`"), "{ended:?}");
    let ended = run_with_stdin(&["run", &flow, "--debug", "--input", "-"], "{}");
    assert_eq!((ended.code, api.requests()), (Some(2), 0), "{ended:?}");
    assert!(ended.stderr.contains("can't both be read from stdin"), "{ended:?}");
}
