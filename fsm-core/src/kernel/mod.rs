//! The kernel is pure: `step(machine, snapshot, input) -> effects`.
//!
//! It reads no clock, draws no random numbers, performs no I/O, and logs nothing. Every
//! [`Input`] comes with its point in time; the outcomes of activities come in as inputs; work to
//! do goes out as [`Effect`]s. Replaying the same inputs gives the same [`Snapshot`], byte for
//! byte. A driver performs the effects: the one on tokio is [`Run`](crate::Run).
//!
//! Every effect carries a [`Ticket`] with a fresh number of the snapshot's one sequence. The
//! input that answers it names the ticket and is accepted once; what comes late, or twice, or
//! for a visit that was cancelled, changes nothing.
//!
//! ```
//! use fsm_core::{Bindings, Effects, Graph, Input, Machine, Outcome, Status, Timestamp};
//!
//! let mut graph = Graph::builder("errand");
//! graph.activity("fetch");
//! graph.final_state("home");
//! graph.transition("fetch", "home").done();
//! let graph = graph.initial("fetch").build()?;
//! let machine = Machine::<(), ()>::bind(
//!     graph,
//!     Bindings::new().activity("fetch", |_, _| async { Outcome::done() }),
//! )?;
//!
//! let mut run = machine.snapshot((), 7);
//! let mut effects = Effects::new();
//! machine.step(&mut run, Timestamp::ZERO, &Input::Start, &mut effects, &mut ())?;
//! let ticket = effects.starts().next().unwrap().ticket;
//!
//! // No work was done here: the kernel only wants to hear how it went.
//! let outcome = Input::Outcome { ticket, outcome: Outcome::done() };
//! machine.step(&mut run, Timestamp::ZERO, &outcome, &mut effects, &mut ())?;
//! assert!(matches!(run.status(), Status::Finished(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod activity;
mod canonical;
mod carry;
mod done;
mod effect;
mod error;
mod hand;
mod heard;
mod input;
mod migration;
mod moves;
mod offer;
mod passage;
mod pending;
mod scene;
mod scope;
mod snapshot;
mod step;
mod trace;
mod validate;
mod ways;

pub use effect::{Effect, Effects, Start};
pub use error::{CarryOverFault, SnapshotFault, StepError};
pub use heard::{Elapsed, Ending, Heard};
pub use input::{Input, Outcome, Retry, Ticket};
pub use migration::Migration;
pub use passage::{Passage, Passages};
pub use pending::{Timer, Wait};
pub use scene::{Cause, GaveUp, Scene};
pub(crate) use snapshot::Token;
pub use snapshot::{Phase, Snapshot, Status};
pub use trace::{Move, Trace};
pub use ways::Way;
