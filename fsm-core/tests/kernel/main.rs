//! The kernel, told as stories and walked at random.
//!
//! `walk` plays the world for a run and checks everything after every step; `fuzz` lets it loose
//! on random graphs; `resuming` interrupts its runs, `tampering` damages snapshots,
//! `carrying` changes the graph under them. The other modules tell one behaviour a test,
//! on the `stage`.

mod activities;
mod bytes;
mod canonical;
mod carrying;
mod debugging;
mod done;
mod forks;
mod fuzz;
mod hand;
mod journaled;
mod resuming;
mod saving;
mod stage;
mod states;
mod tampering;
mod walk;
mod ways;
