//! State machines from files: what they say, what they do, and how faults read.

mod actions;
mod binding;
mod coffee;
mod guards;
mod inner;
mod keys;
mod parallel;
mod rehearsal;
mod reports;
mod saved;
mod size;
mod targets;
mod validators;
mod work;
mod world;
