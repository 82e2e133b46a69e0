//! Runs that are kept in a journal: the process dies at any record, and they go on.

mod crash;
mod crashes;
mod engine;
mod in_doubt;
#[path = "../flow/world.rs"]
#[allow(dead_code)]
mod world;
