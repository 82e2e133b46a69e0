//! Flows of API calls: six orchestration modes, compiled to one graph that is drawn, checked,
//! and run.
//!
//! A flow is written in Rust ([`Orchestration`]) or read from a file ([`file::load`]); both give
//! the same [`FlowSpec`](spec::FlowSpec), which is checked ([`check`]), compiled to a graph, and
//! run ([`Flow`]). The graph that [`Flow::graph`] shows is the graph that runs.
//!
//! ```
//! use std::sync::Arc;
//! use fsm_http::{MemoryTransport, Reply};
//! use fsm_patterns::{Endpoint, Orchestration, RunOutcome, StepStatus};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let flow = Orchestration::pipeline("checkout")
//!     .endpoint(Endpoint::get("cart", "http://shop.test/carts/{$inputs.cart}"))
//!     .endpoint(
//!         Endpoint::post("review", "http://shop.test/reviews").condition("$data.total > 100"),
//!     )
//!     .endpoint(Endpoint::post("order", "http://shop.test/orders").retry_count(2))
//!     .build_with(Arc::new(MemoryTransport::replying(|request| {
//!         Reply::json(&json!({"path": request.uri().path(), "total": 20}))
//!     })))?;
//!
//! let report = flow.execute(json!({"cart": 7})).await?;
//! assert_eq!(report.outcome, RunOutcome::Completed);
//! assert_eq!(report.steps["review"].status, StepStatus::Skipped);
//! assert_eq!(report.steps["order"].output["path"], "/orders");
//! # Ok(())
//! # }
//! ```
//!
//! # Modes
//! | mode | order | `$data` of an endpoint |
//! |---|---|---|
//! | sequential | one after the other; a failure does not stop the others | the run's input |
//! | pipeline | one after the other; a failure skips the rest | the output of the one before |
//! | conditional | one after the other, each if its condition holds | the last good output |
//! | parallel | all at once, but for `depends_on` | its dependencies' outputs |
//! | fanout | all at once | the run's input |
//! | hybrid | as `depends_on` says, with conditions and groups | its dependencies' outputs |
//!
//! # Groups
//! In a hybrid flow an entry may be a group with a mode of its own. To those that depend on it, a
//! group gives what its chain carries on (pipeline, conditional), else the outputs of its entries
//! by name. If anything in it failed without a handler, they are skipped. Groups are no steps:
//! the result lists their endpoints, and `$steps` knows endpoints only.
//!
//! # Waiting
//! A step may wait instead of calling: for some time ([`Delay`]) or for a signal from outside
//! ([`AwaitSignal`]). A call with [`Endpoint::poll`] is made again until its answer says that
//! something is done.
//!
//! # Where to look
//! | module | what it holds |
//! |---|---|
//! | `builder` | flows written in Rust |
//! | `factory` | flows and endpoints of common shapes |
//! | [`mod@file`] | flow files |
//! | [`spec`] | what a flow is, as data |
//! | [`check`] | what must hold before it runs |
//! | [`expr`] | the expression language |
//! | [`machine`] | state machines as files |
//! | [`analysis`] | when conditions can hold, with witnesses |
//! | `plan`, `compile` | from the flow to the graph |
//! | `rules`, `conclude` | the code behind the graph's guards and actions |
//! | `request`, `call` | the activity: one attempt of a call |
//! | `open`, `services` | what stands around the calls, and what runs share of it |
//! | `run`, `session` | one run, and what it holds that is no data |
//! | `engine` | many runs over a journal |
//! | `undo` | what is to be undone of a run that fails, and what is left |
//! | `durable` | one run with a journal: begun, taken up, and told that it is over |
//! | `report`, `output`, `usage` | what a run returns |
//! | `signal` | what a run hears from outside |
//! | `standing` | how a run stands that is not over |
//! | `retrace`, `answers` | what a run did, record by record; the same again, offline |
//! | `change` | runs of an old flow that go on along a changed one |
//! | `oracle`, `memory` | a flow as something to prove: its rules without data |

pub mod analysis;
mod answers;
mod bases;
mod builder;
mod call;
mod change;
pub mod check;
mod compile;
mod conclude;
mod context;
mod dry_run;
mod durable;
pub mod duration;
mod engine;
mod event;
pub mod expr;
mod factory;
mod fault;
pub mod file;
mod flow;
pub mod machine;
mod memory;
mod multipart;
mod open;
mod oracle;
mod output;
mod plan;
mod report;
mod request;
mod retrace;
mod rules;
mod run;
pub mod schema;
mod services;
mod session;
mod signal;
pub mod spec;
mod standing;
mod step;
mod undo;
mod usage;

pub use answers::{Answers, AnswersError, CallAt, Rehearsal};
pub use builder::{AwaitSignal, Delay, Endpoint, Group, Orchestration, Poll, Undo};
pub use change::{CarryOverError, FlowObstacle, Migration};
pub use context::FlowContext;
pub use dry_run::{DryRequest, DryRun};
pub use durable::{DurableRun, FlowJournal, ResumeError, RunFault, TargetFault};
pub use engine::{Engine, EngineError, EngineOptions, RunHandle, StartOptions};
pub use event::{Answered, FlowEvent, Refusal, Signal};
pub use factory::{RestApi, chat, graphql, parallel_aggregator, rest_api, sequential_chain};
pub use fault::{Fault, Place, Step};
pub use flow::{FileError, Flow, FlowError, InputError, RunError};
pub use oracle::Oracle;
pub use output::Output;
pub use report::{Metrics, RunOutcome, RunReport, StepReport, UndoReport, WaitsFor};
pub use retrace::{CallStep, FlowStep, Moment, Retrace};
pub use run::{CancelHandle, FlowRun};
pub use services::Services;
pub use signal::{Awaited, SignalError, SignalHandle, UnknownSignal};
pub use step::{StepError, StepStatus};
pub use undo::UndoStatus;
pub use usage::{Receipt, Usage};
