//! Machines that are proven, and machines with a fault that is found.

#[path = "prove/lanes.rs"]
mod lanes;
#[path = "prove/orders.rs"]
mod orders;
#[path = "prove/own.rs"]
mod own;
#[path = "prove/runs.rs"]
mod runs;
#[path = "prove/stories.rs"]
mod stories;
