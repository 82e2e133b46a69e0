//! `fsm check`: every fault of every file, before anything is sent. No secret is read. With `--deep`
//! a file without faults is proven besides: every state that a run can come to is explored.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use fsm_patterns::duration;
use fsm_patterns::file::Severity;
use fsm_patterns::machine::MachineFile;
use fsm_testkit::prove::{Proof, Prover, Route, Subject};

use super::count;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::source::{Described, Source};
use crate::{diagnostics, output};

/// What is checked.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files of flows or machines, in YAML or JSON; `-` reads from stdin.
    #[arg(required = true)]
    files: Vec<PathBuf>,

    /// Prove what must hold of every run, whatever becomes of its calls, events, and timers: that
    /// nothing gets stuck, that a run can always end, and more. Each property is printed as proven,
    /// refuted (with a way to where it fails), or undecided. Nothing is sent.
    #[arg(long)]
    deep: bool,

    /// Explore at most so many states that runs can be in. Where there are more, a warning says so,
    /// and what they would decide is left undecided.
    #[arg(long, value_name = "COUNT", default_value_t = 250_000, requires = "deep")]
    max_states: usize,

    /// Explore each file for at most so long: `30s`, `5m`. What is not decided by then is left
    /// undecided, with a warning.
    #[arg(long, value_name = "DURATION", value_parser = wait, requires = "deep")]
    time_limit: Option<Duration>,

    /// Draw the first way to where a property fails: SVG if the file's name ends in `.svg`, else DOT.
    #[arg(long, value_name = "FILE", requires = "deep")]
    draw: Option<PathBuf>,
}

fn wait(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|error| format!("it {error}"))
}

/// Checks every file, also after one that is faulty.
pub(crate) fn perform(args: &CheckArgs) -> Result<Exit, CommandError> {
    let mut faulty = 0;
    let mut canvas = args.draw.as_deref();
    for file in &args.files {
        if let Err(error) = check(&Source::from(file.as_path()), args, &mut canvas) {
            faulty += 1;
            diagnostics::show(&error);
        }
    }
    if let Some(path) = canvas {
        diagnostics::note(&format!("{} was not written: there is no way to draw", path.display()));
    }
    match (faulty, args.files.len()) {
        (0, _) => Ok(Exit::Completed),
        (_, 1) => Ok(Exit::Wrong),
        (faulty, all) => Err(CommandError::FaultyFiles { faulty, all }),
    }
}

/// One line on a file without faults, and what was proven of it. The first way that there is to draw
/// takes the `canvas`.
fn check(
    source: &Source,
    args: &CheckArgs,
    canvas: &mut Option<&Path>,
) -> Result<(), CommandError> {
    let text = source.text()?;
    let what = source.to_string();
    let described = Described::read(&what, &text)?;
    let states = count(described.graph().states().len(), "state");
    let line = match &described {
        Described::Flow(flow, _) => {
            let endpoints = count(flow.endpoints().len(), "endpoint");
            format!("{what}: ok, {endpoints}, {states}\n")
        }
        Described::Machine(machine) => {
            let transitions = count(machine.graph().transitions().len(), "transition");
            let unbound = unbound(machine);
            format!("{what}: ok, {states}, {transitions}{unbound}\n")
        }
    };
    output::print(&line)?;
    let least = if args.deep { Severity::Note } else { Severity::Warning };
    diagnostics::show_findings(&described.warnings().at_least(least));
    match args.deep {
        true => prove(&what, &described, args, canvas),
        false => Ok(()),
    }
}

/// Proves a file without faults, and prints what was found.
fn prove(
    what: &str,
    described: &Described,
    args: &CheckArgs,
    canvas: &mut Option<&Path>,
) -> Result<(), CommandError> {
    let proof = match described {
        Described::Flow(flow, _) => explore(Prover::of_flow(flow), args),
        Described::Machine(machine) => explore(Prover::of_file(machine), args),
    };
    let told: String = proof.to_string().lines().map(|line| format!("  {line}\n")).collect();
    output::print(&told)?;
    if let Some(bound) = proof.bound() {
        diagnostics::warn(
            &format!("{what}: {bound}, so not everything was explored"),
            "`--max-states` and `--time-limit` set how far to go",
        );
    }
    let refuted = proof.refuted().count();
    if refuted == 0 {
        return Ok(());
    }
    let route = proof.refuted().find_map(|claim| claim.finding.route());
    if let Some(route) = route
        && let Some(path) = canvas.take()
    {
        draw(route, described, path)?;
    }
    let all = proof.claims().len();
    let can_be_drawn = route.is_some() && args.draw.is_none();
    Err(CommandError::Refuted { what: what.to_owned(), refuted, all, can_be_drawn })
}

fn draw(route: &Route, described: &Described, path: &Path) -> Result<(), CommandError> {
    let marks = route.marks();
    let drawing = described.drawing().marked(&marks);
    let is_svg = path.extension().is_some_and(|extension| extension == "svg");
    output::write_file(path, &if is_svg { drawing.to_svg()? } else { drawing.to_dot() })
}

fn explore<S: Subject>(prover: Prover<S>, args: &CheckArgs) -> Proof {
    let prover = prover.max_states(args.max_states);
    match args.time_limit {
        Some(limit) => prover.time_limit(limit).prove(),
        None => prover.prove(),
    }
}

/// The names that the file leaves to Rust code.
fn unbound(machine: &MachineFile) -> String {
    let unbound = machine.unbound();
    let parts: Vec<String> =
        [("guard", unbound.guards), ("action", unbound.actions), ("activity", unbound.activities)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(noun, names)| {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("{noun} {}", names.join(", "))
            })
            .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!("; to be bound in Rust: {}", parts.join("; ")),
    }
}
