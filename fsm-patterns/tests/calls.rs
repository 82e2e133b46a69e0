//! How calls behave: what is promised of them, sentence by sentence, over real sockets where the
//! wire matters and in memory under paused time where waiting does.
//!
//! `server` is an API on loopback, `world` short words for flows; `peers` holds what well-known
//! clients get wrong; `order` what stands around a call, and in which order; `caching` what is kept
//! and shared; `departures` what was sent and what was not; `tokens` what happens to credentials; `shutdown` what becomes of calls that are given
//! up; `undo` what is undone of a run that fails; `crowd` ten thousand who wait; `secrets` looks for what must not be shown; `chaos` sends ten
//! thousand calls to a server that misbehaves.

#[path = "calls/caching.rs"]
mod caching;
#[path = "calls/chaos/mod.rs"]
mod chaos;
#[path = "calls/crowd.rs"]
mod crowd;
#[path = "calls/departures.rs"]
mod departures;
#[path = "calls/order.rs"]
mod order;
#[path = "calls/peers.rs"]
mod peers;
#[path = "calls/secrets/mod.rs"]
mod secrets;
#[path = "calls/server.rs"]
mod server;
#[path = "calls/shutdown.rs"]
mod shutdown;
#[path = "calls/tokens.rs"]
mod tokens;
#[path = "calls/undo.rs"]
mod undo;
#[path = "calls/usage.rs"]
mod usage;
#[path = "calls/world.rs"]
mod world;

#[test]
fn every_file_of_the_folder_is_one_of_its_modules() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).expect("the tests are part of the crate") {
        let name = entry.expect("a readable folder").file_name().into_string().expect("UTF-8");
        let module = name.strip_suffix(".rs").unwrap_or(&name);
        assert!(include_str!("calls.rs").contains(&format!("\nmod {module};")), "{name}");
        found += 1;
    }
    assert!(found > 9, "{found}");
}
