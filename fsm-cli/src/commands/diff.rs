//! `fsm diff`: what a change to a file adds, removes, and alters, as a list or as a drawing.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use console::Style;
use fsm_core::{Graph, GraphDiff};
use fsm_patterns::Flow;
use fsm_patterns::file::{self, FileKind, Loaded, Setting};
use fsm_patterns::machine::MachineFile;
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::output;
use crate::source::{self, Source};

/// What is compared, and how it is shown.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct DiffArgs {
    /// The old file, a flow or a machine, in YAML or JSON; `-` reads it from stdin.
    old: PathBuf,

    /// The new file, of the same sort; `-` reads it from stdin.
    new: PathBuf,

    /// How the differences are shown: as a list (text), as data (json), or as a drawing of both graphs in one.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Draw everything: also a flow's house-keeping actions, and what is inside of machines.
    #[arg(long)]
    expand: bool,

    /// Write to this file instead of stdout; `-` is stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// End with 1 if there are differences, as `git diff --exit-code` does.
    #[arg(long)]
    exit_code: bool,
}

const HELP: &str = "\
Graphs are compared state by state and transition by transition. What a graph does not show
(headers, bodies, limits, resources, a machine's context) is listed as settings; values that may
be secret are only told to differ. Drawings show the graph alone. The last line says whether runs
that are under way on the old file can go on along the new one, and if not, why.

Against the last commit:  git show HEAD:flow.yaml | fsm diff - flow.yaml";

/// How differences are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line each: `+` added, `-` removed, `~` altered
    Text,
    /// One JSON object
    Json,
    /// For Graphviz
    Dot,
    /// For Markdown
    Mermaid,
    /// A picture, without Graphviz
    Svg,
}

/// A file of either sort, read and checked.
enum Read {
    Flow { loaded: Box<Loaded>, flow: Flow },
    Machine(MachineFile),
}

impl Read {
    fn of(source: &Source) -> Result<Self, CommandError> {
        let (what, text) = (source.to_string(), source.text()?);
        if file::kind_of(&text) == FileKind::Machine {
            return source::machine(&what, &text).map(Read::Machine);
        }
        let (loaded, flow) = source::loaded(&what, &text)?;
        Ok(Read::Flow { loaded: Box::new(loaded), flow })
    }

    fn graph(&self) -> &Graph {
        match self {
            Read::Flow { flow, .. } => flow.graph(),
            Read::Machine(machine) => machine.graph(),
        }
    }
}

/// Everything that differs.
#[derive(Serialize)]
struct Differences {
    differs: bool,
    graph: GraphDiff,
    settings: Vec<Setting>,
    /// What keeps runs that are under way on the old file from going on along the new one.
    obstacles: Vec<String>,
}

/// Compares the files.
pub(crate) fn perform(args: &DiffArgs) -> Result<Exit, CommandError> {
    let sources = [&args.old, &args.new].map(|path| Source::from(path.as_path()));
    if sources == [Source::Stdin, Source::Stdin] {
        return Err(CommandError::BothFromStdin);
    }
    let [old, new] = [Read::of(&sources[0])?, Read::of(&sources[1])?];
    let settings = match (&old, &new) {
        (Read::Flow { loaded: old, .. }, Read::Flow { loaded: new, .. }) => new.settings_since(old),
        (Read::Machine(old), Read::Machine(new)) => {
            file::context_settings(old.context(), new.context())
        }
        (Read::Flow { .. }, Read::Machine(_)) | (Read::Machine(_), Read::Flow { .. }) => {
            let [old, new] = sources.map(|source| source.to_string());
            return Err(CommandError::Incomparable { old, new });
        }
    };
    let graph = GraphDiff::between(old.graph(), new.graph());
    let differs = !graph.is_empty() || !settings.is_empty();
    let obstacles = obstacles(&old, &new, &graph);
    show(args, &new, &Differences { differs, graph, settings, obstacles })?;
    Ok(if differs && args.exit_code { Exit::Differs } else { Exit::Completed })
}

fn obstacles(old: &Read, new: &Read, graph: &GraphDiff) -> Vec<String> {
    match (old, new) {
        (Read::Flow { flow: old, .. }, Read::Flow { flow: new, .. }) => {
            new.compatibility_with(old).iter().map(ToString::to_string).collect()
        }
        (Read::Machine(_), _) | (_, Read::Machine(_)) => {
            graph.compatibility().obstacles().iter().map(ToString::to_string).collect()
        }
    }
}

fn show(args: &DiffArgs, new: &Read, differences: &Differences) -> Result<(), CommandError> {
    let file = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    let drawing = match (new, args.expand) {
        (_, true) => differences.graph.drawing().expanded(),
        (Read::Flow { .. }, false) => differences.graph.drawing().without_actions(),
        (Read::Machine(_), false) => differences.graph.drawing(),
    };
    let text = match args.format {
        Format::Text if file.is_none() => coloured(&list(differences)),
        Format::Text => list(differences),
        Format::Json => output::json(differences)?,
        Format::Dot => drawing.to_dot(),
        Format::Mermaid => drawing.to_mermaid(),
        Format::Svg => drawing.to_svg()?,
    };
    match file {
        Some(path) => output::write_file(path, &text),
        None => output::print(&text),
    }
}

fn list(differences: &Differences) -> String {
    let Differences { differs, graph, settings, obstacles } = differences;
    let mut text = match graph.is_empty() && *differs {
        true => String::new(),
        false => graph.to_string(),
    };
    settings.iter().for_each(|setting| text.push_str(&format!("{setting}\n")));
    if *differs {
        text.push_str(&of_runs(obstacles));
    }
    text
}

/// Whether runs that are under way can go on.
fn of_runs(obstacles: &[String]) -> String {
    match obstacles {
        [] => "Runs under way can go on.\n".to_owned(),
        [only] => format!("Runs under way can't go on: {only}\n"),
        several => format!("Runs under way can't go on:\n  {}\n", several.join("\n  ")),
    }
}

/// The list with a colour for each mark, if stdout shows colours.
fn coloured(list: &str) -> String {
    let colour = |line: &str| {
        let style = match line.trim_start().chars().next() {
            Some('+') => Style::new().green(),
            Some('-') => Style::new().red(),
            Some('~') => Style::new().yellow(),
            Some(_) | None => Style::new(),
        };
        format!("{}\n", style.apply_to(line))
    };
    list.lines().map(colour).collect()
}
