//! What ARCHITECTURE.md says and a program can check.

use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 7] =
    ["fsm-core", "fsm-http", "fsm-journal", "fsm-patterns", "fsm-testkit", "fsm-cli", "examples"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Every Rust file below a folder, with its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the workspace") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root()).expect("a path below").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found.sort();
    found
}

/// The lines that are code: without comments and, by convention at the end of a file, unit tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn offences<'a>(files: &'a [(String, String)], words: &'a [&str]) -> Vec<String> {
    let mut offences = Vec::new();
    for (name, text) in files {
        for line in code(text) {
            for word in words.iter().filter(|word| line.contains(**word)) {
                offences.push(format!("{name}: `{word}` in `{}`", line.trim()));
            }
        }
    }
    offences
}

#[test]
fn dependencies_point_one_way() {
    let allowed: [(&str, &[&str]); 6] = [
        ("fsm-core", &[]),
        ("fsm-http", &["fsm-core"]),
        ("fsm-journal", &["fsm-core"]),
        ("fsm-patterns", &["fsm-core", "fsm-http"]),
        ("fsm-testkit", &["fsm-core", "fsm-http", "fsm-patterns"]),
        ("fsm-cli", &["fsm-core", "fsm-http", "fsm-journal", "fsm-patterns", "fsm-testkit"]),
    ];
    for (name, allowed) in allowed {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("manifest");
        let dependencies = manifest
            .split("[dependencies]")
            .nth(1)
            .and_then(|rest| rest.split("\n[").next())
            .unwrap_or_else(|| panic!("{name} has dependencies"));
        for other in CRATES {
            let depends = dependencies.lines().any(|line| line.starts_with(&format!("{other}.")))
                || dependencies.lines().any(|line| line.starts_with(&format!("{other} ")));
            assert!(!depends || allowed.contains(&other), "{name} may not depend on {other}");
        }
    }
}

#[test]
fn the_kernel_reads_no_clock_and_performs_nothing() {
    let mut files = sources("fsm-core/src/kernel");
    files.extend(sources("fsm-core/src/machine"));
    let words = [
        "Instant",
        "SystemTime",
        "tokio",
        "tracing",
        "async ",
        ".await;",
        ".await?",
        ".await)",
        "println",
        "std::fs",
        "std::net",
        "std::env",
        "RandomState",
        "rand::",
    ];
    assert_eq!(offences(&files, &words), [] as [String; 0]);
}

#[test]
fn core_knows_no_http() {
    let files = sources("fsm-core/src");
    let words = ["use http", "reqwest", "hyper", "fsm_http", "serde_json"];
    assert_eq!(offences(&files, &words), [] as [String; 0]);
}

#[test]
fn one_file_knows_reqwest() {
    let mut files = Vec::new();
    for name in CRATES {
        files.extend(sources(&format!("{name}/src")));
    }
    files.retain(|(name, _)| !name.ends_with("reqwest_transport.rs"));
    assert_eq!(offences(&files, &["reqwest::"]), [] as [String; 0]);
}

#[test]
fn one_crate_knows_sqlite() {
    let mut files = Vec::new();
    for name in CRATES.into_iter().filter(|name| *name != "fsm-journal") {
        files.extend(sources(&format!("{name}/src")));
    }
    assert_eq!(offences(&files, &["rusqlite"]), [] as [String; 0]);
}

#[test]
fn one_place_of_the_journal_commits() {
    let mut files = sources("fsm-journal/src");
    files.retain(|(name, _)| !name.contains("/writer/") && !name.contains("/format/"));
    assert_eq!(
        offences(&files, &["COMMIT", "INSERT INTO records", ".commit()"]),
        [] as [String; 0]
    );
}

#[test]
fn no_algorithm_of_petgraph_that_recurses_is_used() {
    for name in CRATES {
        let files = sources(&format!("{name}/src"));
        let words = ["tarjan_scc", "is_cyclic_directed", "depth_first_search"];
        assert_eq!(offences(&files, &words), [] as [String; 0]);
    }
}

#[test]
fn no_file_has_grown_into_a_second_concept() {
    for name in CRATES {
        for (file, text) in sources(&format!("{name}/src")) {
            let lines = text.lines().count();
            assert!(lines <= 500, "{file} has {lines} lines: move a wall");
        }
    }
}

#[test]
fn every_file_begins_with_its_essay() {
    for name in CRATES {
        for (file, text) in sources(&format!("{name}/src")) {
            assert!(text.starts_with("//!"), "{file} says first what it is for");
        }
    }
}
