//! How a call behaves: over real loopback sockets where bytes on the wire matter, and in memory
//! under paused time where waiting matters.

mod carrying;
#[cfg(feature = "rustls")]
mod counted;
mod folder;
mod in_memory;
mod lifecycles;
mod proxies;
mod redirects;
mod resources;
mod saving;
mod server;
#[cfg(feature = "rustls")]
mod tls;
#[cfg(feature = "rustls")]
mod tls_server;
mod wire;
