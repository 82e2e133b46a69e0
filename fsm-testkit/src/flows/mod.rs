//! Flows: random ones, and flows and machine files as something to prove.
//!
//! [`Prover::of_flow`](crate::prove::Prover::of_flow) and
//! [`Prover::of_file`](crate::prove::Prover::of_file) are what `fsm check --deep` does.
//!
//! # Random flows
//! A [`FlowPlan`] is a tree: teams of calls, and teams within teams, each with a mode, with what it
//! waits for, and with its condition. Every tree, and every tree that proptest shrinks it to, is a
//! flow that passes all checks, because names and dependencies are settled when the plan is laid
//! out. All six modes occur, groups in hybrid flows, `depends_on`, conditions that hold, do not, or
//! can't be told, handlers that recover or fail, retries, calls that can't be repeated, steps that
//! are undone, and all that may end a run early. With [`FlowSize::waiting`] steps wait, too, and calls are made again until something
//! is done.
//!
//! A test may give each call a *lot* of its own, whatever it needs to know of it: what the server
//! answers, how long it takes ([`any_flow_with`]).
//!
//! ```
//! use fsm_testkit::flows::{FlowSize, any_flow};
//! use proptest::prelude::*;
//!
//! proptest!(ProptestConfig::with_cases(16), |(plan in any_flow(FlowSize::SMALL))| {
//!     let flow = plan.flow();
//!     prop_assert_eq!(flow.endpoints().len(), plan.team.calls().len());
//! });
//! ```

mod file;
mod grow;
mod horizon;
mod plan;
mod subject;

pub use file::FileSubject;
pub use grow::{FlowSize, Waits, any_flow, any_flow_with, any_limits};
pub use plan::{Call, FlowPlan, Limits, Part, Pause, Role, Rounds, Says, Team, input};
pub use subject::{FAILS_FAST, FlowSubject, UNDOES};
