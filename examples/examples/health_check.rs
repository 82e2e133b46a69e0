//! Are seven services well? All are asked at once; what is down is a result and no failure.
//!
//! One service answers 503 here, another does not answer at all, so the run takes the two seconds
//! that each may have.
//!
//! ```sh
//! cargo run -p fsm-examples --example health_check
//! ```
//!
//! The same flow as a file: `examples/flows/health-check.yaml`.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::time::Duration;

use fsm_patterns::{Endpoint, Flow, FlowError, Orchestration, RunReport};
use fsm_testkit::server::MockApi;
use serde_json::{Value, json};

const SERVICES: [&str; 7] =
    ["auth", "user", "payment", "inventory", "shipping", "notification", "analytics"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = MockApi::start().await?;
    let report = health_check(&api.url())?.execute(json!({})).await?;
    println!("{:#}", summary(&report));
    api.stop().await;
    Ok(())
}

/// The flow, for an API at `api`.
pub(crate) fn health_check(api: &str) -> Result<Flow, FlowError> {
    let services = SERVICES.map(|service| {
        Endpoint::get(service, format!("{api}/health/{service}"))
            .timeout(Duration::from_secs(2))
            // A second question would only hide that the first was not answered.
            .retry_count(0)
            // With a handler the step is `recovered`, and the run completes.
            .error_handler_with("is down", |error| {
                Ok(json!({ "status": "down", "error": error.message }))
            })
    });
    let checks = Orchestration::parallel("health-check")
        .max_concurrent(10)
        .total_timeout(Duration::from_secs(5))
        .inputs(json!({ "type": "object" }));
    // No `merge`: the run returns the outputs by name.
    services.into_iter().fold(checks, Orchestration::endpoint).build()
}

/// How many services are well, in numbers and in percent.
pub(crate) fn summary(report: &RunReport) -> Value {
    let total = report.steps.len();
    let healthy = report.steps.values().filter(|step| step.output["status"] == "ok").count();
    json!({
        "healthy": healthy,
        "total": total,
        "percentage": healthy as f64 / total as f64 * 100.0,
        "services": report.output,
    })
}
