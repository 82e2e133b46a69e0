//! What there is, at `/`: for people who look around before they write a flow.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::world::World;

/// Method, path, and what it gives. A path in braces stands for many.
pub(super) const ROUTES: [(&str, &str, &str); 12] = [
    ("GET", "/users/{id}", "a user; ids are 1 to 1000"),
    ("GET", "/users/{id}/posts", "the posts of a user"),
    ("GET", "/analytics/users/{id}", "the visits of a user"),
    ("POST", "/validate", "whether a payment makes sense"),
    ("POST", "/fraud/check", "how risky a payment is"),
    ("POST", "/charge", "charges a card, once for each Idempotency-Key"),
    ("POST", "/notify", "sends a receipt"),
    ("GET", "/health/{service}", "the health of a service, such as users or shipping"),
    ("GET", "/status/{code}", "an answer with this status"),
    ("GET", "/flaky/{n}", "503 the first n times, then 200"),
    ("GET", "/slow/{ms}", "an answer after so many milliseconds"),
    ("ANY", "/echo/{rest}", "the request, as it arrived"),
];

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new().route("/", get(index))
}

async fn index() -> Json<Value> {
    let route = |(method, path, gives)| json!({ "method": method, "path": path, "gives": gives });
    Json(json!({ "routes": ROUTES.map(route) }))
}
