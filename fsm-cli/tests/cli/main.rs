//! The command as its users meet it: the real binary, real files, real HTTP on loopback.

mod checks;
mod command;
mod debugging;
mod demos;
mod diffs;
mod drawings;
mod histories;
mod inputs;
mod interrupts;
mod logs;
mod metrics;
mod proofs;
mod resuming;
mod runs;
mod secrets;
mod simulate;
mod survival;
mod upkeep;
