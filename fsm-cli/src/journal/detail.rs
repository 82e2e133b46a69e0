//! One run: how it stands, its steps, and what happened to it, as text.

use std::path::Path;

use console::measure_text_width;
use fsm_core::Marks;
use fsm_core::Timestamp;
use fsm_patterns::{Flow, FlowStep, RunReport, StepReport};

use super::line::{INTERRUPTED, Line};
use super::table::waits;
use super::when::short;
use super::{Store, command};
use crate::error::CommandError;
use crate::output;
use crate::simulate::view::plain;

/// What stands above the steps of a run.
pub(crate) fn head(line: &Line, store: &Store, now: Timestamp) -> String {
    let status = match line.status.as_str() {
        "waiting" => format!("waiting {}", waits(&line.waits_for, now)),
        INTERRUPTED => format!(
            "interrupted: its process died; `{}` goes on with it",
            command("resume", &line.run, &store.dir)
        ),
        status => status.to_owned(),
    };
    let ended = match line.is_over {
        true => format!(", took {}", short(line.changed.since(line.began))),
        false => String::new(),
    };
    let mut rows = vec![("run", line.run.clone()), ("flow", line.flow.clone()), ("status", status)];
    rows.extend(line.key.clone().map(|key| ("key", key)));
    rows.push(("began", format!("{}{ended}", line.began.to_rfc3339())));
    rows.extend(line.driver.clone().map(|driver| ("driver", driver)));
    let row = |(name, told): (&str, String)| format!("{name:<8}{}\n", plain(&told));
    rows.into_iter().map(row).collect()
}

/// One line a step, in columns.
pub(crate) fn steps(report: &RunReport) -> String {
    let rows: Vec<[String; 4]> = report.steps.iter().map(|(name, step)| row(name, step)).collect();
    let mut widths = [0; 4];
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            widths[column] = widths[column].max(measure_text_width(cell));
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (column, cell) in row.iter().enumerate() {
            line += cell;
            line += &" ".repeat(widths[column] - measure_text_width(cell) + 2);
        }
        text += line.trim_end();
        text.push('\n');
    }
    if let Some(error) = &report.error {
        text += &format!("error   {}\n", plain(&error.message));
    }
    if !report.left_undone.is_empty() {
        text += &format!("left undone: {}\n", plain(&report.left_undone.join(", ")));
    }
    text
}

fn row(name: &str, step: &StepReport) -> [String; 4] {
    let attempts = match step.attempts {
        0 => String::new(),
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    };
    let mut told = Vec::new();
    if step.status.is_settled() && step.attempts > 0 {
        told.push(format!("{:.1} ms", step.elapsed_ms));
    }
    if let Some(waits) = &step.waits_for {
        told.extend(waits.signal.iter().map(|signal| format!("for the signal `{signal}`")));
        told.extend(waits.until.map(|until| format!("until {}", until.to_rfc3339())));
    }
    told.extend(step.http_status.map(|status| status.to_string()));
    let why = step.error.as_ref().map(|error| error.message.clone());
    told.extend(why.or_else(|| step.reason.clone()));
    if let Some(undo) = &step.undo {
        told.push(match &undo.error {
            None => format!("undo {}", undo.status.as_str()),
            Some(error) => format!("undo {}: {}", undo.status.as_str(), error.message),
        });
    }
    [plain(name), step.status.as_str().to_owned(), attempts, plain(&told.join(", "))]
}

/// One line a record.
pub(crate) fn history(steps: &[FlowStep]) -> String {
    match steps {
        [] => "  nothing has happened yet\n".to_owned(),
        steps => steps.iter().map(|step| format!("  {}\n", plain(&step.to_string()))).collect(),
    }
}

/// Draws the graph of a run with what stands out, in the language that the file's ending tells.
pub(crate) fn draw(flow: &Flow, marks: &Marks, path: &Path) -> Result<(), CommandError> {
    let drawing = flow.drawing().marked(marks);
    let ending = path.extension().and_then(|ending| ending.to_str());
    let drawn = match ending {
        Some("svg") => drawing.to_svg()?,
        Some("mmd" | "mermaid") => drawing.to_mermaid(),
        Some(_) | None => drawing.to_dot(),
    };
    output::write_file(path, &drawn)
}
