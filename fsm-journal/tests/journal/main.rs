//! The journal on disk, told as stories: what is written comes back, others write to it, and what is
//! broken is said.
//!
//! `talk` is the machine that all of them run. `harm` breaks files; `faults` breaks the disk; `other`
//! is another process.

mod damage;
mod faults;
mod fixture;
mod leases;
mod letters;
mod life;
mod retention;
mod talk;
