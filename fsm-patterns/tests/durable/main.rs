//! Runs that are kept in a journal: the process dies at any record, and they go on.

mod complete;
mod crash;
mod crashes;
mod engine;
mod in_doubt;
mod races;
mod undo;
#[path = "../flow/world.rs"]
#[allow(dead_code)]
mod world;
