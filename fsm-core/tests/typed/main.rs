//! Machines written with Rust enums.

mod messages;
mod restoring;
mod writing;
