//! What a subscriber sees of calls: spans in OpenTelemetry's words, and the lines of the log.

mod lines;
mod recorder;
mod spans;

use fsm_http::{Answer, Call, CallError, MemoryTransport, Reply};
use http::Method;

fn call(method: Method, url: &str) -> Call {
    Call::new(method, url.parse().expect("a url"))
}

/// The outcome of one attempt against a server that gives this reply.
fn outcome(call: &Call, reply: Reply) -> Result<Answer, CallError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let server = MemoryTransport::sequence([reply]);
    runtime.expect("a runtime").block_on(call.perform(&server))
}
