//! Whatever reads text that people write: no text makes it panic or hang, and what it accepts
//! holds what is said of it.
//!
//! Each test is a smoke run of a second; `FSM_FUZZ_SECONDS` lets it go on
//! ([`fsm_testkit::fuzz`]).

mod expressions;
mod flows;
mod machines;

use fsm_patterns::file::Report;

/// The texts of a folder of this crate's fixtures.
fn fixtures(folder: &str) -> Vec<String> {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder of fixtures");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "json"));
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| std::fs::read_to_string(path).expect("a text")).collect()
}

/// A report points into the text, and can be printed; of a long text that takes too long to be
/// tried each time.
fn is_readable(report: &Report, read: &str) -> String {
    if read.len() > 1_500 {
        return report.to_string();
    }
    let mut text = String::new();
    miette::NarratableReportHandler::new()
        .render_report(&mut text, report)
        .expect("a report can be printed");
    assert!(!text.is_empty());
    report.to_string()
}
