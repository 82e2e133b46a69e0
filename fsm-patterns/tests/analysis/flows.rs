//! What is worth a second look in a flow file that can run.

use std::fs;
use std::path::Path;

use fsm_patterns::file::{self, FileKind, Severity};

fn said(endpoints: &str) -> String {
    let text = format!("fsm: 1\nname: n\nmode: hybrid\nendpoints:\n{endpoints}");
    let loaded = file::load("n.yaml", &text).unwrap_or_else(|report| panic!("{report}\n{text}"));
    loaded.warnings().to_string()
}

fn condition(condition: &str) -> String {
    said(&format!(
        "  - {{ name: a, url: http://localhost/ }}\n  - {{ name: b, url: http://localhost/, depends_on: [a], condition: \"{condition}\" }}\n"
    ))
}

#[test]
fn conditions_that_decide_nothing_are_warnings() {
    let said = [
        condition("$data.x > 5 && $data.x < 3"),
        condition("$steps.a.status == 'okay'"),
        condition("$data.kind != 'a' || $data.kind != 'b'"),
        condition("$inputs == null && $inputs.x == 1"),
        said(
            "  - name: g\n    mode: parallel\n    condition: $inputs.x == 1 && $inputs.x == 2\n    endpoints:\n      - { name: a, url: http://localhost/ }\n",
        ),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn conditions_that_decide_something_and_switches_are_none() {
    for text in [
        "$data.x > 3 && $data.x < 5",
        "$steps.a.status == 'OK'",
        "$data.x > 1 || $data.x <= 1",
        "$data",
        "false",
        "true",
        "1 > 2",
    ] {
        assert_eq!(condition(text), "", "{text}");
    }
}

#[test]
fn text_that_is_nearly_an_expression_is_a_warning() {
    let said = said(
        "  - name: a\n    url: http://localhost/\n    headers: { x-id: $input.id }\n    body: { list: [\"{data.id}\", plain], price: $5 }\n  - name: g\n    mode: parallel\n    endpoints:\n      - { name: b, url: http://localhost/, transform_output: \"{$dat.x}\" }\noutput: { id: $step.a.output }\n",
    );
    insta::assert_snapshot!(said);
}

#[test]
fn the_flows_of_this_repository_raise_no_warning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for folder in ["../examples/flows", "tests/fixtures/flows", "../fsm-testkit/flows"] {
        for entry in fs::read_dir(root.join(folder)).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a text");
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            if file::kind_of(&text) == FileKind::Machine || !text.contains("fsm: 1") {
                continue;
            }
            let loaded = file::load(&name, &text).unwrap_or_else(|report| panic!("{report}"));
            assert_eq!(loaded.warnings().to_string(), "", "{name}");
            count += 1;
        }
    }
    assert!(count > 6, "{count} flows");
}

#[test]
fn a_warning_is_told_from_a_fault() {
    let text = "fsm: 1\nname: n\nmode: sequential\nendpoints:\n  - { name: a, url: http://localhost/, condition: $data.x == 1 && $data.x == 2 }\n";
    let report = file::load("n.yaml", text).expect("it can run").warnings();
    assert_eq!(report.findings()[0].severity(), Severity::Warning);
    let diagnostic: &dyn miette::Diagnostic = &report.findings()[0];
    assert_eq!(diagnostic.severity(), Some(miette::Severity::Warning));
    assert!(report.at_least(Severity::Fault).is_empty());
    let faulty = file::load("n.yaml", "fsm: 1\n").expect_err("it can't");
    assert!(faulty.findings().iter().all(|finding| finding.severity() == Severity::Fault));
}
