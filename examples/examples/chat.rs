//! A chat API in the manner of OpenAI's: a draft, its review, and the tokens that both cost.
//!
//! ```sh
//! cargo run -p fsm-examples --example chat
//! ```
//!
//! The same flow as a file: `examples/flows/chat.yaml`.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;

use fsm_http::resource::Resource;
use fsm_http::secret::Secret;
use fsm_patterns::{Flow, Orchestration, chat};
use fsm_testkit::server::{MockApi, TOKEN};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = MockApi::start().await?;
    let flow = reviewed(&api.url(), TOKEN)?;
    let report = flow.execute(json!({ "question": "What is a state machine?" })).await?;
    println!("{:#}", report.output);
    for (resource, usage) in &report.usage {
        println!("{resource}: {} calls, {} tokens", usage.calls, usage.fields["total_tokens"]);
    }
    api.stop().await;
    Ok(())
}

/// The flow, for an API at `api`.
pub(crate) fn reviewed(api: &str, key: &str) -> Result<Flow, Box<dyn Error>> {
    let llm = Resource::openai_chat(format!("{api}/v1").parse()?, Secret::new(key).into());
    let request = |messages: Value| json!({ "model": "small", "messages": messages });
    let draft = request(json!([{ "role": "user", "content": "$inputs.question" }]));
    let review = request(json!([
        { "role": "system", "content": "You are a strict editor." },
        { "role": "user", "content": "Is this right? {$data}" },
    ]));
    let flow = Orchestration::pipeline("chat")
        // A POST is repeated only with a key, which this makes every attempt carry.
        .endpoint(chat("draft", &llm, draft).retry_count(2))
        .endpoint(chat("review", &llm, review).retry_count(2))
        .resource(llm)
        .output(json!({ "draft": "$steps.draft.output", "review": "$steps.review.output" }))
        .build()?;
    Ok(flow)
}
