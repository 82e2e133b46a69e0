//! fsm-core
mod event;
mod graph;
mod kernel;
mod machine;
mod time;
pub use event::*;
pub use graph::*;
pub use kernel::*;
pub use machine::{BindFault, BindFaults, Bindings, Machine, Visit, Work};
pub use time::Timestamp;
