//! `fsm check` and `fsm schema`.

use std::path::Path;

use serde_json::Value;

use crate::command::{fsm, run, run_with_stdin};

const GOOD: &str = "fsm: 1
name: users
mode: sequential
endpoints:
  - name: user
    url: https://api.example.com/users
";

/// Ten faults, of every kind.
const FAULTY: &str = "fsm: 1
name: everything at once
mode: paralel
max_concurent: 5
endpoints:
  - name: first one
    url: https://api.example.com/a
    methud: GET
  - name: second
    url: htps://api.example.com/b
    timeout: 30 seconds
  - name: third
    url: https://api.example.com/{$input.id}
    depends_on: [secnd]
  - name: third
    url: https://api.example.com/d
    retry_on: [200, 999]
";

/// Writes flow files into a folder of their own; the command is started in it, so that reports
/// hold no path of this machine.
fn in_folder(files: &[(&str, &str)]) -> String {
    let path = crate::command::file("unused", "");
    let folder = Path::new(&path).parent().unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

fn run_in(folder: &str, arguments: &[&str]) -> crate::command::Ended {
    crate::command::Ended::of(fsm(arguments).current_dir(folder).output().unwrap())
}

#[test]
fn a_good_file_is_ok_and_nothing_is_said_on_stderr() {
    let folder = in_folder(&[("users.yaml", GOOD)]);
    let ended = run_in(&folder, &["check", "users.yaml"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stdout, "users.yaml: ok, 1 endpoint, 4 states\n");
    assert_eq!(ended.stderr, "");
    assert_eq!(run_with_stdin(&["check", "-"], GOOD).stdout, "stdin: ok, 1 endpoint, 4 states\n");
}

#[test]
fn all_faults_are_told_at_once_each_with_line_and_hint() {
    let folder = in_folder(&[("ten.yaml", FAULTY)]);
    for command in ["check", "run", "dot"] {
        let ended = run_in(&folder, &[command, "ten.yaml"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{command}");
        assert!(ended.stderr.ends_with("error: ten.yaml has 10 faults\n"), "{}", ended.stderr);
        let places: Vec<&str> = ended
            .stderr
            .lines()
            .filter_map(|line| line.trim().strip_prefix("╭─[ten.yaml:")?.strip_suffix(']'))
            .collect();
        let expected =
            ["3:7", "4:1", "6:11", "8:5", "10:10", "11:14", "13:35", "14:18", "15:11", "17:21"];
        assert_eq!(places, expected, "{command}");
        assert_eq!(ended.stderr.matches("  help: ").count(), 10, "{}", ended.stderr);
    }
}

#[test]
fn a_misspelt_key_is_shown_with_its_line_and_the_right_one() {
    let text = GOOD.to_owned() + "    methud: GET\n";
    let folder = in_folder(&[("users.yaml", text.as_str())]);
    insta::assert_snapshot!(run_in(&folder, &["check", "users.yaml"]).stderr, @"
      × unknown key `methud` in an endpoint
       ╭─[users.yaml:7:5]
     6 │     url: https://api.example.com/users
     7 │     methud: GET
       ·     ───┬──
       ·        ╰── here
       ╰────
      help: did you mean `method`?

    error: users.yaml has a fault
    ");
}

#[test]
fn every_file_is_checked_also_after_a_faulty_one() {
    let machine = "fsm: 1\nname: light\ninitial: red\nstates: { red: { on: { go: red } } }\n";
    let folder = in_folder(&[("a.yaml", FAULTY), ("b.yaml", GOOD), ("c.yaml", machine)]);
    let ended = run_in(&folder, &["check", "a.yaml", "b.yaml", "c.yaml", "none.yaml"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.stdout,
        "b.yaml: ok, 1 endpoint, 4 states\nc.yaml: ok, 1 state, 1 transition\n"
    );
    for words in [
        "error: a.yaml has 10 faults\n",
        "error: none.yaml can't be read: there is no such file\n",
        "error: 2 of 4 files are faulty\n",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
}

#[test]
fn the_schema_is_json_and_knows_the_keys() {
    let ended = run(["schema"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let schema: Value = ended.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    for key in ["mode", "endpoints", "total_timeout", "error_threshold"] {
        assert!(schema["properties"].get(key).is_some(), "{key}");
    }
}
