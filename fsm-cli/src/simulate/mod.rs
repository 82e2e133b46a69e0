//! Machines from files, driven by hand: by a list of items, or line by line on a terminal.
//!
//! | module | what it holds |
//! |---|---|
//! | `item` | what a simulation is told: events, time, ends of activities |
//! | `assume` | answers for guards that are Rust code |
//! | `session` | a simulation under way, and what it came to |
//! | `refusal` | why something was refused, in words |
//! | `view` | the interactive view |

pub(crate) mod assume;
pub(crate) mod item;
mod refusal;
pub(crate) mod session;
pub(crate) mod view;
