//! Conversations, held with a flow over an API in memory.

use std::sync::Arc;

use fsm_core::Breakpoint;
use fsm_http::{MemoryTransport, Reply};
use fsm_patterns::{Endpoint, Flow, Orchestration, RunOutcome, RunReport};
use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::Dialog;

fn flow() -> Flow {
    Orchestration::pipeline("checkout")
        .endpoint(Endpoint::get("cart", "http://shop.test/cart"))
        .endpoint(Endpoint::get("pay", "http://shop.test/pay").retry_count(1))
        .endpoint(Endpoint::get("mail", "http://shop.test/mail"))
        .build_with(Arc::new(MemoryTransport::replying(|request| match request.uri().path() {
            "/pay" => Reply::status(404),
            path => Reply::json(&json!({"path": path, "\u{1b}": "\u{1b}[31m"})),
        })))
        .expect("the flow is sound")
}

/// What was said, with what was typed, and what the run came to.
async fn talk(typed: &[&str], breaks: &[&str]) -> (String, RunReport) {
    let flow = flow();
    let mut run = flow.run(json!({})).expect("no schema").id("run-1");
    let debugger = run.debugger();
    for name in breaks {
        debugger.add(Breakpoint::entered(*name)).expect("there is such a state");
    }
    if breaks.is_empty() {
        debugger.pause();
    }
    let (sender, lines) = mpsc::unbounded_channel();
    for line in typed {
        sender.send((*line).to_owned()).expect("somebody listens");
    }
    drop(sender);
    let (_interrupt, interrupted) = watch::channel(false);
    let mut out = Vec::new();
    let dialog = Dialog { flow: &flow, debugger, lines, interrupt: interrupted, out: &mut out };
    let (report, ()) = tokio::join!(run.drive(), dialog.hold());
    (String::from_utf8(out).expect("UTF-8"), report)
}

#[tokio::test]
async fn a_run_is_stepped_through_looked_at_and_goes_on() {
    let typed = ["where", "steps", "step", "s", "steps", "show cart", "history", "continue"];
    let (said, report) = talk(&typed, &[]).await;
    assert_eq!(report.outcome, RunOutcome::Failed);
    let begins = "paused: a pause was asked for\n  the run has not begun\n(debug) ";
    assert!(said.starts_with(begins), "{said}");
    for part in [
        "  cart pending\n  pay pending\n  mail pending\n",
        "paused: one step was taken\n  last: 1 0.000s the run begins: ",
        "  cart ok, 200\n  pay running\n  mail pending\n",
        "\"status\": \"ok\"",
        "/cart",
        "s `cart` is done: ",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "{said}");
}

#[tokio::test]
async fn breakpoints_are_added_listed_passed_and_taken_away() {
    let typed = [
        "break mial",
        "break on failure",
        "breaks",
        "delete 2",
        "delete 2",
        "delete pay",
        "show",
        "b",
        "jump",
        "c",
    ];
    let (said, report) = talk(&typed, &["pay"]).await;
    assert_eq!(report.outcome, RunOutcome::Failed);
    assert_eq!(said.matches("paused: `pay` is entered").count(), 1, "{said}");
    for part in [
        "there is no state `mial`; did you mean `mail`?\n",
        "breakpoint 2: something fails\n",
        "  1 `pay` is entered\n  2 something fails\n",
        "breakpoint 2 is gone\n",
        "there is no breakpoint 2\n",
        "`delete` needs the number of a breakpoint; `breaks` lists them\n",
        "`show` needs the name of a step\n",
        "`break` needs the name of a state, or `on failure`\n",
        "`jump` is no command; `help` lists them\n",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    assert_eq!(said.matches("paused").count(), 1, "{said}");
}

#[tokio::test]
async fn a_run_that_is_cancelled_at_a_breakpoint_sends_nothing_more() {
    let (said, report) = talk(&["cancel"], &["pay"]).await;
    assert_eq!(report.outcome, RunOutcome::Cancelled);
    assert_eq!((report.steps["cart"].attempts, report.steps["pay"].attempts), (1, 0), "{said}");
}

#[tokio::test]
async fn where_nobody_answers_the_run_goes_on_without_a_pause() {
    let (said, report) = talk(&[], &["cart", "pay"]).await;
    assert_eq!(report.outcome, RunOutcome::Failed);
    assert_eq!(said.matches("paused").count(), 1, "{said}");
}
