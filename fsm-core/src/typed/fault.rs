//! Why a machine written with Rust enums could not be built.

use std::fmt;

use crate::graph::GraphFaults;
use crate::machine::BindFaults;

/// Why a machine could not be built. `Debug` reads like `Display`, because that is what a `main` that
/// returns the error prints.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The graph has faults.
    #[error(transparent)]
    Graph(#[from] GraphFaults),
    /// Names have no code.
    #[error(transparent)]
    Bind(#[from] BindFaults),
    /// What was written contradicts itself.
    #[error("{}", lines(.0))]
    Written(Vec<BuildFault>),
}

/// Something that was written with the typed builder and can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildFault {
    /// One name stands for two pieces of code. It is drawn and fingerprinted, so it may not.
    #[error(
        "{what} `{name}` stands for two pieces of code; give one of them another name, or name a \
         function and use it twice"
    )]
    TwoCodes {
        /// `guard` or `action`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// One variant of the event enum was printed in two ways, as if it were two events.
    #[error(
        "events `{first}` and `{second}` are one variant, whose `Debug` prints what it carries; \
         derive `Debug`, so that an event is called after its variant"
    )]
    TwoEventNames {
        /// What it was called first.
        first: String,
        /// What it was called besides.
        second: String,
    },
    /// Two variants of the event enum were printed alike, as if they were one event.
    #[error(
        "event `{event}` is two variants, whose `Debug` prints one word; derive `Debug`, so that an \
         event is called after its variant"
    )]
    TwoVariants {
        /// What both are called.
        event: String,
    },
    /// A state was laid into two others.
    #[error("state `{state}` is laid into `{first}` and into `{second}`; it has one place")]
    TwoParents {
        /// The state.
        state: String,
        /// What it lies in first.
        first: String,
        /// What it lies in besides.
        second: String,
    },
    /// A list of states has none.
    #[error("the list of states given for `{state}` is empty; name at least one")]
    NoStates {
        /// The state that the list was given for.
        state: String,
    },
    /// A state that was only named as text has no value of the state type.
    #[error(
        "state `{state}` is written in `graph` alone, so no value of the state type stands for it; \
         name it in a call of the builder, too"
    )]
    WithoutValue {
        /// The state.
        state: String,
    },
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn lines(faults: &[BuildFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
