//! Every machine file of this repository is proven: none raises an alarm that is not meant.

use std::fs;
use std::path::{Path, PathBuf};

use fsm_patterns::machine;
use fsm_testkit::prove::{Finding, Prover};

/// The machines in the files and pages below `folder`.
fn machines(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            machines(&path, found);
            continue;
        }
        let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else {
            continue;
        };
        let text = || fs::read_to_string(&path).expect("it is text");
        match extension {
            "yaml" | "json" => found.push((path.clone(), text())),
            "md" => {
                let blocks = text();
                let blocks = blocks.split("```yaml\n").skip(1);
                let blocks = blocks.filter_map(|rest| rest.split("```").next());
                found.extend(blocks.map(|block| (path.clone(), block.to_owned())));
            }
            _ => {}
        }
    }
}

#[test]
fn what_the_proof_says_of_the_machines_of_this_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    let folders =
        ["docs", "examples", "fsm-cli/tests", "fsm-core/tests", "fsm-patterns/tests", "benches"];
    for folder in folders {
        machines(&root.join(folder), &mut found);
    }
    let mut told = String::new();
    for (path, text) in found {
        let Ok(file) = machine::load("machine.yaml", &text) else { continue };
        let proof = Prover::of_file(&file).max_states(100_000).prove();
        assert_eq!(proof.bound(), None, "{}", path.display());
        let path = path.strip_prefix(&root).expect("it lies below").display();
        told.push_str(&format!("{path}: {}\n", file.name()));
        for claim in proof.refuted() {
            told.push_str(&format!("  {}\n", claim.name));
            match &claim.finding {
                Finding::Missed(names) => {
                    names.iter().for_each(|name| told.push_str(&format!("    {name}\n")));
                }
                finding => {
                    let route = finding.route().map(ToString::to_string).unwrap_or_default();
                    route.lines().for_each(|line| told.push_str(&format!("    {line}\n")));
                }
            }
        }
    }
    insta::assert_snapshot!(told);
}
