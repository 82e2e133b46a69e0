//! What is wrong with a graph.

use std::fmt;
use std::sync::Arc;

/// One thing that is wrong with a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphFault {
    /// A state without a name.
    #[error("a state has an empty name; give it one")]
    EmptyName,
    /// No state is entered first.
    #[error("no initial state is declared; name one with `initial`")]
    NoInitial,
    /// Two states of one name.
    #[error("state `{state}` is declared twice; rename one of them")]
    DeclaredTwice {
        /// The name.
        state: String,
    },
    /// A name that is used and never declared.
    #[error("state `{state}` is used but never declared; declare it or correct the name")]
    Undeclared {
        /// The name.
        state: String,
    },
    /// A parent that can't hold states, or a ring of parents.
    #[error("state `{state}` lies within `{parent}`, which {why}")]
    BadParent {
        /// The state.
        state: String,
        /// What it lies in.
        parent: String,
        /// Why that can't be.
        why: &'static str,
    },
    /// A policy for work on a state that does none.
    #[error("state `{state}` has a {what}, but does no work; only activities and machines do")]
    IdlePolicy {
        /// The state.
        state: String,
        /// `retry policy` or `timeout`.
        what: &'static str,
    },
    /// A composite state whose initial state is not one of its own.
    #[error("composite state `{state}` starts at `{initial}`, which does not lie within it")]
    BadInitial {
        /// The composite state, or the graph.
        state: String,
        /// The state named as its initial one.
        initial: String,
    },
    /// A transition that its state can't have.
    #[error("transition `{from}` -> `{to}` ({trigger}): {why}")]
    BadTransition {
        /// Where it starts.
        from: String,
        /// Where it leads.
        to: String,
        /// Its trigger.
        trigger: String,
        /// Why it can't be.
        why: &'static str,
    },
    /// A transition that an earlier one always wins over.
    #[error(
        "transition `{from}` -> `{to}` ({trigger}) is never taken: an earlier one without a guard \
         always wins; move it up or give that one a guard"
    )]
    Shadowed {
        /// Where it starts.
        from: String,
        /// Where it leads.
        to: String,
        /// Its trigger.
        trigger: String,
    },
    /// A state that no path leads to.
    #[error("state `{state}` can't be reached; lead a transition to it or remove it")]
    Unreachable {
        /// The state.
        state: String,
    },
    /// A state from which the run can't end.
    #[error("from state `{state}` no final state can be reached; give it a way on")]
    NoWayOut {
        /// The state.
        state: String,
    },
    /// A state without transitions in a graph without final states.
    #[error("state `{state}` has no transitions and is not final; give it a way on")]
    DeadEnd {
        /// The state.
        state: String,
    },
    /// A join that waits for ever.
    #[error("fork `{fork}`: its join `{join}` can never fill: {why}")]
    JoinNeverFills {
        /// The fork.
        fork: String,
        /// The join.
        join: String,
        /// What is missing.
        why: String,
    },
    /// A fork or join that is not well paired.
    #[error("`{state}`: {why}")]
    BadFork {
        /// The fork or join.
        state: String,
        /// What is wrong.
        why: String,
    },
    /// A parallel state whose regions can't be.
    #[error("parallel state `{parallel}`: {why}")]
    BadRegion {
        /// The parallel state.
        parallel: String,
        /// What is wrong.
        why: String,
    },
    /// A list of regions of a state that has none.
    #[error("state `{state}` lists regions, and only parallel states have them; remove the list")]
    IdleRegions {
        /// The state.
        state: String,
    },
    /// A graph that can't be laid into a state of another.
    #[error(
        "graph `{graph}`, laid into `{state}`, limits its concurrent activities; that limit holds \
         for whole runs: set it on the graph around"
    )]
    BadEmbedding {
        /// The state that it was laid into.
        state: String,
        /// The graph.
        graph: String,
    },
    /// A graph that is laid into a state of another and begins deep inside.
    #[error(
        "graph `{graph}`, laid into `{state}`, begins at `{initial}`, deep within `{outermost}`, \
         which begins elsewhere; let it begin at `{outermost}`, and that one on the way to \
         `{initial}`"
    )]
    DeepInitial {
        /// The state that it was laid into.
        state: String,
        /// The graph.
        graph: String,
        /// Its initial state.
        initial: String,
        /// The outermost state around that one.
        outermost: String,
    },
    /// Eventless transitions that go round. Whether a run comes to rest may not hang on which of
    /// several regions that end at once goes on first, so that a cycle within one region is a fault
    /// even where another region leaves both each time.
    #[error("eventless transitions go round for ever: {}", path.join(" -> "))]
    EventlessCycle {
        /// The states of the cycle, the first one repeated at the end.
        path: Vec<String>,
    },
}

/// Everything that is wrong with a graph. `Debug` reads like `Display`, because that is what a `main`
/// that returns the error prints.
#[derive(Clone, PartialEq, Eq)]
pub struct GraphFaults {
    name: Arc<str>,
    faults: Vec<GraphFault>,
}

impl GraphFaults {
    pub(crate) fn new(name: Arc<str>, faults: Vec<GraphFault>) -> Self {
        Self { name, faults }
    }

    /// The faults, those of the structure first.
    pub fn faults(&self) -> &[GraphFault] {
        &self.faults
    }
}

impl fmt::Display for GraphFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        let plural = if count == 1 { "fault" } else { "faults" };
        write!(f, "graph `{}` has {count} {plural}:", self.name)?;
        for fault in &self.faults {
            write!(f, "\n  - {fault}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for GraphFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for GraphFaults {}
