//! Explicit finite-state machines: one [`Graph`] that is drawn, checked, run, saved, and
//! replayed.
//!
//! A machine has two layers. The **graph** is plain data with names: states of every kind
//! ([`Kind`]), guarded transitions in declared order ([`Trigger`]), retry policies. It is checked
//! when it is built, drawn as DOT or Mermaid, and fingerprinted. **Bindings** give its names
//! their code; [`Machine::bind`] freezes both.
//!
//! What runs is a pure [kernel](Machine::step): it takes an [`Input`] with its point in time and
//! answers with [`Effect`]s. [`Machine::run`] performs them on tokio; anything else that can
//! start an activity and set a timer could, too. The whole state of a run is a [`Snapshot`].
//!
//! ```
//! use std::time::Duration;
//! use fsm_core::{Bindings, Graph, Machine, Outcome, RetryPolicy, Status};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut graph = Graph::builder("parcel");
//! graph.activity("pack").retry(RetryPolicy::new(3).delay(Duration::from_millis(10)));
//! graph.choice("weigh");
//! graph.final_state("sent");
//! graph.final_state("returned");
//! graph.transition("pack", "weigh").done();
//! graph.transition("pack", "returned").failed();
//! graph.transition("weigh", "sent").guard("light").action("stamp");
//! graph.transition("weigh", "returned");
//! let graph = graph.initial("pack").build()?;
//! println!("{}", graph.to_dot());
//!
//! struct Parcel { grams: u32, stamped: bool }
//! let bindings = Bindings::<Parcel, ()>::new()
//!     .activity("pack", |_, visit| {
//!         let attempt = visit.attempt;
//!         async move {
//!             match attempt {
//!                 1 => Outcome::Failed { event: None, retry: fsm_core::Retry::Allowed(None) },
//!                 _ => Outcome::done(),
//!             }
//!         }
//!     })
//!     .guard("light", |parcel, _| parcel.grams < 500)
//!     .action("stamp", |parcel, _| parcel.stamped = true);
//! let machine = Machine::bind(graph, bindings)?;
//!
//! let ended = machine.run(Parcel { grams: 120, stamped: false }).await;
//! assert!(ended.snapshot.context().stamped);
//! assert!(matches!(ended.snapshot.status(), Status::Finished(_)));
//! # Ok(())
//! # }
//! ```
//!
//! Machines over one's own enums are written with [`Machine::builder`]; [`typed`] is the essay on
//! them.
//!
//! | module | what it holds |
//! |---|---|
//! | `graph` | the graph, its builder, its checks, its fingerprint, its document form |
//! | `draw` | DOT, Mermaid, and (feature `svg`) SVG |
//! | `diff` | what a change does to a graph |
//! | `machine` | bindings, and the frozen table |
//! | `kernel` | the pure step, snapshots, and their validation |
//! | `driver` | the driver on tokio |
//! | [`journal`] | runs that outlive their process |
//! | `typed` | machines written with Rust enums |

mod diff;
mod draw;
mod driver;
mod event;
mod graph;
pub mod journal;
mod kernel;
mod machine;
mod nearest;
mod time;
pub mod typed;

pub use diff::{Compatibility, GraphDiff, Obstacle};
#[cfg(feature = "svg")]
pub use draw::SvgFault;
pub use draw::{Drawing, Mark, Marks, PathFault};
pub use driver::{
    Breakpoint, BreakpointFault, Clock, Debugged, Debugger, Ended, Failing, Handle, Hooks, Inbox,
    Observer, Pause, PauseReason, Recorder, Run, Taking,
};
pub use event::{Event, EventKey};
pub use graph::{
    ActionId, ActivityId, EventId, Fingerprint, Graph, GraphBuilder, GraphDocument, GraphFault,
    GraphFaults, GuardId, JoinRule, Kind, RetryPolicy, StateBuilder, StateId, StateRef, Transition,
    TransitionBuilder, TransitionId, Trigger,
};
pub use kernel::{
    CarryOverFault, Cause, Effect, Effects, Elapsed, Ending, GaveUp, Heard, Input, Migration, Move,
    Outcome, Passage, Passages, Phase, Retry, Scene, Snapshot, SnapshotFault, Start, Status,
    StepError, Ticket, Timer, Trace, Wait, Way,
};
pub use machine::{BindFault, BindFaults, Bindings, Machine, Visit, Work};
pub use time::Timestamp;
pub use typed::{
    ActionCode, Always, BuildError, BuildFault, GuardCode, If, IntoOutcome, MachineBuilder,
    OnEvent, OnOutcome, Then, TypedMachine,
};
