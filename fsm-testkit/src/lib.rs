//! What tests of machines and flows are made of.
//!
//! - `conversation` (feature `server`): a scripted API over real HTTP; a test is a conversation.
//! - `cassette` (features `server`, `record`): real conversations, recorded and played again.
//! - [`strategies`]: proptest strategies of random valid graphs, by a plan that shrinks well.
//! - [`explore`]: a machine that is code, explored into a graph that can be drawn.
//! - [`fuzz`]: texts that are nearly right, for whatever reads text.
//! - [`simulation`]: a machine driven by hand, in virtual time, forwards and backwards.
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

#[cfg(feature = "server")]
pub mod cassette;
#[cfg(feature = "server")]
pub mod conversation;
pub mod explore;
pub mod fuzz;
#[cfg(feature = "server")]
pub mod server;
pub mod simulation;
pub mod strategies;
pub mod tally;
