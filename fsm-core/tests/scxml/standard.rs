//! The cases of the SCXML test framework (Apache-2.0) that need no data model. They are not
//! copied here: their folder is `scxml` below the one that `FSM_STANDARDS` names, or below
//! `../shared/standards`, seen from the workspace.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::chart::{self, Lacking};
use crate::script::{self, Configuration, Script};

/// How many cases there are.
const CASES: usize = 73;

/// Those that need what a graph has not. The list is exact.
const LACKING: [(&str, Lacking); 10] = [
    ("history/history0", Lacking::History),
    ("history/history1", Lacking::History),
    ("history/history2", Lacking::History),
    ("history/history3", Lacking::History),
    ("history/history4", Lacking::History),
    ("history/history4b", Lacking::History),
    ("history/history5", Lacking::History),
    ("scxml-prefix-event-name-matching/star0", Lacking::Prefixes),
    ("scxml-prefix-event-name-matching/test0", Lacking::Prefixes),
    ("scxml-prefix-event-name-matching/test1", Lacking::Prefixes),
];

/// The folder of the cases, if there is one here.
fn folder() -> Option<PathBuf> {
    let standards = std::env::var_os("FSM_STANDARDS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/standards"),
        PathBuf::from,
    );
    Some(standards.join("scxml")).filter(|folder| folder.is_dir())
}

/// By name, as `folder/case`, the path of each chart.
fn charts(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("a folder that can be read");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    let groups = entries(folder).into_iter().filter(|path| path.is_dir());
    let files = groups.flat_map(|group| entries(&group));
    let charts = files.filter(|path| path.extension() == Some(OsStr::new("scxml")));
    let named = charts.map(|path| {
        let name = path.strip_prefix(folder).expect("below").with_extension("");
        (name.to_string_lossy().replace('\\', "/"), path)
    });
    named.collect()
}

fn read_script(path: &Path) -> Script {
    let text = fs::read_to_string(path).expect("a script beside its chart");
    let script: Value = serde_json::from_str(&text).expect("a script is JSON");
    let configuration = |value: &Value| -> Configuration {
        let states = value.as_array().expect("a list of states").iter();
        states.map(|state| state.as_str().expect("a name").to_owned()).collect()
    };
    let events = script["events"].as_array().expect("a list of events").iter();
    let events = events.map(|step| {
        let name = step["event"]["name"].as_str().expect("a name").to_owned();
        (name, configuration(&step["nextConfiguration"]))
    });
    Script { initial: configuration(&script["initialConfiguration"]), events: events.collect() }
}

#[test]
#[expect(clippy::print_stderr, reason = "what is skipped is said")]
fn the_cases_of_others_come_out_as_they_say_but_for_those_that_are_listed() {
    let Some(folder) = folder() else {
        return eprintln!(
            "skipped: the cases of the SCXML test framework are not here \
             (FSM_STANDARDS names the folder above `scxml`); `rules` holds our own"
        );
    };
    let charts = charts(&folder);
    assert_eq!(charts.len(), CASES, "cases were added or lost");
    let mut lacking = Vec::new();
    let mut wrong = Vec::new();
    for (name, path) in &charts {
        let text = fs::read_to_string(path).expect("a chart");
        match chart::read(&text) {
            Err(what) => lacking.push((name.as_str(), what)),
            Ok(graph) => {
                if let Err(why) = script::play(graph, &read_script(&path.with_extension("json"))) {
                    wrong.push(format!("{name}: {why}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(lacking, LACKING, "the list of cases that are left out is not exact");
    let reasons = lacking.iter().map(|(name, what)| format!("\n  {name}: {what}"));
    let passed = CASES - LACKING.len();
    eprintln!(
        "{passed} of {CASES} cases came out as they say; left out:{}",
        reasons.collect::<String>()
    );
}
