//! What the routes share, and what happens to every request before its route sees it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tokio::sync::watch;

use super::answer::problem;
use super::faults::Flaky;
use super::guarded::Tokens;
use super::health::HealthBoard;
use super::jobs::Jobs;
use super::limited::Quotas;
use super::log::{Log, Received};
use super::payments::Payments;

/// The largest body that is taken, in bytes.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// What the routes share.
#[derive(Debug)]
pub(super) struct World {
    /// `None`: by the path.
    pub(super) latency: Option<Duration>,
    pub(super) health: HealthBoard,
    pub(super) log: Log,
    pub(super) payments: Payments,
    pub(super) flaky: Flaky,
    pub(super) jobs: Jobs,
    pub(super) quotas: Quotas,
    pub(super) tokens: Tokens,
    pub(super) stopping: watch::Receiver<bool>,
}

impl World {
    /// Waits, but not beyond the end of the server.
    pub(super) async fn pause(&self, duration: Duration) {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }

    fn latency_of(&self, path: &str) -> Duration {
        let by_path = || Duration::from_millis(20 + u64::from(sum(path)) % 61);
        self.latency.unwrap_or_else(by_path)
    }
}

/// A number that depends on every byte of the text, and on nothing else.
fn sum(text: &str) -> u32 {
    text.bytes().fold(7, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
}

/// Writes a request down, waits for the latency, and hands it on.
pub(super) async fn receive(
    State(world): State<Arc<World>>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let why = format!("the body is cut short, or larger than {MAX_BODY} bytes");
        return problem(StatusCode::PAYLOAD_TOO_LARGE, why).into_response();
    };
    world.log.push(Received::new(&head, body.clone()));
    world.pause(world.latency_of(head.uri.path())).await;
    next.run(Request::from_parts(head, Body::from(body))).await
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn the_latency_of_a_path_is_between_20_and_80_ms_and_differs_between_paths() {
        let paths = ["/users/123", "/users/123/posts", "/analytics/users/123"];
        let millis = paths.map(|path| 20 + sum(path) % 61);
        assert!(millis.iter().all(|millis| (20..=80).contains(millis)), "{millis:?}");
        assert!(millis[0] != millis[1] && millis[1] != millis[2], "{millis:?}");
    }
}
