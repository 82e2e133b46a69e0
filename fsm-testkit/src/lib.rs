//! What tests of machines and flows are made of.
//!
//! - [`strategies`]: proptest strategies of random valid graphs, by a plan that shrinks well.
//! - [`explore`]: a machine that is code, explored into a graph that can be drawn.
//! - `flows` (feature `flows`): random valid flows, and flows as something to prove.
//! - [`fuzz`]: texts that are nearly right, for whatever reads text.
//! - [`model`]: a model checker: every state of a model, and what holds in them.
//! - [`prove`]: proofs of machines, over the kernel and everything that may happen to it.
//! - [`simulation`]: a machine driven by hand, in virtual time, forwards and backwards.
//! - [`walks`]: the shortest path to each state, and walks that cover every transition.
//! - [`sequences`]: random sequences of what may happen; one that fails shrinks to a short path.
//! - [`deed`], [`verdict`]: what walks and sequences do, and what a check answers.
//! - [`assertions`]: paths and states, with what was possible instead.
//! - [`snapshots`]: graphs, runs, and faults as texts that stay the same, for insta and others.
//! - [`simulator`]: a machine in a random world, under virtual time, thousands of times a second.
//! - `server` (feature `server`): a mock API on loopback, for load and faults.
//! - `conversation` (feature `conversation`): a scripted API over real HTTP; a test is a
//!   conversation.
//! - `cassette` (features `conversation`, `record`): real conversations, recorded and played again.
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

pub mod assertions;
#[cfg(feature = "conversation")]
pub mod cassette;
#[cfg(feature = "conversation")]
pub mod conversation;
pub mod deed;
pub mod explore;
#[cfg(feature = "flows")]
pub mod flows;
pub mod fuzz;
pub mod model;
pub mod prove;
pub mod sequences;
#[cfg(feature = "server")]
pub mod server;
pub mod simulation;
pub mod simulator;
pub mod snapshots;
pub mod strategies;
pub mod tally;
pub mod verdict;
pub mod walks;
