//! Random valid graphs.
//!
//! A [`Plan`] is a tree: work, waits, sequences, choices, forks, loops, composite and
//! parallel states. It says
//! what happens and not where: [`Blueprint::graph`] lays it out, so that every tree, and every
//! tree that proptest shrinks it to, is a graph that passes all checks. Every activity has a way
//! on when it fails and every join can fill, so that a run of such a graph never gets stuck and,
//! when all work is done, always ends.
//!
//! ```
//! use fsm_testkit::strategies::{Blueprint, Plan, Step};
//!
//! let blueprint = Blueprint::of(Plan::Sequence(vec![
//!     Plan::Step(Step::default()),
//!     Plan::Step(Step::default()),
//! ]));
//! assert_eq!(blueprint.graph().states().count(), 3);
//! ```

mod dag;
mod grow;
mod layout;
mod parallel;
mod plan;
mod shape;

use fsm_core::Graph;
use proptest::strategy::Strategy;

pub use dag::{Dag, Node};
pub use grow::{any_blueprint, any_blueprint_of, any_plan};
pub use parallel::{Parallel, Region};
pub use plan::{Alarm, Blueprint, Composite, Fork, Plan, Rule, Step, Wait, Way};
pub use shape::Shape;

/// How large random graphs grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How deep plans are nested.
    pub depth: u32,
    /// About how many parts a plan has.
    pub parts: u32,
    /// The most parts that one plan holds directly.
    pub width: u32,
}

impl Size {
    /// A handful of states, nested a little: for walks that look at every step.
    pub const SMALL: Size = Size { depth: 3, parts: 12, width: 3 };
    /// Some hundred states.
    pub const LARGE: Size = Size { depth: 6, parts: 120, width: 8 };
}

/// Random valid graphs. Where the plan is wanted too, as in messages of failing tests, take
/// [`any_blueprint`].
pub fn any_graph(size: Size) -> impl Strategy<Value = Graph> {
    any_blueprint(size).prop_map(|blueprint| blueprint.graph())
}

/// As [`any_graph`], of a shape.
pub fn any_graph_of(size: Size, shape: Shape) -> impl Strategy<Value = Graph> {
    any_blueprint_of(size, shape).prop_map(|blueprint| blueprint.graph())
}
