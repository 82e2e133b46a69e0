//! How calls say who they are: over real loopback servers that check what they get, and in memory
//! under paused time where waiting matters.

#[cfg(feature = "jwt")]
mod jwt;
mod oauth2;
mod schemes;
mod scrubbing;
mod server;
mod sessions;
mod sharing;
mod silence;
