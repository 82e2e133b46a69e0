//! Under construction.

mod builder;
mod call;
pub mod check;
mod compile;
mod context;
mod dry_run;
pub mod duration;
mod event;
pub mod expr;
mod fault;
pub mod file;
mod flow;
mod plan;
mod report;
mod request;
mod rules;
mod run;
pub mod schema;
pub mod spec;
mod step;

pub use builder::{Endpoint, Group, Orchestration};
pub use context::FlowContext;
pub use dry_run::{DryRequest, DryRun};
pub use event::{Answered, FlowEvent, Refusal};
pub use fault::{Fault, Place, Step};
pub use flow::{Flow, FlowError, InputError};
pub use report::{Metrics, RunOutcome, RunReport, StepReport};
pub use run::{CancelHandle, FlowRun};
pub use step::{StepError, StepStatus};
