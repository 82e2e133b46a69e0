//! A file down, and up again: a report goes to disk as it arrives, and is sent on in a form.
//!
//! ```sh
//! cargo run -p fsm-examples --example files
//! ```
//!
//! The same flow as a file: `examples/flows/files.yaml`.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::path::Path;

use fsm_patterns::spec::BodyFormat;
use fsm_patterns::{Endpoint, Flow, FlowError, Orchestration};
use fsm_testkit::server::MockApi;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = MockApi::start().await?;
    let report = std::env::temp_dir().join(format!("report-{}.csv", std::process::id()));
    let result = files(&api.url(), &report)?.execute(json!({ "rows": 1000 })).await?;
    println!("{}: {:#}", report.display(), result.output);
    std::fs::remove_file(report)?;
    api.stop().await;
    Ok(())
}

/// The flow, for an API at `api`, with the report at `file`.
pub(crate) fn files(api: &str, file: &Path) -> Result<Flow, FlowError> {
    let path = file.to_string_lossy();
    Orchestration::pipeline("files")
        .endpoint(
            Endpoint::get("report", format!("{api}/downloads/{{$inputs.rows}}")).save_to(&*path),
        )
        .endpoint(Endpoint::post("upload", format!("{api}/uploads")).body_as(
            BodyFormat::Multipart,
            json!({
                "title": "{$inputs.rows} orders",
                "table": { "file": path, "media_type": "text/csv" },
            }),
        ))
        .output("$steps.upload.output.parts")
        .build()
}
