//! What keeps a run from going on along a changed flow, in words.

use fsm_core::{CarryOverFault, Obstacle};

use crate::spec::Mode;

/// What keeps a run from going on along a changed flow. `Display` says it in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowObstacle {
    /// What stands in the way in the graph.
    #[error(transparent)]
    Graph(#[from] Obstacle),
    /// The steps of the flow, or of a group, are put in order otherwise.
    #[error("`{name}` is {new} instead of {old}, which changes what its steps are given")]
    Mode {
        /// The flow or the group.
        name: String,
        /// The old mode.
        old: Mode,
        /// The new one.
        new: Mode,
    },
    /// Two steps have changed places.
    #[error("`{step}` now comes {}: a run in between would miss a step, or repeat one",
        if *.follows { format!("after `{other}`") } else { format!("without `{other}` before it") })]
    Order {
        /// The step.
        step: String,
        /// The other one.
        other: String,
        /// Whether it comes after the other one now.
        follows: bool,
    },
    /// The run has the result of a step that is gone.
    #[error("`{step}` is done and is gone from the flow: rename it, or drop its result")]
    Lost {
        /// The step.
        step: String,
    },
    /// A step is done and is to be undone should the run fail, and the changed flow does not say how.
    #[error(
        "`{step}` is done, and the flow no longer says how it is undone: give it its `undo` back"
    )]
    NotUndone {
        /// The step.
        step: String,
    },
    /// A step is done, and the changed flow leads there again.
    #[error("`{step}` is done, and would run again")]
    Again {
        /// The step.
        step: String,
    },
    /// A step was due, and the changed flow does not lead there.
    #[error("`{step}` has not run, and would be passed over")]
    Missed {
        /// The step.
        step: String,
    },
}

/// Why a run can't be carried over to a changed flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarryOverError {
    /// The graph does not allow it.
    #[error(transparent)]
    Graph(#[from] CarryOverFault),
    /// The flow does not: all that stands in the way.
    #[error("the run can't go on along the changed flow:{}", list(.0))]
    Steps(Vec<FlowObstacle>),
    /// The migration speaks of a step that is not there.
    #[error("the migration of `{step}` makes no sense: {why}")]
    Migration {
        /// The step.
        step: String,
        /// Why not.
        why: String,
    },
}

fn list(obstacles: &[FlowObstacle]) -> String {
    obstacles.iter().map(|obstacle| format!("\n  - {obstacle}")).collect()
}
