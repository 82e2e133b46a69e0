//! What the world can't do in a simulation.

/// Why the world could not do as it was told. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// No activity can end there.
    #[error("no activity is under way at `{state}`; {}", elsewhere(under_way))]
    NotUnderWay {
        /// The name of the state.
        state: String,
        /// The states whose activities are.
        under_way: Vec<String>,
    },
    /// The activity may take as long as it likes.
    #[error("the activity at `{state}` has no timeout")]
    NoTimeout {
        /// The name of the state.
        state: String,
    },
    /// Timers set timers without an end.
    #[error("more than {limit} timers fire within this time; the machine goes round and round")]
    Endless {
        /// How many fired.
        limit: usize,
    },
}

fn elsewhere(under_way: &[String]) -> String {
    match under_way {
        [] => "none is under way at all".to_owned(),
        states => format!("under way: {}", states.join(", ")),
    }
}
