//! The kernel, told as stories and walked at random.

mod fuzz;
mod tampering;
mod walk;
