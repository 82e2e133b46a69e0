//! `fsm dot`: the graph that a flow or a machine runs on, as text for Graphviz or Mermaid.

use std::path::PathBuf;

use clap::Args;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::output;
use crate::source::{Described, Source};

/// What is drawn, and how.
#[derive(Debug, Args)]
pub(crate) struct DotArgs {
    /// The file of a flow or a machine, in YAML or JSON; `-` reads it from stdin.
    file: PathBuf,

    /// The language of the drawing: dot (Graphviz) or mermaid.
    #[arg(short, long, default_value = "dot", value_parser = format)]
    format: Format,

    /// Draw everything: also the flow's house-keeping actions, and what is inside of machines.
    #[arg(long)]
    expand: bool,

    /// Write to this file instead of stdout; `-` is stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Dot,
    Mermaid,
}

fn format(text: &str) -> Result<Format, String> {
    match text {
        "dot" => Ok(Format::Dot),
        "mermaid" => Ok(Format::Mermaid),
        "svg" => Err("not without Graphviz: fsm dot FILE | dot -Tsvg > FILE.svg".to_owned()),
        _ => Err("the formats are `dot` and `mermaid`".to_owned()),
    }
}

/// Draws the graph.
pub(crate) fn perform(args: &DotArgs) -> Result<Exit, CommandError> {
    let source = Source::from(args.file.as_path());
    let text = source.text()?;
    let what = source.to_string();
    let described = Described::read(&what, &text)?;
    let drawing = match (&described, args.expand) {
        (_, true) => described.graph().drawing().expanded(),
        (Described::Flow(flow), false) => flow.drawing(),
        (Described::Machine(machine), false) => machine.graph().drawing(),
    };
    let drawn = match args.format {
        Format::Dot => drawing.to_dot(),
        Format::Mermaid => drawing.to_mermaid(),
    };
    match &args.output {
        Some(path) if path.as_os_str() != "-" => output::write_file(path, &drawn)?,
        Some(_) | None => output::print(&drawn)?,
    }
    Ok(Exit::Completed)
}
