//! A payment: validate it, check it for fraud if it is large, charge it, tell the customer.
//!
//! Each step is fed with the output of the one before. The first failure ends the run. The charge
//! may be repeated once, and every attempt carries the same `Idempotency-Key`: the API loses its
//! first answer here, and still charges once.
//!
//! ```sh
//! cargo run -p fsm-examples --example payment_pipeline
//! ```
//!
//! The same flow as a file: `examples/flows/payment.yaml`.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::time::Duration;

use fsm_patterns::{Endpoint, Flow, FlowError, Orchestration};
use fsm_testkit::server::MockApi;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = MockApi::builder().lose_charge_answers(1).start().await?;
    let flow = payment_pipeline(&api.url())?;
    let payment = json!({ "amount": 250, "currency": "EUR", "card_token": "tok_visa_4242" });
    let report = flow.execute(payment).await?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    println!("{} requests, {} charge", api.request_count(), api.charge_count());
    api.stop().await;
    Ok(())
}

/// The flow, for an API at `api`.
pub(crate) fn payment_pipeline(api: &str) -> Result<Flow, FlowError> {
    let at = |path: &str| format!("{api}{path}");
    Orchestration::pipeline("payment")
        .fail_fast()
        .total_timeout(Duration::from_secs(30))
        .circuit_breaker(3, Duration::from_secs(60))
        .inputs(json!({
            "type": "object",
            "required": ["amount", "card_token"],
            "properties": {
                "amount": { "type": "number", "exclusiveMinimum": 0 },
                "currency": { "type": "string" },
                "card_token": { "type": "string", "minLength": 1 }
            }
        }))
        .endpoint(
            Endpoint::post("validate", at("/validate"))
                .body("$inputs")
                .timeout(Duration::from_secs(5)),
        )
        // Conditions and transforms may be Rust; their names are what the drawing shows.
        .endpoint(
            Endpoint::post("fraud_check", at("/fraud/check"))
                .condition_with("is large", is_large)
                .transform_input_with("what the fraud service asks", fraud_question),
        )
        // Without `retry_count` a POST is sent once: the first may have arrived.
        .endpoint(
            Endpoint::post("process", at("/charge"))
                .retry_count(1)
                .depends_on(["validate", "fraud_check"]),
        )
        .endpoint(Endpoint::post("notify", at("/notify")).depends_on(["process"]))
        .build()
}

fn is_large(payment: &Value) -> bool {
    payment["amount"].as_f64().is_some_and(|amount| amount > 100.0)
}

fn fraud_question(payment: &Value) -> Result<Value, String> {
    Ok(json!({ "amount": payment["amount"], "card_hash": payment["card_token"] }))
}
