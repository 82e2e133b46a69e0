//! State machines from files: what they say, what they do, and how faults read.

mod actions;
mod world;
