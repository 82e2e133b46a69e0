//! Models that are checked here, and beside a peer in the benches.

pub(crate) mod philosophers;
pub(crate) mod two_phase;
