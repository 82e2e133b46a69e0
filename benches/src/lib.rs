//! What the machines and flows cost, measured beside named peers in the same run.
//!
//! A number of nanoseconds says little on a machine that others use, too. So each topic under
//! `benches/` lets the contestants take turns, round by round, counts CPU time and not the wall's,
//! and compares within a round: what slows one of them down slows its neighbour down. The table at
//! the end holds medians, the peer beside ours, the limit, and whether it is kept.
//!
//! ```text
//! cargo bench -p fsm-benches --bench step            # dispatch, beside a hand-written match
//! cargo bench -p fsm-benches --bench flow            # no-op flows, beside cano
//! cargo bench -p fsm-benches --bench fan             # fan-out, beside JoinSet
//! cargo bench -p fsm-benches --bench call            # HTTP calls, beside a plain reqwest loop
//! cargo bench -p fsm-benches --bench scale           # a million states, 10,000 endpoints
//! cargo bench -p fsm-benches --bench check           # the model checker, beside stateright
//! cargo bench -p fsm-benches --bench journal         # runs on disk, beside plain SQLite
//! cargo bench -p fsm-benches --bench step -- --hold  # as above; fails where a limit is passed
//! .ci/instructions                                   # exact: counted by valgrind
//! ```
//!
//! Started without cargo's `--bench` argument, as `cargo test --benches` does, each topic takes one
//! round and holds no limits: it shows that the bench still works.
//!
//! - [`race`]: contestants take turns.
//! - [`table`]: rows, limits, verdicts.
//! - [`door`]: the machines of the topic `step`, ours and by hand.
//! - [`lines`]: how many lines a machine takes.
//! - [`flows`]: flows of no-op activities: chain, fan, and a graph of diamonds.
//! - [`child`]: what must not be measured, or must be measured alone, runs in a process of its own.

pub mod child;
pub mod door;
pub mod flows;
pub mod lines;
pub mod race;
pub mod table;
