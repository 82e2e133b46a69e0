//! Planted faults: graphs and machine files that pass every static check and are wrong all the
//! same, each with what is wrong, and beside each a sound one that looks alike. Data only: whoever
//! proves machines walks through them.
//!
//! Every guard of a graph is called by a name that says nothing: it may hold or not. What a path
//! counts are inputs, `Start` among them.

mod faulty;
mod files;
mod sound;

use std::num::NonZeroU32;
use std::time::Duration;

use fsm_core::{Graph, GraphBuilder, JoinRule};

pub(crate) use faulty::faulty;
pub(crate) use sound::sound;

/// A fault that was planted.
pub(crate) struct Planted {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What is wrong, for people.
    pub(crate) wrong: &'static str,
    /// Where it was planted.
    pub(crate) source: Source,
    /// Which property does not hold.
    pub(crate) broken: Broken,
}

/// A graph or a machine file.
pub(crate) enum Source {
    /// A graph, whose activities may end in any way and whose guards may hold or not.
    Graph(Box<Graph>),
    /// The text of a machine file.
    File(&'static str),
}

/// What a proof must find, and on how short a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The run stops at this state, with no way on that is open, after so many inputs.
    Stuck(&'static str, usize),
    /// From where so many inputs lead, no final state can be reached any more.
    NoEnd(usize),
    /// It may go round for ever, though every activity is answered and every timer fires: so many
    /// inputs lead once round.
    Round(usize),
    /// This state is never reached.
    Unreachable(&'static str),
}

fn graph(name: &str, initial: &str, write: impl FnOnce(&mut GraphBuilder)) -> Source {
    let mut graph = Graph::builder(name);
    write(&mut graph);
    graph.initial(initial);
    Source::Graph(Box::new(graph.build().unwrap_or_else(|faults| panic!("{name}: {faults}"))))
}

/// Declares an activity with its two ways on; `parent` is what it lies in, or nothing.
fn work(g: &mut GraphBuilder, name: &str, parent: &str, done: &str, failed: &str) {
    let state = g.activity(name);
    if !parent.is_empty() {
        state.within(parent);
    }
    g.transition(name, done).done();
    g.transition(name, failed).failed();
}

/// Declares a fork with branches, and its join, which leads to the final state `end`.
fn forked(g: &mut GraphBuilder, rule: JoinRule, branches: &[&str]) {
    g.fork("fork", "join");
    g.join("join", rule);
    for branch in branches {
        g.transition("fork", *branch);
    }
    g.transition("join", "end");
    g.final_state("end");
}

/// Declares a join in the scope of the fork that goes on to the fork's own.
fn gather(g: &mut GraphBuilder, name: &str, count: u32) {
    g.join(name, at_least(count)).within("fork");
    g.transition(name, "join");
}

fn at_least(count: u32) -> JoinRule {
    JoinRule::AtLeast(NonZeroU32::new(count).expect("a positive number"))
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
