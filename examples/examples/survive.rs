//! A run that survives: the process dies while a card is charged, another one goes on, and the card
//! is charged once.
//!
//! Everything that happens is in a journal before what follows from it is done. This one is in
//! memory, so that the example is about nothing else; the crate `fsm-journal` has one on disk. The
//! second engine knows nothing but the journal: the flow's text is in it.
//!
//! ```sh
//! cargo run -p fsm-examples --example survive
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use fsm_core::journal::{MemoryJournal, RunFilter};
use fsm_patterns::{Engine, Flow, FlowJournal, RunReport, Services, StartOptions};
use fsm_testkit::server::MockApi;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = MockApi::builder().latency(Duration::from_millis(200)).start().await?;
    let report = survive(&api).await?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    println!("{} requests, {} charge", api.request_count(), api.charge_count());
    api.stop().await;
    Ok(())
}

/// An order that is approved by somebody, charged, and told to the customer.
pub(crate) fn order(api: &str) -> String {
    format!(
        r#"
fsm: 1
name: order
mode: pipeline
run_key: "order {{$inputs.order}}"
endpoints:
  - name: charge
    url: {api}/charge
    method: POST
    body: {{ amount: 250, card_token: tok_visa_4242 }}
    idempotency: true
  - name: shipped
    signal: shipped
  - name: notify
    url: {api}/notify
    method: POST
    body: {{ charge_id: $steps.charge.output.charge_id, parcel: $steps.shipped.output.parcel }}
    idempotency: true
"#
    )
}

pub(crate) async fn survive(api: &MockApi) -> Result<RunReport, Box<dyn Error>> {
    let journal: FlowJournal = Arc::new(MemoryJournal::new());
    let flow = Flow::from_text("order.yaml", &order(&api.url()), Services::new())?;

    let first = Engine::new(journal.clone());
    first.start_with(&flow, json!({ "order": 7 }), StartOptions::new().id("order-7"))?;
    while api.request_count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The charge has left, and nobody will hear the answer: all that the process did is dropped.
    first.shutdown().await?;
    drop((first, flow));

    let second = Engine::new(journal.clone());
    second.resume_all(&RunFilter::all())?;
    // Charged, with the key of the first time, the run waits for the parcel and holds no task.
    second.until_idle().await;
    println!("{} run waits", second.waiting());
    second.signal("order-7", "shipped", json!({ "parcel": "00340" }))?;
    let report = second.outcome("order-7").await?;

    // Who asks for the same order again is given the result, without a call.
    let flow = Flow::from_text("order.yaml", &order(&api.url()), Services::new())?;
    let again = second.start(&flow, json!({ "order": 7 }))?.await?;
    assert_eq!(again.run, report.run);
    second.shutdown().await?;
    Ok(report)
}
