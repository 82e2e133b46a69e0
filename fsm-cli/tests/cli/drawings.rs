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

const PLAYER: &str = "fsm: 1
name: player
initial: \"off\"
states:
  \"off\": { on: { power: \"on\" } }
  \"on\":
    initial: paused
    on: { power: \"off\" }
    states:
      paused: { on: { play: playing } }
      playing: { on: { pause: paused } }
";

#[test]
fn a_picture_needs_no_other_program() {
    let flow = file("flow.yaml", FLOW);
    let drawn = run(["dot", &flow, "--format", "svg"]);
    assert_eq!((drawn.code, drawn.stderr.as_str()), (Some(0), ""));
    assert!(drawn.stdout.starts_with("<svg ") && drawn.stdout.ends_with("</svg>\n"));
    for name in ["user", "posts"] {
        assert!(drawn.stdout.contains(&format!(">{name}</text>")), "it shows {name}");
    }
    assert_eq!(drawn.stdout, run(["dot", &flow, "-f", "svg"]).stdout);
}

#[test]
fn a_way_and_a_configuration_stand_out_in_every_format() {
    let player = file("player.yaml", PLAYER);
    for format in ["dot", "mermaid", "svg"] {
        let plain = run(["dot", &player, "-f", format]).stdout;
        let options = ["--path", "off,on,on.paused,on.playing", "--at", "on.playing"];
        let marked = run([["dot", &player, "-f", format].as_slice(), &options].concat());
        assert_eq!((marked.code, marked.stderr.as_str()), (Some(0), ""), "{format}");
        assert!(marked.stdout.contains("active") && !plain.contains("active"), "{format}");
        assert!(marked.stdout.contains("#7a1fa2") && !plain.contains("#7a1fa2"), "{format}");
    }
}

#[test]
fn a_way_that_leads_nowhere_is_told_where_it_breaks() {
    let player = file("player.yaml", PLAYER);
    let ended = run(["dot", &player, "--path", "off,on,on.playing"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    let due = "error: no transition leads from `on` to `on.playing`\n";
    assert!(ended.stderr.starts_with(due), "{}", ended.stderr);
}

#[test]
fn a_state_that_is_not_there_is_told_with_the_nearest_one() {
    let player = file("player.yaml", PLAYER);
    for option in ["--path", "--at"] {
        let ended = run(["dot", &player, option, "on.playin"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains("did you mean `on.playing`?"), "{}", ended.stderr);
    }
    let ended = run(["dot", &player, "--path", "off,,on"]);
    assert!(ended.stderr.contains("a name is empty"), "{}", ended.stderr);
}

#[test]
fn a_comma_in_a_name_is_kept_behind_a_backslash() {
    let text = "fsm: 1\nname: n\ninitial: 'a,b'\nstates: { 'a,b': { on: { e: 'a,b' } } }\n";
    let machine = file("machine.yaml", text);
    assert_eq!(run(["dot", &machine, "--at", r"a\,b"]).code, Some(0));
    assert_eq!(run(["dot", &machine, "--at", "a,b"]).code, Some(2));
}

#[test]
fn a_graph_that_is_too_large_for_a_picture_is_refused_with_the_way_out() {
    let mut text = "fsm: 1\nname: ring\ninitial: s0\nstates:\n".to_owned();
    for number in 0..1_001 {
        text += &format!("  s{number}: {{ on: {{ next: s{} }} }}\n", (number + 1) % 1_001);
    }
    let ring = file("ring.yaml", &text);
    let ended = run(["dot", &ring, "-f", "svg"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("1001 states"), "{}", ended.stderr);
    assert!(ended.stderr.contains("`--format dot`"), "{}", ended.stderr);
}

#[test]
fn a_format_that_is_not_there_is_refused_with_those_that_are() {
    let ended = run(["dot", "flow.yaml", "--format", "png"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("`dot`, `mermaid`, and `svg`"), "{}", ended.stderr);
}
