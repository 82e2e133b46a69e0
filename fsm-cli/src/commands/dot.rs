//! `fsm dot`: the graph that a flow or a machine runs on, as text for Graphviz or Mermaid, or as a
//! picture in SVG.

use std::path::PathBuf;

use clap::Args;
use fsm_core::{Graph, Marks};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::output;
use crate::source::{Described, Source};

/// What is drawn, and how.
#[derive(Debug, Args)]
pub(crate) struct DotArgs {
    /// The file of a flow or a machine, in YAML or JSON; `-` reads it from stdin.
    file: PathBuf,

    /// The language of the drawing: dot (Graphviz), mermaid, or svg, which needs no other program.
    #[arg(short, long, default_value = "dot", value_parser = format)]
    format: Format,

    /// Draw everything: also the flow's house-keeping actions, what is inside of machines, and that
    /// a transition of a machine file is taken only if its actions can be carried out (`can set paid`).
    #[arg(long)]
    expand: bool,

    /// Let a way stand out: the names of its states in order, such as `off,on,on.playing`. A comma
    /// in a name is written `\,`.
    #[arg(long, value_name = "STATES", value_parser = names)]
    path: Option<Names>,

    /// Let where a run stands stand out: the name of a state, or of several.
    #[arg(long, value_name = "STATES", value_parser = names)]
    at: Option<Names>,

    /// Write to this file instead of stdout; `-` is stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Dot,
    Mermaid,
    Svg,
}

/// Names of states.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Names(Vec<String>);

fn format(text: &str) -> Result<Format, String> {
    match text {
        "dot" => Ok(Format::Dot),
        "mermaid" => Ok(Format::Mermaid),
        "svg" => Ok(Format::Svg),
        _ => Err("the formats are `dot`, `mermaid`, and `svg`".to_owned()),
    }
}

/// Names parted by commas; names of states are arbitrary text, so a backslash keeps what follows.
fn names(text: &str) -> Result<Names, String> {
    let mut names = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let kept = match character {
            ',' => {
                names.push(String::new());
                continue;
            }
            '\\' => characters.next().ok_or("nothing follows the last backslash")?,
            _ => character,
        };
        if let Some(name) = names.last_mut() {
            name.push(kept);
        }
    }
    match names.iter().any(String::is_empty) {
        true => Err("a name is empty".to_owned()),
        false => Ok(Names(names)),
    }
}

/// What stands out.
fn marks(graph: &Graph, args: &DotArgs) -> Result<Marks, CommandError> {
    let path: Vec<&str> = args.path.iter().flat_map(|names| &names.0).map(String::as_str).collect();
    let mut marks = Marks::path(graph, &path).map_err(CommandError::Path)?;
    for name in args.at.iter().flat_map(|names| &names.0) {
        marks = marks.at(graph, name).map_err(CommandError::Path)?;
    }
    Ok(marks)
}

/// Draws the graph.
pub(crate) fn perform(args: &DotArgs) -> Result<Exit, CommandError> {
    let source = Source::from(args.file.as_path());
    let text = source.text()?;
    let what = source.to_string();
    let described = Described::read(&what, &text)?;
    let drawing = match args.expand {
        true => described.graph().drawing().expanded(),
        false => described.drawing(),
    };
    let marks = marks(described.graph(), args)?;
    let drawing = drawing.marked(&marks);
    let drawn = match args.format {
        Format::Dot => drawing.to_dot(),
        Format::Mermaid => drawing.to_mermaid(),
        Format::Svg => drawing.to_svg()?,
    };
    match &args.output {
        Some(path) if path.as_os_str() != "-" => output::write_file(path, &drawn)?,
        Some(_) | None => output::print(&drawn)?,
    }
    Ok(Exit::Completed)
}
