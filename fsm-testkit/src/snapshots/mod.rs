//! Graphs, runs, and faults as texts that stay the same as long as the thing does: for
//! `insta::assert_snapshot!`, or whatever else compares texts.
//!
//! They are functions that give a `String`, so that there is nothing to learn besides them, the
//! snapshots may be inline or in files, and this crate does not choose a version of insta.
//!
//! ```
//! use fsm_core::{Event, Machine};
//! use fsm_testkit::simulation::Simulation;
//! use fsm_testkit::snapshots::{graph_snapshot, run_snapshot};
//!
//! #[derive(Clone, Debug)]
//! enum Gate { Locked, Open }
//! #[derive(Clone, Debug)]
//! enum Hand { Coin, Push }
//! impl Event for Hand {}
//!
//! let machine = Machine::<u32, Hand>::builder("turnstile")
//!     .on(Gate::Locked, Hand::Coin).then("count", |coins, _| *coins += 1).to(Gate::Open)
//!     .on(Gate::Open, Hand::Push).to(Gate::Locked)
//!     .build(Gate::Locked)?;
//! assert_eq!(graph_snapshot(machine.graph()), "\
//! graph turnstile, begins at Locked
//!
//! Locked: simple
//!   Coin -> Open / count
//! Open: simple
//!   Push -> Locked
//! ");
//!
//! let mut gate = Simulation::new(machine, 0);
//! gate.event(Hand::Coin)?;
//! assert_eq!(run_snapshot(&gate), "\
//! run of turnstile, goes on at Open
//!
//! 0ns: Locked
//! 0ns: Open
//!   Locked -Coin-> Open
//! context: 1
//! ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Times are those of the simulation, which are the same in every run. What is not, such as the
//! id and the latencies in the report of a flow, is written as its name in brackets:
//! `report_snapshot` (feature `flows`).

mod graph;
#[cfg(feature = "flows")]
mod report;

use std::error::Error;
use std::fmt::Debug;

use fsm_core::{Event, Status, Timestamp};

use crate::simulation::Simulation;
use crate::walks::edge_text;

pub use graph::graph_snapshot;
#[cfg(feature = "flows")]
pub use report::report_snapshot;

/// A run as text: where it stands, each place that it came by, when, and by which transitions, and
/// what it remembers, as `Debug` prints that.
pub fn run_snapshot<C: Clone + Debug, E: Event>(simulation: &Simulation<C, E>) -> String {
    let graph = simulation.machine().graph();
    let run = simulation.snapshot();
    let stands = match run.status() {
        Status::New => "has not begun".to_owned(),
        Status::Running => format!("goes on at {}", simulation.configuration().join(", ")),
        Status::Finished(at) => format!("ended at {}", graph.name_of(at)),
        Status::Cancelled => "was cancelled".to_owned(),
        Status::Stuck(at) => format!("is stuck at {}", graph.name_of(at)),
    };
    let mut text = format!("run of {}, {stands}\n\n", graph.name());
    for station in simulation.path() {
        let when = station.when.since(Timestamp::ZERO);
        text.push_str(&format!("{when:?}: {}\n", simulation.names(&station.at).join(", ")));
        for id in &station.by {
            text.push_str(&format!("  {}\n", edge_text(graph, *id)));
        }
    }
    text.push_str(&format!("context: {:#?}\n", run.context()));
    text
}

/// Faults as text: what an error says, and, further in, what it says of its causes.
pub fn faults_snapshot(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let causes = std::iter::successors(Some(error), |error| Error::source(*error));
    for (depth, cause) in causes.enumerate() {
        let indent = "  ".repeat(depth);
        let because = if depth == 0 { "" } else { "because: " };
        for (index, line) in cause.to_string().lines().enumerate() {
            let lead = if index == 0 { because } else { "" };
            text.push_str(format!("{indent}{lead}{line}").trim_end());
            text.push('\n');
        }
    }
    text
}
