//! Machines written with Rust enums.

mod restoring;
mod writing;
