//! The journal itself: checked, pruned, damaged, or out of reach.

use std::fs;
use std::path::Path;

use crate::command::{Api, file, run};
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
fn a_journal_is_named_by_the_environment_too() {
    let (_api, _, journal) = kept();
    let mut command = crate::command::fsm(["runs"]);
    let output = command.env("FSM_JOURNAL", &journal).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("run-1\t"), "{output:?}");
    assert_eq!(run(["runs"]).code, Some(2));
}
