//! What tests of machines and flows are made of.
//!
//! - [`strategies`]: proptest strategies of random valid graphs, by a plan that shrinks well.
//! - [`explore`]: a machine that is code, explored into a graph that can be drawn.
//! - [`fuzz`]: texts that are nearly right, for whatever reads text.
//! - [`simulation`]: a machine driven by hand, in virtual time, forwards and backwards.
//! - [`simulator`]: a machine in a random world, under virtual time, thousands of times a second.
//! - [`tally`]: a context that counts entries and exits, and the code for every name that those
//!   graphs use.
//!
//! ```
//! use fsm_testkit::strategies::{Size, any_blueprint};
//! use fsm_testkit::tally;
//! use proptest::prelude::*;
//!
//! proptest!(ProptestConfig::with_cases(16), |(blueprint in any_blueprint(Size::SMALL))| {
//!     let machine = tally::machine(blueprint.graph());
//!     prop_assert!(machine.graph().states().count() > 0);
//! });
//! ```

pub mod explore;
pub mod fuzz;
#[cfg(feature = "server")]
pub mod server;
pub mod simulation;
pub mod simulator;
pub mod strategies;
pub mod tally;
