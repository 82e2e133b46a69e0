//! What random graphs are made of.

/// What random graphs are made of, and how much of each: weights beside one another, 0 for none.
/// Sequences are always among them.
///
/// ```
/// use fsm_core::Kind;
/// use fsm_testkit::strategies::{Shape, Size, any_graph_of};
/// use proptest::prelude::*;
///
/// let shape = Shape { forks: 0, dags: 0, parallels: 0, ..Shape::ANY };
/// proptest!(ProptestConfig::with_cases(16), |(graph in any_graph_of(Size::SMALL, shape))| {
///     let mut kinds = graph.states().map(|state| graph.kind(state));
///     prop_assert!(kinds.all(|kind| !matches!(kind, Kind::Fork(_) | Kind::Parallel)));
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Activities.
    pub activities: u32,
    /// States that wait for an event, a signal, or a delay.
    pub waits: u32,
    /// Choices.
    pub choices: u32,
    /// Forks with their joins.
    pub forks: u32,
    /// Work with dependencies inside a fork: splits and joins of its own.
    pub dags: u32,
    /// States around others.
    pub composites: u32,
    /// States side by side.
    pub parallels: u32,
    /// Loops.
    pub loops: u32,
    /// Whether time plays a part: delays, timers, timeouts, retries.
    pub is_timed: bool,
}

impl Shape {
    /// Some of everything.
    pub const ANY: Shape = Shape {
        activities: 6,
        waits: 3,
        choices: 2,
        forks: 4,
        dags: 3,
        composites: 3,
        parallels: 4,
        loops: 1,
        is_timed: true,
    };

    /// One token: nothing happens side by side.
    pub const SINGLE: Shape = Shape { forks: 0, dags: 0, parallels: 0, ..Shape::ANY };

    /// States, events, and choices, and nothing around them.
    pub const FLAT: Shape =
        Shape { activities: 0, composites: 0, loops: 0, is_timed: false, ..Shape::SINGLE };
}

impl Default for Shape {
    fn default() -> Self {
        Shape::ANY
    }
}
