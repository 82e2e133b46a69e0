//! How errors are shown: `error: …` and `hint: …`, and the faults of a flow file each with its
//! line, a caret, and a hint.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use fsm_patterns::file::Report;
use miette::{Diagnostic, MietteHandler, MietteHandlerOpts, ReportHandler};

use crate::error::CommandError;

/// Shows an error on stderr.
pub(crate) fn show(error: &CommandError) {
    let mut text = String::new();
    if let CommandError::Faults(report) = error {
        text.push_str(&faults(report));
    }
    let style = console::Style::new().for_stderr();
    text.push_str(&format!("{}: {error}\n", style.clone().red().bold().apply_to("error")));
    if let Some(hint) = error.hint() {
        text.push_str(&format!("{}: {hint}\n", style.cyan().apply_to("hint")));
    }
    // Where stderr is gone there is nobody left to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Shows warnings and notes on a file, each with its lines.
pub(crate) fn show_findings(report: &Report) {
    let _ = io::stderr().write_all(faults(report).as_bytes());
}

/// Shows on stderr what a user should know and what is no error.
pub(crate) fn warn(text: &str, hint: &str) {
    let style = console::Style::new().for_stderr();
    let _ = writeln!(
        io::stderr(),
        "{}: {text}\n{}: {hint}",
        style.clone().yellow().bold().apply_to("warning"),
        style.cyan().apply_to("hint")
    );
}

/// Tells something on stderr that is no error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Everything that was found in a file, each with its line.
fn faults(report: &Report) -> String {
    let on_terminal = io::stderr().is_terminal();
    let handler = MietteHandlerOpts::new()
        .color(console::colors_enabled_stderr())
        .terminal_links(false)
        .unicode(true)
        // A log has no width, and a wrapped line can't be searched.
        .wrap_lines(on_terminal)
        .build();
    let shown = |finding| Shown { handler: &handler, finding }.to_string();
    report.findings().iter().map(|finding| shown(finding) + "\n").collect()
}

/// One diagnostic by way of a handler.
struct Shown<'a> {
    handler: &'a MietteHandler,
    finding: &'a dyn Diagnostic,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handler.debug(self.finding, f)
    }
}
