//! The command `fsm`.

fn main() {}
