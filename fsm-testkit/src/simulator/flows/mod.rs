//! Whole flows in a random world: their real call path, over an API in memory whose answers,
//! latencies, and failures come from a seed or a script, under tokio's paused clock.
//!
//! Everything takes part: retries, rate limits, circuit breakers, the cache, time-outs, deadlines.
//! Delays and polls take their virtual time; signals are not sent, so a step that waits for one fails
//! at its `timeout`, and without any the run ends as waiting. Each run has a flow of its own, with closed circuits and an empty cache, and a clock that begins at
//! zero, so that one seed gives one report and one log, to the byte.
//!
//! ```
//! use std::time::Duration;
//! use fsm_patterns::{Endpoint, Orchestration, RunOutcome};
//! use fsm_testkit::simulator::Latency;
//! use fsm_testkit::simulator::flows::{Api, FlowSimulator, Route};
//! use serde_json::json;
//!
//! let ms = Duration::from_millis;
//! let shaky = Route::new()
//!     .latency(Latency::exponential(ms(50), ms(5_000)))
//!     .fails(0.2, 503)
//!     .resets(0.05);
//! let orders = Route::new().answers(|_, chance| json!({"id": chance.below(1_000)}));
//! let simulator = FlowSimulator::new(|transport| {
//!     Orchestration::pipeline("checkout")
//!         .endpoint(Endpoint::get("cart", "http://shop.test/cart"))
//!         .endpoint(Endpoint::post("order", "http://shop.test/orders"))
//!         .build_with(transport)
//! })?
//! .api(Api::new().others(shaky).route("POST /orders", orders))?
//! .check("an order needs a cart", |run| {
//!     let ended_well = |name: &str| run.report().steps[name].status.as_str() == "ok";
//!     match ended_well("order") && !ended_well("cart") {
//!         true => Err("it was ordered without one".into()),
//!         false => Ok(()),
//!     }
//! });
//! let summary = simulator.runs(100)?;
//! assert!(summary.ended(RunOutcome::Completed) > 80);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod failed;
mod log;
mod run;
mod scene;
mod setup;

pub use api::{Api, ApiFault, ApiFaults, Route};
pub use failed::{FailedFlowRun, FlowRunsError, FlowSummary};
pub use run::SimulatedFlowRun;
pub use setup::{FlowSimulator, StartError};
