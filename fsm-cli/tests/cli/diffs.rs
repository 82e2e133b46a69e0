//! `fsm diff`.

use std::fs;
use std::path::Path;

use crate::command::{file, run, run_with_stdin};

const FLOW: &str = "fsm: 1
name: users
mode: pipeline
endpoints:
  - { name: user, url: \"https://api.example.com/u?key=s3cret\", timeout: 5s }
  - { name: posts, url: \"https://api.example.com/p\", headers: { X-Key: s3cret } }
";

const DOOR: &str = "fsm: 1
name: door
initial: closed
context: { pushes: 0 }
states:
  closed: { on: { push: { to: open, guard: $context.pushes < 3 } } }
  open: { on: { pull: closed } }
";

/// The flow with another endpoint, another timeout, and other secrets.
fn altered_flow() -> String {
    let flow = FLOW.replace("5s", "8s").replace("s3cret", "another-s3cret");
    flow + "  - { name: likes, url: \"https://api.example.com/l\" }\n"
}

#[test]
fn a_change_to_a_flow_is_listed_by_what_it_does() {
    let (old, new) = (file("flow.yaml", FLOW), file("flow.yaml", altered_flow()));
    let ended = run(["diff", &old, &new]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @"
    + state `likes`, an activity running `GET https://api.example.com/l`, entry / `take data`, exit / `leave`, retry <= 3 from 1s up to 60s
    + transition `likes` -> `run settles` when done / `keep output`
    + transition `likes` -> `run settles` when failed / `keep error`
    ~ transition `posts` when done: leads to `likes` instead of `run settles`
    ~ transition `posts` -> `run settles` when failed: actions `keep error, skip the rest` instead of `keep error`
    ~ setting endpoints.user.url: another value
    ~ setting endpoints.user.timeout: `8s` instead of `5s`
    ~ setting endpoints.posts.headers.X-Key: another value
    + setting endpoints.likes
    Runs under way can go on.
    ");
    assert!(!ended.stdout.contains("s3cret"));
}

#[test]
fn a_change_to_a_machine_is_listed_with_its_context() {
    let changed = DOOR
        .replace("pushes: 0", "pushes: 1, pulls: 0")
        .replace("< 3", "< 5")
        .replace("pull: closed }", "pull: closed, kick: { to: open, actions: creak } }");
    let ended = run(["diff", &file("door.yaml", DOOR), &file("door.yaml", changed)]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @"
    ~ transition `closed` -> `open` on `push`: guard `$context.pushes < 5` instead of `$context.pushes < 3`
    + transition `open` -> `open` on `kick` / `creak`
    ~ setting context.pushes: 1 instead of 0
    + setting context.pulls: 0
    Runs under way can go on.
    ");
}

#[test]
fn the_last_line_says_what_keeps_runs_from_going_on() {
    let last = |old: &str, new: &str| {
        let ended = run(["diff", &file("old.yaml", old), &file("new.yaml", new)]);
        let at = ended.stdout.find("Runs under way").unwrap_or_else(|| panic!("{ended:?}"));
        ended.stdout[at..].to_owned()
    };
    let renamed = FLOW.replace("name: posts", "name: entries");
    let gone = "`posts` is gone (perhaps renamed to `entries`)";
    assert_eq!(last(FLOW, &renamed), format!("Runs under way can't go on: {gone}\n"));
    let other = renamed.replace("name: users", "name: people");
    insta::assert_snapshot!(last(FLOW, &other), @"
    Runs under way can't go on:
      the machine is called `people` instead of `users`
      `posts` is gone (perhaps renamed to `entries`)
    ");
    let frozen = DOOR.replace("  open:", "  ajar:").replace("to: open", "to: ajar");
    let perhaps = "`open` is gone (perhaps renamed to `ajar`)";
    assert_eq!(last(DOOR, &frozen), format!("Runs under way can't go on: {perhaps}\n"));
    let data = run(["diff", &file("old.yaml", DOOR), &file("new.yaml", frozen), "-f", "json"]);
    assert_eq!(data.json()["obstacles"][0], perhaps);
}

#[test]
fn files_that_are_only_written_otherwise_do_not_differ() {
    let json = "{\"fsm\": 1, \"name\": \"users\", \"mode\": \"pipeline\", \"endpoints\": [
        {\"name\": \"user\", \"url\": \"https://api.example.com/u?key=s3cret\", \"timeout\": 5},
        {\"name\": \"posts\", \"url\": \"https://api.example.com/p\", \"headers\": {\"X-Key\": \"s3cret\"}}
    ]}";
    let (old, new) = (file("flow.yaml", FLOW), file("flow.json", json));
    let ended = run(["diff", &old, &new, "--exit-code"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "no difference\n"), "{ended:?}");
    let data = run(["diff", &old, &new, "--format", "json"]).json();
    assert_eq!(data["differs"], false);
}

#[test]
fn a_difference_ends_with_one_only_where_that_is_asked_for() {
    let (old, new) = (file("flow.yaml", FLOW), file("flow.yaml", altered_flow()));
    for format in ["text", "json", "dot", "mermaid", "svg"] {
        assert_eq!(run(["diff", &old, &new, "-f", format]).code, Some(0));
        assert_eq!(run(["diff", &old, &new, "-f", format, "--exit-code"]).code, Some(1));
    }
    // A setting alone is a difference, too.
    let other = file("flow.yaml", FLOW.replace("X-Key: s3cret", "X-Key: other"));
    let ended = run(["diff", &old, &other, "--exit-code"]);
    assert_eq!(ended.code, Some(1));
    let goes_on = "Runs under way can go on.";
    let setting = "~ setting endpoints.posts.headers.X-Key: another value";
    assert_eq!(ended.stdout, format!("{setting}\n{goes_on}\n"));
}

#[test]
fn the_same_change_is_data_and_a_drawing() {
    let (old, new) = (file("flow.yaml", FLOW), file("flow.yaml", altered_flow()));
    let data = run(["diff", &old, &new, "-f", "json"]).json();
    assert_eq!(data["differs"], true);
    assert_eq!(data["graph"]["states"]["added"][0]["name"], "likes");
    assert_eq!(data["settings"][0]["at"], "endpoints.user.url");
    let dot = run(["diff", &old, &new, "-f", "dot"]).stdout;
    assert!(dot.starts_with("digraph") && dot.contains("added") && !dot.contains("s3cret"));
    assert_eq!(dot, run(["diff", &old, &new, "-f", "dot"]).stdout);
    let expanded = run(["diff", &old, &new, "-f", "dot", "--expand"]).stdout;
    assert!(expanded.contains("keep output") && !dot.contains("keep output"));
    assert!(run(["diff", &old, &new, "-f", "mermaid"]).stdout.contains("stateDiagram-v2"));
    assert!(run(["diff", &old, &new, "-f", "svg"]).stdout.starts_with("<svg "));
}

#[test]
fn one_of_the_files_may_come_from_stdin() {
    let new = file("flow.yaml", altered_flow());
    let from_stdin = run_with_stdin(&["diff", "-", &new], FLOW);
    assert_eq!(from_stdin.stdout, run(["diff", &file("flow.yaml", FLOW), &new]).stdout);
    let ended = run(["diff", "-", "-"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("can't both be read from stdin"), "{ended:?}");
}

#[test]
fn a_file_that_is_written_bears_no_colours() {
    let (old, new) = (file("flow.yaml", FLOW), file("flow.yaml", altered_flow()));
    let list = Path::new(&old).with_file_name("list.txt");
    let mut command = crate::command::fsm(["diff", &old, &new, "-o", list.to_str().unwrap()]);
    command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    assert!(command.status().unwrap().success());
    let written = fs::read_to_string(&list).unwrap();
    assert_eq!(written, run(["diff", &old, &new]).stdout);

    let mut command = crate::command::fsm(["diff", &old, &new]);
    command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    let shown = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(shown.contains("\u{1b}[32m+ state `likes`"), "{shown}");
}

#[test]
fn what_can_not_be_compared_is_refused() {
    let (flow, door) = (file("flow.yaml", FLOW), file("door.yaml", DOOR));
    let ended = run(["diff", &flow, &door]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("one is a flow of calls, the other is a machine"), "{ended:?}");

    let faulty = file("door.yaml", DOOR.replace("pull: closed", "pull: clsed"));
    let ended = run(["diff", &door, &faulty]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("did you mean `closed`?"), "{ended:?}");
    assert_eq!(run(["diff", &flow, "nowhere.yaml"]).code, Some(2));
    assert_eq!(run(["diff", &flow]).code, Some(2));
}

#[test]
fn the_page_on_changes_shows_what_the_command_prints() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/changes.md");
    let page = fs::read_to_string(page).expect("the page");
    let blocks = |language: &str| -> Vec<String> {
        let begin = format!("```{language}\n");
        let blocks = page.split(&begin).skip(1).filter_map(|rest| rest.split("```").next());
        blocks.map(str::to_owned).collect()
    };
    let [old, new] = blocks("yaml").try_into().expect("an old file and a new one");
    let ended = run(["diff", &file("old.yaml", old), &file("new.yaml", new)]);
    assert_eq!(blocks("text"), [ended.stdout]);
}
