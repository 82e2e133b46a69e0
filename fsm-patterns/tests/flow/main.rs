//! What a flow does when it runs: the flow contract, sentence by sentence, over an API in memory
//! under paused time.
//!
//! `world` is the API; one module a topic tells what must hold; `fidelity` holds random flows to
//! their drawing, to their replay, and to a second interpreter; `size` runs ten thousand
//! endpoints; `graphs` shows one drawing a mode.

mod modes;
mod world;
