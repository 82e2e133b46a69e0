//! Machines in a random world, told as stories.

mod crashes;
mod failures;
mod orders;
mod properties;
mod stories;
mod worlds;
