//! Flow files.

use fsm_patterns::{Flow, check, file};
use fsm_testkit::fuzz::Fuzz;

const WORDS: [&str; 40] = [
    "fsm: 1",
    "name:",
    "mode:",
    "sequential",
    "pipeline",
    "conditional",
    "parallel",
    "fanout",
    "hybrid",
    "endpoints:",
    "- name: a\n",
    "url: https://a.example/{$inputs.id}",
    "method: POST",
    "depends_on: [a]",
    "condition:",
    "$data.a == 1",
    "error_handler:",
    "retry_count:",
    "timeout: 5s",
    "body:",
    "params:",
    "headers:",
    "output:",
    "resources:",
    "auth:",
    "{ env: X }",
    "&a",
    "*a",
    "<<: *a",
    "|\n  x",
    "? a\n: b",
    "!!int",
    "---\n",
    "...",
    "\n  ",
    "\n    - ",
    ": ",
    "# ",
    "inputs: { type: object }",
    "{ jsonpath: \"$.a[?@.b]\", from: $data }",
];

#[test]
fn a_flow_file_is_accepted_or_its_faults_are_told() {
    let seeds = super::fixtures("flows").into_iter().chain(super::fixtures("faults"));
    let fuzz = Fuzz::new("flow files").seeds(seeds).words(WORDS);
    fuzz.run(|text| {
        let name = if text.trim_start().starts_with('{') { "fuzz.json" } else { "fuzz.yaml" };
        match file::load(name, text) {
            Err(report) => super::is_readable(&report, text).as_str().into(),
            Ok(loaded) => {
                assert!(check::check(&loaded.spec).is_empty(), "what is loaded was checked");
                match Flow::new(loaded.spec) {
                    Ok(flow) => {
                        assert!(flow.graph().to_dot().starts_with("digraph"));
                        "a flow".into()
                    }
                    Err(error) => error.to_string().as_str().into(),
                }
            }
        }
    });
}
