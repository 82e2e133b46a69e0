//! User enrichment: three calls side by side, and one answer made of them.
//!
//! ```sh
//! cargo run -p fsm-examples --example user_enrichment
//! ```
//!
//! The same flow as a file: `examples/flows/user-enrichment.yaml`.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::time::Duration;

use fsm_patterns::{Endpoint, Flow, FlowError, Orchestration};
use fsm_testkit::server::MockApi;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = MockApi::start().await?;
    let flow = user_enrichment(&api.url())?;
    let report = flow.execute(json!({ "user_id": 123 })).await?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    api.stop().await;
    Ok(())
}

/// The flow, for an API at `api`.
pub(crate) fn user_enrichment(api: &str) -> Result<Flow, FlowError> {
    let at = |path: &str| format!("{api}{path}");
    Orchestration::parallel("user-enrichment")
        .max_concurrent(3)
        // Further runs within 10 minutes ask for nothing that is kept.
        .cache_ttl(Duration::from_secs(600))
        // Checked before anything is sent.
        .inputs(json!({
            "type": "object",
            "required": ["user_id"],
            "properties": { "user_id": { "type": "integer", "minimum": 1 } }
        }))
        // The braces are an expression: the id of the run's input goes into the path.
        .endpoint(Endpoint::get("user", at("/users/{$inputs.user_id}")))
        // The answer is `{"posts": […]}`; what this step gives is the list in it.
        .endpoint(
            Endpoint::get("posts", at("/users/{$inputs.user_id}/posts"))
                .parse_with("the list of posts", |answer| Ok(answer["posts"].clone())),
        )
        .endpoint(
            Endpoint::get("analytics", at("/analytics/users/{$inputs.user_id}")).rate_limit(10),
        )
        // One failure stops no other call; what failed is null in here.
        .merge("by name", |outputs| {
            Ok(json!({
                "user": outputs["user"],
                "posts": outputs["posts"],
                "analytics": outputs["analytics"],
            }))
        })
        .build()
}
