//! Machines written with Rust enums.

mod events;
mod messages;
mod restoring;
mod writing;
