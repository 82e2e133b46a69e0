//! fsm-core
mod draw;
mod driver;
mod event;
mod graph;
mod kernel;
mod machine;
mod time;
mod typed;
pub use draw::Drawing;
pub use driver::{Ended, Handle, Inbox, Observer, Recorder, Run};
pub use event::*;
pub use graph::*;
pub use kernel::*;
pub use machine::{BindFault, BindFaults, Bindings, Machine, Visit, Work};
pub use time::Timestamp;
pub use typed::{
    Act, ActionCode, Always, BuildError, GuardCode, MachineBuilder, OnEvent, OnOutcome,
};
