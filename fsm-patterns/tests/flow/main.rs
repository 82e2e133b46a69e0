//! What a flow does when it runs: the flow contract, sentence by sentence, over an API in memory
//! under paused time.
//!
//! `world` is the API; one module a topic tells what must hold; `fidelity` holds random flows to
//! their drawing, to their replay, and to a second interpreter; `proof` walks through them without
//! data; `undo` fails runs and looks at what is left of them; `standing` and `waiting` look at runs
//! that are not over; `size` runs ten thousand endpoints; `graphs` shows one drawing a mode.

mod changing;
mod control;
mod deadlines;
mod expressions;
mod failures;
mod fidelity;
mod graphs;
mod groups;
mod modes;
mod proof;
mod results;
mod retries;
mod size;
mod standing;
mod undo;
mod waiting;
mod world;

#[test]
fn every_file_beside_this_one_is_one_of_its_modules() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flow");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).expect("the tests are part of the crate") {
        let name = entry.expect("a readable folder").file_name().into_string().expect("UTF-8");
        let module = name.strip_suffix(".rs").unwrap_or(&name);
        if module == "main" || module == "snapshots" {
            continue;
        }
        assert!(include_str!("main.rs").contains(&format!("\nmod {module};")), "{name}");
        found += 1;
    }
    assert!(found > 10, "{found}");
}
