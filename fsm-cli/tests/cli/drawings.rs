//! `fsm dot`.

use std::fs;
use std::path::Path;

use crate::command::{file, run};

const FLOW: &str = "fsm: 1
name: users
mode: parallel
endpoints:
  - { name: user, url: \"https://api.example.com/u\", retry_count: 0 }
  - { name: posts, url: \"https://api.example.com/p\", depends_on: [user] }
";

#[test]
fn a_drawing_is_the_same_bytes_every_time() {
    let flow = file("flow.yaml", FLOW);
    for format in ["dot", "mermaid"] {
        let draw = || run(["dot", &flow, "--format", format, "--expand"]);
        let first = draw();
        assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
        assert_eq!(first.stdout, draw().stdout);
        for name in ["user", "posts", "retry"] {
            assert!(first.stdout.contains(name), "{format} shows {name}");
        }
    }
    assert!(run(["dot", &flow]).stdout.starts_with("digraph"));
    assert!(run(["dot", &flow, "-f", "mermaid"]).stdout.contains("stateDiagram-v2"));
}

#[test]
fn a_file_is_written_as_a_whole_and_nothing_is_left_beside_it() {
    let flow = file("flow.yaml", FLOW);
    let folder = Path::new(&flow).parent().unwrap();
    let drawn = folder.join("flow.dot");
    fs::write(&drawn, "old").unwrap();
    let ended = run(["dot", &flow, "-o", drawn.to_str().unwrap()]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert_eq!(fs::read_to_string(&drawn).unwrap(), run(["dot", &flow, "-o", "-"]).stdout);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2);
}

#[test]
fn what_cannot_be_written_is_told() {
    let flow = file("flow.yaml", FLOW);
    let folder = Path::new(&flow).parent().unwrap();
    let ended = run(["dot", &flow, "-o", folder.join("none/flow.dot").to_str().unwrap()]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.ends_with("can't be written: there is no such folder\n"), "{ended:?}");
    let ended = run(["dot", &flow, "-o", folder.to_str().unwrap()]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.ends_with("can't be written: it is a directory\n"), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn a_link_is_kept_and_what_is_no_file_is_not_replaced() {
    let flow = file("flow.yaml", FLOW);
    let folder = Path::new(&flow).parent().unwrap();
    let (target, link) = (folder.join("target.dot"), folder.join("link.dot"));
    fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert_eq!(run(["dot", &flow, "-o", link.to_str().unwrap()]).code, Some(0));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().starts_with("digraph"));
    assert_eq!(run(["dot", &flow, "-o", "/dev/null"]).code, Some(0));
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_format_that_is_not_there_is_refused_with_the_way_to_it() {
    let ended = run(["dot", "flow.yaml", "--format", "svg"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("fsm dot FILE | dot -Tsvg > FILE.svg"), "{}", ended.stderr);
}
