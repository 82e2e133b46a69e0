//! A machine in a random world, under virtual time: slow answers, failures, silence, events at any
//! moment, crashes. A seed decides on all of it, so a run that fails can be run again exactly.
//!
//! A [`World`] says what may happen, a [`Simulator`] runs the machine in it, once for each seed. In
//! the first run where something does not hold, chance is then made to do less, as long as the same
//! thing still fails; what is left is told line by line. This is what FoundationDB calls
//! deterministic simulation. Nothing waits and no work is done: the kernel is pure, so that a small
//! machine is run a hundred thousand times a second and more, and a flow with its calls thousands of
//! times (`cargo bench -p fsm-testkit --features flow-simulator --bench simulate`).
//!
//! ```
//! use std::time::Duration;
//! use fsm_core::{Graph, Bindings, Machine, Outcome, RetryPolicy};
//! use fsm_testkit::simulator::{Behaviour, Latency, Simulator, World};
//!
//! let mut graph = Graph::builder("payment");
//! graph.activity("charge").timeout(Duration::from_secs(5)).retry(RetryPolicy::new(2));
//! graph.final_state("paid");
//! graph.final_state("declined");
//! graph.transition("charge", "paid").done();
//! graph.transition("charge", "declined").failed();
//! let machine = Machine::<(), ()>::bind(
//!     graph.initial("charge").build()?,
//!     Bindings::new().activity("charge", |_, _| async { Outcome::done() }),
//! )?;
//!
//! let shaky = Behaviour::new()
//!     .latency(Latency::exponential(Duration::from_millis(200), Duration::from_secs(20)))
//!     .fails(0.2)
//!     .hangs(0.05);
//! let world = World::new().state("charge", shaky).crashes(0.01, Latency::ZERO);
//! let summary = Simulator::new(machine, ()).world(world)?.always_ends().runs(200)?;
//! assert_eq!(summary.ended_at("paid") + summary.ended_at("declined"), 200);
//! assert!(summary.never_visited().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Seeds
//! [`Simulator::runs`] goes through seeds one after another, from [`Simulator::seed`] on, the same ones
//! each time: a test does not fail today that passed yesterday. The seed of a run that fails is
//! printed; `FSM_SIMULATION_SEED=17 cargo test …` runs it alone. The numbers do not depend on the
//! platform. They belong to names: a state's luck follows from the seed, its name, and how often its
//! activity was started, so that a change elsewhere in the machine leaves it as it was.
//!
//! # Where to look
//! To drive a machine by hand, one step at a time, take [`simulation`](crate::simulation). To simulate
//! a flow with its calls, take `flows` (feature `flow-simulator`).

mod behaviour;
mod chance;
mod course;
mod failed;
mod figures;
#[cfg(feature = "flow-simulator")]
pub mod flows;
mod latency;
mod run;
mod setup;
mod shrink;
mod summary;
mod timeline;
mod world;

pub use behaviour::{Answer, Attempt, Behaviour};
pub use chance::Chance;
pub use failed::{FailedRun, RunsError};
pub use figures::Figures;
pub use latency::Latency;
pub use run::{Ending, SimulatedRun, Violation};
pub use setup::{SEED, Simulator};
pub use summary::Summary;
pub use timeline::{Entry, Happening};
pub use world::{Arrivals, World, WorldFault, WorldFaults};
