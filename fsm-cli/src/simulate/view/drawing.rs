//! The drawing with the path and where the tokens stand, shown as DOT or written to a file.

use std::path::Path;

use fsm_core::{Drawing, Mark, Marks};

use crate::output;
use crate::simulate::session::Session;

/// As DOT.
pub(super) fn dot(session: &Session) -> String {
    drawing(session, &marks(session)).to_dot()
}

/// Writes it to `file`, in the language that the ending of the file's name tells.
///
/// # Errors
/// Why there is no such file now, in words.
pub(super) fn write(session: &Session, file: &str) -> Result<(), String> {
    let path = Path::new(file);
    let marks = marks(session);
    let drawing = drawing(session, &marks);
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let text = match ending.as_str() {
        "svg" => drawing.to_svg().map_err(|fault| fault.to_string())?,
        "dot" | "gv" => drawing.to_dot(),
        "mmd" | "mermaid" => drawing.to_mermaid(),
        _ => {
            let endings =
                "the name of the file tells what it holds: it ends in .svg, .dot, or .mmd";
            return Err(endings.to_owned());
        }
    };
    output::write_file(path, &text).map_err(|error| error.to_string())
}

fn drawing<'a>(session: &'a Session, marks: &'a Marks) -> Drawing<'a> {
    session.file.drawing().marked(marks)
}

fn marks(session: &Session) -> Marks {
    let simulation = &session.simulation;
    let mut marks = Marks::new();
    for station in simulation.path() {
        marks = station.at.iter().fold(marks, |marks, at| marks.state(*at, Mark::Path));
        marks = station.by.iter().fold(marks, |marks, by| marks.transition(*by, Mark::Path));
    }
    if let Some(last) = simulation.path().last() {
        marks = last.at.iter().fold(marks, |marks, at| marks.state(*at, Mark::Active));
    }
    marks
}
