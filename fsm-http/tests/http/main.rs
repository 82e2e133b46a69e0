//! How a call behaves: over real loopback sockets where bytes on the wire matter, and in memory
//! under paused time where waiting matters.

mod in_memory;
mod redirects;
mod server;
mod wire;
