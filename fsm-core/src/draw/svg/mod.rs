//! The drawing as SVG, without Graphviz.
//!
//! A plan becomes a scene of boxes, frames, and lines; the scene is laid out, pulled apart where
//! frames need room for their names, its lines are cut at what they touch, and it is painted.
//!
//! | file | what it holds |
//! |---|---|
//! | `scene` | what is to be drawn |
//! | `measure` | how wide text is |
//! | `shape` | the shapes of states, and points and boxes |
//! | `order` | what comes before what |
//! | `layout` | where everything stands |
//! | `stretch` | room for the names of frames |
//! | `route` | where lines end |
//! | `paint` | the scene as text |

mod layout;
mod measure;
mod order;
mod paint;
mod route;
mod scene;
mod shape;
mod stretch;

use std::fmt::{self, Write};

use super::Direction;
use super::plan::Plan;
use order::Order;
use scene::Scene;

/// Why a graph is not drawn as SVG.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SvgFault {
    /// It is larger than a picture that a person can look at.
    #[error(
        "the drawing has {size} {what}, and SVG is for graphs that a person can look at: at most \
         {most}; draw it as DOT"
    )]
    TooLarge {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        size: usize,
        /// How many there may be.
        most: usize,
    },
    /// The output took no more.
    #[error("the drawing can't be written")]
    Unwritten(#[from] fmt::Error),
}

/// The most states that are drawn, frames and dots included.
const STATES: usize = 1_000;

/// The most transitions that are drawn.
const TRANSITIONS: usize = 3_000;

/// The deepest nesting that is drawn.
const LEVELS: usize = 24;

/// The most layers that all transitions together pass through; it takes some seconds to lay them
/// out, and twice as many take several times as long.
const LENGTH: usize = 3_000;

pub(super) fn write(
    plan: &Plan<'_>,
    direction: Direction,
    out: &mut impl Write,
) -> Result<(), SvgFault> {
    limit("states", plan.sources().count(), STATES)?;
    limit("transitions", plan.transitions(), TRANSITIONS)?;
    limit("levels of nesting", plan.levels(), LEVELS)?;
    let mut scene = Scene::of(plan);
    let order = Order::of(&scene);
    limit("layers that transitions pass through", order.length(), LENGTH)?;
    layout::lay_out(&mut scene, &order, direction);
    stretch::make_room(&mut scene);
    route::trim(&mut scene);
    Ok(paint::paint(&scene, out)?)
}

/// Refuses what would take more than seconds to lay out.
fn limit(what: &'static str, size: usize, most: usize) -> Result<(), SvgFault> {
    match size > most {
        true => Err(SvgFault::TooLarge { what, size, most }),
        false => Ok(()),
    }
}
