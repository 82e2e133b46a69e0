//! The report of a flow as a text that stays the same.

use std::net::TcpListener;

use fsm_patterns::{Flow, file};
use fsm_testkit::snapshots::report_snapshot;

#[test]
fn what_differs_from_run_to_run_is_its_name_in_brackets() {
    // A port on which nobody listens any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!(
        "fsm: 1\nname: shop\nmode: sequential\nendpoints:\n  \
         - {{ name: run, url: \"http://127.0.0.1:{port}/a\", retry_count: 0 }}\n  \
         - {{ name: skipped, url: \"http://127.0.0.1:{port}/b\", condition: \"1 == 2\" }}\n"
    );
    let loaded = file::load("flow.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    let flow = Flow::new(loaded.spec).unwrap_or_else(|error| panic!("{error}"));
    let clock = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = clock.block_on(flow.execute(serde_json::json!({}))).unwrap();
    let one = report_snapshot(&report);
    assert_eq!(one, report_snapshot(&clock.block_on(flow.execute(serde_json::json!({}))).unwrap()));
    insta::assert_snapshot!(without_cause(&one));
}

/// The text without what the operating system says of a refused connection.
fn without_cause(text: &str) -> String {
    let line = |line: &str| match line.split_once(": no connection: ") {
        Some((before, _)) => format!("{before}: no connection\"\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}
