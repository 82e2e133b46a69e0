//! What there is, at `/`: for people who look around before they write a flow.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::world::World;

/// Method, path, and what it gives. A path in braces stands for many.
pub(super) const ROUTES: [(&str, &str, &str); 24] = [
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
    ("ANY", "/slow/{ms}", "an answer after so many milliseconds"),
    ("ANY", "/echo/{rest}", "the request, as it arrived"),
    ("GET", "/limited/{n}", "n answers a second, told in RateLimit; then 429 with Retry-After"),
    ("GET", "/private/profile", "a profile, for the bearer token `demo-token`"),
    ("POST", "/oauth/token", "a token, for the client `shop` with the secret `demo-secret`"),
    ("GET", "/private/orders", "orders, for a token of /oauth/token"),
    ("GET", "/documents/{id}", "a document with an ETag; 304 for who has it"),
    ("POST", "/v1/chat/completions", "a chat completion, for the bearer token `demo-token`"),
    ("POST", "/graphql", "the query `user(id: …) { id name email }`"),
    ("POST", "/jobs", "takes a job; its id"),
    ("GET", "/jobs/{id}", "how a job stands: queued, running, done, one further each time"),
    ("GET", "/jobs/{id}/result", "the result of a job that is done; 409 before"),
    ("POST", "/uploads", "what parts a multipart/form-data body has"),
    ("GET", "/downloads/{rows}", "a table of so many rows, in CSV"),
];

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new().route("/", get(index))
}

async fn index() -> Json<Value> {
    let route = |(method, path, gives)| json!({ "method": method, "path": path, "gives": gives });
    Json(json!({ "routes": ROUTES.map(route) }))
}
