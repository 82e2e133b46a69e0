//! The journal itself: checked, pruned, damaged, or out of reach.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{Api, Ended, file, run};
use crate::survival::journal;

fn kept() -> (Api, String, String) {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let journal = journal(&flow);
    let keyed = ["run", &flow, "--journal", &journal, "--run-id", "run-1", "--run-key", "k"];
    assert_eq!(run(keyed).code, Some(0));
    (api, flow, journal)
}

#[test]
fn a_journal_is_checked() {
    let (_api, _, journal) = kept();
    let checked = run(["runs", "--check", "--journal", &journal]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(checked.stdout, format!("{journal}: ok, 1 run, 2 records\n"));
}

#[test]
fn old_runs_are_removed_and_their_results_may_stay() {
    let (api, flow, journal) = kept();
    let none = run(["runs", "--prune", "30d", "--journal", &journal]);
    assert!(none.stdout.contains("removed 0 runs, 0 records"), "{none:?}");
    let pruned = run(["runs", "--prune", "0s", "--keep-results", "--journal", &journal]);
    assert!(pruned.stdout.contains("removed the records of 1 run: 2 records"), "{pruned:?}");
    let shown = run(["runs", "run-1", "--journal", &journal]);
    assert!(shown.stdout.contains("its records were removed"), "{shown:?}");
    assert_eq!(run(["resume", "run-1", "--journal", &journal]).json()["outcome"], "completed");
    let gone = run(["replay", "run-1", "--journal", &journal]);
    assert_eq!(gone.code, Some(2), "{gone:?}");
    // The key still counts.
    assert_eq!(run(["run", &flow, "--journal", &journal, "--run-key", "k"]).code, Some(0));
    assert_eq!(api.requests(), 1);
    run(["runs", "--prune", "0s", "--journal", &journal]);
    assert_eq!(run(["runs", "--journal", &journal]).stdout, "");
}

#[test]
fn a_journal_that_is_none_ends_with_3() {
    let (_api, flow, _) = kept();
    let nowhere = run(["runs", "--journal", "no/such/journal"]);
    assert_eq!((nowhere.code, nowhere.stdout.as_str()), (Some(3), ""));
    assert!(nowhere.stderr.contains("there is no journal in `no/such/journal`"), "{nowhere:?}");
    assert!(!Path::new("no").exists(), "looking makes no journal");
    let plain = file("plain", "not a folder");
    let refused = run(["run", &flow, "--journal", &plain]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{refused:?}");
    assert!(refused.stderr.contains(&plain), "{}", refused.stderr);
}

#[test]
fn a_damaged_journal_is_told_and_nothing_is_sent() {
    let (api, flow, journal) = kept();
    for entry in fs::read_dir(&journal).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "db" || ending == "sqlite") {
            let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
            fs::write(&path, vec![0x55; length]).unwrap();
        }
    }
    for arguments in [vec!["runs"], vec!["run", &flow], vec!["resume", "--all"]] {
        let ended = run(arguments.into_iter().chain(["--journal", &journal]));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
        assert!(ended.stderr.contains("the journal is damaged"), "{}", ended.stderr);
        assert!(ended.stderr.contains("a copy of the whole folder"), "{}", ended.stderr);
    }
    assert_eq!(api.requests(), 1);
}

#[test]
fn lost_records_are_told_until_somebody_accepts_the_loss() {
    let (_api, flow, journal) = kept();
    let database = Path::new(&journal).join("journal.db");
    let older = fs::read(&database).unwrap();
    assert_eq!(run(["run", &flow, "--journal", &journal, "--run-id", "run-2"]).code, Some(0));
    fs::write(&database, older).unwrap();
    let refused = run(["runs", "--journal", &journal]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{refused:?}");
    assert!(refused.stderr.contains("has lost records that were durable"), "{}", refused.stderr);
    assert!(refused.stderr.contains("`fsm runs --accept-loss --journal "), "{}", refused.stderr);
    let accepted = run(["runs", "--accept-loss", "--journal", &journal]);
    assert!(accepted.stdout.starts_with("run-1\t"), "{accepted:?}");
    assert_eq!(run(["runs", "--journal", &journal]).code, Some(0));
}

/// A limit on the size of files stands in for a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_in_mid_run_stops_the_run_and_says_how_to_go_on() {
    let api = Api::start();
    let url = api.url();
    let copies = vec!["$inputs.big"; 20].join(", ");
    let flow = file(
        "flow.yaml",
        format!(
            "fsm: 1\nname: big\nmode: pipeline\noutput: 1\nendpoints:\n  - {{ name: a, url: '{url}/users/7', \
             transform_output: {{ all: [{copies}] }} }}\n  - {{ name: b, url: '{url}/users/8' }}\n"
        ),
    );
    let journal = journal(&flow);
    let input = file("input.json", format!(r#"{{"big": "{}"}}"#, "x".repeat(50_000)));
    let limited = |blocks: u32, id: &str| {
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec '{}' run '{flow}' --input '@{input}' --journal '{journal}' --run-id {id}",
            env!("CARGO_BIN_EXE_fsm")
        );
        Ended::of(Command::new("sh").args(["-c", &script]).env("NO_COLOR", "1").output().unwrap())
    };
    // Blocks of 512 bytes: the beginning has room, the output of `a` has none.
    let stopped = limited(1_200, "run-1");
    assert_eq!((stopped.code, stopped.stdout.as_str()), (Some(3), ""), "{stopped:?}");
    let why = "error: run `run-1` stopped, because its journal failed: the journal can't write";
    assert!(stopped.stderr.starts_with(why), "{}", stopped.stderr);
    let hint = format!("`fsm resume run-1 --journal {journal}` goes on\n");
    assert!(stopped.stderr.ends_with(&hint), "{}", stopped.stderr);
    assert_eq!(api.requests(), 1, "what follows from an answer that was not kept is not done");
    let resumed = run(["resume", "run-1", "--journal", &journal]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(api.requests(), 3, "`a` again, and `b`");

    let begun = limited(8, "run-2");
    assert_eq!(begun.code, Some(3), "{begun:?}");
    assert_eq!(api.requests(), 3);
}

#[test]
fn a_journal_is_named_by_the_environment_too() {
    let (_api, _, journal) = kept();
    let mut command = crate::command::fsm(["runs"]);
    let output = command.env("FSM_JOURNAL", &journal).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("run-1\t"), "{output:?}");
    assert_eq!(run(["runs"]).code, Some(2));
}
